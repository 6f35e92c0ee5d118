"""Where trees are defined: decided rigorously on the whole line, with a witness where they are not."""

import math

import mpmath
import pytest
from hypothesis import given

from saddlepoint.objectives.domain import Condition, conditions, defined_on, gap_on_the_line
from saddlepoint.objectives.interval import ENTIRE, Interval
from saddlepoint.objectives.parser import parse
from saddlepoint.objectives.tree import D, call
from tests.objectives.trees import evaluate, trees


def test_conditions_stand_inner_before_outer():
    assert conditions(parse("log(1 - sqrt(D)) + 1/D + D**-0.5 + log(D)")) == [
        Condition(D, "nonnegative"),
        Condition(1 - call("sqrt", D), "positive"),
        Condition(D, "nonzero"),
        Condition(D, "positive"),
    ]
    assert conditions(parse("exp(D) + min(D, D**2)")) == []


def test_on_an_interval_open_ends_count():
    tree = parse("log(D) + log(1 - D)")
    assert defined_on(tree, Interval(0, 1, lower_open=True, upper_open=True))
    assert not defined_on(tree, Interval(0, 1))
    assert defined_on(parse("log(1 - sigmoid(D))"), ENTIRE)
    assert not defined_on(parse("log(log(D))"), Interval(0.5, 2))
    assert not defined_on(parse("1/log(D)"), Interval(-2, -1))


@pytest.mark.parametrize(
    "text",
    [
        "exp(D)",
        "log(1 + exp(D))",
        "log(sigmoid(D))",
        "log(1 - sigmoid(D))",
        "sqrt(abs(D))",
        "1/(1 + D**2)",
        "log(1 - D + D**2)",
        "log(D**4 - D**3 + 1)",
        "sqrt(D**2 - 2*D + 1)",
        "1/(exp(D) - D)",
        "log(2 + tanh(D))",
        "log(max(D, 1))",
        "log(relu(D) + 1e-6)",
        "sqrt(log(1 + D**2))",
    ],
)
def test_defined_everywhere(text):
    assert gap_on_the_line(parse(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "log(D)",
        "log(1-D)",
        "sqrt(1-D)",
        "1/D",
        "D**-2",
        "D**0.5",
        "D**(-1/3)",
        "log(-1)",
        "log(D**2)",
        "log(D - 1000)",
        "log(1e6 - D)",
        "1/(D - 3)",
        "log(1 - 2*tanh(D))",
        "log(log(1 + D**2))",
        "sqrt(D**2 - 1e-4)",
        "log(abs(D) - relu(D))",
        "1/relu(D)",
        "D**(1/3)*0 + 1",
        "D**D",
    ],
)
def test_a_witness_is_a_point_without_a_value(text):
    tree = parse(text)
    gap = gap_on_the_line(tree)
    assert gap is not None and gap.certain and gap.where.width == 0
    assert evaluate(tree, gap.where.lower) is None


@pytest.mark.parametrize(
    ("text", "near"), [("1/(3*D - 1)", 1 / 3), ("log((D - 0.1)**2)", 0.1), ("1/(D**2 - 2)", math.sqrt(2))]
)
def test_a_pole_between_floats_stays_undecided_and_is_located(text, near):
    gap = gap_on_the_line(parse(text))
    assert gap is not None and not gap.certain
    assert abs(abs(gap.where.lower) - near) < 1e-5


@given(trees(depth=2))
def test_what_is_called_defined_has_values(tree):
    gap = gap_on_the_line(tree)
    if gap is None:
        with mpmath.workdps(120):  # enough to tell 1 + exp(-100) from 1
            assert all(evaluate(tree, x) is not None for x in (-100, -3.7, -1, -0.5, 0, 1e-9, 0.5, 1, 2, 41.3))
    elif gap.certain:
        assert evaluate(tree, gap.where.lower) is None
