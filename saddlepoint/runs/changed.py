"""What is not as it was when a run goes on: said, noted, and recorded anew; and its files as of its checkpoint."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saddlepoint.files import read_lines
from saddlepoint.process.saying import say
from saddlepoint.runs.changes import said
from saddlepoint.runs.recorded import Change, Recorded
from saddlepoint.runs.saved import MATTERS, Saved, found_differences
from saddlepoint.training.records.checkpoint import steps_saved
from saddlepoint.training.records.folder import DAMAGED, RunFolder

# Events after which a run is going on, or is not.
_TURNING_POINTS = ("started", "resumed", "finished", "stopped", "could not go on")


@dataclass(frozen=True, kw_only=True)
class Remark:
    """Something that is not as it was: a line for the person, and an event."""

    line: str
    event: str
    details: dict[str, Any]


def owes_its_end(folder: RunFolder) -> bool:
    """Whether a run that has done its steps lacks its report, or the event of its end."""
    events = [line.value.get("event") for line in read_lines(folder.events) if line.value is not None]
    turning = [event for event in events if event in _TURNING_POINTS]
    return not folder.report.is_file() or turning[-1:] != ["finished"]


def remarks(
    recorded: Recorded, saved: Saved, made: Sequence[Change], now: Mapping[str, Any], at: int
) -> Iterator[Remark]:
    """What is not as it was at the checkpoint, and what is changed from here on."""
    if saved.recipe:
        yield Remark(
            line=f"not as it was saved at step {at}: {'; '.join(saved.recipe)}",
            event="recipe differs",
            details={"changes": list(saved.recipe)},
        )
    if found := found_differences(recorded.found, now):
        yield Remark(
            line=f"not as it was recorded in recipe.yaml: {'; '.join(found)}",
            event="found differs",
            details={"changes": found},
        )
    if later := [f"{_words(change)} (step {change.step})" for change in recorded.changed if change.step > at]:
        yield Remark(
            line=f"changed later, and now from step {at} on: {'; '.join(later)}",
            event="recipe changed earlier",
            details={"changes": later},
        )
    if made:
        changes = [_words(change) for change in made]
        yield Remark(
            line=f"changed at step {at}: {'; '.join(changes)}",
            event="recipe changed",
            details={"changes": changes, "keys": [change.key for change in made]},
        )


def _words(change: Change) -> str:
    return said(change.key, change.before, change.after)


def recorded_anew(
    recorded: Recorded, made: Sequence[Change], now: Mapping[str, Any], machine_anew: Mapping[str, Any], at: int
) -> Recorded:
    """What is recorded from here on: the changes with the steps they hold from, and what was found as it is."""
    before = [change.model_copy(update={"step": min(change.step, at)}) for change in recorded.changed]
    mended = {name: now[name] for name in MATTERS if name in recorded.found and name in now}
    update: dict[str, Any] = {"found": {**recorded.found, **mended}}
    if before or made:
        update["changed"] = (*before, *made)
    if machine_anew:
        update["machine"] = recorded.machine.model_copy(update=dict(machine_anew))
    return recorded.model_copy(update=update)


def rewind(folder: RunFolder, step: int, log_every: int, show: bool) -> None:
    for file, rewound in (
        (folder.log, folder.rewind_log(step, log_every)),
        (folder.metrics, folder.rewind_metrics(step)),
        *folder.rewind_diagnosis(step).items(),
    ):
        if rewound.damaged:
            kept = f"{file.name}{DAMAGED}"
            folder.note("damaged lines left out", file=file.name, lines=list(rewound.damaged), kept=kept)
            number = len(rewound.damaged)
            lines = "1 damaged line" if number == 1 else f"{number} damaged lines"
            say(show, f"{file.name}: {lines} left out ({'; '.join(rewound.damaged[:3])}), kept in {kept}")


def set_damaged_aside(folder: RunFolder, step: int) -> None:
    for damaged in (each for each in steps_saved(folder.checkpoints) if each > step):
        path = folder.checkpoints / f"{damaged:08d}"
        target, number = path.with_name(f"{path.name}.damaged"), 1
        while target.exists():
            number += 1
            target = path.with_name(f"{path.name}.damaged-{number}")
        os.rename(path, target)
