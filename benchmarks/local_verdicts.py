"""The verdict of `diagnose` on planted runs that `benchmarks.diagnosis` has played, beside how they ended.

    python -m benchmarks.local_verdicts RUNS [--out FILE]

RUNS is the folder of the runs, each with its played.json. What has been measured before is not again, but judged
anew, by the thresholds of today. Right is

    ended well                    converging or unclear; undamped is told apart, all else is wrong
    planted as circling           cycling, undamped or diverging
    planted as standing still     stuck
    planted with too large rates  undamped, cycling or diverging because of the step; stuck where that is what they did

Of what has ended badly in other ways (a collapse, labels that mean nothing, few data) the local picture tells nothing:
such runs are listed, not counted.
"""

import argparse
import dataclasses
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import FOLDER, read, record
from saddlepoint import diagnose
from saddlepoint.diagnosis.local.diagnosis import Diagnosis
from saddlepoint.diagnosis.local.measure import Measured
from saddlepoint.diagnosis.local.rest import Rest
from saddlepoint.diagnosis.local.spectrum import Pair
from saddlepoint.diagnosis.local.verdict import Seen, judge
from saddlepoint.errors import UserError

RECORD = FOLDER / "local_verdicts.json"
# The thresholds of `verdict.py` were chosen on seeds below this one.
CHOSEN_ON = 3
MOVING = ("cycling", "undamped", "diverging")
# The first of the findings that a kind was planted for, by what its verdict may be.
RIGHT = {
    "cycling": MOVING,
    "vanishing_generator_gradient": ("stuck",),
    "generator_frozen": ("stuck",),
    "rate_too_large": (*MOVING, "stuck"),
}


def judged(verdict: str, *, well: bool, planted: str) -> str:
    """right, wrong, undamped (of a run that ended well), or not counted."""
    if well:
        return {"undamped": "undamped", "converging": "right", "unclear": "right"}.get(verdict, "wrong")
    if planted not in RIGHT:
        return "not counted"
    return "right" if verdict in RIGHT[planted] else "wrong"


def row_of(path: Path, played: dict[str, Any], answer: Diagnosis) -> dict[str, Any]:
    """What the verdict on a run is made of."""
    planted, found = re.search(r"right=\('(\w+)'", played["plant"]), answer.found
    return {
        "run": path.name,
        "planted": planted[1] if planted is not None else "",
        "well": played["outcome"]["well"],
        "near": found.near,
        "told_apart": found.told_apart,
        "here": _numbers(found.here),
        "rest": _numbers(found.rest),
        "pair": _complex(found.pair),
        "leading": _complex(found.leading[0] if found.leading else None),
        "update_pair": _complex(found.update_pair),
        "step_times_fastest": found.fastest,
        "adaptive": found.adaptive,
        "findings": list(answer.seen.findings),
        "finite": answer.seen.finite,
    }


def with_verdict(row: dict[str, Any]) -> dict[str, Any]:
    """The row with the verdict that its numbers have by the thresholds of today."""

    def pair(name: str) -> Pair | None:
        return Pair(value=complex(*row[name]), vector=np.zeros(0), residual=0.0) if row[name] is not None else None

    here, rest = (Rest(**row[name]) if row[name] is not None else None for name in ("here", "rest"))
    first = pair("leading")
    found = Measured(
        step=0,
        count=0,
        weights=(0, 0),
        near=row["near"],
        told_apart=row["told_apart"],
        here=here,
        rest=rest,
        pair=pair("pair"),
        leading=[first] if first is not None else [],
        update_pair=pair("update_pair"),
        fastest=row["step_times_fastest"],
        adaptive=row["adaptive"],
    )
    made = judge(found, Seen(findings=tuple(row["findings"]), finite=row["finite"]), {})
    counted = judged(made.verdict, well=row["well"], planted=row["planted"])
    return {**row, "verdict": made.verdict, "because": made.because, "judged": counted}


def _numbers(rest: Rest | None) -> dict[str, Any] | None:
    return dataclasses.asdict(rest) if rest is not None else None


def _complex(pair: Pair | None) -> list[float] | None:
    return [pair.value.real, pair.value.imag] if pair is not None else None


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.local_verdicts", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("runs", type=Path)
    parser.add_argument("--out", type=Path, default=RECORD)
    given = parser.parse_args(arguments)
    rows = {row["run"]: row for row in read(given.out).get("rows", [])}
    for path in sorted(file.parent for file in given.runs.glob("*/played.json")):
        if path.name in rows:
            continue
        played = json.loads((path / "played.json").read_text(encoding="utf-8"))
        try:
            rows[path.name] = with_verdict(row_of(path, played, diagnose(path)))
        except UserError as error:
            print(f"{path.name}: {error}", flush=True)
            continue
        row = rows[path.name]
        print(f"{row['run']:32} {row['judged']:12} {row['verdict']}, {row['because']}", flush=True)
        record(given.out, rows=[rows[name] for name in sorted(rows)])
    record(given.out, rows=[with_verdict(rows[name]) for name in sorted(rows)])
    counts: dict[str, int] = {}
    for row in read(given.out)["rows"]:
        key = f"{'ended well' if row['well'] else row['planted']}: {row['judged']}"
        counts[key] = counts.get(key, 0) + 1
    print("\n".join(f"{key} {count}" for key, count in sorted(counts.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
