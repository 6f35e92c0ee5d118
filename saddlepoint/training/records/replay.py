"""What was asked of a run after the checkpoint that it goes on from: read back from its events, for their own steps.

A request that came between two checkpoints is in no checkpoint; without it the resumed run would be another one. An
event tells the step that its request was applied after and the branch that the run was on: on another branch than the
checkpoint's, it was asked of a future that a roll back has undone, or of one that a replayed roll back leads to.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from saddlepoint.files import read_lines
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.requests import Release, RunRequest, SetSettings, read_request


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request of before.

    Attributes:
        step: it is applied after that iteration.
        request: what was asked.
        failed: the answer to an end that came in the iteration after that step.
    """

    step: int
    request: RunRequest
    failed: bool = False


def asked_after(folder: RunFolder, step: int, branch: int) -> list[Asked]:
    """The requests of a run that are later than a checkpoint, in their order.

    Args:
        folder: of the run.
        step, branch: of the checkpoint that is gone on from.
    """
    asked: list[Asked] = []
    for line in read_lines(folder.events):
        event = line.value or {}
        if event.get("event") == "recipe changed":
            # What a person has changed since then holds: a request of before does not come back.
            keys = event.get("keys")
            asked = list(
                _without(asked, [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else [])
            )
            continue
        at, failed = event.get("step"), "failed" in event
        if event.get("replayed") or type(at) is not int or event.get("branch", 0) != branch:
            continue
        if (request := read_request(event)) is not None and (at > step or (failed and at == step)):
            asked.append(Asked(step=at, request=request, failed=failed))
    return sorted(asked, key=lambda each: each.step)


def answered_in(folder: RunFolder) -> set[str]:
    """The requests of other processes that a run has answered already, by id."""
    said = (line.value.get("id") for line in read_lines(folder.events) if line.value is not None)
    return {each for each in said if isinstance(each, str)}


def concerned(name: str, keys: Iterable[str]) -> bool:
    """Whether a setting is one of the changed keys: below one of them, or the whole of which one is a part."""
    return any(f"{name}.".startswith(f"{key}.") or f"{key}.".startswith(f"{name}.") for key in keys)


def _without(asked: Iterable[Asked], keys: list[str]) -> Iterable[Asked]:
    """What is left of requests when these keys are a person's again."""
    for each in asked:
        request = each.request
        if isinstance(request, SetSettings):
            values = {name: value for name, value in request.values.items() if not concerned(name, keys)}
            if values:
                yield replace(each, request=replace(request, values=values))
        elif isinstance(request, Release):
            names = tuple(name for name in request.names if not concerned(name, keys))
            if names:
                yield replace(each, request=replace(request, names=names))
        else:
            yield each
