"""The Dirac-GAN and the bilinear game, whose every number is known, measured by the diagnosis's own operators."""

import cmath
import math

import pytest
import torch

from saddlepoint.conformance.match import Composition, Match
from saddlepoint.diagnosis.local.duel import Probe, drawn
from saddlepoint.diagnosis.local.flow import Flow, dense
from saddlepoint.diagnosis.local.formula import AtRest, PerSample
from saddlepoint.diagnosis.local.gap import duality_gap
from saddlepoint.diagnosis.local.rest import Rest, is_near, measured, rest_of, says_nothing
from saddlepoint.diagnosis.local.spectrum import leading, parts_of, shares, top_pair
from saddlepoint.diagnosis.local.update import Scaled, Update, scaled
from saddlepoint.game.steps import SGD, Step
from saddlepoint.game.turns import alternating, simultaneous
from saddlepoint.objectives import objective
from saddlepoint.tasks.kit.adversary import DISCRIMINATOR, GENERATOR
from saddlepoint.tasks.toy.bilinear import Bilinear
from saddlepoint.tasks.toy.dirac import DiracGan
from saddlepoint.training.state import State

ENDS = ("modulus", "turning")


def dirac(name: str = "non_saturating", /, **penalties: float) -> Probe:
    task = DiracGan(objective=objective(name), theta=0.0, psi=0.0, penalties=tuple(penalties))
    settings = {f"penalties.{key}": value for key, value in penalties.items()}
    return Probe.of(task, drawn(task, State(seed=0), 8), settings)


@pytest.mark.parametrize("penalty", ["r1", "r2"])
@pytest.mark.parametrize("gamma", [0.3, 0.8, 2.0])
def test_eigenvalues_under_a_penalty(penalty: str, gamma: float) -> None:
    flow = Flow(dirac(**{penalty: gamma}))
    root = cmath.sqrt(gamma**2 / 4 - 1 / 4)
    expected = sorted([-gamma / 2 + root, -gamma / 2 - root], key=lambda each: (each.real, each.imag))
    found = sorted((p.value for p in leading(flow.forward, 2, ends=ENDS)), key=lambda each: (each.real, each.imag))
    assert found == pytest.approx(expected, abs=1e-12)
    pair = top_pair(leading(flow.forward, 2, ends=ENDS))
    if gamma < 1:
        # |l|^2 is |ck| = 1/4, so the damping is gamma.
        assert pair is not None and pair.damping == pytest.approx(gamma)
    else:
        assert pair is None


def test_what_each_term_gives_to_an_eigenvalue() -> None:
    """Under R1 l = -gamma/2 + i s, s^2 = 1/4 - gamma^2/4: the penalty's part is gamma dl/dgamma, the rest turns."""
    gamma = 0.3
    probe = dirac(r1=gamma)
    flow, s = Flow(probe), math.sqrt(1 - gamma**2) / 2
    pair = top_pair(leading(flow.forward, 2, ends=ENDS))
    assert pair is not None
    parts = parts_of(pair, flow.transposed, 2, PerSample(probe).terms)
    assert parts is not None and sum(parts.values()) == pytest.approx(pair.value)
    assert parts["penalties"] == pytest.approx(complex(-gamma / 2, -(gamma**2) / (4 * s)))
    assert parts["players"] == pytest.approx(1j * (s + gamma**2 / (4 * s)))


@pytest.mark.parametrize(("name", "turn"), [("minimax", 0.5), ("wasserstein", 1.0), ("average_logistic", 1.0)])
def test_without_a_penalty_all_of_it_turns(name: str, turn: float) -> None:
    flow = Flow(dirac(name))
    pair = top_pair(leading(flow.forward, 2, ends=ENDS))
    assert pair is not None and pair.value == pytest.approx(turn * 1j) and pair.damping == pytest.approx(0, abs=1e-12)
    assert shares(flow).rotation == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("name", "h", "c", "k", "verdict"),
    [
        ("minimax", -1 / 2, -1 / 2, 1 / 2, "stable"),
        ("non_saturating", -1 / 2, -1 / 2, 1 / 2, "stable"),
        ("wasserstein", 0, -1, 1, "centre"),
        ("hinge", 0, -1, 1, "centre"),
        ("least_squares", -2, -1 / 2, 1 / 2, "stable"),
        ("least_squares(-1,1,0)", -2, -1, 0, "degenerate"),
        ("quadratic", -1, 1, -1, "stable"),
        ("paired_logistic", -1 / 2, -1 / 2, 1 / 2, "stable"),
        ("average_logistic", -1 / 2, -1, 1, "stable"),
    ],
)
def test_h_c_and_k_at_rest_and_as_means_over_constant_scores(name, h, c, k, verdict) -> None:
    game = objective(name)
    rest = rest_of(game)
    assert isinstance(rest, Rest) and rest.verdict == verdict
    assert (rest.h, rest.c, rest.k) == pytest.approx((h, c, k))
    scores = torch.full((6,), {"least_squares": 0.5, "quadratic": 1.0}.get(name, 0.0), dtype=torch.float64)
    here = measured(game, scores, scores)
    assert (here.h, here.c, here.k) == pytest.approx((h, c, k))
    assert is_near(here, rest) and says_nothing(game) == (name == "wasserstein")


def test_far_from_rest_is_said() -> None:
    game = objective("non_saturating")
    rest = rest_of(game)
    assert isinstance(rest, Rest)
    # c = f2' = -sigmoid(a) and k = 1 - sigmoid(a): at a fake score of -ln 2 they are -1/3 and 2/3.
    scores = torch.full((4,), -math.log(2), dtype=torch.float64)
    here = measured(game, -scores, scores)
    assert (here.c, here.k) == pytest.approx((-1 / 3, 2 / 3)) and not is_near(here, rest)


@pytest.mark.parametrize("name", ["minimax", "wasserstein", "paired_logistic", "average_logistic"])
@pytest.mark.parametrize("gamma", [0.0, 0.3])
def test_the_formula_is_exact_at_rest(name: str, gamma: float) -> None:
    probe = dirac(name, r1=gamma)
    rest = rest_of(probe.duel.objective)
    assert isinstance(rest, Rest)
    own, at_rest = PerSample(probe), AtRest(probe, rest)
    errors = shares(Flow(probe), lambda v: {"per_sample": own.forward(v), "rest_point": at_rest.forward(v)}).errors
    assert errors == pytest.approx({"per_sample": 0.0, "rest_point": 0.0}, abs=1e-12)


def plain(rate: float, momentum: float = 0.0) -> Scaled:
    return Scaled(
        scale=torch.tensor([rate], dtype=torch.float64),
        momentum=momentum,
        fresh=1.0,
        history=torch.zeros(1, dtype=torch.float64),
    )


def bilinear(turn, rate: float, momentum: float = 0.0) -> Update:
    task = Bilinear()
    flow = Flow(Probe.of(task, task.draw(DISCRIMINATOR, 0, 0, State(seed=0)), {}))
    assert sorted(pair.value.imag for pair in leading(flow.forward, 2, ends=ENDS)) == pytest.approx([-1, 1])
    return Update(flow, turn(0), dict.fromkeys((DISCRIMINATOR, GENERATOR), plain(rate, momentum)))


def radius(update: Update) -> float:
    return max(abs(pair.value) for pair in leading(update.forward, update.size, ends=("left",)))


@pytest.mark.parametrize("e", [0.1, 0.5])
def test_one_iteration_of_the_bilinear_game(e: float) -> None:
    assert radius(bilinear(simultaneous(DISCRIMINATOR, GENERATOR), e)) == pytest.approx(math.sqrt(1 + e * e))
    assert radius(bilinear(alternating(DISCRIMINATOR, GENERATOR), e)) == pytest.approx(1.0)


def test_one_iteration_with_momentum() -> None:
    assert radius(bilinear(alternating(DISCRIMINATOR, GENERATOR), 0.5, -0.5)) == pytest.approx(0.9625, abs=5e-5)


@pytest.mark.parametrize("first", [None, DISCRIMINATOR, GENERATOR])
@pytest.mark.parametrize("momentum", [0.0, 0.4])
def test_an_iteration_is_that_of_the_trainer(first: str | None, momentum: float) -> None:
    settings = {"penalties.r1": 0.7, **{f"{p}.rate": 0.3 for p in (DISCRIMINATOR, GENERATOR)}}
    settings |= {f"{p}.momentum": momentum for p in (DISCRIMINATOR, GENERATOR)}
    task = DiracGan(objective=objective("minimax"), theta=0.0, psi=0.0, penalties=("r1",))
    match = Match(task, Composition(first=first, rate=0.3, momentum=momentum, penalty=0.7), differentiable=True)
    exact = torch.linalg.eigvals(match.update())
    probe = Probe.of(task, drawn(task, State(seed=0), 4), settings)
    turn = (
        simultaneous(DISCRIMINATOR, GENERATOR)
        if first is None
        else alternating(first, GENERATOR if first == DISCRIMINATOR else DISCRIMINATOR)
    )
    steps = {player.name: scaled(probe, Step(player, SGD()), settings, torch.zeros(1)) for player in task.players}
    update = Update(Flow(probe), turn(0), steps)  # type: ignore[arg-type]
    found = torch.linalg.eigvals(torch.from_numpy(dense(update.forward, update.size)))
    for mine, own in zip(*(sorted(e.tolist(), key=lambda v: (v.real, v.imag)) for e in (found, exact)), strict=True):
        assert mine == pytest.approx(own, abs=1e-10)


def test_the_duality_gap_is_nothing_at_rest_and_something_off_it() -> None:
    at_rest = duality_gap(dirac("wasserstein", r1=1.0), [dirac("wasserstein", r1=1.0).draw] * 5)
    assert at_rest == pytest.approx((0.0, 0.0), abs=1e-5)
    task = DiracGan(objective=objective("wasserstein"), theta=1.0, psi=-1.0)
    probe = Probe.of(task, drawn(task, State(seed=0), 4), {})
    # J = -psi theta: 40 steps of about 1e-3 in psi win .04, and so in theta.
    assert duality_gap(probe, [probe.draw] * 40) == pytest.approx((0.04, 0.04), rel=0.02)
