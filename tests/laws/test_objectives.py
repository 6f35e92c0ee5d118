"""What is true of every objective of the catalogue, in each of its variables.

torch, sympy and intervals agree off kinks, first and second derivatives too; the functions of the raw output are the
published ones through the link; and in float32 each named term, with its gradient, is right wherever its exact value
fits, out to raw outputs of +-1e4. "Exact" is mpmath on the published formula, with as many digits as that takes.
"""

import functools
import math
from collections.abc import Callable
from fractions import Fraction

import mpmath
import pytest
import sympy
import torch

from saddlepoint.objectives import IDENTITY, Objective, Paired, Separable, Tree, catalogue, objective, variables
from saddlepoint.objectives import members as catalogue_module
from saddlepoint.objectives.derivative import differentiate
from saddlepoint.objectives.domain import defined_on
from saddlepoint.objectives.interval import Interval
from saddlepoint.objectives.to_interval import to_interval
from saddlepoint.objectives.to_sympy import to_sympy
from saddlepoint.objectives.to_text import to_text
from saddlepoint.objectives.to_torch import to_torch
from tests.laws.members import check_reached
from tests.objectives.trees import Real, evaluate

LEAST_SQUARES = ["least_squares(-1,1,0)", "least_squares(0.1,0.9,1/3)"]
NAMES = [f"{name}@{variable}" for name in (*catalogue(), *LEAST_SQUARES) for variable in variables(objective(name))]
every_objective = pytest.mark.parametrize("name", NAMES)

# Each function once, whichever members share it.
FUNCTIONS = {
    to_text(tree): tree
    for name in NAMES
    for trees in (objective(name).functions, objective(name).on_outputs)
    for tree in trees.values()
}
# No kink of a member is among them (the hinges have theirs at -1, 0 and 1).
POINTS = [Fraction(n, 16) for n in (-59, -37, -21, -10, -3, 2, 5, 9, 13, 19, 31, 48)]

SYMBOL = sympy.Symbol("D", real=True)
OFF_KINKS = {"Heaviside": lambda x, *_: mpmath.mpf(x > 0), "DiracDelta": lambda *_: mpmath.mpf(0)}

RAW = [0.0, 0.3, 1.5, 7.0, 20.0, 60.0, 95.0, 300.0, 1e3, 1e4]
RAW += [-raw for raw in RAW if raw]
LARGEST = torch.finfo(torch.float32).max


def test_every_file_is_reached():
    seam = "its functions run in every test of this file, and have tests of their own"
    none = {
        "base": "what members offer",
        "budget": "the time that work on a formula may take",
        "definition": "the reader of a person's own",
        "derivative": seam,
        "domain": seam,
        "elementary": seam,
        "exponentials": seam,
        "interval": seam,
        "paired": "the class of paired members",
        "parser": seam,
        "rewrite": seam,
        "selection": "the names of members",
        "separable": "the class of separable members",
        "to_interval": seam,
        "to_mpmath": seam,
        "to_sympy": seam,
        "to_text": seam,
        "to_torch": seam,
        "tree": seam,
    }
    not_members = {f"saddlepoint.objectives.{module}": why for module, why in none.items()}
    check_reached("objectives", {catalogue_module.__name__}, not_members)


@pytest.mark.parametrize("text", sorted(FUNCTIONS))
def test_torch_sympy_and_intervals_agree_with_derivatives(text):
    tree, expression, function = FUNCTIONS[text], to_sympy(FUNCTIONS[text], SYMBOL), to_torch(FUNCTIONS[text])
    points = [point for point in POINTS if defined_on(FUNCTIONS[text], Interval.around(point))]
    assert len(points) >= 4
    for order in range(3):
        exact = sympy.lambdify(SYMBOL, expression, modules=[OFF_KINKS, "mpmath"])
        for point in points:
            with mpmath.workdps(50):
                value = mpmath.mpf(exact(mpmath.mpf(point.numerator) / point.denominator))
            at_point = to_interval(tree, Interval.around(point))
            around = to_interval(tree, Interval(float(point) - 1 / 64, float(point) + 1 / 64))
            scale = 1 + abs(float(value))
            assert at_point.lower - 1e-300 <= value <= at_point.upper + 1e-300, (order, point)
            assert at_point.width <= 1e-13 * scale
            assert around.encloses(at_point), (order, point)
            found = _derivative(function, order)(torch.tensor(float(point), dtype=torch.float64))
            assert found.item() == pytest.approx(float(value), rel=1e-12, abs=1e-12), (order, point)
        tree, expression = differentiate(tree), sympy.diff(expression, SYMBOL)


def _derivative(function: Callable, order: int) -> Callable:
    for _ in range(order):
        function = torch.func.grad(function)
    return function


@every_objective
def test_the_functions_of_the_raw_output_are_the_published_ones(name):
    chosen = objective(name)
    with mpmath.workdps(200):
        for raw in (-11.0, -2.5, -0.3, 0.0, 0.7, 3.0, 12.0):
            for key, function in chosen.functions.items():
                exact, found = evaluate(function, evaluate(chosen.link, raw)), evaluate(chosen.on_outputs[key], raw)
                assert exact is not None and found is not None
                assert abs(found - exact) <= mpmath.mpf(10) ** -180 * (1 + abs(exact))


@every_objective
def test_every_objective_can_be_trained(name):
    objective(name).check_trainable()


@every_objective
def test_float32_is_right_wherever_the_exact_value_fits(name):
    chosen = objective(name)
    for raw, key, function, term, outputs in [(at, *term) for at in RAW for term in _terms(chosen, at)]:
        (gradient,) = torch.autograd.grad(term, outputs)
        value, slope = _exact(function, chosen.link, raw)
        _compare(term.item(), value, f"{key} at {raw}")
        _compare(gradient.item(), slope, f"the gradient of {key} at {raw}")


def _terms(chosen: Objective, raw: float) -> list[tuple[str, Tree, torch.Tensor, torch.Tensor]]:
    """Each named term with its function and the float32 output that it is a function of."""
    outputs, other = torch.tensor([raw], requires_grad=True), torch.zeros(1)
    if isinstance(chosen, Separable):
        terms = chosen.discriminator_terms(outputs, outputs) | chosen.generator_terms(outputs)
        return [(key, chosen.functions[key], term, outputs) for key, term in terms.items()]
    assert isinstance(chosen, Paired)
    by_player = {"J": chosen.discriminator_terms(outputs, other), "I": chosen.generator_terms(outputs, other)}
    return [
        (f"{player} {key}", chosen.f, term, outputs)
        for player, terms in by_player.items()
        for key, term in terms.items()
    ]


@functools.cache
def _exact(function: Tree, link: Tree, raw: float) -> tuple[Real, Real]:
    """function(link(a)) and its derivative by a."""
    # Through a link, 1 - sigmoid(a) has its first digit in place a / log(10).
    with mpmath.workdps(60 + (0 if link == IDENTITY else int(abs(raw)))):
        score = evaluate(link, raw)
        assert score is not None
        value = evaluate(function, score)
        assert value is not None
        return value, _slope(function, score) * _slope(link, raw)


def _slope(function: Tree, at: Real) -> Real:
    slope = evaluate(differentiate(function), at)
    assert slope is not None
    return slope


def _compare(found: float, exact: Real, what: str) -> None:
    if abs(exact) > LARGEST:
        assert not math.isfinite(found), f"{what} is {found}, exactly {mpmath.nstr(exact, 8)}"
    else:
        assert found == pytest.approx(float(exact), rel=2e-6, abs=5e-7), what


@every_objective
def test_gradients_in_float64(name):
    chosen = objective(name)
    generator = torch.Generator().manual_seed(0)
    real, fake = (3 * torch.randn(5, generator=generator, dtype=torch.float64) for _ in range(2))

    def both(real: torch.Tensor, fake: torch.Tensor) -> tuple[torch.Tensor, ...]:
        generators = chosen.generator_terms(fake, real if chosen.generator_uses_real else None)
        return (*chosen.discriminator_terms(real, fake).values(), *generators.values())

    assert torch.autograd.gradcheck(both, (real.requires_grad_(), fake.requires_grad_()))


# torch's own forward rule for logsigmoid still goes through torch.jit.script, and says that it is old.
@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
@every_objective
def test_forward_over_reverse_equals_reverse_over_reverse(name):
    """The diagnosis differentiates gradients again, in both modes."""
    chosen = objective(name)

    def total(scores: torch.Tensor) -> torch.Tensor:
        return torch.stack(list(chosen.discriminator_terms(scores[:3], scores[3:]).values())).sum()

    scores = torch.linspace(-2.3, 3.1, 6, dtype=torch.float64)
    forward = torch.func.jacfwd(torch.func.grad(total))(scores)
    torch.testing.assert_close(forward, torch.func.jacrev(torch.func.grad(total))(scores))
