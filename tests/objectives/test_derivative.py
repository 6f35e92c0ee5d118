"""Derivatives of trees: equal to mpmath's numeric derivative and to sympy's, enclosing at kinks."""

import math
from fractions import Fraction

import mpmath
import pytest
import sympy
from hypothesis import assume, given, reject
from hypothesis import strategies as st

from saddlepoint.objectives.derivative import differentiate
from saddlepoint.objectives.interval import Interval
from saddlepoint.objectives.parser import parse
from saddlepoint.objectives.to_interval import to_interval
from saddlepoint.objectives.to_sympy import to_sympy
from saddlepoint.objectives.to_text import to_text
from saddlepoint.objectives.tree import D, number
from tests.objectives.trees import evaluate, trees

SYMBOL = sympy.Symbol("D", real=True)


@pytest.mark.parametrize(
    ("text", "derivative"),
    [
        ("7", "0"),
        ("D", "1"),
        ("D**3/3", "D**2"),
        ("-D**2/2", "-D"),
        ("log(D)", "1/D"),
        ("exp(2*D)", "2*exp(2*D)"),
        ("sqrt(D)", "D**(-1/2)/2"),
        ("softplus(-D)", "-sigmoid(-D)"),
        ("sigmoid(D)", "sigmoid(D)*sigmoid(-D)"),
        ("tanh(D)", "4*sigmoid(2*D)*sigmoid(-2*D)"),
    ],
)
def test_formulas(text, derivative):
    assert differentiate(parse(text)) == parse(derivative)


@given(trees(depth=2), st.fractions(-3, 3, max_denominator=50))
def test_equal_to_a_numeric_derivative(tree, x):
    derivative = differentiate(tree)
    with mpmath.workdps(60):
        step = mpmath.mpf(10) ** -15
        at = mpmath.mpf(x.numerator) / x.denominator
        far, near, near_above, far_above = [evaluate(tree, at + offset * step) for offset in (-2, -1, 1, 2)]
        exact = evaluate(derivative, at)
        if far is None or near is None or near_above is None or far_above is None or exact is None:
            reject()
        wide, narrow = (far_above - far) / (4 * step), (near_above - near) / (2 * step)
        scale = 1 + abs(exact)
        # Near a kink or a pole the two difference quotients disagree, and say nothing.
        assume(abs(wide - narrow) < 1e-12 * scale)
        assert abs(narrow - exact) < 1e-9 * scale


FORMULAS = [
    "log(1-D)*D",
    "sqrt(1+D**2)",
    "abs(D-1)",
    "max(D, D**2)",
    "min(0, D-1)",
    "relu(D)**2",
    "tanh(D)/softplus(D)",
]


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("x", [Fraction(3, 7), Fraction(-5, 4), Fraction(1, 9)], ids=str)
def test_equal_to_sympy_twice_over(text, x):
    tree = parse(text)
    expression = to_sympy(tree, SYMBOL)
    for _ in range(2):
        tree, expression = differentiate(tree), sympy.diff(expression, SYMBOL)
        wanted = sympy.N(expression.subs(SYMBOL, sympy.Rational(x.numerator, x.denominator)), 30)
        with mpmath.workdps(30):
            found = evaluate(tree, x)
        assert found is not None and float(found) == pytest.approx(float(wanted), rel=1e-13, abs=1e-13)


@pytest.mark.parametrize("text", ["abs(D)", "relu(D)", "min(0, D - 1)", "max(D, -2*D)", "relu(D)*D", "abs(D**2 - 1)"])
@given(a=st.integers(-24, 24), b=st.integers(-24, 24))
def test_the_mean_value_theorem_holds_across_kinks(text, a, b):
    assume(a < b)
    tree, interval = parse(text), Interval(a / 8, b / 8)
    for _ in range(2):
        left, right = evaluate(tree, a / 8), evaluate(tree, b / 8)
        tree = differentiate(tree)
        slope = to_interval(tree, interval)
        if left is not None and right is not None:
            assert slope.lower * (b - a) <= (right - left) * 8 <= slope.upper * (b - a)


def test_kinks_are_zero_off_zero_at_every_order():
    tree = parse("relu(D)")
    for order in range(1, 5):
        tree = differentiate(tree)
        assert to_interval(tree, Interval(1, 2)) == Interval(float(order == 1), float(order == 1))
    assert to_interval(tree, Interval(-1, 1)) == Interval(-math.inf, math.inf)


def test_the_derivative_of_an_extreme_follows_the_active_part():
    derivative = differentiate(parse("min(0, D - 1)"))
    assert to_text(derivative) == "step(-(D - 1))"
    assert to_interval(derivative, Interval(-5, 0.5)) == Interval(1, 1)
    assert to_interval(derivative, Interval(1.5, 9)) == Interval(0, 0)
    assert differentiate(number(3) * D) == number(3)
