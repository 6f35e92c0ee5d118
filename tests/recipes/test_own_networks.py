"""A person's own networks are tried once before anything is written: what is wrong is said, what is right plays."""

import json
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import saddlepoint as sp
from saddlepoint.game.field import cost
from saddlepoint.game.schedules import value_at
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.kinds import generation
from saddlepoint.recipes.kinds.generation import GenerationKind
from saddlepoint.recipes.output_ranges import last_operation
from saddlepoint.recipes.own_networks import OwnNetworks
from saddlepoint.recipes.tasks import build_task
from saddlepoint.recipes.text import override
from saddlepoint.runs.build import build_game
from tests.data.examples import refusal
from tests.recipes.own_examples import BAD, FLAT, GOOD, IMAGE, LATENT, good_discriminator, good_generator
from tests.tasks.examples import packed

QUICK = {"training.batch": 4, "watch.samples": 2, "training.threads": 1}


def arguments(**changes: Any) -> dict[str, Any]:
    given = {"generator": good_generator(), "discriminator": good_discriminator(), "latent": LATENT, **changes}
    if given.pop("lock", None):
        given["generator"].lock = threading.Lock()
    return {**given, "set": {**QUICK, **changes.get("set", {})}, "show": False}


@pytest.mark.filterwarnings("ignore:.*torch.jit.script")
@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_said_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    make, words = BAD[name]
    said = refusal(lambda: sp.train("images", data=packed(), out=tmp_path / "run", **arguments(**make())))
    assert all(word in said for word in words), said
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("name", GOOD)
def test_what_is_right_plays(name: str) -> None:
    made = GOOD[name]()
    given = {"generator": good_generator(), "discriminator": good_discriminator(), "latent": LATENT, **made}
    changes = {**QUICK, **given.pop("set", {}), "networks": "own"}
    recipe = override(RECIPES["images"], [f"{key}={json.dumps(value)}" for key, value in changes.items()])
    data = packed()
    task = build_task(recipe, DataFacts.of(data), data, torch.device("cpu"), OwnNetworks(**given))
    game = build_game(recipe, task, task.device)
    settings = {name: value_at(number, 0, 0) for name, number in game.schedules.items()}
    for player in task.players:
        loss = game.field.backward(player, task.draw(player.name, 0, 0, game.state), settings)
        assert torch.isfinite(cost(loss))


def test_points_are_seen_as_they_are(tmp_path: Path) -> None:
    points = packed(
        items=np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32),
        kind="points",
        shape=(2,),
        labelled=False,
    )
    given = arguments(
        generator=nn.Sequential(nn.Linear(LATENT, 8), nn.ReLU(), nn.Linear(8, 2)),
        discriminator=nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1)),
        set={"augment.flip": None},
    )
    said = refusal(lambda: sp.train("images", data=points, out=tmp_path / "run", **given))
    assert "pixel_range=(-1.0, 1.0) for points" in said and not (tmp_path / "run").exists()


def test_the_trial_leaves_a_runs_bits_and_the_networks_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Counting(nn.Module):
        """Keeps everything that a forward pass may: running averages, vectors, a number, a graph; and draws."""

        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(3)
            self.calls = 0
            self.register_buffer("seen", torch.zeros(FLAT))
            self.body = nn.Sequential(
                nn.utils.parametrizations.spectral_norm(nn.Linear(LATENT, FLAT)),
                nn.BatchNorm1d(FLAT),
                nn.Dropout(),
                nn.Tanh(),
            )

        def forward(self, z: Tensor) -> Tensor:
            self.calls += 1
            made = self.body(z + 0.1 * torch.randn_like(z))
            self.seen = self.seen + made.detach().sum(0)
            self.kept = made
            return made.unflatten(1, IMAGE)

    def played(folder: str) -> tuple[Tensor, ...]:
        generator, discriminator = Counting(), nn.Sequential(nn.Dropout(), good_discriminator())
        generator.body[1].eval()
        run = sp.train(
            "images", data=packed(), out=tmp_path / folder, steps=2,
            **arguments(generator=generator, discriminator=discriminator, set={"average": None}),
        )  # fmt: skip
        assert generator.calls > 0 and run.step == 2
        return tuple(each.detach().clone() for network in (generator, discriminator) for each in _tensors(network))

    with_trial = played("with")
    monkeypatch.setattr(generation, "try_networks", lambda own, setting: None)
    for one, other in zip(with_trial, played("without"), strict=True):
        assert torch.equal(one, other)
    monkeypatch.undo()

    generator, discriminator = Counting(), good_discriminator()
    generator.body[1].eval()
    discriminator[1].weight.requires_grad_(False)  # type: ignore[index]
    before = [each.detach().clone() for network in (generator, discriminator) for each in _tensors(network)]
    modes = [module.training for module in generator.modules()]
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    task = sp.Generation(
        generator=generator, discriminator=discriminator, data=packed(), objective=sp.objective("hinge"), latent=LATENT
    )
    GenerationKind().try_task(task, averaged=True, begins=True)
    assert torch.equal(torch.rand(3), expected)
    after = [each for network in (generator, discriminator) for each in _tensors(network)]
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    assert modes == [module.training for module in generator.modules()]
    assert generator.calls == 0 and not hasattr(generator, "kept")
    assert not discriminator[1].weight.requires_grad  # type: ignore[index]
    assert all(parameter.grad is None for parameter in generator.parameters())


def _tensors(network: nn.Module) -> list[Tensor]:
    return [*network.parameters(), *network.buffers()]


def test_a_task_of_ones_own_is_tried_too(tmp_path: Path) -> None:
    task = sp.Generation(
        generator=good_generator(side=4),
        discriminator=good_discriminator(),
        data=packed(),
        objective=sp.objective("hinge"),
        latent=LATENT,
    )
    said = refusal(lambda: sp.train(task, out=tmp_path / "run", show=False))
    assert "the generator gives 1x4x4, the data is 1x8x8" in said and not (tmp_path / "run").exists()


def test_going_on_is_tried_with_the_shapes_that_the_run_recorded(tmp_path: Path) -> None:
    run = sp.train("images", data=packed(), out=tmp_path / "run", steps=1, **arguments())
    smaller = {"generator": good_generator(side=4), "discriminator": good_discriminator()}
    rest = {"latent": LATENT, "data": packed(), "steps": 2, "show": False}
    assert "gives 1x4x4, the data is 1x8x8" in refusal(lambda: sp.resume(run, **smaller, **rest))
    assert "gives 1x4x4, the data is 1x8x8" in refusal(lambda: sp.load(run, generator=good_generator(side=4)))
    same = {"generator": good_generator(), "discriminator": good_discriminator()}
    assert "pixel_range=(0.0, 1.0); expected (-1.0, 1.0), as the run began" in refusal(
        lambda: sp.resume(run, pixel_range=(0, 1), **same, **rest)
    )
    # Weights that have run off are replaced by the checkpoint's, and who only samples may have frozen his.
    with torch.no_grad():
        for network in same.values():
            for parameter in network.parameters():
                parameter.fill_(float("nan"))
    assert sp.resume(run, **same, **rest).step == 2
    assert torch.isfinite(sp.load(run, generator=same["generator"].requires_grad_(False)).sample(2)).all()
    recipes_own = sp.train("images", data=packed(), out=tmp_path / "other", steps=1, set=QUICK, show=False)
    assert "which has networks of its recipe" in refusal(lambda: sp.load(recipes_own, generator=good_generator()))


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: torch.sigmoid(x).flatten(), "Sigmoid"),
        (lambda x: torch.sigmoid(x).reshape(2, 2, 2).mean((1, 2)), "Sigmoid"),
        (lambda x: torch.sigmoid(x)[:, None].squeeze(1).transpose(0, 1), "Sigmoid"),
        (lambda x: torch.softmax(x, 1)[:, 0], "Softmax"),
        (lambda x: nn.functional.logsigmoid(x).view(-1), "LogSigmoid"),
        (lambda x: 2 * torch.sigmoid(x), "Mul"),
        (lambda x: x.view(-1), "AccumulateGrad"),
        (lambda x: x.detach(), ""),
    ],
)
def test_the_last_operation_is_found_behind_reshaping(function: Callable[[Tensor], Tensor], expected: str) -> None:
    numbers = torch.tensor([random.random() for _ in range(8)]).reshape(2, 4).requires_grad_()
    assert last_operation(function(numbers)).removesuffix("Forward").rpartition("::")[2] == expected
