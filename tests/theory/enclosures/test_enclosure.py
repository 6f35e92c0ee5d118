"""Enclosures hold every value: random trees against mpmath, plain, sharpened, factored, and at domains' edges."""

from fractions import Fraction

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saddlepoint.errors import UserError
from saddlepoint.objectives import parse
from saddlepoint.objectives.domain import Condition, conditions, defined_on
from saddlepoint.objectives.interval import Interval
from saddlepoint.objectives.tree import size
from saddlepoint.theory.enclosures.enclosure import Function, evaluate, known_from, sign
from saddlepoint.theory.enclosures.rational import factored
from tests.objectives.trees import DIGITS, trees
from tests.objectives.trees import evaluate as value_of


@settings(max_examples=80, deadline=None)
@given(tree=trees(depth=3), lower=st.floats(-4, 4), width=st.floats(0, 3), part=st.floats(0, 1))
def test_an_enclosure_holds_the_values(tree, lower, width, part):
    box = Interval(lower, lower + width)
    place = min(max(lower + part * width, box.lower), box.upper)
    try:
        if size(tree) > 60 or not defined_on(tree, box):
            return
        function = Function(tree, known_from(conditions(tree)))
        enclosures = [evaluate(tree, box, {}), function.at(box), function.over(box)]
    except UserError:
        return
    with mpmath.workdps(DIGITS):
        value = value_of(tree, place)
        if value is None or not mpmath.isfinite(value):
            return
        for enclosure in enclosures:
            slack = abs(value) * mpmath.mpf(10) ** -40
            assert enclosure.lower <= value + slack and value - slack <= enclosure.upper


def test_monotone_sharpening_settles_half_lines():
    function = Function(parse("softplus(D) - D - log(2)"))
    assert sign(function.at(Interval(1.0, float("inf")))) == 0
    assert sign(function.over(Interval(1.0, float("inf")))) == -1


def test_what_is_known_holds_beyond_an_edge_that_is_no_float():
    tree = parse("exp(D)/(2 - exp(D))")
    box = Interval(0.5, 0.6931471805599454, upper_open=True)
    assert sign(evaluate(tree, box, {})) == 0
    assert sign(evaluate(tree, box, known_from([Condition(parse("2 - exp(D)"), "positive")]))) == 1


@pytest.mark.parametrize(
    ("text", "sign_on_the_left"),
    [("D/(1 - D)**2 + 1/(1 - D)", 1), ("exp(-D) - exp(-D/2)", 1), ("D**3 - 3*D**2/2 + 3*D/4 - 1/8", -1)],
)
def test_factors_show_a_sign(text, sign_on_the_left):
    tree = factored(parse(text))
    assert sign(evaluate(tree, Interval(float("-inf"), 0.0, upper_open=True), {})) == sign_on_the_left
    for place in (Fraction(-3), Fraction(-1, 7), Fraction(1, 3)):
        ours, written = value_of(tree, place), value_of(parse(text), place)
        assert ours is not None and written is not None and abs(ours - written) < 1e-12
