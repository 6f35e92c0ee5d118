"""The elementary functions on intervals, rounded outward, on the extended reals.

Increasing functions are evaluated at the two ends by Arb and cut to their range: exp over [5, inf] is [148.4, inf),
sigmoid over the whole line is (0, 1). Where a function is not defined on all of its argument, the defined part counts.
"""

import math
from collections.abc import Callable
from fractions import Fraction

from flint import arb, fmpq

from saddlepoint.objectives.interval import EMPTY, End, Interval, ends_of, make

# Beyond this exp is certainly above the largest float, and exp of its negative below the smallest.
_FAR = 1000.0
_LARGEST = math.nextafter(math.inf, 0.0)
_SMALLEST = math.nextafter(0.0, 1.0)

_POSITIVE = Interval(0.0, math.inf, lower_open=True)
_NONNEGATIVE = Interval(0.0, math.inf)
_UNIT = Interval(0.0, 1.0, lower_open=True, upper_open=True)
_ZERO = Interval(0.0, 0.0)


def log(x: Interval) -> Interval:
    """log x, of the x > 0."""
    return _increasing(x.intersect(_POSITIVE), lambda end: ends_of(arb(end).log()), at_zero=-math.inf)


def exp(x: Interval) -> Interval:
    """e**x, in (0, inf)."""
    return _increasing(x, _exp, at_minus_infinity=0.0).intersect(_POSITIVE)


def tanh(x: Interval) -> Interval:
    """The hyperbolic tangent, in (-1, 1)."""
    inside = Interval(-1.0, 1.0, lower_open=True, upper_open=True)
    return _increasing(x, _tanh, at_minus_infinity=-1.0, at_infinity=1.0).intersect(inside)


def sigmoid(x: Interval) -> Interval:
    """1 / (1 + e**-x), in (0, 1)."""
    return _increasing(x, _sigmoid, at_minus_infinity=0.0, at_infinity=1.0).intersect(_UNIT)


def softplus(x: Interval) -> Interval:
    """log(1 + e**x), in (0, inf)."""
    return _increasing(x, _softplus, at_minus_infinity=0.0).intersect(_POSITIVE)


def absolute(x: Interval) -> Interval:
    """The absolute value."""
    if x.is_empty or x.is_nonnegative:
        return x
    if x.is_nonpositive:
        return -x
    return (-x).hull(x).intersect(_NONNEGATIVE)


def relu(x: Interval) -> Interval:
    """max(0, x)."""
    return maximum(x, _ZERO)


def minimum(x: Interval, y: Interval) -> Interval:
    """The smaller of two numbers."""
    if x.is_empty or y.is_empty:
        return EMPTY
    lower = min((x.lower, x.lower_open), (y.lower, y.lower_open))
    # At a tie of the upper ends both must be attained; (value, attained) puts the one that is not first.
    upper, attained = min((x.upper, not x.upper_open), (y.upper, not y.upper_open))
    return make(lower, (upper, not attained))


def maximum(x: Interval, y: Interval) -> Interval:
    """The larger of two numbers."""
    return -minimum(-x, -y)


def step(x: Interval) -> Interval:
    """0 below zero, 1 above, all of [0, 1] at zero."""
    if x.is_empty:
        return EMPTY
    return Interval(1.0 if x.is_positive else 0.0, 0.0 if x.is_negative else 1.0)


def impulse(x: Interval) -> Interval:
    """The derivative of step: 0 off zero, [0, inf) at zero."""
    if x.is_empty:
        return EMPTY
    return _NONNEGATIVE if 0 in x else _ZERO


def dipole(x: Interval) -> Interval:
    """Every further derivative of step: 0 off zero, any real at zero."""
    return _NONNEGATIVE.hull(-_NONNEGATIVE) if 0 in x else impulse(x)


def power(x: Interval, exponent: Fraction) -> Interval:
    """x**exponent for a rational exponent, not zero: of the x >= 0 if it is broken, of the x != 0 if it is negative."""
    if exponent.numerator < 0:
        return power(x, -exponent).reciprocal()
    whole = exponent.numerator if exponent.denominator == 1 else None
    if whole is not None and x.lower < 0:
        if whole % 2 == 0:
            x = absolute(x)
        else:
            below, above = x.intersect(-_NONNEGATIVE), x.intersect(_NONNEGATIVE)
            return (-power(-below, exponent)).hull(power(above, exponent))
    exact = whole if whole is not None else fmpq(exponent.numerator, exponent.denominator)
    return _increasing(x.intersect(_NONNEGATIVE), lambda end: ends_of(arb(end) ** exact), at_zero=0.0)


def _increasing(
    x: Interval,
    at: Callable[[float], tuple[End, End]],
    at_minus_infinity: float = -math.inf,
    at_infinity: float = math.inf,
    at_zero: float | None = None,
) -> Interval:
    """An increasing function over an interval; limits are not attained, and at_zero is given where 0 is an edge."""

    def bounds(end: float, is_open: bool) -> tuple[End, End]:
        if math.isinf(end):
            limit = at_infinity if end > 0 else at_minus_infinity
            return (limit, True), (limit, True)
        if end == 0 and at_zero is not None:
            return (at_zero, is_open), (at_zero, is_open)
        (low, low_open), (high, high_open) = at(end)
        return (low, low_open or is_open), (high, high_open or is_open)

    if x.is_empty:
        return EMPTY
    return make(bounds(x.lower, x.lower_open)[0], bounds(x.upper, x.upper_open)[1])


def _exp(x: float) -> tuple[End, End]:
    if x > _FAR:
        return (_LARGEST, True), (math.inf, True)
    if x < -_FAR:
        return (0.0, True), (_SMALLEST, True)
    return ends_of(arb(x).exp())


def _sigmoid(x: float) -> tuple[End, End]:
    if abs(x) > _FAR:
        return ((0.0, True), (_SMALLEST, True)) if x < 0 else ((1.0 - 2.0**-53, True), (1.0, True))
    return ends_of(1 / (1 + (-arb(x)).exp()))


def _softplus(x: float) -> tuple[End, End]:
    if x > _FAR:
        return (x, True), (math.nextafter(x, math.inf), True)
    if x < -_FAR:
        return (0.0, True), (_SMALLEST, True)
    return ends_of(arb(x).exp().log1p())


def _tanh(x: float) -> tuple[End, End]:
    if abs(x) > _FAR:
        return ((-1.0, True), (-1.0 + 2.0**-53, True)) if x < 0 else ((1.0 - 2.0**-53, True), (1.0, True))
    return ends_of(arb(x).tanh())
