"""SIGKILL at random moments of a run; resumed, it must equal the run that was left alone, to the bit.

Moments: anywhere; while the first checkpoint is written, and any other; after the last checkpoint, while the run ends.
A run is killed up to three times. Every tenth attempt uses the real command in a fresh interpreter.
"""

import signal
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

from benchmarks.hostile.child import Child, as_command
from benchmarks.hostile.kind import Attack, Kind, Outcome
from benchmarks.hostile.same_run import differences, last_event, steps_logged
from benchmarks.hostile.verdict import fault_of
from benchmarks.hostile.workshop import Workshop, settings, shown

STEPS = 24
MORE = ("watch.checkpoint_every=2", "watch.evaluate_every=96", "watch.evaluate=[frechet_distance]")
COUNT = "watch.evaluate_count=40"


def arguments(run: Path, steps: int = STEPS) -> list[str]:
    """What begins the run that is killed."""
    return ["train", "digits", "--out", str(run), "--steps", str(steps), "--seed", "7", *settings(*MORE, COUNT)]


@cache
def left_alone(workshop: Workshop) -> tuple[Path, float]:
    """The run that nobody interrupts, and how many seconds it takes."""
    whole = workshop.folder("left-alone") / "whole"
    return whole, workshop.must(arguments(whole)).seconds


def prepare(workshop: Workshop) -> Attack:
    whole, seconds = left_alone(workshop)

    def attempt(index: int, random: Random, place: Path) -> Outcome:
        run = place / "run"
        moments: list[str] = []
        while len(moments) < random.randint(1, 3):
            name, moment = random.choice(_MOMENTS)
            goes_on = (run / "recipe.yaml").exists()
            argv = ["resume", str(run)] if goes_on else arguments(run)
            act = as_command(argv) if index % 10 == 9 else workshop.act(argv)
            child = workshop.start(act, place)
            moment(child, run, random, seconds)
            if not child.running():
                break
            child.send(signal.SIGKILL)
            child.wait()
            moments.append(f"{name}, step {steps_logged(run)}")
        killed = f"killed {len(moments)} times ({'; '.join(moments)})"
        what = f"{shown(arguments(run))}; {killed}; {shown(['resume', str(run)])}"
        return Outcome(what=what, fault=_went_on(workshop, place, run) or _differs(whole, run))

    return Attack(attempt=attempt)


def _went_on(workshop: Workshop, place: Path, run: Path) -> str | None:
    """Resumes to the end; says what was not good about that."""
    complete = last_event(run) == "finished" and (run / "report.html").exists()
    again = ["resume", str(run)] if (run / "recipe.yaml").exists() else arguments(run)
    ended = workshop.verb(again, place)
    if fault := fault_of(ended):
        return fault
    # Killed after everything was written, or not at all: there is nothing to go on with, and the command may say so.
    if ended.code != 0 and not (complete and ended.code == 2):
        return f"{shown(again)}: exit code {ended.code}: {ended.err.strip()[-300:]}"
    return None


def _differs(whole: Path, run: Path) -> str | None:
    found = differences(whole, run)
    if (left := [*run.rglob("*.writing")]) != []:
        found.append(f"{left[0].relative_to(run)} is left")
    if last_event(run) != "finished":
        found.append(f"the last event is {last_event(run)!r}")
    if not (run / "report.html").exists():
        found.append("there is no report.html")
    return "; ".join(found[:3]) or None


def _anywhere(child: Child, run: Path, random: Random, seconds: float) -> None:
    time.sleep(random.uniform(0, 1.1 * seconds))


def _begun(child: Child, run: Path, random: Random, seconds: float) -> None:
    _watch(child, lambda: (run / "recipe.yaml").exists())
    time.sleep(random.uniform(0, 0.05))


def _writing(child: Child, run: Path, random: Random, seconds: float) -> None:
    # Not always the next one.
    steps = steps_logged(run) + random.randint(0, 8)
    _watch(child, lambda: steps_logged(run) >= steps and any((run / "checkpoints").glob(".*.writing")))


def _last(child: Child, run: Path, random: Random, seconds: float) -> None:
    _watch(child, lambda: (run / "checkpoints" / f"{STEPS:08d}").exists())
    time.sleep(random.uniform(0, 0.5))


_MOMENTS: tuple[tuple[str, Callable[[Child, Path, Random, float], None]], ...] = (
    ("anywhere", _anywhere),
    ("at the beginning", _begun),
    ("while a checkpoint was written", _writing),
    ("after the last checkpoint", _last),
)


def _watch(child: Child, came: Callable[[], bool]) -> None:
    """Waits until something has come, or the child has ended."""
    end = time.monotonic() + 60
    while child.running() and time.monotonic() < end and not came():
        time.sleep(0.0002)


KIND = Kind(
    name="kills",
    tried="SIGKILL up to three times in a run: anywhere, at its beginning, while it writes a checkpoint, while it ends",
    good="`resume` goes on; weights, averages, optimizers, log, pictures and evaluations equal the uninterrupted run's "
    "to the bit; the report is there and nothing half-written is left",
    prepare=prepare,
)
