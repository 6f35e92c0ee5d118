"""What was asked of a run after the checkpoint that it goes on from: read back from its events, for their own steps.

A request that came between two checkpoints is in no checkpoint; without it the resumed run would be another one.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from saddlepoint.files import read_lines
from saddlepoint.training.control import SetSetting
from saddlepoint.training.folder import RunFolder


def asked_after(folder: RunFolder, step: int, settings: Collection[str]) -> list[tuple[int, SetSetting]]:
    """The requests of a run that are later than a step, each with the step that it was applied after.

    Args:
        folder: of the run.
        step: of the checkpoint that is gone on from.
        settings: names of what the run can be asked to set; a request for anything else is none.
    """
    asked: list[tuple[int, SetSetting]] = []
    for line in read_lines(folder.events):
        event = line.value or {}
        if event.get("event") == "recipe changed":
            # What a person has changed since then holds: a request of before does not come back.
            keys = [key for key in event.get("keys") or () if isinstance(key, str)]
            asked = [(at, request) for at, request in asked if not concerned(request.name, keys)]
        elif event.get("event") == "setting" and not event.get("replayed"):
            asked += [(at, request) for at, request in _read(event) if at > step and request.name in settings]
    return sorted(asked, key=lambda pair: pair[0])


def concerned(name: str, keys: Iterable[str]) -> bool:
    """Whether a setting is one of the changed keys: below one of them, or the whole of which one is a part."""
    return any(f"{name}.".startswith(f"{key}.") or f"{key}.".startswith(f"{name}.") for key in keys)


def _read(event: Mapping[str, Any]) -> Iterable[tuple[int, SetSetting]]:
    at, name, value = event.get("step"), event.get("name"), event.get("value")
    if type(at) is int and isinstance(name, str) and type(value) in (int, float) and math.isfinite(value):
        yield at, SetSetting(name=name, value=value, reason=str(event.get("reason")))
