"""The base of a task: who is counted and who walks, each in an order of its own that follows the run's seed."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.game.network import Networks
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Progress, Request, RunTask, Settings
from saddlepoint.tasks.kit.base import Base
from saddlepoint.training.state import State

ITEMS = np.arange(100)


@dataclass(frozen=True, kw_only=True)
class Three(Base):
    """Three players, the first of them twice in an iteration."""

    @property
    def data(self) -> None:
        """Drawn from nothing."""

    @property
    def averaged(self) -> tuple[str, ...]:
        return ("c",)

    def make_players(self) -> tuple[Player, ...]:
        return tuple(Player(name=name, networks={name: nn.Linear(1, 1)}) for name in "abc")

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        items = torch.from_numpy(self.items(ITEMS, player, step, state))
        noise = self.uniform(f"{player}/noise", step, substep, state, width=2)
        return self.drawn({"items": items, "noise": noise}, player, step, substep, state)

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        return Loss(costs={"size": networks[player](draw["noise"][:, :1].float()).square().mean()})

    def sample(self, networks: Networks, request: Request) -> Tensor:
        return networks["c"](request["z"])


def test_it_is_all_that_a_run_asks() -> None:
    task: RunTask = Three(batch=5)
    assert (task.settings, task.whole_batch, task.recorded, task.state) == ((), None, {}, {})
    assert task.players is task.players and [player.name for player in task.players] == ["a", "b", "c"]


def test_the_first_player_is_counted_and_the_others_walk_at_their_own_pace() -> None:
    task = Three(batch=5)
    state, seen = State(seed=0), {name: [] for name in "abc"}
    for step in range(10):
        for player, substep in (("a", 0), ("a", 1), ("b", 0), ("c", 0)):
            draw = task.draw(player, step, substep, state)
            seen[player] += draw["items"].tolist()
            state.images += draw.images
    assert state.images == 100
    # The first one has been through all items, the others through half of them, without coming back to one.
    assert sorted(seen["a"]) == ITEMS.tolist()
    assert len(set(seen["b"])) == len(set(seen["c"])) == 50 and seen["b"] != seen["c"]


def test_another_seed_of_the_state_is_another_order_and_back_again_the_first() -> None:
    task = Three(batch=7)
    first, other, again = (task.draw("a", 3, 0, State(seed=seed, images=20)) for seed in (0, 1, 0))
    for name in ("items", "noise"):
        assert torch.equal(first[name], again[name]) and not torch.equal(first[name], other[name])
    assert first.seed == again.seed != other.seed


def test_an_empty_batch_is_refused() -> None:
    with pytest.raises(UserError, match=r"batch 0; expected 1 or more; set training\.batch=64"):
        Three(batch=0)
