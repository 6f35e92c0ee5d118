"""Limits at the ends of a domain, against those a textbook gives, and None where the rules give none."""

import math

import pytest

from saddlepoint.objectives import objective, parse
from saddlepoint.objectives.interval import Interval
from saddlepoint.theory.enclosures.components import Component, natural_domain
from saddlepoint.theory.enclosures.limits import limit_at
from saddlepoint.theory.pointwise import pointwise_field


def component_of(name: str) -> Component:
    (component,) = natural_domain(pointwise_field(objective(name)))
    return component


@pytest.mark.parametrize(
    ("text", "side", "expected"),
    [
        ("exp(D)", 1, math.inf),
        ("exp(D)", -1, 0.0),
        ("1 - exp(D)", 1, -math.inf),
        ("3*D**3", -1, -math.inf),
        ("D**-1", -1, 0.0),
        ("softplus(-D)", -1, math.inf),
        ("sigmoid(D) + 2", 1, 3.0),
        ("tanh(D)*D", -1, math.inf),
        ("D - exp(D)", 1, None),
        ("D*exp(-D)", 1, None),
        ("sqrt(1 + D**2)", -1, math.inf),
    ],
)
def test_on_the_line(text, side, expected):
    tail = Interval(5.0, math.inf) if side > 0 else Interval(-math.inf, -5.0)
    found = limit_at(parse(text), component_of("quadratic"), side, tail)
    assert _value(found) == expected


@pytest.mark.parametrize(
    ("name", "text", "side", "expected"),
    [
        ("minimax", "1/D", -1, math.inf),
        ("minimax", "-1/(1 - D)", 1, -math.inf),
        ("minimax", "log(1 - D)", 1, -math.inf),
        ("minimax", "log(D) + 1/D", -1, None),
        ("fgan_js", "-exp(D)/(2 - exp(D))", 1, -math.inf),
        ("fgan_neyman", "-(1 - D)**(-1/2)", 1, -math.inf),
    ],
)
def test_at_an_edge(name, text, side, expected):
    component = component_of(name)
    tail = (
        Interval(0.9 * component.upper, component.upper, upper_open=True)
        if side > 0
        else Interval(0.0, 0.1, lower_open=True)
    )
    assert _value(limit_at(parse(text), component, side, tail)) == expected


def _value(found: "Interval | float | None") -> float | None:
    if isinstance(found, Interval):
        assert found.width < 1e-12
        return found.lower
    return found
