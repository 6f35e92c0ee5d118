"""Where a run stands, in words: how far it came, whether it ended, and why."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from saddlepoint.process.saying import duration
from saddlepoint.report.read import Run

# Events after which a run has ended, and those that change whether it is going on; the others happen within it.
_FAILED = "could not go on"
_ENDS = ("finished", "stopped", _FAILED)
_TURNING_POINTS = ("started", "resumed", *_ENDS)


@dataclass(frozen=True, kw_only=True)
class End:
    """How a run ended.

    Attributes:
        step: iterations done.
        planned: in all; None where the recipe does not say.
        done: whether it has done all of them.
        failed: it could not go on.
    """

    step: int
    planned: int | None
    done: bool
    failed: bool


def end_of(run: Run) -> End | None:
    """How a run ended; None for one that goes on, or was killed."""
    last = _turning_point(run)
    step, planned = last.get("step"), inside(run.recipe, "training", "steps")
    if last.get("event") not in _ENDS or type(step) is not int:
        return None
    planned, failed = planned if type(planned) is int else None, last["event"] == _FAILED
    return End(step=step, planned=planned, done=last["event"] == "finished", failed=failed)


def _turning_point(run: Run) -> Mapping[str, Any]:
    """The last event that says whether the run is going on; empty without one."""
    return next((event for event in reversed(run.events) if event.get("event") in _TURNING_POINTS), {})


def standing(run: Run) -> str:
    """One sentence on whether the run finished, was stopped (and why), could not go on, or has not said."""
    last = _turning_point(run)
    kind, step, reason = last.get("event"), last.get("step"), last.get("reason")
    at = f" at step {count(step)}" if step is not None else ""
    because = f": {reason}" if reason else ""
    if kind == "finished":
        return f"Finished{at}."
    if kind == "stopped":
        return f"Stopped on request{at}{because}. It can be resumed."
    if kind == _FAILED:
        return f"Could not go on{at}{because}."
    logged = run.last("step")
    reached = f"logged up to step {count(logged)}" if logged is not None else "without a logged step so far"
    return f"No end is recorded: the run is still going on, or it was killed; {reached}."


def facts(run: Run) -> list[tuple[str, str]]:
    """The headline's numbers as (name, text); what is not recorded is left out."""
    seconds, planned = run.last("seconds"), inside(run.recipe, "training", "steps")
    step, images = _made(run)
    speed = _median_speed(run)
    named = [
        ("Steps", None if step is None else count(step) + (f" of {count(planned)}" if planned else "")),
        ("Real images shown", images),
        ("Time by the clock", None if seconds is None else duration(seconds)),
        ("Processor time", _processor_time(run)),
        ("Images per second", None if speed is None else count(round(speed)) + " (median)"),
        ("Objective", inside(run.recipe, "objective")),
        ("Data", _data(run.recipe)),
        ("Seed", inside(run.recipe, "seed")),
        ("Device", inside(run.recipe, "machine", "device")),
        ("Threads", inside(run.recipe, "machine", "threads")),
    ]
    return [(name, str(value)) for name, value in named if value is not None]


def _made(run: Run) -> tuple[float | None, str | None]:
    """The last step that was made, which need not have been logged, and the real images that were shown up to it."""
    logged, images, end = run.last("step"), run.last("images"), end_of(run)
    if end is not None and type(told := _turning_point(run).get("images")) is int:
        return end.step, count(told)
    step = end.step if end is not None else logged
    later = f" by step {count(logged)}" if logged != step else ""
    return step, None if images is None else count(images) + later


def _processor_time(run: Run) -> str | None:
    """What the process took of the processor, over all times that the run was gone on with; None if nobody counted."""
    counted = [event["processor_seconds"] for event in run.events if _is_time(event.get("processor_seconds"))]
    began = sum(event.get("event") in ("started", "resumed") for event in run.events)
    # Of a process that was killed it is not known.
    return None if not counted else ("" if len(counted) >= began else "more than ") + duration(sum(counted))


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def reading(run: Run) -> list[str]:
    """What reading did to the data before it was trained on, a sentence each; empty for a run that recorded none."""
    notes = inside(run.recipe, "found", "notes")
    return [str(note) for note in notes] if isinstance(notes, list) else []


def count(value: Any) -> str:
    """A whole number with separators; anything else as it is."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def short(value: Any, digits: int = 6) -> str:
    """A number to so many digits; a dash for what is missing or not finite; anything else as it is."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if not isinstance(value, float):
        return str(value)
    # Whole before scientific: 12,118 images per second, not 1.212e+04.
    return f"{value:,.0f}" if 10**digits <= abs(value) < 1e15 else f"{value:.{digits}g}"


def _median_speed(run: Run) -> float | None:
    series = run.series.get(("images_per_s",))
    if series is None or not np.isfinite(series.values).any():
        return None
    return float(np.nanmedian(series.values))


def _data(recipe: Mapping[str, Any]) -> str | None:
    source = inside(recipe, "found", "source") or inside(recipe, "data", "source")
    shape = inside(recipe, "found", "shape")
    # The place on a disk says little and may be private; the name at its end is what a person knows the data by.
    name = None if source is None else str(source).rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1]
    if name and isinstance(shape, list):
        return f"{name}, {' x '.join(str(side) for side in shape)}"
    return name


def inside(recipe: Mapping[str, Any], *path: str) -> Any:
    """What stands in a recipe under these keys; None where one of them is missing."""
    node: Any = recipe
    for key in path:
        node = node.get(key) if isinstance(node, Mapping) else None
    return node
