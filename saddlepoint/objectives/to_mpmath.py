"""The printer to mpmath: a tree as a function of one real number, at whatever precision is in force.

A number beyond any use (exp of a million) is refused before it is computed: exp(exp(exp(D))) would fill the memory.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath

from saddlepoint.objectives.tree import Add, Call, D, Multiply, Number, Power, Tree, children

# A number of mpmath's, which has no types.
Real = Any

# exp of more than this is refused, and exp of less than minus this power of two is zero.
_LARGEST_EXPONENT = 100_000
_SMALLEST_MAGNITUDE = 50


class NoValue(Exception):
    """The tree has no value at the number, or one that is out of reach."""


def to_mpmath(tree: Tree) -> Callable[[Real], Real]:
    """The tree as a function of a number of mpmath's.

    Raises:
        NoValue: (the function) the tree is not defined there, is at a kink without a derivative, or too large.
    """
    places: dict[Tree, int] = {D: 0}
    operations: list[tuple[Tree, tuple[int, ...]]] = []

    def place(part: Tree) -> int:
        if part not in places:
            operands = tuple(place(child) for child in children(part))
            operations.append((part, operands))
            places[part] = len(operations)
        return places[part]

    result = place(tree)

    def evaluate(number: Real) -> Real:
        values = [mpmath.mpf(number)]
        for part, operands in operations:
            values.append(_value(part, [values[operand] for operand in operands]))
        return values[result]

    return evaluate


def _value(tree: Tree, parts: list[Real]) -> Real:
    match tree:
        case Number(value):
            return _exact(value)
        case Add():
            return mpmath.fsum(parts)
        case Multiply():
            return mpmath.fprod(parts)
        case Power(_, exponent):
            return _power(parts[0], exponent)
        case Call(function, _):
            return _FUNCTIONS[function](*parts)
    raise AssertionError(f"no mpmath function for {tree!r}")


def _exact(value: Fraction) -> Real:
    return mpmath.mpf(value.numerator) / value.denominator


def _power(base: Real, exponent: Fraction) -> Real:
    if (base == 0 and exponent < 0) or (base < 0 and exponent.denominator != 1):
        raise NoValue
    if exponent.denominator == 1:
        return base ** int(exponent)
    return base ** _exact(exponent) if base else mpmath.mpf(0)


def _log(x: Real) -> Real:
    if x <= 0:
        raise NoValue
    return mpmath.log(x)


def _exp(x: Real) -> Real:
    if x > _LARGEST_EXPONENT:
        raise NoValue
    return mpmath.mpf(0) if x < 0 and mpmath.mag(x) > _SMALLEST_MAGNITUDE else mpmath.exp(x)


def _sigmoid(x: Real) -> Real:
    small = _exp(-abs(x))
    return 1 / (1 + small) if x > 0 else small / (1 + small)


def _softplus(x: Real) -> Real:
    return max(x, mpmath.mpf(0)) + mpmath.log1p(_exp(-abs(x)))


def _tanh(x: Real) -> Real:
    small = _exp(-2 * abs(x))
    size = -mpmath.expm1(-2 * abs(x)) / (1 + small) if small else mpmath.mpf(1)
    return size if x > 0 else -size


def _step(x: Real) -> Real:
    if x == 0:
        raise NoValue
    return mpmath.mpf(1 if x > 0 else 0)


def _impulse(x: Real) -> Real:
    if x == 0:
        raise NoValue
    return mpmath.mpf(0)


_FUNCTIONS: dict[str, Callable[..., Real]] = {
    "log": _log,
    "exp": _exp,
    "abs": abs,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "min": min,
    "max": max,
    "step": _step,
    "impulse": _impulse,
    "dipole": _impulse,
}
