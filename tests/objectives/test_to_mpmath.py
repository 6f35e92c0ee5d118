"""The printer to mpmath agrees with an evaluator of its own making, and refuses what no memory holds."""

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saddlepoint.objectives import parse
from saddlepoint.objectives.to_mpmath import NoValue, to_mpmath
from saddlepoint.objectives.tree import Tree
from tests.objectives.trees import DIGITS, evaluate, trees


@settings(max_examples=150, deadline=None)
@given(tree=trees(depth=3), place=st.fractions(-4, 4, max_denominator=16))
def test_values(tree: Tree, place):
    with mpmath.workdps(DIGITS):
        expected = evaluate(tree, place)
        try:
            found = to_mpmath(tree)(mpmath.mpf(place.numerator) / place.denominator)
        except NoValue:
            assert expected is None or abs(expected) > mpmath.mpf(10) ** 1000 or expected == 0
            return
        assert expected is not None
        assert abs(found - expected) <= mpmath.mpf(10) ** -(DIGITS // 2) * (1 + abs(expected))


@pytest.mark.parametrize(
    ("text", "place"),
    [("exp(exp(exp(D)))", 9), ("log(D)", 0), ("D**-1", 0), ("sqrt(D)", -1), ("D**1000" + "*exp(D**1000)", 10)],
)
def test_no_value(text, place):
    with pytest.raises(NoValue):
        to_mpmath(parse(text))(place)


def test_what_is_far_out_is_flat():
    assert [to_mpmath(parse(text))(10**300) for text in ("exp(-D)", "sigmoid(D)", "tanh(-D)")] == [0, 1, -1]
