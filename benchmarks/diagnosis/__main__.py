"""Planted failures and healthy runs, what the diagnosis says of them, and what its remedies repair.

    python -m benchmarks.diagnosis --mnist DATA/mnist [--set first|second] [--seeds N] [--only KIND ...] [--judge]
    python -m benchmarks.diagnosis --mnist DATA/mnist --remedies [--seeds N] [--only KIND ...]

Runs are played one after the other into a folder and are kept: a campaign that was interrupted goes on with what is
missing, and --judge counts what is there, for rules that have changed. The figures go to
benchmarks/diagnosis-results.json and from there to docs/results/diagnosis.md.
"""

import argparse
import functools
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from benchmarks.diagnosis import page
from benchmarks.diagnosis.judging import counts_of, healthy_ranges, judge
from benchmarks.diagnosis.plants import SETS
from benchmarks.diagnosis.playing import play_all
from benchmarks.diagnosis.repairs import repair_all
from benchmarks.record import now, record
from saddlepoint.diagnosis import rules
from saddlepoint.training.machine.device import describe

RULES = Path(rules.__file__)
# The seeds of the first set below this one were looked at while the rules were chosen.
CALIBRATED = 3


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.diagnosis",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--mnist", type=Path, required=True, help="the folder of MNIST's four IDX files")
    parser.add_argument("--set", choices=tuple(SETS), default="first", help="kinds of run (default first)")
    parser.add_argument("--seeds", type=int, default=5, help="of each kind (default 5)")
    parser.add_argument("--only", nargs="+", metavar="KIND", help="these kinds; nothing is recorded then")
    parser.add_argument("--judge", action="store_true", help="play nothing: count the runs that are there")
    parser.add_argument("--remedies", action="store_true", help="what remedies repair, in place of what is found")
    parser.add_argument("--runs", type=Path, default=Path("runs/diagnosis"), help="where the runs go")
    parser.add_argument("--out", type=Path, default=page.RECORD, help="the recorded figures")
    given = parser.parse_args(arguments)
    if given.seeds < 1:
        parser.error("--seeds: expected 1 or more")
    about = {
        "command": shlex.join(["python", "-m", "benchmarks.diagnosis", *_without_places(arguments)]),
        "date": now(),
        "machine": describe(torch.device("cpu")),
        "seeds": given.seeds,
        "rules": _commit(RULES),
    }
    tell = functools.partial(print, flush=True)
    if given.remedies:
        for rows in repair_all(range(given.seeds), given.runs, given.mnist, tell, given.only):
            # After every kind, so that an interrupted table keeps what it has.
            if given.only is None:
                record(given.out, remedies={**about, "rows": rows})
                page.write()
            tell(page.remedies({"rows": rows}))
        return 0
    plants = [plant for plant in SETS[given.set] if given.only is None or plant.name in given.only]
    if not given.judge:
        play_all(plants, range(given.seeds), given.runs, given.mnist, tell)
    judged = [run for plant in plants for seed in range(given.seeds) if (run := judge(plant, seed, given.runs))]
    counts = counts_of(judged)
    if given.set == "first":
        # Of the kinds, not of the runs, that the rules were chosen on.
        counts["unseen"] = counts_of([run for run in judged if run.seed >= CALIBRATED])
    print(page.detection(counts))
    if given.only is None:
        record(given.out, **{given.set: {**about, **counts, "healthy": healthy_ranges(judged)}})
        page.write()
    return 0


def _commit(path: Path) -> str | None:
    """The commit that last changed a file; None outside a clone."""
    asked = ["git", "log", "-1", "--format=%h", "--", str(path)]
    answer = subprocess.run(asked, cwd=path.parent, capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None


def _without_places(arguments: Sequence[str]) -> list[str]:
    """The arguments by which runs are played, without where things stand on this machine: nobody else's concern."""
    said = []
    for place, argument in enumerate(arguments):
        if argument in ("--judge", "--runs", "--out") or (place and arguments[place - 1] in ("--runs", "--out")):
            continue
        said.append("DATA/mnist" if place and arguments[place - 1] == "--mnist" else argument)
    return said


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
