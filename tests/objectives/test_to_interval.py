"""The printer to intervals: values of random trees are enclosed, and stay so on half-lines and up to poles."""

import math
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saddlepoint.objectives.interval import EMPTY, ENTIRE, Interval
from saddlepoint.objectives.parser import parse
from saddlepoint.objectives.to_interval import to_interval
from tests.objectives.trees import DIGITS, evaluate, trees

INF = math.inf


@given(trees(), st.fractions(-6, 6, max_denominator=64), st.fractions(0, 4, max_denominator=64))
def test_values_are_enclosed(tree, lower, width):
    interval = Interval.around(lower).hull(Interval.around(lower + width))
    enclosure = to_interval(tree, interval)
    with mpmath.workdps(DIGITS):
        for x in (lower, lower + width / 3, lower + width / 2, lower + width):
            value = evaluate(tree, x)
            if value is not None and mpmath.isfinite(value):
                margin = abs(value) * mpmath.mpf(10) ** (10 - DIGITS)  # the evaluator's own rounding
                assert enclosure.lower - margin <= value <= enclosure.upper + margin


@pytest.mark.parametrize(
    ("text", "interval", "enclosure"),
    [
        ("1/D", Interval(0, 1), Interval(1, INF)),
        ("log(1-D)", Interval(0, 1), Interval(-INF, 0)),
        ("D*exp(-D)", Interval(0, INF), Interval(0, INF)),
        ("exp(D)", Interval(-INF, 0), Interval(0, 1, lower_open=True)),
        ("-sigmoid(D)*sigmoid(-D)", Interval(0, INF), Interval(-0.5, 0, lower_open=True, upper_open=True)),
        ("log(D)", Interval(-2, -1), EMPTY),
        ("max(D, 0) + min(D, 0)", Interval(-1, 2), Interval(-1, 2)),
        ("3", ENTIRE, Interval(3, 3)),
    ],
)
def test_ends(text, interval, enclosure):
    assert to_interval(parse(text), interval) == enclosure


def test_a_sign_that_holds_up_to_infinity_is_strict():
    second_derivative = parse("-2*sigmoid(D)*sigmoid(-D)")
    assert to_interval(second_derivative, ENTIRE).is_negative


def test_decimals_are_exact():
    # In floats 0.1 + 0.2 - 0.3 is 5.6e-17; the tree folds it to zero, and 0.1*D at D = 3 encloses 3/10.
    assert to_interval(parse("0.1 + 0.2 - 0.3"), ENTIRE) == Interval(0, 0)
    assert Fraction(3, 10) in to_interval(parse("0.1*D"), Interval(3, 3))
