"""Rest points: all of them, each once, in closed form where there is one."""

import pytest

from saddlepoint.errors import UserError
from saddlepoint.objectives import objective
from saddlepoint.theory.enclosures.components import natural_domain
from saddlepoint.theory.pointwise import pointwise_field
from saddlepoint.theory.proof.rest_points import RestPoints, find_rest_points


def found_in(text: str) -> RestPoints:
    field = pointwise_field(objective(text))
    return find_rest_points(field, natural_domain(field))


@pytest.mark.parametrize(
    ("f1_and_f2", "expected"),
    [
        ("f1=log(D); f2=log(1-D)", [("1/2", 1)]),
        ("f1=-D**3/3+D; f2=0", [("-1", 1), ("1", 1)]),
        ("f1=-D**3/3+2*D; f2=0", [("-sqrt(2)", 1), ("sqrt(2)", 1)]),
        ("f1=-(D-0.1)**4; f2=0", [("1/10", 3)]),
        ("f1=-D**4/4+0.3*D**3-0.135*D**2+0.027*D; f2=0", [("3/10", 3)]),
        ("f1=-exp(D)+3*D; f2=0", [("log(3)", 1)]),
        ("f1=softplus(D)-D/3; f2=0", [("-log(2)", 1)]),
        ("f1=-softplus(-D); f2=-softplus(D)", [("0", 1)]),
        ("f1=exp(D)*(D-2)-D**2/2+D; f2=0", [("0", 1), ("1", 1)]),
        ("f1=-tanh(D)**4; f2=0", [("0", 3)]),
        ("f1=D; f2=exp(D)", []),
        ("f1=-D**3/3; f2=-D", []),
    ],
)
def test_in_closed_form(f1_and_f2, expected):
    found = found_in(f"{f1_and_f2}; f3=D")
    assert [(rest.text, rest.order) for rest in found.points] == expected
    assert not found.flat and not found.undecided
    for rest in found.points:
        assert rest.ball.lower <= rest.value <= rest.ball.upper
        assert rest.ball.width <= 1e-15 * max(1.0, abs(rest.value))


def test_what_has_no_closed_form_is_right_to_twelve_digits():
    (rest,) = found_in("f1=-exp(D)-D**2/2; f2=0; f3=D").points
    assert rest.exact is None
    assert rest.value == pytest.approx(-0.567143290409783873, abs=1e-15)


def test_roots_two_millionths_apart_stay_two():
    first, second = found_in("f1=exp(2*D)/2-2.000002*exp(D)+1.000002*D; f2=0; f3=D").points
    assert first.value == 0
    assert second.value == pytest.approx(2e-6, rel=1e-5)


@pytest.mark.parametrize(
    ("f1", "ends"),
    [("min(0,D-1)+min(0,-D-1)", (-1, 1)), ("max(0,D-1/2)**2-D*0", None), ("tanh(D)-2*sigmoid(2*D)", None)],
)
def test_intervals_of_rest_points(f1, ends):
    found = found_in(f"f1={f1}; f2=0; f3=D")
    ((box, _),) = found.flat
    if ends is not None:
        assert (box.lower, box.upper) == ends


@pytest.mark.parametrize("f1", ["-abs(D)", "min(D, -2*D)", "-relu(D)+D/2", "-max(D**2, 2*D)"])
def test_a_kink_at_the_rest_point_is_refused(f1):
    with pytest.raises(UserError, match="kink or a jump"):
        found_in(f"f1={f1}; f2=0; f3=D")
