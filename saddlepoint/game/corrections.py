"""Corrections: what is done to the field before a step follows it. Here the plain one; an algorithm is a composition.

A correction leaves in each mover's .grad what its step is to subtract. It sees the game only through the field, and the
optimizers only through `steps`, so that a look-ahead can go through the optimizer's own scaling.
"""

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor

from saddlepoint.game.field import Field
from saddlepoint.game.steps import Step
from saddlepoint.game.task import Draw, Loss, Settings, Task, player_named

State = dict[str, Tensor]


class Correction(Protocol):
    def init(self, task: Task) -> State:
        """The correction's history at the start (optimistic play remembers a gradient); saved in the checkpoint."""
        ...

    def apply(
        self, field: Field, draws: Mapping[str, Draw], settings: Settings, steps: Mapping[str, Step], state: State
    ) -> tuple[Mapping[str, Loss], State]:
        """Directions into the .grad of the players named in `draws`; gives their losses and the new history."""
        ...


class Plain:
    """The field as it is: each mover's own update, all computed before any is applied."""

    def init(self, task: Task) -> State:
        return {}

    def apply(
        self, field: Field, draws: Mapping[str, Draw], settings: Settings, steps: Mapping[str, Step], state: State
    ) -> tuple[Mapping[str, Loss], State]:
        losses = {}
        for name, draw in draws.items():
            player = player_named(field.task, name)
            losses[name] = player.update(field, player, draw, settings)
        return losses, state


CORRECTIONS: dict[str, type[Correction]] = {"plain": Plain}
