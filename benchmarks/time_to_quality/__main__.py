"""python -m benchmarks.time_to_quality --data DIR [--sets ...] [--candidates ...] [--minutes ...] [--seeds ...]

Trains each candidate on each set for so many minutes of the processor, has two judges look at it, and records it, so
that it may be stopped and called again; then writes the page. DIR holds faces/, cifar10/, mnist/ and emoji/ (sets.py).
Runs and their grids are kept in --runs.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.record import read, record
from benchmarks.time_to_quality import page
from benchmarks.time_to_quality.candidates import CANDIDATES
from benchmarks.time_to_quality.play import Trial, played
from benchmarks.time_to_quality.sets import SETS, place_of

# The faces are 400; of the others as many samples as keep a judgement within seconds.
SAMPLES = {"faces-32": 400, "faces-64": 400, "faces": 400}
OTHERS = 1000


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.time_to_quality", description=(__doc__ or "").split("\n\n")[1]
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["faces-32", "faces-64", "emoji"])
    parser.add_argument("--candidates", nargs="+", choices=CANDIDATES, default=["default"])
    parser.add_argument("--minutes", nargs="+", type=float, default=[2.0], help="of the processor")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--runs", type=Path, default=Path("runs/time-to-quality"), help="where runs are kept")
    parser.add_argument("--out", type=Path, default=page.PATH)
    given = parser.parse_args(arguments)
    for minutes in given.minutes:
        for name in given.sets:
            place = place_of(name, given.data, given.runs / "sets")
            for seed in given.seeds:
                for candidate in given.candidates:
                    rows: list[dict[str, Any]] = read(given.out).get("runs", [])
                    trial = Trial(
                        candidate=candidate,
                        recipe="images",
                        settings=CANDIDATES[candidate],
                        set=name,
                        place=place,
                        minutes=minutes,
                        seed=seed,
                    )
                    if any(_same(row, trial) for row in rows):
                        continue
                    out = given.runs / name / f"{candidate}-{minutes:g}-{seed}"
                    row = played(trial, out, SAMPLES.get(name, OTHERS))
                    print(page.line(row), flush=True)
                    if given.out == page.PATH:
                        page.keep_picture(row, out)
                    record(given.out, runs=[*rows, row], command="python -m benchmarks.time_to_quality --data DATA")
    if given.out == page.PATH:
        page.write()
    return 0


def _same(row: dict[str, Any], trial: Trial) -> bool:
    return all(row[name] == getattr(trial, name) for name in ("candidate", "set", "minutes", "seed"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
