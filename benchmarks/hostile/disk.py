"""Disks that are full, read-only, or whose files may not grow: while a run trains, and for the verbs that write.

A run that stops for want of room keeps its state; with room it goes on and equals the run that never stopped.
"""

import os
import resource
from collections.abc import Callable
from pathlib import Path
from random import Random

from benchmarks.hostile.child import Ended
from benchmarks.hostile.kills import arguments, left_alone
from benchmarks.hostile.kind import Attack, Kind, Outcome
from benchmarks.hostile.mounts import change, refusal, small_disk
from benchmarks.hostile.same_run import differences
from benchmarks.hostile.verdict import fault_of
from benchmarks.hostile.workshop import Workshop, fresh_copy, shown

NOBODY = 65534
_ROOM = "size=16384k"


def prepare(workshop: Workshop) -> Attack:
    whole, _ = left_alone(workshop)

    def attempt(index: int, random: Random, place: Path) -> Outcome:
        return _WAYS[index % len(_WAYS)](workshop, whole, random, place)

    return Attack(attempt=attempt)


def _small_files(workshop: Workshop, whole: Path, random: Random, place: Path) -> Outcome:
    """Files may not grow beyond 4 to 180 KiB; below that the command could not write its own error."""
    most = int(2 ** random.uniform(12, 17.5))
    run = place / "run"
    ended = workshop.verb(arguments(run), place, before=lambda: _limit_files(most))
    what = f"RLIMIT_FSIZE {most}: {shown(arguments(run))}; without it: {shown(['resume', str(run)])}"
    return Outcome(what=what, fault=_stopped_well(ended, run) or _goes_on(workshop, whole, run, place))


def _full_disk(workshop: Workshop, whole: Path, random: Random, place: Path) -> Outcome:
    """A file system of 24 to 400 KiB, then of 16 MiB."""
    size = random.randint(24, 400)
    if (reason := refusal()) is not None:
        return Outcome(what=f"a disk of {size} KiB", skipped=reason)
    with small_disk(place, size) as disk:
        run = disk / "run"
        ended = workshop.verb(arguments(run), place)
        what = f"a disk of {size} KiB: {shown(arguments(run))}; with room: {shown(['resume', str(run)])}"
        if fault := _stopped_well(ended, run):
            return Outcome(what=what, fault=fault)
        change(disk, _ROOM)
        return Outcome(what=what, fault=_goes_on(workshop, whole, run, place))


def _verb_on_full_disk(workshop: Workshop, whole: Path, random: Random, place: Path) -> Outcome:
    """A verb that writes into a run on a disk without room: done, or one line; and the run is as it was."""
    if (reason := refusal()) is not None:
        return Outcome(what="a verb on a full disk", skipped=reason)
    with small_disk(place, 16384) as disk:
        run = fresh_copy(workshop.small_run, disk / "run")
        verb = _verb(run, random)
        if random.random() < 0.5:
            change(disk, "ro")
            what = f"a read-only disk: {shown(verb)}"
        else:
            spare = random.choice((0, 4096, 20_000))
            _fill(disk / "filled", spare)
            what = f"a disk with {spare:,} bytes left: {shown(verb)}"
        ended = workshop.verb(verb, place)
        return Outcome(what=what, fault=fault_of(ended) or _kept(workshop.small_run, run))


def _without_rights(workshop: Workshop, whole: Path, random: Random, place: Path) -> Outcome:
    """Another user's run, which may be read and not written."""
    if os.geteuid() != 0:
        return Outcome(what="a verb as another user", skipped="this user may not become another one")
    run = fresh_copy(workshop.small_run, place / "run")
    verb = _verb(run, random)
    ended = workshop.verb(verb, place, before=_become_nobody)
    return Outcome(what=f"as user {NOBODY}: {shown(verb)}", fault=fault_of(ended) or _kept(workshop.small_run, run))


_WAYS: tuple[Callable[[Workshop, Path, Random, Path], Outcome], ...] = (
    _full_disk,
    _verb_on_full_disk,
    _small_files,
    _without_rights,
)


def _verb(run: Path, random: Random) -> list[str]:
    return random.choice(
        [
            ["sample", str(run), "--count", "2"],
            ["interpolate", str(run)],
            ["report", str(run)],
            ["evaluate", str(run), "--metrics", "frechet_distance", "--samples-count", "20"],
            ["resume", str(run), "--steps", "12"],
            ["sample", str(run), "--out", str(run / "new" / "a.png")],
            ["train", "toy", "--out", str(run.parent / "toy"), "--steps", "1", "--set", "training.threads=1"],
        ]
    )


def _stopped_well(ended: Ended, run: Path) -> str | None:
    """What is not good about how a run ended for which there was no room."""
    if fault := fault_of(ended):
        return fault
    left = [*run.rglob("*.writing")] if run.exists() else []
    return f"{left[0].relative_to(run)} is left" if left else None


def _goes_on(workshop: Workshop, whole: Path, run: Path, place: Path) -> str | None:
    """Goes on, now with room; what was not good."""
    begun = (run / "recipe.yaml").exists()
    again = ["resume", str(run)] if begun else arguments(run)
    ended = workshop.verb(again, place)
    if fault := fault_of(ended):
        return f"with room again: {fault}"
    # Everything had been written before room ran out.
    if ended.code != 0 and not (run / "report.html").exists():
        return f"with room again: exit code {ended.code}: {ended.err.strip()[-300:]}"
    return "; ".join(differences(whole, run)[:3]) or None


def _kept(before: Path, run: Path) -> str | None:
    """Whether the undamaged run's checkpoints, recipe and lines are still there, whole."""
    for path in sorted(before.rglob("*")):
        name = path.relative_to(before)
        if path.is_dir() or name.parts[0] in ("tensorboard", ".lock", "report.html"):
            continue
        if not (run / name).exists():
            return f"{name} is lost"
        content = (run / name).read_bytes()
        # Files of lines grow; a resumed run writes its new total into its recipe.
        grows = name.suffix == ".jsonl"
        if content != path.read_bytes() and not (grows and content.startswith(path.read_bytes())):
            if name.name == "recipe.yaml" and b"steps: 12" in content:
                continue
            return f"{name} is not what it was"
    return None


def _limit_files(most: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def _become_nobody() -> None:
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    os.umask(0o022)


def _fill(path: Path, spare: int) -> None:
    """Fills a file system up, but for so many bytes."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
        file.truncate(max(0, file.tell() - spare))


KIND = Kind(
    name="disk",
    tried="disks of 24 to 400 KiB, full and read-only disks, RLIMIT_FSIZE, another user's folder: train, resume and "
    "the verbs that write",
    good="done, or one line (exit 3 or 2) with nothing half-written and nothing lost; with room the run goes on and "
    "equals the uninterrupted one to the bit",
    prepare=prepare,
)
