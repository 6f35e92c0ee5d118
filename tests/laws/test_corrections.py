"""Laws of every correction: strength 0 is plain play, only movers move, history is whole in a checkpoint, and more."""

import copy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from torch import Tensor

import saddlepoint as sp
from saddlepoint.game.corrections import CORRECTIONS, STRENGTH
from saddlepoint.game.field import Field
from saddlepoint.game.steps import SGD, Adam, Step, numbers_of
from saddlepoint.game.task import networks_of
from saddlepoint.game.turns import alternating, simultaneous
from saddlepoint.networks import Dcgan
from saddlepoint.objectives import objective
from saddlepoint.tasks.toy.bilinear import Bilinear
from saddlepoint.tasks.toy.dirac import DiracGan
from saddlepoint.training.control import Control
from saddlepoint.training.game import Game
from saddlepoint.training.loop import train
from saddlepoint.training.state import State
from tests.laws.members import check_reached
from tests.tasks.examples import generation

NAMES = sorted(CORRECTIONS)
CORRECTED = [name for name in NAMES if name != "plain"]
TURNS = {
    "simultaneous": simultaneous("discriminator", "generator"),
    "alternating": alternating("discriminator", "generator", first_steps=2),
}
# Every way in which networks carry history or draw: batch statistics, dropout, penalties, pairing.
GAMES = {
    "bilinear": Bilinear,
    "dirac": lambda: DiracGan(objective=objective("minimax"), penalties=("r1",), instance_noise=0.5),
    "penalties": lambda: generation("paired_logistic", penalties=("r1", "r2")),
    "batch statistics": lambda: generation("non_saturating", pair=Dcgan(latent=5, width=4, dropout=0.3)),
}


def _settings(steps, strength: float) -> dict[str, Any]:
    numbers = {f"{name}.{key}": value for name, step in steps.items() for key, value in numbers_of(step.kind).items()}
    return {**numbers, "penalties.r1": 0.5, "penalties.r2": 0.3, STRENGTH: strength}


def _play(game: str, name: str, turn: str, *, strength: float = 1.0) -> dict[str, Tensor]:
    """All tensors of the networks after three updates."""
    task = GAMES[game]()
    field = Field(task=task)
    steps = {player.name: Step(player, SGD(rate=0.05, momentum=0.3)) for player in task.players}
    correction = CORRECTIONS[name]()
    state = State(seed=0, correction=correction.init(field, steps))
    played = Game(
        field=field,
        turn=TURNS[turn],
        correction=correction,
        steps=steps,
        schedules=_settings(steps, strength),
        state=state,
    )
    train(played, observers=(), control=Control(), until=3)
    return {
        f"{network}/{key}": tensor.detach().clone()
        for network, module in networks_of(task).items()
        for key, tensor in module.state_dict().items()
    }


@cache
def _plain(game: str, turn: str) -> dict[str, Tensor]:
    return _play(game, "plain", turn)


def test_every_correction_is_reached() -> None:
    package = "saddlepoint.game.corrections"
    check_reached(
        "game.corrections",
        {kind.__module__ for kind in CORRECTIONS.values()},
        {package: "the dictionary of all corrections", f"{package}.joint": "what corrections share"},
    )


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("name", CORRECTED)
def test_strength_0_is_plain_play(name: str, game: str, turn: str) -> None:
    plain = _plain(game, turn)
    corrected = _play(game, name, turn, strength=0.0)
    for key, expected in plain.items():
        # Running statistics too, and how often they were updated.
        torch.testing.assert_close(corrected[key], expected, rtol=1e-4, atol=1e-6, msg=key)


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("name", CORRECTED)
def test_it_does_something(name: str, game: str, turn: str) -> None:
    plain, corrected = _plain(game, turn), _play(game, name, turn)
    assert all(tensor.isfinite().all() for tensor in corrected.values())
    assert not all(torch.equal(plain[key], corrected[key]) for key in plain)


@pytest.mark.parametrize("name", NAMES)
def test_it_leaves_the_point_the_optimizers_and_the_others_alone(name: str) -> None:
    task = generation("paired_logistic", penalties=("r1", "r2"))
    field = Field(task=task)
    optimizer = SGD(momentum=0.5) if name == "competitive" else Adam()
    steps = {player.name: Step(player, optimizer) for player in task.players}
    settings, state = _settings(steps, 1.0), State(seed=0)
    correction = CORRECTIONS[name]()
    history = correction.init(field, steps)
    draws = {player.name: task.draw(player.name, 0, 0, state) for player in task.players}
    for _ in range(2):
        losses, history = correction.apply(field, list(steps), draws, settings, steps, history)
        for step in steps.values():
            step.apply(settings)
    before = copy.deepcopy(field.parameters)
    moments = copy.deepcopy([step.torch_optimizer.state_dict()["state"] for step in steps.values()])
    kept = {key: tensor.clone() for key, tensor in history.items()}

    losses, after = correction.apply(field, ["discriminator"], draws, settings, steps, history)

    torch.testing.assert_close(field.parameters, before, rtol=0, atol=0)
    torch.testing.assert_close(
        [step.torch_optimizer.state_dict()["state"] for step in steps.values()], moments, rtol=0, atol=0
    )
    assert list(losses) == ["discriminator"]
    assert all(not term.requires_grad for loss in losses.values() for term in (loss.value or {}).values())
    assert all(parameter.grad is None for parameter in task.generator.parameters())
    assert all(parameter.requires_grad for parameter in steps["generator"].parameters)
    # History is copied: clearing or writing into .grad does not change it.
    kept_after = {key: tensor.clone() for key, tensor in after.items()}
    for parameter in steps["discriminator"].parameters:
        assert parameter.grad is not None and not parameter.grad.requires_grad
        parameter.grad.zero_()
    torch.testing.assert_close(after, kept_after, rtol=0, atol=0)
    torch.testing.assert_close(history, kept, rtol=0, atol=0)


@pytest.mark.parametrize("name", CORRECTED)
def test_six_steps_stopped_at_three_and_resumed_equal_six(name: str, tmp_path: Path) -> None:
    changes = {
        "dynamics.correction": name,
        "dynamics.strength": 0.5,
        "networks.width": 4,
        "training.batch": 8,
        "data.count": 40,
        **{f"watch.{key}": 3 for key in ("log_every", "sample_every", "samples", "checkpoint_every")},
    }
    if name == "competitive":
        changes |= {player: {"optimizer": "sgd", "rate": 0.01} for player in ("discriminator", "generator")}
    whole = sp.train("toy", out=tmp_path / "whole", steps=6, set=changes, show=False)
    part = sp.train("toy", out=tmp_path / "part", steps=6, stop_at=3, set=changes, show=False)
    part = sp.resume(part, show=False)
    for file in sorted((whole.path / "checkpoints" / "00000006").glob("*.safetensors")):
        ours, theirs = load_file(file), load_file(part.path / "checkpoints" / "00000006" / file.name)
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[key], theirs[key]) for key in ours), file.name
    assert whole.log()[-1]["settings"][STRENGTH] == 0.5
