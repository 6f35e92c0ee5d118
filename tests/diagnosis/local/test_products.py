"""J's products against the matrix, the formula for it, Arnoldi's iteration, kernels and D's next step."""

from typing import Any

import numpy as np
import pytest
import torch

from saddlepoint.diagnosis.local.flow import Flow, rademacher
from saddlepoint.diagnosis.local.formula import FORMULA, PerSample
from saddlepoint.diagnosis.local.kernel import (
    discriminator_kernel,
    generator_kernel,
    looks_at_the_batch,
    normalises_over_batch,
)
from saddlepoint.diagnosis.local.measure import ranks
from saddlepoint.diagnosis.local.prediction import Prediction, predict
from saddlepoint.diagnosis.local.spectrum import leading, shares, top_pair
from saddlepoint.game.field import flat
from saddlepoint.game.steps import SGD, Adam
from saddlepoint.networks import Dcgan
from saddlepoint.objectives.members import summaries
from tests.diagnosis.local.examples import PENALTIES, duel, linear
from tests.tasks.examples import generation


def matrix(probe) -> np.ndarray:
    """J by plain autograd, a row for each weight."""
    draws = dict.fromkeys(probe.players, probe.draw)
    found = probe.field(probe.parameters, probe.buffers, draws, probe.settings, create_graph=True)
    directions, keys = flat(found.directions), [key for player in probe.players for key in probe.keys(player)]
    weights = [probe.parameters[name][key] for name, key in keys]
    rows = []
    for value in torch.cat([directions[key].reshape(-1) for key in keys]):
        row = torch.autograd.grad(-value, weights, retain_graph=True, materialize_grads=True, allow_unused=True)
        rows.append(torch.cat([each.reshape(-1) for each in row]))
    return torch.stack(rows).numpy()


@pytest.mark.parametrize("name", ["non_saturating", "paired_logistic"])
def test_products_are_those_of_the_matrix(name: str) -> None:
    probe, _ = duel(name, "r1", "r2")
    flow, exact = Flow(probe), matrix(probe)
    for v in rademacher(flow.size, 3):
        np.testing.assert_allclose(flow.forward(v).numpy(), exact @ v.numpy(), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(flow.transposed(v).numpy(), exact.T @ v.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", summaries())
def test_where_no_network_curves_the_formula_is_the_jacobian(name: str) -> None:
    """The law over the catalogue: outer functions and cross blocks are right for each of its objectives."""
    probe = linear(name)
    assert shares(Flow(probe), lambda v: {"all": PerSample(probe).forward(v)}).errors["all"] < 1e-10


@pytest.mark.parametrize(
    ("name", "penalties", "options"),
    [
        *((name, (), {}) for name in summaries()),
        *(("non_saturating", (penalty,), {}) for penalty in PENALTIES),
        ("paired_logistic", ("r1", "r2"), {"pair": Dcgan(latent=3, width=2, normalisation="none"), "side": 8}),
        ("hinge", (), {"pair": Dcgan(latent=3, width=2), "side": 8}),
    ],
)
def test_the_jacobian_is_the_sum_of_its_terms(name: str, penalties: tuple[str, ...], options: dict[str, Any]) -> None:
    """With curvature nothing is left over, for every objective, penalty, and with batch statistics in both nets."""
    probe, _ = duel(name, *penalties, **options)
    flow, formula = Flow(probe), PerSample(probe)
    v = rademacher(flow.size, 1)[0]
    terms = formula.terms(v)
    torch.testing.assert_close(torch.stack([*terms.values()]).sum(0), flow.forward(v), rtol=1e-8, atol=1e-11)
    torch.testing.assert_close(torch.stack([terms[n] for n in FORMULA]).sum(0), formula.forward(v))
    assert float(terms["curvature"].norm()) > 0
    assert (float(terms["penalties"].norm()) > 0) == bool(penalties)


@pytest.mark.parametrize("penalty", [None, *PENALTIES])
def test_the_cross_blocks_are_exact_on_any_network(penalty: str | None) -> None:
    probe, _ = duel("non_saturating", *([] if penalty is None else [penalty]))
    flow, formula, count = Flow(probe), PerSample(probe), probe.size(probe.players[0])
    v = rademacher(flow.size, 1)[0]
    for rows, columns in ((slice(0, count), slice(count, None)), (slice(count, None), slice(0, count))):
        part = torch.zeros_like(v)
        part[columns] = v[columns]
        exact, made = flow.forward(part)[rows], formula.forward(part)[rows]
        assert float(exact.norm()) > 1e-6
        torch.testing.assert_close(made, exact, rtol=1e-9, atol=1e-13)


def test_arnoldi_finds_the_ends_of_the_spectrum() -> None:
    generator = torch.Generator().manual_seed(0)
    inner = torch.randn(300, 300, generator=generator, dtype=torch.float64) / 40
    inner[:2, :2] = torch.tensor([[-0.5, 2.0], [-2.0, -0.5]])
    inner[2, 2] = -4.0
    exact = np.linalg.eigvals(inner.numpy())
    found = leading(lambda v: inner @ v, 300, ends=("modulus", "turning", "left"))
    assert found[0].value == pytest.approx(exact[np.argmax(abs(exact))], rel=1e-3)
    turning = max(found, key=lambda pair: pair.value.imag)
    assert turning.value == pytest.approx(exact[np.argmax(exact.imag)], rel=1e-3)
    moved = inner.numpy() @ turning.vector
    assert np.linalg.norm(moved - turning.value * turning.vector) < 1e-2 * np.linalg.norm(turning.vector)


def test_a_slow_turn_is_found_behind_fast_real_directions() -> None:
    # Batch normalisation in D makes such games: the first ten Ritz values are all real.
    inner = -torch.diag(torch.cat([torch.zeros(2), torch.linspace(0.2, 10, 297), torch.tensor([100.0])]).double())
    inner[:2, :2] = torch.tensor([[-0.05, 0.3], [-0.3, -0.05]])
    pair = top_pair(leading(lambda v: inner @ v, 300, ends=("turning",)))
    assert pair is not None and pair.value == pytest.approx(-0.05 + 0.3j, rel=1e-2)


def test_the_shares_of_a_large_game_are_estimated() -> None:
    probe, _ = duel("non_saturating", "r1")
    flow, exact = Flow(probe), matrix(probe)
    assert flow.size > 128
    symmetric, turning = (np.linalg.norm(exact + sign * exact.T) for sign in (1, -1))
    found = shares(flow, lambda v: {"nothing": torch.zeros_like(v)}, probes=30)
    assert found.rotation == pytest.approx(turning / (symmetric + turning), rel=0.15) and found.probes == 30
    assert found.errors["nothing"] == pytest.approx(1.0)


def test_the_kernel_is_that_of_gradients_one_by_one() -> None:
    probe, _ = duel()
    scored = probe.scored("discriminator")
    scores = torch.cat([scored.real_scores[:4], scored.fake_scores[:4]])
    rows = torch.stack(
        [
            probe.flat(torch.autograd.grad(each, probe.tensors("discriminator"), retain_graph=True), "discriminator")
            for each in scores
        ]
    )
    expected = torch.linalg.eigvalsh(rows @ rows.T).flip(0)
    found = discriminator_kernel(probe, scored, 8)
    np.testing.assert_allclose(found.eigenvalues, expected.numpy(), rtol=1e-8, atol=1e-12)
    assert found.rank == pytest.approx(float(expected.sum() ** 2 / expected.square().sum()))
    assert 1 <= found.fast <= 8 and 1 <= generator_kernel(probe, 6).rank <= 6


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_batch_statistics_have_no_kernel(player: str) -> None:
    task = generation(pair=Dcgan(latent=5, width=4, normalisation="batch"))
    assert normalises_over_batch(task, player) and "whole batch" in (looks_at_the_batch(task, player) or "")
    alone = generation(pair=Dcgan(latent=5, width=4, normalisation="none", generator_normalisation="none"))
    assert not normalises_over_batch(alone, player) and looks_at_the_batch(alone, player) is None


@pytest.mark.parametrize(
    "optimizer",
    [
        SGD(rate=0.02),
        SGD(rate=0.02, momentum=0.5),
        Adam(rate=1e-4, beta1=0.5),
        Adam(rate=5e-4, beta1=0.5, equalised=True),
    ],
)
@pytest.mark.parametrize("penalties", [(), ("r1",), ("r1", "r2")])
def test_the_kernel_predicts_a_small_step(optimizer, penalties: tuple[str, ...]) -> None:
    probe, step = duel("minimax", *penalties, optimizer=optimizer)
    _play(probe, step)
    found = predict(probe, step)
    assert isinstance(found, Prediction) and found.error is not None and found.bare_error is not None
    assert found.error < 0.05 and found.moved is not None and 0 < found.moved < 0.5
    assert found.share == 1 and found.small_error == found.error and (found.midway_error or 0) <= found.error
    assert found.bare_error > found.error if penalties else found.bare_error == pytest.approx(found.error)


def _play(probe, step) -> None:
    """Three steps of the optimizer, so that it has a history; the networks are put back."""
    player = step.player
    before = [parameter.detach().clone() for parameter in player.parameters()]
    for _ in range(3):
        probe.field.backward(player, probe.draw, probe.settings)
        step.apply(probe.settings)
    with torch.no_grad():
        for parameter, kept in zip(player.parameters(), before, strict=True):
            parameter.copy_(kept)


def test_ranks() -> None:
    a, b = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0])
    assert ranks(a, b) == pytest.approx((0.5 + 1 + 1 + 1) / 4)
    assert ranks(b - 9, a) == 0.0 and ranks(a, a) == 0.5


def test_a_network_that_looks_at_labels_has_a_kernel() -> None:
    """Labels become rows of the identity by their values, which vmap has no rule for."""
    probe, _ = duel(conditional=True)
    scored = probe.scored("discriminator")
    assert 1 <= discriminator_kernel(probe, scored, 8).rank <= 8 and 1 <= generator_kernel(probe, 6).rank <= 6
