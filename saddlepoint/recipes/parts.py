"""What a recipe is made of: parts that are immutable, and in which nothing is unknown."""

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from saddlepoint.game.schedules import Number

# What is shown of a value that somebody wrote.
_SHOWN = 80


def cut(text: str) -> str:
    """A text, cut to what a line can show."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text):,} characters)"


def shown(value: Any) -> str:
    """A value as somebody wrote it, cut to what a line can show."""
    return cut(repr(value))


class Part(BaseModel):
    """A part of a recipe."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TaskPart(Part):
    """What a recipe says of its task; the options of one kind of task (`kinds/`), told apart by `kind`.

    Attributes:
        known_players: the names of all that may play in such a task, in the order of their moves.
    """

    kind: str
    known_players: ClassVar[tuple[str, ...]] = ("discriminator", "generator")

    @property
    def players(self) -> tuple[str, ...]:
        """Who plays, in the order of their moves; a recipe has one optimizer for each, and none beside them."""
        return self.known_players

    @property
    def numbers(self) -> dict[str, Number]:
        """The task's own numbers that may change during the run, by name; the settings "task.NAME"."""
        return {}

    @property
    def words(self) -> str:
        """What is played, for a list."""
        return self.kind
