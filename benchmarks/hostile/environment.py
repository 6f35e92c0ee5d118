"""Surroundings that lack something: output that is closed, full or broken, no home, no folder, no room for threads.

Each attempt is the real command, in a fresh interpreter unless another user is needed. A run must not end, and must not
lose a step, because nobody reads what it says.
"""

import ctypes
import os
import resource
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from benchmarks.hostile.child import MEBIBYTE, as_command
from benchmarks.hostile.kind import Attack, Kind, Outcome
from benchmarks.hostile.same_run import differences
from benchmarks.hostile.verdict import CODES, fault_of
from benchmarks.hostile.workshop import Workshop, fresh_copy, settings, shown

STEPS = 8


@dataclass(frozen=True, kw_only=True)
class Lack:
    """What is missing.

    Attributes:
        name: for a person.
        before: done in the child before the command starts; given the attempt's folder.
        environment: variables that change; None takes one away.
        mute: its output cannot be looked at.
        root: only root can make it; in a child that is forked, because another user may not read the interpreter.
        codes: the exit codes that are right, for a training that could go on.
        trains: the training has to come to its end all the same, bit for bit.
    """

    name: str
    before: Callable[[Path], object] = lambda place: None
    environment: Mapping[str, str | None] = field(default_factory=dict)
    mute: bool = False
    root: bool = False
    codes: frozenset[int] = CODES
    trains: bool = False


def _closed(*numbers: int) -> Callable[[Path], None]:
    def closed(place: Path) -> None:
        for number in numbers:
            os.close(number)

    return closed


def _full(*numbers: int) -> Callable[[Path], None]:
    def full(place: Path) -> None:
        for number in numbers:
            os.dup2(os.open("/dev/full", os.O_WRONLY), number)

    return full


def _broken(*numbers: int) -> Callable[[Path], None]:
    """A pipe whose reader has gone."""

    def broken(place: Path) -> None:
        reader, writer = os.pipe()
        os.close(reader)
        for number in numbers:
            os.dup2(writer, number)

    return broken


def _without_folder(place: Path) -> None:
    os.mkdir(place / "gone")
    os.chdir(place / "gone")
    os.rmdir(place / "gone")


def _foreign_user(place: Path) -> None:
    """Another user, without a name, who sees the same files: the interpreter itself may lie in root's own folder."""
    os.setgroups([])
    os.setresuid(54321, 54321, 0)
    ctypes.CDLL(None).setfsuid(0)


def _limit(kind: int, most: int) -> Callable[[Path], None]:
    return lambda place: resource.setrlimit(kind, (most, most))


def _few_processes(place: Path) -> None:
    # The limit counts a user's processes and does not bind root.
    _foreign_user(place)
    resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))


LACKS: tuple[Lack, ...] = (
    Lack(name="stdout closed", before=_closed(1), mute=True, trains=True),
    Lack(name="stderr closed", before=_closed(2), mute=True, trains=True),
    Lack(name="stdin, stdout and stderr closed", before=_closed(0, 1, 2), mute=True, trains=True),
    Lack(name="stdout full", before=_full(1), mute=True, trains=True),
    Lack(name="stderr full", before=_full(2), mute=True, trains=True),
    Lack(name="stdout and stderr full", before=_full(1, 2), mute=True, trains=True),
    Lack(name="stdout's reader gone", before=_broken(1), mute=True, trains=True),
    Lack(name="stderr's reader gone", before=_broken(2), mute=True, trains=True),
    Lack(name="stdout's and stderr's reader gone", before=_broken(1, 2), mute=True, trains=True),
    Lack(name="no HOME", environment={"HOME": None}, trains=True),
    Lack(name="HOME is a file", environment={"HOME": "/dev/null"}, trains=True),
    Lack(
        name="no HOME, a user without a name", before=_foreign_user, environment={"HOME": None}, root=True, trains=True
    ),
    Lack(name="no variables at all", environment=dict.fromkeys(os.environ), trains=True),
    Lack(name="the folder was removed", before=_without_folder),
    Lack(
        name="LC_ALL=C, no UTF-8",
        environment={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        trains=True,
    ),
    Lack(name="LC_ALL of no language", environment={"LC_ALL": "xx_YY.nothing"}, trains=True),
    Lack(name="PYTHONIOENCODING=ascii", environment={"PYTHONIOENCODING": "ascii"}, trains=True),
    Lack(name="TERM=dumb, COLUMNS=1", environment={"TERM": "dumb", "COLUMNS": "1", "LINES": "0"}, trains=True),
    Lack(name="COLUMNS=x", environment={"COLUMNS": "x", "TERM": ""}, trains=True),
    Lack(name="TZ of nowhere", environment={"TZ": "Nowhere/Never"}, trains=True),
    Lack(name="TMPDIR does not exist", environment={"TMPDIR": "/nowhere", "TEMP": "/nowhere"}, trains=True),
    Lack(name="1 process", before=_few_processes, root=True, environment={"HOME": None}, trains=True),
    Lack(name="16 open files", before=_limit(resource.RLIMIT_NOFILE, 16)),
    Lack(name="24 open files", before=_limit(resource.RLIMIT_NOFILE, 24)),
    Lack(name="2 GiB of addresses", before=_limit(resource.RLIMIT_AS, 2048 * MEBIBYTE)),
    Lack(name="4 GiB of addresses", before=_limit(resource.RLIMIT_AS, 4096 * MEBIBYTE)),
    Lack(name="8 MiB of stack", before=_limit(resource.RLIMIT_STACK, 8 * MEBIBYTE), trains=True),
    Lack(name="umask 077", before=lambda place: os.umask(0o077), trains=True),
    Lack(name="Python without asserts", environment={"PYTHONOPTIMIZE": "1"}, trains=True),
    Lack(name="warnings as errors", environment={"PYTHONWARNINGS": "error::UserWarning"}, trains=True),
)
_DIGITS = ("--steps", str(STEPS), "--seed", "7")


def prepare(workshop: Workshop) -> Attack:
    whole = fresh_copy(workshop.small_run, workshop.folder("environment") / "whole")
    # That run was measured later, by hand.
    (whole / "metrics.jsonl").unlink()
    train_only = [lack for lack in LACKS if lack.trains]
    # Each lack meets a training first; then the other verbs meet each, in an order that is the seed's own.
    first: list[tuple[Lack, str]] = [(lack, "train") for lack in train_only]
    then = [(lack, verb) for verb in ("sample", "data", "report", "prove") for lack in LACKS]
    then += [(lack, "train") for lack in LACKS if not lack.trains]
    shuffle = Random(f"{workshop.seed}/environment").shuffle
    shuffle(first)
    shuffle(then)
    plan = [*first, *then]

    def attempt(index: int, random: Random, place: Path) -> Outcome:
        lack, verb = plan[index]
        run = place / "run"
        if verb in ("sample", "report"):
            fresh_copy(whole, run)
            os.chmod(run, 0o777)
        arguments = {
            "train": ["train", "digits", "--out", str(run), *_DIGITS, *settings()],
            "sample": ["sample", str(run), "--count", "2", "--out", str(place / "drawn.png")],
            "report": ["report", str(run)],
            "data": ["data", "check", "digits"],
            "prove": ["prove", "hinge"],
        }[verb]
        what = f"{lack.name}: {shown(arguments)}"
        if lack.root and os.geteuid() != 0:
            return Outcome(what=what, skipped="this user may not become another one")
        environment = {**os.environ, **{key: value for key, value in lack.environment.items() if value is not None}}
        for key, value in lack.environment.items():
            if value is None:
                environment.pop(key, None)
        environment |= {"OMP_NUM_THREADS": "1"} if "OMP_NUM_THREADS" not in environment else {}
        act = _in_environment(workshop.act(arguments), environment) if lack.root else as_command(arguments, environment)
        ended = workshop.start(act, place, before=lambda: lack.before(place)).wait()
        fault = fault_of(ended, codes=lack.codes, mute=lack.mute)
        if fault is None and lack.trains and verb == "train":
            fault = (
                "; ".join(differences(whole, run)[:3]) if ended.code == 0 or run.exists() else f"exit code {ended.code}"
            )
        return Outcome(what=what, fault=fault or None)

    return Attack(attempt=attempt, count=len(plan))


def _in_environment(act: Callable[[], int], environment: Mapping[str, str]) -> Callable[[], int]:
    def inside() -> int:
        os.environ.clear()
        os.environ.update(environment)
        return act()

    return inside


KIND = Kind(
    name="environment",
    tried="stdout and stderr closed, full or without a reader; no home, no name, no folder; other locales; few "
    "processes, files and addresses",
    good="a training comes to its end, to the bit, whoever reads; otherwise done or one line",
    prepare=prepare,
)
