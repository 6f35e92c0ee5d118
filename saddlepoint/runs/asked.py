"""What other processes ask of a run: a message becomes a request for the game as it is, or is refused."""

from functools import reduce
from typing import Any

from saddlepoint.errors import UserError
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.text import override
from saddlepoint.runs.changes import plain
from saddlepoint.training.game import Game
from saddlepoint.training.records.inbox import Message, Reader
from saddlepoint.training.requests import (
    Rebuild,
    Release,
    RollBack,
    RunRequest,
    Sample,
    SaveCheckpoint,
    SetSettings,
    Stop,
)


def reader_of(recipe: Recipe) -> Reader:
    """Reads messages for a run of this recipe."""

    def read(message: Message, identity: str, game: Game) -> RunRequest:
        named: dict[str, Any] = {"reason": message.reason, "id": identity}
        match message.ask:
            case "stop":
                return Stop(reason=message.reason or "a request", id=identity)
            case "sample":
                return Sample(**named)
            case "checkpoint":
                return SaveCheckpoint(**named)
            case "rollback":
                return RollBack(to=message.to, changes=tuple(message.changes), forget=message.forget, **named)
            case "release":
                return Release(names=tuple(message.names), **named)
            case "set":
                return _assigned(recipe, message, named, game)

    return read


def _assigned(recipe: Recipe, message: Message, named: dict[str, Any], game: Game) -> RunRequest:
    """Settings where that suffices: each is a number that the game reads at each step; a rebuild otherwise.

    Optimizers begin afresh with a game of their own.
    """
    if not message.changes:
        raise UserError("a request that sets nothing", "KEY=VALUE", "ask by `saddlepoint ask RUN KEY=VALUE`")
    if message.forget:
        return Rebuild(changes=tuple(message.changes), forget=True, **named)
    # Validated as a whole: no value is taken for more than a recipe would take it for.
    data: Any = plain(override(recipe, message.changes))
    values = {}
    for assignment in message.changes:
        key = assignment.partition("=")[0].strip()
        value = reduce(lambda part, name: part[name], key.split("."), data)
        if key not in game.schedules or isinstance(value, bool) or not isinstance(value, int | float):
            return Rebuild(changes=tuple(message.changes), **named)
        values[key] = float(value)
    return SetSettings(values=values, **named)
