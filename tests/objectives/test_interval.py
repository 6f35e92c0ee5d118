"""Interval arithmetic: every point result is enclosed, open ends are not attained, and infinity is no number."""

import math
from fractions import Fraction

import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from saddlepoint.errors import UserError
from saddlepoint.objectives.interval import EMPTY, ENTIRE, Interval, ends_of

INF = math.inf


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    """Intervals with plain, tiny, huge, infinite and open ends."""
    numbers = st.one_of(
        st.integers(-3, 3).map(float),
        st.floats(-10, 10),
        st.floats(allow_nan=False),
        st.sampled_from([0.0, 5e-324, -5e-324, 1e308, -1e308, INF, -INF]),
    )
    lower, upper = sorted((draw(numbers), draw(numbers)))
    if lower == upper:
        return Interval(lower, upper) if math.isfinite(lower) else ENTIRE
    return Interval(lower, upper, lower_open=draw(st.booleans()), upper_open=draw(st.booleans()))


def points(interval: Interval) -> list[Fraction]:
    """Exact numbers in the interval: its attained ends, and others close to the ends and between."""
    lower, upper = max(interval.lower, -1e308), min(interval.upper, 1e308)
    a, b = Fraction(lower), Fraction(upper)
    found = [a, b, (a + b) / 2, a + (b - a) / 10**30, b - (b - a) / 10**30, Fraction(0), Fraction(1, 3)]
    return [point for point in found if point in interval]


@given(intervals(), intervals())
def test_arithmetic_encloses_every_point_result(first, second):
    for x in points(first):
        assert -x in -first
        if x != 0:
            assert 1 / x in first.reciprocal()
        for y in points(second):
            assert x + y in first + second
            assert x - y in first - second
            assert x * y in first * second
            if y != 0:
                assert x / y in first / second


@given(intervals(), intervals())
def test_sets(first, second):
    both, either = first.intersect(second), first.hull(second)
    for x in points(first) + points(second):
        assert (x in both) == (x in first and x in second)
        assert x in either
    assert either.encloses(first) and first.encloses(both) and first.encloses(EMPTY)


@given(st.fractions())
def test_a_number_is_enclosed_by_neighbouring_floats(value):
    interval = Interval.around(value)
    assert value in interval
    assert interval.upper <= math.nextafter(interval.lower, INF)


def test_a_number_beyond_the_floats_is_enclosed_too():
    huge = Interval.around(10**400)
    assert huge == Interval(math.nextafter(INF, 0), INF, lower_open=True)
    assert Interval.around(-(10**400)) == -huge
    assert Interval.around(Fraction(1, 10**400)).is_positive


def test_numbers_that_are_floats_are_points():
    assert Interval.around(Fraction(1, 4)) == Interval(0.25, 0.25)
    assert Interval.around(0) == Interval(0.0, 0.0)


def test_zero_times_infinity_is_zero():
    assert Interval(0, 0) * ENTIRE == Interval(0, 0)
    assert Interval(0, 1) * Interval(1, INF) == Interval(0, INF)
    assert Interval(0, 1, lower_open=True) * Interval(1, INF) == Interval(0, INF, lower_open=True)
    assert (Interval(-INF, 0) * Interval(-INF, 0)) == Interval(0, INF)


def test_division_by_intervals_around_zero():
    assert Interval(0, 1).reciprocal() == Interval(1, INF)
    assert Interval(-1, 0).reciprocal() == Interval(-INF, -1)
    assert Interval(-1, 1).reciprocal() == ENTIRE
    assert Interval(0, 0).reciprocal() == EMPTY
    assert Interval(1, 2) / Interval(0, 0) == EMPTY
    assert Interval(2, INF).reciprocal() == Interval(0, 0.5, lower_open=True)


def test_signs_count_open_ends():
    assert Interval(0, 1, lower_open=True).is_positive and not Interval(0, 1).is_positive
    assert Interval(-1, 0, upper_open=True).is_negative and not Interval(-1, 0).is_negative
    assert Interval(0, 1).is_nonnegative and Interval(-1, 0).is_nonpositive
    assert 0 not in Interval(0, 1, lower_open=True) and INF not in ENTIRE


def test_signs_survive_underflow():
    tiny = Interval(5e-324, 5e-324)
    assert (tiny * tiny).is_positive
    assert (tiny * -tiny).is_negative


def test_overflow_ends_at_infinity_without_attaining_it():
    large = Interval(1e308, 1e308)
    assert (large * large) == Interval(math.nextafter(INF, 0), INF, lower_open=True)
    assert (large + large).lower > 1.7e308


def test_exact_results_stay_points():
    assert Interval(0.5, 0.5) + Interval(0.25, 0.25) == Interval(0.75, 0.75)
    assert Interval(3, 3) * Interval(7, 7) == Interval(21, 21)
    assert Interval(1, 1) - Interval(1, 1) == Interval(0, 0)


def test_balls_are_rounded_outward():
    (low, low_open), (high, high_open) = ends_of(arb(2).sqrt())
    assert Fraction(low) ** 2 < 2 < Fraction(high) ** 2
    assert high - low < 1e-15
    assert (low_open, high_open) == (low < float(arb(2).sqrt().lower()), high > float(arb(2).sqrt().upper()))


@pytest.mark.parametrize("ends", [(1.0, 0.0), (math.nan, 1.0), (0.0, math.nan), (INF, INF), (-INF, -INF)], ids=str)
def test_what_is_no_interval(ends):
    with pytest.raises(UserError, match="the interval from"):
        Interval(*ends)


def test_an_open_point_is_refused():
    with pytest.raises(UserError, match="use EMPTY"):
        Interval(1, 1, lower_open=True)
    assert EMPTY.is_empty and not ENTIRE.is_empty
    assert Interval(-0.0, 1) == Interval(0.0, 1) and math.copysign(1, Interval(-0.0, 1).lower) == 1
    assert Interval(0, 2).width == 2
