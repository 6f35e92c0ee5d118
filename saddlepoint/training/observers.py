"""Observers: what looks at a run.

They are shown each iteration, and read; what a run should change goes through control.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import Tensor

from saddlepoint.errors import Diverged
from saddlepoint.game.field import cost
from saddlepoint.game.task import Loss
from saddlepoint.training.control import Control
from saddlepoint.training.game import Game
from saddlepoint.training.requests import RunRequest
from saddlepoint.training.state import State


@dataclass(frozen=True, kw_only=True)
class Record:
    """One iteration, as tensors that are read only when somebody asks.

    Attributes:
        step, images: progress after the iteration.
        losses: by player; of its last step in the iteration.
        gradient_norms: by player; empty unless an observer measures this step.
        settings: the numbers that were used.
        last: no further iteration follows as planned.
    """

    step: int
    images: int
    losses: Mapping[str, Loss]
    gradient_norms: Mapping[str, Tensor]
    settings: Mapping[str, float]
    last: bool

    @cached_property
    def numbers(self) -> dict[str, Any]:
        """The iteration as plain numbers, in the shape of a log line; objective terms stand as maximised values."""
        losses, outputs = {}, {}
        for player, loss in self.losses.items():
            terms = {name: term.item() for name, term in {**(loss.value or {}), **loss.costs}.items()}
            losses[player] = {**terms, "total": cost(loss).item()}
            outputs.update({name: value.item() for name, value in loss.outputs.items()})
        return {
            "step": self.step,
            "images": self.images,
            "losses": losses,
            "outputs": outputs,
            "gradient_norms": {name: _finite(norm.item()) for name, norm in self.gradient_norms.items()},
            "settings": dict(self.settings),
        }


def _finite(value: float) -> float | None:
    # JSON has no infinity; losses are finite here, for the loop stops before a step that follows one that is not.
    return value if math.isfinite(value) else None


class Observer:
    """What looks at a run; each method does nothing unless an observer has something to do there."""

    def begin(self, game: Game, control: Control) -> None:
        """Called when a segment of the run begins, before its first iteration; after a roll back or a rebuild again.

        An observer may evaluate the game's field at points of its own, and ask control for what it wants changed.
        """

    def measures(self, step: int, until: int) -> bool:
        """Whether this observer will read gradient norms at that step."""
        return False

    def step(self, state: State, record: Record) -> None:
        """Called after each iteration; what is asked for here is applied to the state next."""

    def settled(self, state: State, record: Record, applied: Sequence[RunRequest]) -> None:
        """Called when the requests of an iteration have been applied: as the state is now, the next one begins."""

    def failed(self, state: State, error: Diverged) -> None:
        """Called when the game has diverged: unless a roll back is asked for now, the run ends with this error."""

    def end(self, state: State) -> None:
        """Called once when the loop has ended with the state whole: at the last step, or asked to stop before."""

    def close(self) -> None:
        """Called at the very end of the run or, of what a run makes for each segment, of the segment; always."""


def due(step: int, every: int, last: bool) -> bool:
    """Whether something that happens every so many steps happens now; it always does at the last step."""
    return last or step % every == 0
