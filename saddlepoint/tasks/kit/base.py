"""The base of a task: what does not depend on what is played, so that a task's file is its draw and its loss.

The first player's images are the run's count, and it walks through the data by that count, for its steps may be more
than one an iteration; any other player walks at its own pace, step times its batch. Each has an order of its own.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Progress
from saddlepoint.randomness import derive_seed, uniform
from saddlepoint.tasks.kit.batches import ShuffledStream, on_device


@dataclass(frozen=True, kw_only=True)
class Base:
    """What every task has; a task brings `make_players`, `averaged`, `draw`, `loss` and `sample`.

    Attributes:
        batch: samples of the first player's draw.
        seed: that a run of the task has of itself; draws take theirs from the run's state.
        device: where draws are put.
    """

    batch: int = 64
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def __post_init__(self) -> None:
        if self.batch < 1:
            raise UserError(f"batch {self.batch}", "1 or more", f"set training.batch={type(self).batch}")

    def make_players(self) -> tuple[Player, ...]:
        """The players, in the order in which they move; the first one's images are counted."""
        raise NotImplementedError

    def begin(self) -> dict[str, Tensor]:
        """The task's own history where it begins; none, unless a task says otherwise."""
        return {}

    # The protocol of a task asks for properties; a cached one is none to type checkers.
    @property
    def players(self) -> tuple[Player, ...]:
        return self._players

    @cached_property
    def _players(self) -> tuple[Player, ...]:
        return self.make_players()

    @property
    def state(self) -> dict[str, Tensor]:
        return self._state

    @cached_property
    def _state(self) -> dict[str, Tensor]:
        return self.begin()

    @property
    def settings(self) -> tuple[str, ...]:
        return ()

    @property
    def whole_batch(self) -> str | None:
        return None

    @property
    def recorded(self) -> dict[str, Any]:
        return {}

    def reduced(self, batch: int) -> Self:
        """The same game on draws of at most `batch` samples."""
        return replace(self, batch=min(self.batch, batch))

    def remember(self, player: str, draw: Draw, loss: Loss) -> None:
        """Nothing, unless a task has a history."""

    # What draws are made of

    def items(
        self, of: np.ndarray, player: str, step: int, state: Progress, *, count: int | None = None, stream: str = ""
    ) -> np.ndarray:
        """The items of a player's step, int64 (count,).

        Args:
            of: indices of all items, which come in a new order each epoch.
            player: who draws.
            step: the iteration.
            state: the run's count and seed.
            count: the player's batch; the task's if left out.
            stream: the name of the order; the player's if left out.
        """
        count, name = count or self.batch, stream or player
        known = self._streams.get(name)
        if known is None or known.seed != state.seed:
            known = self._streams[name] = ShuffledStream(of, state.seed, name)
        return known.at(state.images if self._counts(player) else step * count, count)

    def uniform(
        self, stream: str, step: int, substep: int, state: Progress, *, width: int, count: int | None = None
    ) -> Tensor:
        """Uniform numbers of a stream, float64 (count, width); count is the task's batch if left out."""
        return uniform(state.seed, stream, step, substep, samples=range(count or self.batch), width=width)

    def drawn(self, tensors: dict[str, Tensor], player: str, step: int, substep: int, state: Progress) -> Draw:
        """The draw of these tensors, where they are used."""
        return Draw(
            tensors=on_device(tensors, self.device),
            seed=derive_seed(state.seed, f"{player}/networks", step, substep),
            images=self.batch if self._counts(player) else 0,
        )

    def _counts(self, player: str) -> bool:
        return player == self.players[0].name

    @cached_property
    def _streams(self) -> dict[str, ShuffledStream]:
        return {}
