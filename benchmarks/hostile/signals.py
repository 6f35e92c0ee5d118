"""Signals at random moments of a run: it saves, exits with 130, and goes on later as if nothing had happened."""

import signal
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from benchmarks.hostile.child import Child, as_command
from benchmarks.hostile.kills import STEPS, arguments, left_alone
from benchmarks.hostile.kind import Attack, Kind, Outcome
from benchmarks.hostile.same_run import differences, last_event, steps_logged
from benchmarks.hostile.verdict import fault_of
from benchmarks.hostile.workshop import Workshop, shown

# Signal and seconds until the next; a stop is followed by going on.
_SERIES: tuple[tuple[str, Sequence[tuple[signal.Signals, float]]], ...] = (
    ("INT", ((signal.SIGINT, 0),)),
    ("TERM", ((signal.SIGTERM, 0),)),
    ("HUP", ((signal.SIGHUP, 0),)),
    ("INT twice in 50 ms", ((signal.SIGINT, 0.05), (signal.SIGINT, 0))),
    ("TERM twice in 50 ms", ((signal.SIGTERM, 0.05), (signal.SIGTERM, 0))),
    ("INT thirty times", ((signal.SIGINT, 0.002),) * 30),
    ("HUP and TERM in 10 ms", ((signal.SIGHUP, 0.01), (signal.SIGTERM, 0))),
    ("STOP, CONT after 0.3 s", ((signal.SIGSTOP, 0.3), (signal.SIGCONT, 0))),
    ("STOP, TERM, CONT", ((signal.SIGSTOP, 0.1), (signal.SIGTERM, 0.1), (signal.SIGCONT, 0))),
)


def prepare(workshop: Workshop) -> Attack:
    whole, seconds = left_alone(workshop)

    def attempt(index: int, random: Random, place: Path) -> Outcome:
        name, series = _SERIES[index % len(_SERIES)]
        run = place / "run"
        fresh = index % 20 == 19
        child = workshop.start(as_command(arguments(run)) if fresh else workshop.act(arguments(run)), place)
        # Before a run has begun there is nothing to save, and a signal ends the process as it ends any other.
        _until_begun(child, run)
        time.sleep(random.uniform(0, seconds))
        step = steps_logged(run)
        sent = False
        for number, pause in series:
            sent = child.running() or sent
            child.send(number)
            time.sleep(pause)
        ended = child.wait()
        what = f"{shown(arguments(run))}; {name} about step {step}; {shown(['resume', str(run)])}"
        if fault := fault_of(ended):
            return Outcome(what=what, fault=fault)
        asked = sent and any(number not in (signal.SIGSTOP, signal.SIGCONT) for number, _ in series)
        # Asked in its last moments, a run may be done.
        wanted = {0, 130} if asked else {0}
        if ended.code not in wanted:
            return Outcome(what=what, fault=f"exit code {ended.code} after {name}: {ended.err.strip()[-200:]}")
        if ended.code == 0 and steps_logged(run) != STEPS:
            return Outcome(what=what, fault=f"exit code 0 at step {steps_logged(run)} of {STEPS}")
        if ended.code == 130 and "before anything could be saved" in ended.err and _saved(run):
            return Outcome(what=what, fault="says that nothing could be saved, but there is a checkpoint")
        if ended.code == 130 or last_event(run) != "finished":
            again = workshop.verb(["resume", str(run)], place)
            # Asked to stop in its last step: everything is done.
            if (fault := fault_of(again)) or (again.code == 2 and last_event(run) != "finished"):
                return Outcome(what=what, fault=fault or f"resume: {again.err.strip()[-300:]}")
        found = differences(whole, run, stopped=True)
        return Outcome(what=what, fault="; ".join(found[:3]) or None)

    return Attack(attempt=attempt)


def _until_begun(child: Child, run: Path) -> None:
    end = time.monotonic() + 60
    while child.running() and time.monotonic() < end and not (run / "events.jsonl").exists():
        time.sleep(0.001)


def _saved(run: Path) -> bool:
    return any(path.name.isdigit() for path in (run / "checkpoints").glob("*"))


KIND = Kind(
    name="signals",
    tried="INT, TERM, HUP, two and thirty of them, STOP and CONT at random moments of a run",
    good="exit 130 (0 where the run was done), one true sentence, and after `resume` the uninterrupted run to the bit",
    prepare=prepare,
)
