"""The suite: every row of every file, as a table or as data."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import torch

from saddlepoint.conformance import bilinear, dirac, pointwise
from saddlepoint.conformance.row import Row, Rows

# A file of rows is added here.
SUITE: tuple[Rows, ...] = (*pointwise.ROWS, *bilinear.ROWS, *dirac.ROWS)


def run(suite: Iterable[Rows] = SUITE) -> list[Row]:
    """All rows, measured now. A measurement that cannot be made is a row that fails, and says so."""
    rows: list[Row] = []
    with one_thread():
        for measure in suite:
            try:
                rows.extend(measure())
            except (ArithmeticError, AssertionError, LookupError, RuntimeError, ValueError) as error:
                name = f"{measure.__module__.rpartition('.')[2]}: {measure.__name__} could not be measured ({error})"
                rows.append(Row(name=name, expected=0.0, measured=1.0, difference=1.0, ok=False))
    return rows


def as_json(rows: Sequence[Row]) -> dict[str, Any]:
    """The rows as plain data; a number that is not finite is null."""

    def plain(value: Any) -> Any:
        return None if isinstance(value, float) and not abs(value) < float("inf") else value

    return {"rows": [{key: plain(value) for key, value in asdict(row).items()} for row in rows]}


def as_text(rows: Sequence[Row]) -> str:
    """A table: what is expected, measured, and their difference; then how many rows hold."""
    width = max((len(row.name) for row in rows), default=0)
    lines = [f"{'':<{width}}  {'expected':>14}  {'measured':>14}  difference"]
    for row in rows:
        verdict = "" if row.ok else "  FAILS"
        lines.append(
            f"{row.name:<{width}}  {row.expected:>14.8g}  {row.measured:>14.8g}  {row.difference:.1e}{verdict}"
        )
    failing = sum(not row.ok for row in rows)
    lines.append(f"{len(rows) - failing} of {len(rows)} rows hold")
    return "\n".join(lines)


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside, torch uses one thread: games of two numbers gain nothing by more, and wait for them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
