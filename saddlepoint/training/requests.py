"""Requests: what a run can be asked for, applied by the loop between two iterations and written down.

Stop             end after this iteration
SetSettings      from the next iteration on these numbers, in place of their schedules'
Release          back to the schedules
Sample           a picture of the fixed samples now
SaveCheckpoint   a checkpoint now
RollBack         back to a checkpoint, on another branch of the random numbers
Rebuild          other leaves of the recipe from here on

The last two end a segment of the run: whoever opened the run (a floor above) goes on with the next one.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from saddlepoint.errors import UserError
from saddlepoint.training.game import Game

_Finite = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """Something that a run is asked for.

    Attributes:
        reason: why, for the events.
        about: what whoever asks wants to find again beside it in the events.
        id: of a request from another process, which is answered under it; None for one from within.
        EVENT: what its event is called.
        ENDS: a segment ends with it.
        REPLAYED: a run that goes on from before it is asked again.
    """

    EVENT: ClassVar[str]
    ENDS: ClassVar[bool] = False
    REPLAYED: ClassVar[bool] = False

    reason: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)
    id: str | None = None
    __pydantic_config__ = ConfigDict(strict=True)

    def apply(self, game: Game) -> None:
        """Does what is asked for, as far as it is the loop's.

        Raises:
            UserError: this run cannot be asked for that.
        """

    def details(self) -> dict[str, Any]:
        """What its event tells beside step and branch, and what `read_request` makes it from again."""
        said = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in ("about", "id")}
        about = {"about": dict(self.about)} if self.about else {}
        return {**said, **about, **({"id": self.id} if self.id is not None else {})}


@dataclass(frozen=True, kw_only=True)
class Stop(RunRequest):
    """Stop after the current iteration."""

    EVENT = "stop asked"
    ENDS = True


@dataclass(frozen=True, kw_only=True)
class SetSettings(RunRequest):
    """From the next iteration on, these settings have these values in place of their schedules'.

    Attributes:
        values: by dotted name; of a schedule's number, which the game reads at each step.
    """

    EVENT = "setting"
    REPLAYED = True

    values: Mapping[str, _Finite]

    def apply(self, game: Game) -> None:
        check_known(self.values, game)
        game.state.overrides.update({name: float(value) for name, value in self.values.items()})


@dataclass(frozen=True, kw_only=True)
class Release(RunRequest):
    """From the next iteration on, settings that a request has fixed follow their schedules again."""

    EVENT = "released"
    REPLAYED = True

    names: tuple[str, ...]

    def apply(self, game: Game) -> None:
        check_known(self.names, game)
        held = game.state.overrides
        if free := [name for name in self.names if name not in held]:
            raise UserError(
                f"a request to release {free[0]}, which follows the recipe",
                f"a setting that a request holds: {', '.join(held) or 'there is none'}",
                "leave it as it is",
            )
        for name in self.names:
            del held[name]


@dataclass(frozen=True, kw_only=True)
class Sample(RunRequest):
    """Draw the fixed samples after this iteration too."""

    EVENT = "sample asked"


@dataclass(frozen=True, kw_only=True)
class SaveCheckpoint(RunRequest):
    """Save a checkpoint after this iteration too; it is kept as the others are, until newer ones take its place."""

    EVENT = "checkpoint asked"
    # A roll back that is asked again may lead to it.
    REPLAYED = True


@dataclass(frozen=True, kw_only=True)
class RollBack(RunRequest):
    """Go back to a checkpoint and on from there, on another branch of the random numbers.

    Attributes:
        to: a step; the newest whole checkpoint at or before it is taken. None for the newest of all.
        values: settings from there on, as of `SetSettings`.
        changes: leaves of the recipe from there on, as of `Rebuild`.
        forget: what the optimizers remember, as of `Rebuild`.
    """

    EVENT = "rolled back"
    ENDS = True
    REPLAYED = True

    to: Annotated[int, Field(ge=0)] | None = None
    values: Mapping[str, _Finite] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    forget: bool = False


@dataclass(frozen=True, kw_only=True)
class Rebuild(RunRequest):
    """Go on with other leaves of the recipe: objective, penalties that were left out, turn, batch.

    Attributes:
        changes: "key.key=value" each.
        forget: what the optimizers remember: moments of gradients of another size hold a player still for long.
    """

    EVENT = "rebuilt"
    ENDS = True
    REPLAYED = True

    changes: tuple[str, ...]
    forget: bool = False


_REPLAYED = {kind.EVENT: kind for kind in (SetSettings, Release, SaveCheckpoint, RollBack, Rebuild)}


def read_request(event: Mapping[str, Any]) -> RunRequest | None:
    """The request that an event tells of, if it is one that a run is asked again; None for any other event."""
    name = event.get("event")
    kind = _REPLAYED.get(name) if isinstance(name, str) else None
    if kind is None:
        return None
    if kind is SetSettings and isinstance(event.get("name"), str):
        # As older versions wrote it: one setting, and no word of a branch.
        event = {"values": {event["name"]: event.get("value")}, "reason": event.get("reason")}
    given = {each.name: event[each.name] for each in fields(kind) if each.name in event and each.name != "id"}
    try:
        return TypeAdapter(kind).validate_python(given, strict=False)
    except ValidationError:
        return None  # damaged


def check_known(settings: Iterable[str] | Mapping[str, float], game: Game) -> None:
    """Whether these are settings of the game; values, if there are any, must be finite: a checkpoint keeps them.

    Raises:
        UserError: one is none, or not finite.
    """
    for name in settings:
        if name not in game.schedules:
            raise UserError(
                f"a request for the setting {name!r}", f"one of {', '.join(game.schedules)}", "use one of these"
            )
        if isinstance(settings, Mapping) and not math.isfinite(settings[name]):
            raise UserError(f"a request for {name} = {settings[name]}", "a finite number", "ask for another value")
