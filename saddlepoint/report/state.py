"""Where a run stands, in words: how far it came, whether it ended, and why."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from saddlepoint.report.read import Run

# Events that change whether a run is going on; the others happen within it.
_TURNING_POINTS = ("started", "resumed", "finished", "stopped", "could not go on")


def standing(run: Run) -> str:
    """One sentence on whether the run finished, was stopped (and why), could not go on, or has not said."""
    turning = [event for event in run.events if event.get("event") in _TURNING_POINTS]
    last = turning[-1] if turning else {}
    kind, step, reason = last.get("event"), last.get("step"), last.get("reason")
    at = f" at step {count(step)}" if step is not None else ""
    because = f": {reason}" if reason else ""
    if kind == "finished":
        return f"Finished{at}."
    if kind == "stopped":
        return f"Stopped on request{at}{because}. It can be resumed."
    if kind == "could not go on":
        return f"Could not go on{at}{because}."
    logged = run.last("step")
    reached = f"logged up to step {count(logged)}" if logged is not None else "without a logged step so far"
    return f"No end is recorded: the run is still going on, or it was killed; {reached}."


def facts(run: Run) -> list[tuple[str, str]]:
    """The headline's numbers as (name, text); what is not recorded is left out."""
    step, images, seconds = run.last("step"), run.last("images"), run.last("seconds")
    planned = inside(run.recipe, "training", "steps")
    speed = _median_speed(run)
    named = [
        ("Steps", None if step is None else count(step) + (f" of {count(planned)}" if planned else "")),
        ("Real images shown", None if images is None else count(images)),
        ("Training time", None if seconds is None else duration(seconds)),
        ("Images per second", None if speed is None else count(round(speed)) + " (median)"),
        ("Objective", inside(run.recipe, "objective")),
        ("Data", _data(run.recipe)),
        ("Seed", inside(run.recipe, "seed")),
        ("Device", inside(run.recipe, "machine", "device")),
        ("Threads", inside(run.recipe, "machine", "threads")),
    ]
    return [(name, str(value)) for name, value in named if value is not None]


def reading(run: Run) -> list[str]:
    """What reading did to the data before it was trained on, a sentence each; empty for a run that recorded none."""
    notes = inside(run.recipe, "found", "notes")
    return [str(note) for note in notes] if isinstance(notes, list) else []


def duration(seconds: float) -> str:
    """Seconds as a person says them: 42 s, 3 min 5 s, 2 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60} min"


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
