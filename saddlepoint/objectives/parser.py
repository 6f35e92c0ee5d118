"""The reader of one formula: text -> tokens -> tree, by recursive descent; never `eval`, and no name outside the list.

    sum     = product { ("+" | "-") product }
    product = signed { ("*" | "/") signed }
    signed  = ("+" | "-") signed | power
    power   = atom [ "**" signed ]            so that -D**2 = -(D**2) and 2**-1 is allowed, as in Python
    atom    = number | "D" | function "(" sum { "," sum } ")" | "(" sum ")"

Decimals are exact: 0.1 is 1/10. An exponent that is not a number gives exp(exponent * log(base)), which needs base > 0.
"""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from saddlepoint.errors import UserError
from saddlepoint.objectives.interval import ENTIRE
from saddlepoint.objectives.to_interval import to_interval
from saddlepoint.objectives.to_text import to_text
from saddlepoint.objectives.tree import (
    FUNCTIONS,
    D,
    Number,
    Tree,
    add,
    call,
    children,
    is_constant,
    multiply,
    number,
    power,
)

LONGEST_TEXT = 2000
DEEPEST_NESTING = 40
_LARGEST = 1e300

_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|\*\*|[-+*/(),]"
)
_WHAT_STANDS_IN_A_FORMULA = f"D, numbers, + - * / **, parentheses and {' '.join(FUNCTIONS)}"


@dataclass(frozen=True, kw_only=True)
class _Token:
    kind: str  # "number", "name", "end", or the symbol itself
    text: str
    at: int  # position in the whole text, from 0


def parse(text: str, start: int = 0, end: int | None = None) -> Tree:
    """The tree of the formula that stands in text[start:end].

    Args:
        text: the whole text a person wrote; columns in messages count from its beginning, from 1.
        start, end: where the formula stands in it.

    Raises:
        UserError: the text is no formula (the message points at the column), or a number in it is beyond 1e300.
    """
    check_length(text)
    reader = _Reader(text, start, len(text) if end is None else end)
    tree = reader.sum()
    if reader.token.kind != "end":
        reader.refuse("an operator or the end of the formula")
    _check_constants(tree)
    return tree


def _check_constants(tree: Tree) -> None:
    """Refuse exp(exp(10)), which no float holds and whose powers no memory holds."""
    for part in children(tree):
        _check_constants(part)
    if not isinstance(tree, Number) and is_constant(tree):
        values = to_interval(tree, ENTIRE)
        if not values.is_empty and (values.lower > _LARGEST or values.upper < -_LARGEST):
            text = to_text(tree)
            raise UserError(
                f"{text if len(text) <= 80 else text[:77] + '...'}, a number that is too large",
                "numbers between 1e-300 and 1e300",
                "rescale the formula",
            )


def check_length(text: str) -> None:
    """Refuse a text that is longer than any formula needs."""
    if len(text) > LONGEST_TEXT:
        raise UserError(
            f"a formula of {len(text)} characters", f"at most {LONGEST_TEXT} characters", "write a shorter formula"
        )


def error_at(text: str, position: int, got: str, expected: str, cure: str) -> UserError:
    """A mistake at a position (from 0) of a text, with its column (from 1) and what stands around it."""
    begin, end = max(0, position - 30), position + 30
    excerpt = ("..." if begin else "") + text[begin:end] + ("..." if end < len(text) else "")
    return UserError(f"{got} at column {position + 1} of {excerpt!r}", expected, cure)


class _Reader:
    """One pass over one formula, one token ahead."""

    def __init__(self, text: str, start: int, end: int):
        self.text, self.position, self.end = text, start, end
        self.nesting = 0
        self.token = self._next()

    def sum(self) -> Tree:
        terms = [self._product()]
        while self.token.kind in ("+", "-"):
            sign = self._take().kind
            term = self._product()
            terms.append(-term if sign == "-" else term)
        return self._built(self.token.at, add, *terms)

    def _product(self) -> Tree:
        tree = self._signed()
        while self.token.kind in ("*", "/"):
            symbol = self._take()
            factor = self._signed()
            if symbol.kind == "/":
                factor = self._built(symbol.at, power, factor, Fraction(-1))
            tree = self._built(symbol.at, multiply, tree, factor)
        return tree

    def _signed(self) -> Tree:
        if self.token.kind not in ("+", "-"):
            return self._power()
        sign = self._take()
        self._enter(sign)
        tree = self._signed()
        self.nesting -= 1
        return -tree if sign.kind == "-" else tree

    def _power(self) -> Tree:
        base = self._atom()
        if self.token.kind != "**":
            return base
        symbol = self._take()
        self._enter(symbol)
        exponent = self._signed()
        self.nesting -= 1
        if isinstance(exponent, Number):
            return self._built(symbol.at, power, base, exponent.value)
        return call("exp", exponent * call("log", base))

    def _atom(self) -> Tree:
        token = self._take()
        match token.kind:
            case "number":
                return self._number(token)
            case "(":
                self._enter(token)
                tree = self.sum()
                self._expect(")", "an operator or )")
                self.nesting -= 1
                return tree
            case "name" if token.text == "D":
                return D
            case "name" if token.text in FUNCTIONS:
                return self._call(token)
            case "name":
                nearest = difflib.get_close_matches(token.text, FUNCTIONS, n=1) if len(token.text) > 2 else []
                cure = f"did you mean {nearest[0]}?" if nearest else "write D for the discriminator's value"
                raise self._error(token, _WHAT_STANDS_IN_A_FORMULA, cure)
        raise self._error(token, "a number, D, a function or (", f"a formula holds {_WHAT_STANDS_IN_A_FORMULA}")

    def _call(self, name: _Token) -> Tree:
        count = FUNCTIONS[name.text]
        self._expect("(", f"( after {name.text}")
        self._enter(name)
        arguments = [self.sum()]
        while len(arguments) < count:
            self._expect(",", f"a comma: {name.text} takes {count} arguments")
            arguments.append(self.sum())
        self._expect(")", f"an operator or ): {name.text} takes {count} argument{'s' if count > 1 else ''}")
        self.nesting -= 1
        return call(name.text, *arguments)

    def _number(self, token: _Token) -> Tree:
        # The exponent is looked at as text first: 10**(10**9) must not be computed to be refused.
        digits, _, exponent = token.text.lower().partition("e")
        if len(digits) > 400 or (exponent and len(exponent) > 4):
            raise self._error(token, "numbers between 1e-300 and 1e300", "rescale the formula")
        return self._built(token.at, number, Fraction(token.text))

    def _built(self, at: int, construct: Callable[..., Tree], *parts: Tree | Fraction) -> Tree:
        """A node, with the column added to what its constructor refuses."""
        try:
            return construct(*parts)
        except UserError as mistake:
            raise error_at(self.text, at, mistake.got, mistake.expected, mistake.cure) from None

    def _enter(self, token: _Token) -> None:
        self.nesting += 1
        if self.nesting > DEEPEST_NESTING:
            raise self._error(token, f"at most {DEEPEST_NESTING} levels of nesting", "write a simpler formula")

    def _take(self) -> _Token:
        token, self.token = self.token, self._next() if self.token.kind != "end" else self.token
        return token

    def _expect(self, kind: str, expected: str) -> None:
        if self.token.kind != kind:
            self.refuse(expected)
        self._take()

    def refuse(self, expected: str) -> None:
        raise self._error(self.token, expected, f"a formula holds {_WHAT_STANDS_IN_A_FORMULA}")

    def _error(self, token: _Token, expected: str, cure: str) -> UserError:
        got = "the end of the formula" if token.kind == "end" else repr(token.text)
        return error_at(self.text, token.at, got, expected, cure)

    def _next(self) -> _Token:
        while self.position < self.end and self.text[self.position].isspace():
            self.position += 1
        if self.position >= self.end:
            return _Token(kind="end", text="", at=self.end)
        match = _TOKEN.match(self.text, self.position, self.end)
        if match is None:
            raise error_at(
                self.text,
                self.position,
                repr(self.text[self.position]),
                _WHAT_STANDS_IN_A_FORMULA,
                "remove this character",
            )
        token = _Token(kind=match.lastgroup or match.group(), text=match.group(), at=self.position)
        self.position = match.end()
        return token
