"""What to do next with a run, as commands to paste: it depends on how the run ended and on what is known of it.

it has not done all its steps        go on
something is found                   its remedy
samples are not as good as real      longer: on from here, or from the start where the schedules have reached their end
samples lie near to training images  look at more of them
nothing was measured                 measure
else                                 more samples, a closer measurement, another run beside it
"""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saddlepoint.report.beside import Beside
from saddlepoint.report.judged import Judge, improving, short_of_real
from saddlepoint.report.read import Run
from saddlepoint.report.state import End, count, end_of, inside
from saddlepoint.run_folder import RECIPE

# In a command of findings.jsonl, the run's folder.
_RUN = "RUN"
# So many are shown: the first is the one to take.
_MOST = 4
# Kinds: a classifier, those whose samples are made of latents, those that make images of images.
_OF_CLASSES = "classification"
_OF_LATENTS, _OF_IMAGES = ("generation",), ("translation", "cycle", "super-resolution")
# A rate below this share of its first one has come to the end of its schedule.
_SPENT = 0.5


@dataclass(frozen=True, kw_only=True)
class Onward:
    """Something to do: why, and the command."""

    why: str
    command: str


def onward(run: Run, judges: tuple[Judge, ...], seen: Beside | None, finding: tuple[str, str] | None) -> list[Onward]:
    """What to do next, the most useful first; empty where the run is not known to have ended.

    Args:
        judges: what the newest evaluation says.
        seen: what stands beside the samples.
        finding: the title of the first finding that is open, and the command against it.
    """
    end = end_of(run)
    # What was brought from Python has to be brought again, which no command does.
    if end is None or inside(run.recipe, "networks") == "own" or inside(run.recipe, "data", "source") is None:
        return []
    return [*_of(run, end, judges, seen, finding)][:_MOST]


def place_of(run: Run) -> str:
    """A run's folder as a command names it: from the current folder, where it lies in there."""
    here = Path.cwd()
    return shlex.quote(str(run.path.relative_to(here) if run.path.is_relative_to(here) else run.path))


def now(command: str, run: Run) -> str:
    """A remedy of findings.jsonl as it can be carried out now: a run that has ended takes no requests.

    Of one that was to be rolled back, a new run is begun with what was to be changed.
    """
    place, end = place_of(run), end_of(run)
    try:
        words = shlex.split(command)
    except ValueError:
        return command
    if end is None or words[:2] != ["saddlepoint", "ask"]:
        named = command.replace(f" {_RUN}", f" {place}", 1)
        return f"{named} --steps {2 * end.step}" if end and end.done and words[1:2] == ["resume"] else named
    settings = " ".join(f"--set {shlex.quote(word)}" for word in words[2:] if "=" in word)
    if "rollback" in words:
        return f"saddlepoint train {place}/{RECIPE} {settings}".rstrip()
    return f"{_resumed(place, end)} {settings}".rstrip()


def _resumed(place: str, end: End) -> str:
    """A run that has done all its steps needs more of them to go on."""
    return f"saddlepoint resume {place}" + (f" --steps {2 * max(1, end.step)}" if end.done else "")


def _of(
    run: Run, end: End, judges: tuple[Judge, ...], seen: Beside | None, finding: tuple[str, str] | None
) -> Iterator[Onward]:
    place, kind = place_of(run), inside(run.recipe, "task", "kind")
    if finding is not None and not finding[1].startswith("saddlepoint report"):
        title, command = finding
        yield Onward(why=f"{title}. First to try", command=command)
    if end.failed:
        yield Onward(why="When what stopped it is mended, go on from the last checkpoint", command=_resumed(place, end))
    elif not end.done:
        of = f" to step {count(end.planned)}" if end.planned else ""
        yield Onward(why=f"Go on{of}, as if it had not stopped", command=_resumed(place, end))
    elif short_of_real(judges):
        yield _longer(run, end, place)
    if kind in _OF_IMAGES:
        yield Onward(why="Make images of your own ones", command=f"saddlepoint sample {place} --data FOLDER --out made")
    if kind == _OF_CLASSES:
        yield Onward(why="Measure how often it is right", command=f"saddlepoint evaluate {place}")
        measure = f"saddlepoint evaluate OTHER_RUN --features classifier:{place}"
        yield Onward(why="Measure a run on the same data by what it has learnt to see", command=measure)
    if kind not in _OF_LATENTS:
        return
    if seen is not None and seen.close:
        yield Onward(
            why="Samples lie near to training images: look at more of them, each beside the three nearest",
            command=f"saddlepoint sample {place} --count 16 --neighbours 3",
        )
    if not judges or judges[0].step != end.step:
        yield Onward(
            why="Measure how good the samples are, beside what real data scores",
            command=f"saddlepoint evaluate {place}",
        )
    yield Onward(why="More samples", command=f"saddlepoint sample {place} --count 64 --seed 1 --out more.png")
    if judges and judges[0].step == end.step:
        if _could_take_more(run, judges[0]):
            yield Onward(
                why="Measure with more samples, for narrower intervals", command=f"saddlepoint evaluate {place}"
            )
        yield Onward(why="Set it beside another run of the same data", command=f"saddlepoint compare {place} OTHER_RUN")


def _longer(run: Run, end: End, place: str) -> Onward:
    """On from here, where the rates are still what moves something; else from the start, the schedules drawn out."""
    better = {True: " and still getting better", False: " and not getting better any more", None: ""}[improving(run)]
    why = f"Not as good as real data yet{better}"
    if _spent(run):
        return Onward(
            why=f"{why}; its rates have come to the end of their schedule: train anew for longer, they come along",
            command=f"saddlepoint train {place}/{RECIPE} --steps {2 * end.step}",
        )
    return Onward(why=f"{why}: train longer", command=_resumed(place, end))


def _spent(run: Run) -> bool:
    rate = run.series.get(("settings", "generator.rate"))
    finite = rate.values[np.isfinite(rate.values)] if rate is not None else np.zeros(0)
    return len(finite) > 1 and bool(finite[-1] < _SPENT * finite.max())


def _could_take_more(run: Run, judge: Judge) -> bool:
    train = inside(run.recipe, "found", "splits", "train")
    return isinstance(train, int) and isinstance(judge.samples, int) and judge.samples < min(10_000, train // 2)
