"""The printer to torch: the values of the tree, and few passes over the tensor."""

import mpmath
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from saddlepoint.errors import UserError
from saddlepoint.objectives.derivative import differentiate
from saddlepoint.objectives.parser import parse
from saddlepoint.objectives.rewrite import stable
from saddlepoint.objectives.to_torch import to_scaled_torch, to_torch
from tests.objectives.operations import operations
from tests.objectives.trees import evaluate, trees


@given(trees(), st.fractions(-3, 3, max_denominator=16))
def test_values(tree, x):
    with mpmath.workdps(40):
        value = evaluate(tree, x)
        # How far the value moves when x moves by float64's rounding, as a measure of what float64 can know of it.
        nearby = evaluate(
            tree, mpmath.mpf(x.numerator) / x.denominator * (1 + mpmath.mpf(10) ** -13) + mpmath.mpf(10) ** -13
        )
    assume(value is not None and nearby is not None and abs(value) < 1e12)
    assume(abs(nearby - value) < 1e-7 * (1 + abs(value)))
    found = to_torch(tree)(torch.tensor([float(x)], dtype=torch.float64))
    if torch.isfinite(found).all():
        assert float(found) == pytest.approx(float(value), rel=1e-5, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-softplus(-D)", ["log_sigmoid_forward"]),
        ("softplus(D)", ["softplus"]),
        ("min(0, D-1)", ["add", "clamp"]),
        ("1 - D", ["rsub"]),
        ("(D-1)**2", ["sub", "pow"]),
        ("exp(D) - 1", ["expm1"]),
        ("log(1 + D**2)", ["pow", "log1p"]),
        ("D + 3*exp(D)", ["exp", "add"]),
        ("D", []),
    ],
)
def test_no_needless_passes(text, expected):
    found = operations(to_torch(parse(text)), torch.randn(5))
    aliases = {"sub": "add"}
    assert [aliases.get(name, name) for name in found] == [aliases.get(name, name) for name in expected]


@pytest.mark.parametrize(
    ("text", "scale"), [("-softplus(D)", -1.0), ("-D**2/2", -0.5), ("2*log(3)*D", 2 * 1.0986122886681098)]
)
def test_the_factor_stands_apart(text, scale):
    found, function = to_scaled_torch(parse(text))
    x = torch.linspace(-2, 2, 9, dtype=torch.float64)
    assert found == pytest.approx(scale, rel=1e-15)
    torch.testing.assert_close(found * function(x), to_torch(parse(text))(x))


@pytest.mark.parametrize(
    "text", ["-softplus(-D)", "softplus(D)", "-(1 - exp(-D))", "tanh(D)*D", "log(1 + D**2)/(2 + D**2)"]
)
def test_differentiable_to_second_order(text):
    x = torch.linspace(-3, 3, 7, dtype=torch.float64, requires_grad=True)
    function = to_torch(parse(text))
    assert torch.autograd.gradcheck(function, (x,))
    assert torch.autograd.gradgradcheck(function, (x,))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("x", [-1e4, -90.0, -30.0, 30.0, 39.0, 41.0, 90.0, 1e4])
def test_softplus_is_exact_to_the_last_digits(dtype, x):
    raw = torch.tensor([x], dtype=dtype, requires_grad=True)
    with mpmath.workdps(60):
        value = float(mpmath.log1p(mpmath.exp(x))) if x < 1000 else x
        slope = float(1 / (1 + mpmath.exp(-x)))
    for text, sign in (("softplus(D)", 1), ("-softplus(D)", -1), ("softplus(-D)", 1)):
        at = raw if text != "softplus(-D)" else -raw
        found = to_torch(parse(text))(at)
        (gradient,) = torch.autograd.grad(found.sum(), raw)
        tolerance = 4 * torch.finfo(dtype).eps
        assert found.item() == pytest.approx(sign * value, rel=tolerance, abs=1e-37)
        assert gradient.item() == pytest.approx(sign * slope, rel=tolerance, abs=1e-37)


def test_constants():
    x = torch.zeros(3, dtype=torch.float64)
    assert to_torch(parse("log(2) + 0.1"))(x).tolist() == [pytest.approx(0.7931471805599453, rel=1e-15)] * 3
    assert to_torch(parse("0.1"))(x)[0] == 0.1
    for text in ("log(-1)", "D + log(0-1)", "log(0)*D", "exp(1000)*D", "(-2)**0.5 + D"):
        with pytest.raises(UserError, match=r"a constant without a finite real value|a number that is too large"):
            to_torch(parse(text))


def test_kinks_of_derivatives():
    x = torch.tensor([-1.0, 2.0])
    assert to_torch(differentiate(parse("relu(D)")))(x).tolist() == [0.0, 1.0]
    assert to_torch(differentiate(differentiate(parse("abs(D)"))))(x).tolist() == [0.0, 0.0]


def test_extremes_of_two_functions():
    x = torch.tensor([-2.0, 0.5, 3.0])
    assert to_torch(parse("min(D, D**2)"))(x).tolist() == [-2.0, 0.25, 3.0]
    assert to_torch(parse("max(D, D**2)"))(x).tolist() == [4.0, 0.5, 9.0]
    assert to_torch(parse("max(1, D)"))(x).tolist() == [1.0, 1.0, 3.0]


def test_shapes_and_types_are_kept():
    for dtype in (torch.float32, torch.float64):
        found = to_torch(stable(parse("1 + 2*log(sigmoid(D))")))(torch.zeros(2, 3, 4, dtype=dtype))
        assert found.shape == (2, 3, 4) and found.dtype == dtype
