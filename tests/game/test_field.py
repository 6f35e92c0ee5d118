"""The field's own randomness: what networks draw follows from a draw and from who plays, by the rule of the run."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.game.field import Field, buffers_of, parameters_of
from saddlepoint.game.network import Networks
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Progress, Request, Settings
from saddlepoint.tasks.toy.bilinear import Bilinear
from saddlepoint.training.state import State
from tests.tasks.examples import generation


class Masks:
    """A game of players who share a draw and drop out of it; each loss shows its mask.

    Args:
        names: of the players.
    """

    averaged, state = (), {}

    def __init__(self, *names: str):
        self.players = tuple(Player(name=name, networks={name: nn.Linear(1, 1)}) for name in names)

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        return Draw(tensors={"x": torch.ones(64, 1)}, seed=7)

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        mask = nn.functional.dropout(networks[player](draw["x"]).sign().abs(), 0.5)
        return Loss(costs={"mean": (mask * networks[player](draw["x"])).mean()}, shown={"mask": mask.detach()})

    def remember(self, player: str, draw: Draw, loss: Loss) -> None:
        """Nothing."""

    def sample(self, networks: Networks, request: Request) -> Tensor:
        raise NotImplementedError


@pytest.mark.parametrize(
    "names", [("encoder_a", "encoder_b"), ("critic_a", "critic_b"), ("discriminator", "discriminator_back")]
)
def test_players_whose_names_begin_alike_drop_out_differently(names: tuple[str, str]) -> None:
    task: Any = Masks(*names)
    draw = task.draw(names[0], 0, 0, State(seed=0))

    def masks(field: Field) -> list[Tensor]:
        return [field.backward(player, draw, {}).shown["mask"] for player in task.players]

    one, other = masks(Field(task=task))
    assert not torch.equal(one, other)
    # Runs from before the rule go on as they began.
    one, other = masks(Field(task=task, seeding=1))
    assert torch.equal(one, other)


@pytest.mark.parametrize("seeding", [1, 2])
def test_both_faces_drop_out_alike(seeding: Any) -> None:
    task: Any = Masks("one", "two")
    field, draw = Field(task=task, seeding=seeding), task.draw("one", 0, 0, State(seed=0))
    hot = field.backward(task.players[1], draw, {})
    joint = field(parameters_of(task), buffers_of(task), {"two": draw}, {})
    assert torch.equal(hot.shown["mask"], joint.losses["two"].shown["mask"])


def test_networks_that_a_draw_calls_draw_what_its_counters_say() -> None:
    class Dropping(Bilinear):
        def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
            return replace(super().draw(player, step, substep, state), tensors={"mask": torch.rand(8)})

    field = Field(task=Dropping())
    torch.manual_seed(1)
    drawn = field.draw("generator", 3, 1, State(seed=5))["mask"]
    torch.rand(3)
    assert torch.equal(field.draw("generator", 3, 1, State(seed=5))["mask"], drawn)
    for player, step, substep, seed in (("discriminator", 3, 1, 5), ("generator", 4, 1, 5), ("generator", 3, 2, 5)):
        assert not torch.equal(field.draw(player, step, substep, State(seed=seed))["mask"], drawn)
    assert not torch.equal(field.draw("generator", 3, 1, State(seed=6))["mask"], drawn)


def test_drawing_through_the_field_draws_what_the_task_draws() -> None:
    task = generation()
    for name, tensor in Field(task=task).draw("discriminator", 2, 0, State(seed=0)).tensors.items():
        assert torch.equal(tensor, task.draw("discriminator", 2, 0, State(seed=0))[name])
