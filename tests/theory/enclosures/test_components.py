"""Natural domains: edges at floats, between floats, gaps, and the link's range."""

import math

import pytest

from saddlepoint.objectives import objective
from saddlepoint.theory.enclosures.components import natural_domain
from saddlepoint.theory.pointwise import pointwise_field


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("minimax", [(0, 1)]),
        ("minimax@logit", [(-math.inf, math.inf)]),
        ("fgan_reverse_kl", [(-math.inf, 0)]),
        ("fgan_js", [(-math.inf, math.log(2))]),
        ("f1=D; f2=-D; f3=D; link=sigmoid", [(0, 1)]),
        ("f1=log(1-3*D); f2=D; f3=sqrt(D)", [(0, 1 / 3)]),
        ("f1=1/D; f2=D; f3=D", [(-math.inf, 0), (0, math.inf)]),
        ("f1=log(D**2-1/2); f2=D; f3=D", [(-math.inf, -math.sqrt(0.5)), (math.sqrt(0.5), math.inf)]),
        ("f1=sqrt(-1-D**2); f2=D; f3=D", []),
        ("f1=log(D); f2=log(-D); f3=D", []),
    ],
)
def test_components(text, expected):
    found = natural_domain(pointwise_field(objective(text)))
    assert [(each.lower, each.upper) for each in found] == [pytest.approx(ends, rel=1e-15) for ends in expected]
    assert all(each.certain for each in found)
    for each in found:
        assert each.lower <= each.inner_lower < each.inner_upper <= each.upper
