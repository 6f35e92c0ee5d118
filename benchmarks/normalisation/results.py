"""The recorded runs: benchmarks/normalisation-results.json.

    {command, date, machine, seconds, steps, columns: [...], runs: [[...] ...]}

A run is its setting, its seed and its outcomes to four digits; null is what could not be measured.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from benchmarks.normalisation.design import Cell
from benchmarks.normalisation.outcomes import OUTCOMES
from saddlepoint.files import write_whole

PATH = Path(__file__).resolve().parents[1] / "normalisation-results.json"
COLUMNS = [*(field.name for field in fields(Cell)), "seed", *OUTCOMES]

# By setting and seed, the outcomes by name.
Table = dict[tuple[Cell, int], dict[str, float | None]]


def rows_of(cell: Cell, seed: int, outcomes: dict[str, float | None]) -> list[Any]:
    """A run as it is written."""
    return [*asdict(cell).values(), seed, *(_rounded(outcomes[name]) for name in OUTCOMES)]


def _rounded(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(f"{value:.4g}")


def table(runs: Sequence[Sequence[Any]]) -> Table:
    """Recorded runs by setting and seed."""
    settings = len(fields(Cell))
    names = COLUMNS[:settings]
    return {
        (Cell(**dict(zip(names, run[:settings], strict=True))), run[settings]): dict(
            zip(OUTCOMES, run[settings + 1 :], strict=True)
        )
        for run in runs
    }


def read(path: Path) -> dict[str, Any]:
    """What is recorded, or nothing."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"runs": []}


def write(path: Path, record: dict[str, Any]) -> None:
    """A run a line."""
    head = json.dumps({name: value for name, value in record.items() if name != "runs"}, indent=1, allow_nan=False)
    runs = ",\n".join(json.dumps(run, allow_nan=False) for run in record["runs"])
    write_whole(path, f'{head[:-2]},\n "runs": [\n{runs}\n ]\n}}\n'.encode())
