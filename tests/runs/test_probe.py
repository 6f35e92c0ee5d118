"""What a probe learns of a game without knowing its kind, and that it leaves the game as it was."""

from dataclasses import replace
from typing import Any

import pytest
import torch

from saddlepoint.game.field import Field
from saddlepoint.game.task import networks_of
from saddlepoint.networks import Dcgan
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.tasks import build_task
from saddlepoint.recipes.text import override
from saddlepoint.runs.build import build_game
from saddlepoint.runs.probe import SAMPLES, Probe
from tests.laws.test_recipes import _images
from tests.tasks.examples import generation, packed

RECIPE = override(RECIPES["digits"], ["networks.width=4", "networks.latent=5", "training.batch=6"])


def led(task: Any, *names: str) -> Any:
    """The same task, with updates of their own for these players."""

    class Led(type(task)):  # type: ignore[misc]
        @property
        def players(self):
            own = {"update": lambda field, *given: field.backward(*given)}
            return tuple(replace(each, **own) if each.name in names else each for each in super().players)

    return Led(**{name: getattr(task, name) for name in task.__dataclass_fields__ if not name.startswith("_")})


@pytest.mark.parametrize("name", ["cyclegan-small", "mnist-conditional"])
def test_networks_that_are_asked_for_their_input_gradient_are_noticed_in_every_task(name: str) -> None:
    recipe = override(RECIPES[name].shrunken(), ["penalties.r1=1"])
    data = _images(recipe) or packed()
    task: Any = build_task(recipe, DataFacts.of(data), data, torch.device("cpu"))  # type: ignore[arg-type]
    found = Probe.of(recipe, task).input_gradients()
    assert found.keys() == task.players[0].networks.keys()
    for key, shown in found.items():
        assert task.players[0].networks[key](shown.images, *shown.beside) is not None


def test_where_no_penalty_asks_for_it_nothing_is_noticed() -> None:
    assert Probe.of(RECIPE, generation("hinge")).input_gradients() == {}


def test_it_leaves_no_trace() -> None:
    task = generation(pair=Dcgan(latent=5, width=4, dropout=0.2))
    before = {name: {k: v.clone() for k, v in n.state_dict().items()} for name, n in networks_of(task).items()}
    random = torch.random.get_rng_state()
    probe = Probe.of(RECIPE, task)
    probe.input_gradients()
    assert torch.equal(random, torch.random.get_rng_state())
    probe.operations(Field(task=task))
    probe.memory(Field(task=task), {}, None)
    for name, network in networks_of(task).items():
        assert all(torch.equal(value, before[name][key]) for key, value in network.state_dict().items())
        assert network.training and all(parameter.grad is None for parameter in network.parameters())


def test_a_batch_is_looked_at_in_a_few_samples_and_counted_whole() -> None:
    counts = []
    for batch in (16, 32):
        task = replace(generation(), batch=batch)
        probe = Probe.of(RECIPE, task)
        assert all(len(draw) <= SAMPLES for draw in probe.draws.values())
        counts.append(probe.operations(Field(task=task)))
    assert counts[1] == 2 * counts[0]


def test_a_player_with_an_update_of_its_own_is_not_differentiated() -> None:
    task = build_task(RECIPE, DataFacts.of(packed()), packed(), torch.device("cpu"))
    game = build_game(RECIPE, led(task, "generator"), torch.device("cpu"))
    assert game.field.tangent == {"discriminator"} and game.probe.first == "discriminator"
    both = build_game(RECIPE, led(task, "discriminator", "generator"), torch.device("cpu"))
    assert both.field.tangent == set() and both.input_gradients.said is None
    assert both.probe.operations(both.field) is None and both.probe.memory(both.field, both.steps, None) is None


@pytest.mark.parametrize("turn", ["alternating", "simultaneous"])
def test_the_first_player_moves_first_and_each_other_once(turn: str) -> None:
    from saddlepoint.runs.build import _turn

    dynamics = RECIPE.dynamics.model_copy(
        update={"turn": turn, "discriminator_steps": 2 if turn == "alternating" else 1, "share_draws": True}
    )
    groups = _turn(dynamics, ["critic", "maker", "reader"], share_forwards=True)(0)
    moves = [[(move.player, move.reuses, move.reused_by) for move in group] for group in groups]
    first: tuple = ("critic", None, None)
    others: list[tuple] = [("maker", "critic", None), ("reader", "critic", None)]
    assert moves == (
        [[first], [first], *([other] for other in others)] if turn == "alternating" else [[first, *others]]
    )
