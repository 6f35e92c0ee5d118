"""A tree as text that the parser reads back into the same tree."""

from fractions import Fraction

from saddlepoint.objectives.tree import Add, Call, Multiply, Number, Power, Tree, Variable, coefficient

# How tightly a text holds together; a part that binds less than its place needs is put in parentheses.
_SUM, _PRODUCT, _POWER, _ATOM = range(4)


def to_text(tree: Tree) -> str:
    """The formula in Python's notation, every number exact: -D**2/2, log(1 - D), 1/3.

    `step`, `impulse` and `dipole` of derivatives are written as functions too, but the parser refuses them.
    """
    return _print(tree)[0]


def _print(tree: Tree) -> tuple[str, int]:
    match tree:
        case Variable():
            return "D", _ATOM
        case Number(value):
            return _number(value)
        case Add(terms):
            return _sum(terms), _SUM
        case Multiply():
            return _product(tree), _PRODUCT
        case Power(base, exponent):
            return _power(base, exponent)
        case Call(function, arguments):
            return f"{function}({', '.join(to_text(argument) for argument in arguments)})", _ATOM
    raise AssertionError(f"no text for {tree!r}")


def _at_least(tree: Tree, level: int) -> str:
    text, binding = _print(tree)
    return text if binding >= level else f"({text})"


def _sum(terms: tuple[Tree, ...]) -> str:
    text = to_text(terms[0])
    for term in terms[1:]:
        negative = coefficient(term)[0] < 0
        text += f" - {_at_least(-term, _PRODUCT)}" if negative else f" + {_at_least(term, _PRODUCT)}"
    return text


def _product(tree: Multiply) -> str:
    number, rest = coefficient(tree)
    factors = rest.factors if isinstance(rest, Multiply) else (rest,)
    # The number's numerator leads and its denominator closes: -3*D/2. Each a/b of the text is one factor b**-1.
    text = "" if abs(number.numerator) == 1 else _integer(abs(number.numerator))
    for factor in factors:
        if isinstance(factor, Power) and factor.exponent == -1:
            text = f"{text or '1'}/{_at_least(factor.base, _POWER)}"
        else:
            text += f"{'*' if text else ''}{_at_least(factor, _POWER)}"
    if number.denominator != 1:
        text += f"/{_integer(number.denominator)}"
    return f"-{text}" if number < 0 else text


def _power(base: Tree, exponent: Fraction) -> tuple[str, int]:
    if exponent == Fraction(1, 2):
        return f"sqrt({to_text(base)})", _ATOM
    if exponent == -1:
        return f"1/{_at_least(base, _POWER)}", _PRODUCT
    text = _number(exponent)[0]
    # Python reads D**-2 as D to the power -2, and D**1/2 as (D**1)/2.
    return f"{_at_least(base, _ATOM)}**{text if exponent.denominator == 1 else f'({text})'}", _POWER


def _number(value: Fraction) -> tuple[str, int]:
    text = _integer(abs(value.numerator))
    if value.denominator != 1:
        text += f"/{_integer(value.denominator)}"
    # -2 as the base of a power needs parentheses as much as 1/3 does: -2**2 is -(2**2).
    binding = _ATOM if value.denominator == 1 and value >= 0 else _PRODUCT
    return (f"-{text}" if value < 0 else text), binding


def _integer(value: int) -> str:
    """Decimal digits, a long tail of zeros as an exponent (1e300 rather than 301 digits)."""
    digits = str(value)
    stripped = digits.rstrip("0")
    zeros = len(digits) - len(stripped)
    return f"{stripped}e{zeros}" if zeros > 6 else digits
