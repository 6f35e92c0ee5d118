"""How long a person waits: from pressing Enter to the answer of each verb, and to the first step of a training.

    python -m benchmarks.startup [--rounds N] [--out FILE]

The command is started as a person starts it. Every verb's --help is measured, and those of the verbs' answers that a
person waits for; medians of the rounds, the first of which, with a cold file cache, is not counted. The first step of a
training is there when its line is in the run's log; `sample` makes 64 digits.
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import speed_page
from benchmarks.record import default_path, now, record
from benchmarks.turns import ROOT

COMMAND = [sys.executable, "-m", "saddlepoint"]
# Longer than any start may take, on a machine that does other things besides.
PATIENCE = 300.0


def answered(*arguments: str) -> float:
    """Seconds until the command has ended well."""
    began = time.perf_counter()
    ended = subprocess.run([*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if ended.returncode:
        raise RuntimeError(f"saddlepoint {shlex.join(arguments)} ended with {ended.returncode}: {ended.stderr}")
    return seconds


def first_step(folder: Path) -> float:
    """Seconds until a training of digits has logged its first step; it is then ended."""
    options = ["train", "digits", "--out", str(folder), "--set", "watch.log_every=1"]
    began = time.perf_counter()
    with subprocess.Popen([*COMMAND, *options], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as run:
        log = folder / "log.jsonl"
        while not (log.exists() and b"\n" in log.read_bytes()):
            if run.poll() is not None or time.perf_counter() - began > PATIENCE:
                run.kill()
                assert run.stderr is not None
                raise RuntimeError(f"no step was logged: {run.stderr.read().decode()}")
            time.sleep(0.002)
        seconds = time.perf_counter() - began
        run.kill()
    return seconds


def verbs() -> list[str]:
    """All verbs of the command."""
    from saddlepoint.command.parser import build_parser

    for action in build_parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return list(action.choices)
    raise AssertionError("a command without verbs")


def waits(run: Path, made: Path) -> dict[str, Callable[[int], float]]:
    """What is measured, by the command as a person types it; each is told which round it is.

    Args:
        run: of the recipe digits.
        made: a folder for what the commands make.
    """

    def verb(*arguments: str) -> Callable[[int], float]:
        # Nothing that exists is ever overwritten, so each round makes a file of its own.
        return lambda index: answered(*(argument.replace("ROUND", str(index)) for argument in arguments))

    helps = {f"{name} --help": verb(name, "--help") for name in verbs()}
    return {
        "--help": verb("--help"),
        **helps,
        "recipes": verb("recipes"),
        "train digits, first step": lambda index: first_step(made / f"run-{index}"),
        "sample RUN --count 64": verb("sample", str(run), "--count", "64", "--out", str(made / "samples-ROUND.png")),
        "interpolate RUN": verb("interpolate", str(run), "--out", str(made / "between-ROUND.png")),
        "prove minimax": verb("prove", "minimax"),
        "field minimax": verb("field", "minimax", "--start", "0.4,0.6", "--pd", "1", "--steps", "1000"),
        "report RUN": verb("report", str(run)),
        "data check digits": verb("data", "check", "digits"),
    }


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="of each command (default 5)")
    parser.add_argument("--only", nargs="+", default=[], metavar="TEXT", help="commands that begin so")
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args(arguments)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        answered("train", "digits", "--out", str(run), "--steps", "2", "--device", "cpu")
        for name, wait in waits(run, Path(folder)).items():
            if given.only and not name.startswith(tuple(given.only)):
                continue
            seconds = [wait(index) for index in range(given.rounds + 1)][1:]
            rows.append({"command": name, "seconds": median(seconds), "slowest": max(seconds)})
            print(f"{name:32} {median(seconds):7.2f} s", flush=True)
    command = shlex.join(["python", "-m", "benchmarks.startup", *arguments])
    record(given.out or default_path("cpu"), startup={"rows": rows, "date": now(), "command": command})
    if given.out is None:
        speed_page.write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
