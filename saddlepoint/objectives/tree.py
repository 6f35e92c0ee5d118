"""Expression trees in one real variable D: numbers, D, sums, products, powers, and a closed list of functions.

Trees are immutable, compared by structure, and built only by `number`, `add`, `multiply`, `power`, `call` and Python's
operators. These keep one light normal form: nested sums and products are flat, numbers are folded exactly, a product's
number stands first, a / b is a * b**-1, a - b is a + (-1) * b, sqrt(a) is a**(1/2). Nothing is reordered or expanded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from saddlepoint.errors import UserError

# What a person may write, with the number of arguments.
FUNCTIONS: dict[str, int] = {
    "log": 1,
    "exp": 1,
    "sqrt": 1,
    "abs": 1,
    "tanh": 1,
    "sigmoid": 1,
    "softplus": 1,
    "relu": 1,
    "min": 2,
    "max": 2,
}
# What differentiation adds at kinks: step = 1[x > 0]; impulse and dipole are zero off zero (see derivative.py).
KINK_FUNCTIONS: dict[str, int] = {"step": 1, "impulse": 1, "dipole": 1}

# Numerators and denominators stay below this, so that every number has a float of normal size.
_LARGEST = 10**300
_LARGEST_EXPONENT = 1000


@dataclass(frozen=True)
class Tree:
    """A function of D. Arithmetic with trees, integers and fractions gives trees; floats, not exact, are refused."""

    def __add__(self, other: "Tree | int | Fraction") -> "Tree":
        return add(self, _operand(other))

    def __radd__(self, other: int | Fraction) -> "Tree":
        return add(_operand(other), self)

    def __sub__(self, other: "Tree | int | Fraction") -> "Tree":
        return add(self, -_operand(other))

    def __rsub__(self, other: int | Fraction) -> "Tree":
        return add(_operand(other), -self)

    def __mul__(self, other: "Tree | int | Fraction") -> "Tree":
        return multiply(self, _operand(other))

    def __rmul__(self, other: int | Fraction) -> "Tree":
        return multiply(_operand(other), self)

    def __truediv__(self, other: "Tree | int | Fraction") -> "Tree":
        return multiply(self, power(_operand(other), Fraction(-1)))

    def __rtruediv__(self, other: int | Fraction) -> "Tree":
        return multiply(_operand(other), power(self, Fraction(-1)))

    def __pow__(self, exponent: int | Fraction) -> "Tree":
        return power(self, Fraction(exponent))

    def __neg__(self) -> "Tree":
        return multiply(Number(Fraction(-1)), self)


@dataclass(frozen=True)
class Number(Tree):
    """An exact rational number."""

    value: Fraction


@dataclass(frozen=True)
class Variable(Tree):
    """D itself."""


@dataclass(frozen=True)
class Add(Tree):
    """A sum of two or more terms, at most one of them a number."""

    terms: tuple[Tree, ...]


@dataclass(frozen=True)
class Multiply(Tree):
    """A product of two or more factors; a number, if there is one, stands first."""

    factors: tuple[Tree, ...]


@dataclass(frozen=True)
class Power(Tree):
    """base**exponent with a rational exponent, neither 0 nor 1; real, so the base of a broken exponent is >= 0."""

    base: Tree
    exponent: Fraction


@dataclass(frozen=True)
class Call(Tree):
    """A function of `FUNCTIONS` (sqrt is a Power) or `KINK_FUNCTIONS`."""

    function: str
    arguments: tuple[Tree, ...]


D = Variable()


def number(value: int | Fraction) -> Number:
    """An exact number.

    Raises:
        UserError: numerator or denominator beyond 1e300, so that the number would have no ordinary float.
    """
    exact = Fraction(value)
    if abs(exact.numerator) > _LARGEST or exact.denominator > _LARGEST:
        raise UserError(
            "a number that is too large or too fine", "numbers between 1e-300 and 1e300", "rescale the formula"
        )
    return Number(exact)


def add(*terms: Tree) -> Tree:
    """The sum, flat, with its numbers folded into the place of the first."""
    flat = [part for term in terms for part in (term.terms if isinstance(term, Add) else (term,))]
    return _fold(flat, lambda a, b: a + b, neutral=0, wrap=Add)


def multiply(*factors: Tree) -> Tree:
    """The product, flat, with its numbers folded into the first place; 0 swallows what has a value everywhere."""
    flat = [part for factor in factors for part in (factor.factors if isinstance(factor, Multiply) else (factor,))]
    flat.sort(key=lambda factor: not isinstance(factor, Number))  # stable: only the numbers move to the front
    if Number(Fraction(0)) in flat:
        flat = [Number(Fraction(0)), *[factor for factor in flat if not is_total(factor)]]
    return _fold(flat, lambda a, b: a * b, neutral=1, wrap=Multiply)


def power(base: Tree, exponent: Fraction) -> Tree:
    """base**exponent; integer powers of numbers are folded.

    Raises:
        UserError: 0 to a negative power, an exponent beyond +-1000, or a number too large to keep.
    """
    if exponent == 0:
        return Number(Fraction(1))
    if exponent == 1:
        return base
    if abs(exponent) > _LARGEST_EXPONENT:
        raise UserError(
            f"the exponent {exponent}", f"an exponent within +-{_LARGEST_EXPONENT}", "use exp for fast growth"
        )
    if isinstance(base, Number) and exponent.denominator == 1:
        if base.value == 0 and exponent < 0:
            raise UserError("a division by zero", "a divisor that is not zero", "correct the formula")
        return number(base.value**exponent.numerator)
    return Power(base, exponent)


def call(function: str, *arguments: Tree) -> Tree:
    """function(arguments), by a name of `FUNCTIONS` or `KINK_FUNCTIONS`; the parser has checked what a person wrote."""
    assert (FUNCTIONS | KINK_FUNCTIONS).get(function) == len(arguments), (function, len(arguments))
    if function == "sqrt":
        return power(arguments[0], Fraction(1, 2))
    return Call(function, arguments)


def children(tree: Tree) -> tuple[Tree, ...]:
    """The trees directly below the root."""
    match tree:
        case Add(parts) | Multiply(parts) | Call(_, parts):
            return parts
        case Power(base, _):
            return (base,)
    return ()


def rebuild(tree: Tree, parts: Sequence[Tree]) -> Tree:
    """The root of `tree` over other children, in normal form."""
    match tree:
        case Add():
            return add(*parts)
        case Multiply():
            return multiply(*parts)
        case Power(_, exponent):
            return power(parts[0], exponent)
        case Call(function, _):
            return call(function, *parts)
    return tree


def substitute(tree: Tree, replacement: Tree) -> Tree:
    """The tree with `replacement` in the place of D: tree(replacement(D))."""
    if isinstance(tree, Variable):
        return replacement
    return rebuild(tree, [substitute(part, replacement) for part in children(tree)])


def is_constant(tree: Tree) -> bool:
    """Whether D does not occur."""
    return not isinstance(tree, Variable) and all(is_constant(part) for part in children(tree))


def is_total(tree: Tree) -> bool:
    """Whether the tree is written without logarithm, division or root, and so has a value at every D."""
    match tree:
        case Call("log", _):
            return False
        case Power(_, exponent) if exponent < 0 or exponent.denominator != 1:
            return False
    return all(is_total(part) for part in children(tree))


def depth(tree: Tree) -> int:
    """The number of nodes on the longest way down."""
    return 1 + max((depth(part) for part in children(tree)), default=0)


def size(tree: Tree) -> int:
    """The number of nodes."""
    return 1 + sum(size(part) for part in children(tree))


def coefficient(tree: Tree) -> tuple[Fraction, Tree]:
    """tree = number * rest, with the number as large a part as stands in front; rest is 1 for a number."""
    match tree:
        case Number(value):
            return value, Number(Fraction(1))
        case Multiply((Number(value), *rest)):
            return value, multiply(*rest)
    return Fraction(1), tree


def _fold(
    parts: list[Tree],
    combine: Callable[[Fraction, Fraction], Fraction],
    neutral: int,
    wrap: Callable[[tuple[Tree, ...]], Tree],
) -> Tree:
    """One number in the place of the first, left out where it is neutral; a single part stands alone."""
    value = Fraction(neutral)
    place = None
    kept: list[Tree] = []
    for part in parts:
        if isinstance(part, Number):
            place = len(kept) if place is None else place
            value = combine(value, part.value)
        else:
            kept.append(part)
    if place is not None and (value != neutral or not kept):
        kept.insert(place, number(value))
    if not kept:
        return Number(Fraction(neutral))
    return kept[0] if len(kept) == 1 else wrap(tuple(kept))


def _operand(value: "Tree | int | Fraction") -> Tree:
    if isinstance(value, Tree):
        return value
    if isinstance(value, int | Fraction) and not isinstance(value, bool):
        return number(value)
    raise UserError(f"{value!r} in a formula", "a tree, an integer or a Fraction", "write Fraction('0.1') for 0.1")
