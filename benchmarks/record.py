"""The recorded figures: benchmarks/results.json, and benchmarks/results-cuda.json for a GPU.

    {training: [row ...], scaling: {...}, startup: [...], machine: {...}, date, command}

A part that was not measured this time stays as it was, with the date of its own measurement.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from saddlepoint.files import write_whole

FOLDER = Path(__file__).resolve().parent
# What benchmarks.quality records.
QUALITY = FOLDER / "quality.json"
# What benchmarks.diagnosis_cost records.
DIAGNOSIS_COST = FOLDER / "diagnosis-cost.json"


def default_path(device: str) -> Path:
    """Where a device's figures stand."""
    return FOLDER / ("results-cuda.json" if device == "cuda" else "results.json")


def read(path: Path) -> dict[str, Any]:
    """What has been recorded, or nothing."""
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def record(path: Path, **parts: Any) -> None:
    """Puts the parts in the place of those of the same names."""
    text = json.dumps({**read(path), **parts, "date": now()}, indent=1, allow_nan=False)
    write_whole(path, (text + "\n").encode())


def merged(before: list[dict[str, Any]], new: list[dict[str, Any]], names: list[str]) -> list[dict[str, Any]]:
    """Rows by name, the new ones in the place of the old, in the order of `names`."""
    rows = {row["name"]: row for row in [*before, *new]}
    return [rows[name] for name in names if name in rows]
