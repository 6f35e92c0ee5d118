"""The printer to text: what the parser reads back is the same tree."""

from fractions import Fraction

import pytest
from hypothesis import example, given

from saddlepoint.objectives.parser import parse
from saddlepoint.objectives.to_text import to_text
from saddlepoint.objectives.tree import D, call, number
from tests.objectives.trees import trees


@given(trees())
@example(D / 3 / D)
@example(1 / (1 / D))
@example((D**-1) ** -1)
@example(-1 / D)
@example(1 / (2 * D))
@example(0 / D)
@example(D - 0 * call("log", D))
@example(2 / (D / 3))
@example((-D) ** 2)
@example(number(-2) ** Fraction(1, 3))
@example(number(Fraction(1, 3)) ** Fraction(1, 2))
@example(D - (D - 1) * 2 - (-D))
@example(number(Fraction(3, 10**300)) * D)
def test_a_tree_comes_back(tree):
    assert parse(to_text(tree)) == tree


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (-(D**2) / 2, "-D**2/2"),
        (call("log", 1 - D), "log(1 - D)"),
        (D / (1 - D), "D/(1 - D)"),
        (3 * D / 2, "3*D/2"),
        (D ** Fraction(1, 2), "sqrt(D)"),
        (D ** Fraction(-2, 3), "D**(-2/3)"),
        (number(10**300) * D, "1e300*D"),
        (call("min", number(0), -D - 1), "min(0, -D - 1)"),
    ],
)
def test_the_text_is_what_a_person_would_write(tree, text):
    assert to_text(tree) == text
