"""What a campaign found: on the terminal, as JSON, and as the table of a page."""

import json
import os
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import torch

from benchmarks.hostile.campaign import Row
from saddlepoint.files import write_whole
from saddlepoint.training.machine.device import describe, versions

# So many attempts with one and the same fault are shown; all of them stand in the JSON.
_ALIKE = 3
BEGIN, END = "<!-- campaign: begin -->", "<!-- campaign: end -->"


def table(rows: Sequence[Row]) -> str:
    """A line for each kind, the attempts that were not good, and the sum alone on the last line."""
    width = max(len(row.kind.name) for row in rows)
    lines = [f"{'kind':{width}}  {'tried':>6}  {'good':>6}  {'not good':>8}  {'seconds':>7}"]
    for row in rows:
        good = row.tried - len(row.bad)
        lines.append(
            f"{row.kind.name:{width}}  {row.tried:6,}  {good:6,}  {len(row.bad):8,}  {row.seconds:7.0f}"
            + "".join(f"  ({count} not tried: {reason})" for reason, count in row.skipped.items())
        )
    for row in rows:
        alike: dict[str, int] = {}
        for case in row.bad:
            alike[case["fault"]] = alike.get(case["fault"], 0) + 1
            if alike[case["fault"]] <= _ALIKE:
                lines.append(f"\n{case['case']}  {case['what']}\n  {case['fault']}")
        lines += [
            f"\n{row.kind.name}: {count - _ALIKE} more: {fault}" for fault, count in alike.items() if count > _ALIKE
        ]
    bad = sum(len(row.bad) for row in rows)
    return "\n".join([*lines, "", f"{sum(row.tried for row in rows) - bad} passed, {bad} failed"])


def as_json(rows: Sequence[Row], *, command: str, minutes: float, seed: int) -> dict[str, Any]:
    """The rows with command, seed, date, machine and the state of the sources."""
    return {
        "command": command,
        "seed": seed,
        "minutes": minutes,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": {
            **describe(torch.device("cpu")),
            "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
            "user": "root" if os.geteuid() == 0 else "a user without the rights of root",
            **versions(),
        },
        "rows": [row.to_json() for row in rows],
    }


def write_json(record: dict[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, (json.dumps(record, indent=1, allow_nan=False) + "\n").encode())


def write_page(record: dict[str, Any], page: Path) -> None:
    """Puts the table between the page's two marks.

    Raises:
        ValueError: the page has no such marks.
    """
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"got {page} without the lines {BEGIN} and {END}; expected each once; add them")
    head, rest = text.split(BEGIN)
    _, tail = rest.split(END)
    write_whole(page, f"{head}{BEGIN}\n{markdown(record)}\n{END}{tail}".encode())


def markdown(record: dict[str, Any]) -> str:
    """The record as the paragraph and the table of a page."""
    machine = record["machine"]
    rows = record["rows"]
    tried, bad = sum(row["tried"] for row in rows), sum(len(row["not_good"]) for row in rows)
    made = f"`{record['command']}`, {record['date'][:10]}, commit {record['commit']}"
    on = f"{machine['system']}, {machine['processor']}, {machine['cores']} cores, {machine['memory_gb']:g} GB"
    lines = [
        f"{made}: {tried:,} attempts, {bad} not good. {on}, Python {machine['python']}, torch {machine['torch']}; "
        f"as {machine['user']}.",
        "",
        "| kind | what is done | tried | good | not good |",
        "|---|---|---:|---:|---:|",
    ]
    for row in rows:
        lines.append(
            f"| `{row['kind']}` | {row['attack']} | {row['tried']:,} | {row['good']:,} | {len(row['not_good'])} |"
        )
    for row in rows:
        lines += [f"\nNot tried in `{row['kind']}`: {count} x {reason}." for reason, count in row["skipped"].items()]
    faults = [(case, row["kind"]) for row in rows for case in row["not_good"]]
    if faults:
        lines += ["", "Not good:", ""]
        lines += [f"- `{case['case']}` {_plain(case['what'])}: {_plain(case['fault'])}" for case, _ in faults]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """A text that Markdown shows as it is, on one line."""
    short = text if len(text) <= 200 else f"{text[:200]} ..."
    return "`` " + short.replace("`", "'").replace("\n", " ") + " ``"


def _commit() -> str:
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=Path(__file__).parent, capture_output=True, text=True
    )
    return found.stdout.strip() or "unknown"
