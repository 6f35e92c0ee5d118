"""Finds the cases, draws each of them again and again, and counts how often the interval holds its target.

A 95 % interval of the right length misses its target in 5 % of the draws; 200 draws measure that to 1.5 points, so that
a coverage between 90 % and 99 % is what an honest interval shows and an interval of the plain bootstrap does not.
"""

import importlib
import json
import pkgutil
import platform
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from benchmarks import coverage
from benchmarks.coverage.case import Case
from saddlepoint.files import write_whole

LOWEST, HIGHEST = 0.90, 0.99
MACHINERY = {"case", "run", "__main__"}


def cases() -> list[Case]:
    """Every case of every module of the folder, in the order of their names.

    Raises:
        ValueError: two cases of one name.
    """
    modules = sorted(module.name for module in pkgutil.iter_modules(coverage.__path__))
    found = [
        case
        for name in modules
        if name not in MACHINERY
        for case in importlib.import_module(f"{coverage.__name__}.{name}").CASES
    ]
    names = [case.name for case in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"got two cases named {', '.join(twice)}; expected unique names; rename one")
    return sorted(found, key=lambda case: case.name)


def measure(case: Case, repetitions: int | None = None) -> dict[str, Any]:
    """One line of the table: the share of draws whose interval holds the target, and how wide and where they are."""
    started = time.perf_counter()
    results = [case.estimate(seed) for seed in range(repetitions or case.repetitions)]
    inside = [result.interval[0] <= case.target <= result.interval[1] for result in results]
    share = fmean(inside)
    return {
        "name": case.name,
        "metric": results[0].metric,
        "covers": results[0].target,
        "target": case.target,
        "target_from": case.how,
        "repetitions": len(results),
        "coverage": share,
        "ok": LOWEST <= share <= HIGHEST,
        "below_interval": fmean(case.target < result.interval[0] for result in results),
        "above_interval": fmean(case.target > result.interval[1] for result in results),
        "mean_value": fmean(result.value for result in results),
        "mean_width": fmean(result.interval[1] - result.interval[0] for result in results),
        "seconds": round(time.perf_counter() - started, 2),
    }


def table(rows: Iterable[dict[str, Any]]) -> str:
    """The measured rows as text for a terminal."""
    lines = [f"{'case':48} {'target':>12} {'mean value':>12} {'mean width':>12} {'coverage':>9}"]
    for row in rows:
        lines.append(
            f"{row['name']:48} {row['target']:12.6g} {row['mean_value']:12.6g} {row['mean_width']:12.6g} "
            f"{row['coverage']:9.3f}{'' if row['ok'] else '  outside 0.90 to 0.99'}"
        )
    return "\n".join(lines)


def write(rows: list[dict[str, Any]], path: Path, command: str) -> None:
    """The rows with command, date and machine, as JSON."""
    record = {
        "command": command,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "processor": platform.machine(),
            "system": platform.system(),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        "rows": rows,
    }
    write_whole(path, (json.dumps(record, indent=1, allow_nan=False) + "\n").encode())
