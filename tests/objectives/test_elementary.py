"""The elementary functions on intervals against mpmath at 60 digits, and their behaviour at poles and infinity."""

import math
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saddlepoint.objectives import elementary
from saddlepoint.objectives.interval import EMPTY, ENTIRE, Interval
from tests.objectives.test_interval import intervals, points
from tests.objectives.trees import Real

INF = math.inf
LARGEST, SMALLEST = math.nextafter(INF, 0), math.nextafter(0, 1)

# The exact value at x; None where there is none. Far out mpmath would need too many digits: limits are tested below.
FUNCTIONS = {
    "log": lambda x: mpmath.log(x) if x > 0 else None,
    "exp": lambda x: mpmath.exp(x),
    "tanh": lambda x: mpmath.tanh(x),
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "absolute": abs,
    "relu": lambda x: max(x, mpmath.mpf(0)),
}


def holds(interval: Interval, value: Real) -> bool:
    return interval.lower <= value <= interval.upper


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
@given(interval=intervals())
def test_every_point_value_is_enclosed(name, interval):
    result = getattr(elementary, name)(interval)
    with mpmath.workdps(60):
        for x in points(interval):
            if abs(x) < 2000:
                value = FUNCTIONS[name](mpmath.mpf(x.numerator) / x.denominator)
                assert value is None or holds(result, value)


@pytest.mark.parametrize("name", ["log", "exp", "tanh", "sigmoid", "softplus"])
@given(x=st.floats(1e-6, 30))
def test_points_are_enclosed_tightly(name, x):
    result = getattr(elementary, name)(Interval(x, x))
    assert 0 <= result.width <= 8 * math.ulp(max(abs(result.lower), abs(result.upper)))


EXPONENTS = [
    Fraction(2),
    Fraction(3),
    Fraction(-1),
    Fraction(-2),
    Fraction(1, 2),
    Fraction(-1, 2),
    Fraction(2, 3),
    Fraction(7),
]


@pytest.mark.parametrize("exponent", EXPONENTS, ids=str)
@given(interval=intervals())
def test_powers(exponent, interval):
    result = elementary.power(interval, exponent)
    with mpmath.workdps(60):
        for x in points(interval):
            if (x < 0 and exponent.denominator > 1) or (x == 0 and exponent < 0):
                continue
            value = mpmath.mpf(x.numerator) / x.denominator
            power = value ** (mpmath.mpf(exponent.numerator) / exponent.denominator) if value else mpmath.mpf(0)
            assert holds(result, power)


@given(first=intervals(), second=intervals())
def test_extremes(first, second):
    for x in points(first):
        for y in points(second):
            assert min(x, y) in elementary.minimum(first, second)
            assert max(x, y) in elementary.maximum(first, second)


def test_half_lines_and_poles():
    above = elementary.exp(Interval(5, INF))
    assert above.upper == INF and 148.413 < above.lower < 148.414
    assert elementary.exp(Interval(-INF, 0)) == Interval(0, 1, lower_open=True)
    assert elementary.exp(ENTIRE) == Interval(0, INF, lower_open=True)
    assert elementary.log(Interval(0, 1)) == Interval(-INF, 0)
    assert elementary.log(Interval(-1, 1)) == Interval(-INF, 0)
    assert elementary.log(Interval(1, INF)) == Interval(0, INF)
    assert elementary.log(Interval(-1, 0)) == EMPTY
    assert elementary.sigmoid(ENTIRE) == Interval(0, 1, lower_open=True, upper_open=True)
    assert elementary.tanh(ENTIRE) == Interval(-1, 1, lower_open=True, upper_open=True)
    assert elementary.softplus(ENTIRE) == Interval(0, INF, lower_open=True)
    assert elementary.absolute(Interval(-3, 1)) == Interval(0, 3)
    assert elementary.absolute(ENTIRE) == Interval(0, INF)
    assert elementary.power(Interval(-2, 1), Fraction(2)) == Interval(0, 4)
    assert elementary.power(Interval(-2, 1), Fraction(3)) == Interval(-8, 1)
    assert elementary.power(Interval(-1, 4), Fraction(1, 2)) == Interval(0, 2)
    assert elementary.power(Interval(-1, 1), Fraction(-2)) == Interval(1, INF)
    assert elementary.power(Interval(-2, -1), Fraction(1, 2)) == EMPTY


@pytest.mark.parametrize("name", ["exp", "sigmoid", "softplus"])
def test_far_out_the_sign_stays_strict(name):
    function = getattr(elementary, name)
    for x in (-800.0, -1001.0, -1e4, -LARGEST):
        value = function(Interval(x, x))
        assert value.is_positive and value.upper == SMALLEST
    assert function(Interval(1e4, 1e4)).upper in (INF, 1.0, math.nextafter(1e4, INF))


def test_far_out_bounded_functions_stay_inside_their_range():
    for x in (40.0, 999.0, 1001.0, LARGEST):
        assert elementary.sigmoid(Interval(x, x)).upper == 1.0 and 1 not in elementary.sigmoid(Interval(x, x))
        assert 1 not in elementary.tanh(Interval(x, x)) and -1 not in elementary.tanh(Interval(-x, -x))
    assert elementary.exp(Interval(1e4, 1e4)) == Interval(LARGEST, INF, lower_open=True)
    assert elementary.softplus(Interval(2000, INF)).lower == 2000


def test_kinks_are_sets():
    around, above, below = Interval(-1, 1), Interval(0, 1, lower_open=True), Interval(-1, 0, upper_open=True)
    assert elementary.step(around) == Interval(0, 1)
    assert elementary.step(above) == Interval(1, 1) and elementary.step(below) == Interval(0, 0)
    assert elementary.step(Interval(0, 0)) == Interval(0, 1)
    assert elementary.impulse(around) == Interval(0, INF) and elementary.impulse(above) == Interval(0, 0)
    assert elementary.dipole(around) == ENTIRE and elementary.dipole(below) == Interval(0, 0)


@pytest.mark.parametrize(
    "name", ["log", "exp", "tanh", "sigmoid", "softplus", "absolute", "relu", "step", "impulse", "dipole"]
)
def test_nothing_of_nothing(name):
    assert getattr(elementary, name)(EMPTY) == EMPTY


def test_nothing_of_nothing_in_powers_and_extremes():
    assert elementary.power(EMPTY, Fraction(-2)) == EMPTY
    assert elementary.minimum(EMPTY, ENTIRE) == elementary.maximum(ENTIRE, EMPTY) == EMPTY
