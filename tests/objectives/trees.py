"""Random trees for hypothesis, and an evaluator in mpmath that shares nothing with the printers under test."""

from fractions import Fraction
from typing import Any

import mpmath
from hypothesis import strategies as st

from saddlepoint.errors import UserError
from saddlepoint.objectives.tree import FUNCTIONS, Add, Call, D, Multiply, Number, Power, Tree, Variable, call, number

# An mpmath number; mpmath has no types that a checker could read.
Real = Any

DIGITS = 60

small_fractions = st.fractions(min_value=-8, max_value=8, max_denominator=12)
exponents = st.sampled_from(
    [Fraction(2), Fraction(3), Fraction(-1), Fraction(-2), Fraction(1, 2), Fraction(-1, 3), Fraction(3, 2)]
)


_ONE = sorted(name for name, count in FUNCTIONS.items() if count == 1)
_KINDS = ("D", "number", "add", "subtract", "multiply", "divide", "power", "function", "function", "extreme")


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> Tree:
    """Trees over the whole list of functions, at most `depth` operations deep."""
    kind = draw(st.sampled_from(_KINDS if depth else _KINDS[:2]))
    below = trees(depth - 1)
    match kind:
        case "D":
            return D
        case "number":
            return number(draw(small_fractions))
        case "add":
            return draw(below) + draw(below)
        case "subtract":
            return draw(below) - draw(below)
        case "multiply":
            return draw(below) * draw(below)
        case "divide":
            return draw(below) * _power(draw(below), Fraction(-1))
        case "power":
            return _power(draw(below), draw(exponents))
        case "extreme":
            return call(draw(st.sampled_from(("min", "max"))), draw(below), draw(below))
    return call(draw(st.sampled_from(_ONE)), draw(below))


def _power(base: Tree, exponent: Fraction) -> Tree:
    try:
        return base**exponent
    except UserError:  # 0**-1: any other tree will do
        return D


def evaluate(tree: Tree, x: Real | Fraction) -> Real | None:
    """tree(x) on the reals at mpmath's current precision; None where it has no value."""
    match tree:
        case Variable():
            return _real(x)
        case Number(value):
            return _real(value)
        case Add(parts) | Multiply(parts) | Call(_, parts):
            values = [evaluate(part, x) for part in parts]
            if any(value is None for value in values):
                return None
            if isinstance(tree, Add):
                return mpmath.fsum(values)
            if isinstance(tree, Multiply):
                return mpmath.fprod(values)
            return _FUNCTIONS[tree.function](*values)
        case Power(base, exponent):
            value = evaluate(base, x)
            if value is None or (value == 0 and exponent < 0) or (value < 0 and exponent.denominator != 1):
                return None
            return mpmath.power(value, _real(exponent)) if value else mpmath.mpf(0)
    raise AssertionError(tree)


def _real(x: Real | Fraction) -> Real:
    return mpmath.mpf(x.numerator) / x.denominator if isinstance(x, Fraction) else mpmath.mpf(x)


def _step(x: Real) -> Real | None:
    return None if x == 0 else mpmath.mpf(1 if x > 0 else 0)


_FUNCTIONS = {
    "log": lambda x: mpmath.log(x) if x > 0 else None,
    "exp": mpmath.exp,
    "abs": abs,
    "tanh": mpmath.tanh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "relu": lambda x: max(x, mpmath.mpf(0)),
    "min": min,
    "max": max,
    "step": _step,
    "impulse": lambda x: None if x == 0 else mpmath.mpf(0),
    "dipole": lambda x: None if x == 0 else mpmath.mpf(0),
}
