"""The update map's Jacobian is that of the update that training does, and leaves the game as it was."""

import pytest
import torch

from saddlepoint.conformance.match import Composition, Match
from saddlepoint.errors import UserError
from saddlepoint.game.constraints import Clipping
from saddlepoint.game.corrections import CORRECTIONS
from saddlepoint.game.field import Field
from saddlepoint.game.steps import SGD, Adam, Step
from saddlepoint.game.update_map import eigenvalues, jacobian, spectral_radius
from saddlepoint.objectives import objective
from saddlepoint.tasks.toy.dirac import DiracGan
from saddlepoint.training.state import State
from tests.tasks.examples import generation


def _task(psi: float = -0.8, theta: float = 0.6) -> DiracGan:
    return DiracGan(objective=objective("minimax"), psi=psi, theta=theta, penalties=("r1",))


def _played(composition: Composition, start: torch.Tensor) -> torch.Tensor:
    """Where one update of ordinary training leads from (psi, theta)."""
    task = _task(*start.tolist())
    Match(task, composition).play(1)
    return torch.stack([task.discriminator.psi.detach(), task.generator.theta.detach()])


@pytest.mark.parametrize("first", [None, "discriminator", "generator"])
@pytest.mark.parametrize("name", [name for name in CORRECTIONS if name not in ("optimistic", "past_extragradient")])
def test_it_is_the_derivative_of_the_update_that_training_does(name: str, first: str | None) -> None:
    composition = Composition(correction=name, first=first, rate=0.2, penalty=0.5)
    match = Match(_task(), composition, differentiable=True)
    exact = match.update()
    # It is taken one update after the start.
    at = _played(composition, torch.tensor([-0.8, 0.6], dtype=torch.float64))
    columns = []
    for direction in torch.eye(2, dtype=torch.float64):
        ahead, behind = (_played(composition, at + sign * 1e-5 * direction) for sign in (1, -1))
        columns.append((ahead - behind) / 2e-5)
    torch.testing.assert_close(exact, torch.stack(columns, dim=1), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", CORRECTIONS)
def test_the_game_stands_where_it_stood(name: str) -> None:
    task = _task()
    match = Match(task, Composition(correction=name, momentum=0.5), differentiable=True)
    before = dict(task.discriminator._parameters)
    first, second = match.update(), match.update()
    assert before["psi"] is task.discriminator._parameters["psi"] and task.discriminator.psi.is_leaf
    assert float(task.discriminator.psi.detach()) == -0.8
    assert len(first) >= 4
    torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_adams_state_belongs_to_it() -> None:
    task = _task()
    field = Field(task=task, differentiable=True)
    steps = {player.name: Step(player, Adam(), differentiable=True) for player in task.players}
    settings = {
        f"{name}.{key}": value
        for name in steps
        for key, value in {"rate": 0.01, "beta1": 0.5, "beta2": 0.9, "epsilon": 1e-8}.items()
    }

    def advance(history):
        for name, step in steps.items():
            player = step.player
            field.backward(player, task.draw(name, 0, 0, State(seed=0)), {**settings, "penalties.r1": 0.5})
            step.apply(settings)
        return history

    found = jacobian(field, steps, {}, advance)
    # Two parameters, two moments of each; the first moment decays by beta1, the second by beta2.
    assert found.shape == (6, 6) and found.isfinite().all()
    assert spectral_radius(found) == pytest.approx(float(eigenvalues(found).abs().max()))
    diagonal = sorted(round(float(value), 6) for value in found.diag())
    assert 0.9 in diagonal and 0.5 in diagonal


def test_a_constraint_is_refused() -> None:
    task = generation("wasserstein", constraint=Clipping(bound=0.01))
    steps = {player.name: Step(player, SGD(), differentiable=True) for player in task.players}
    with pytest.raises(UserError, match="constraint"):
        jacobian(Field(task=task, differentiable=True), steps, {}, lambda history: history)
