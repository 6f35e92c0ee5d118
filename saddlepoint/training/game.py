"""What the loop plays: a field to follow, and everything that moves along it."""

from collections.abc import Mapping
from dataclasses import dataclass

from saddlepoint.game.corrections import Correction
from saddlepoint.game.field import Field
from saddlepoint.game.schedules import Number, value_at
from saddlepoint.game.steps import Step
from saddlepoint.game.task import Task
from saddlepoint.game.turns import Turn
from saddlepoint.training.state import State


@dataclass(frozen=True, kw_only=True)
class Game:
    """A game that is ready to be played.

    Attributes:
        field: what is followed; it knows the task.
        turn: who moves when.
        correction: what is done to the field before it is followed.
        steps: each player's optimizer, by player.
        schedules: every setting of the run, by dotted name.
        state: where the game stands; advanced in place.
    """

    field: Field
    turn: Turn
    correction: Correction
    steps: Mapping[str, Step]
    schedules: Mapping[str, Number]
    state: State

    @property
    def task(self) -> Task:
        return self.field.task

    def settings(self) -> dict[str, float]:
        """The numbers of the next iteration: the schedules' values, but for those that a request holds."""
        state = self.state
        scheduled = {name: value_at(number, state.step, state.images) for name, number in self.schedules.items()}
        return {**scheduled, **state.overrides}
