"""Logs of other tools as columns of numbers: tables as text, JSON lines, TensorBoard's event files, our own log.jsonl.

A column keeps the rows where it stands: a cell that is empty, or a name that a line leaves out, is no row of it; what
is written as NaN or infinite is a value. Nothing is unpickled, and nothing is evaluated.
"""

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from saddlepoint.errors import UserError, reading
from saddlepoint.files import read_lines
from saddlepoint.run_folder import FINDINGS, LOG, PROBES

# Of a table as text; white space where none of these is found.
_DELIMITERS = ",;\t|"
_EVENTS = "*tfevents*"
_TABLES = (".csv", ".tsv", ".txt", ".log")
# Names that say which step a row is of.
_STEPS = (
    "step",
    "global_step",
    "iteration",
    "iterations",
    "iter",
    "iters",
    "n_iter",
    "it",
    "batch",
    "batches",
    "epoch",
)
_EXPECTED = "a table with a line of names, JSON lines, TensorBoard's event files, or a folder with one of these"
_CURE = "give the file that your training writes, one row a logged step"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One logged number.

    Attributes:
        name: as it is written; of nested JSON joined by dots.
        steps: of its rows, int64 (n,), in the order of the file.
        values: float64 (n,).
    """

    name: str
    steps: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Log:
    """A log.

    Attributes:
        path: what was read.
        columns: by name, in the order of first appearance.
        unit: what a row's step is: a name of the file's own, or "row".
        ours: it is a log.jsonl of this program, whose names are known.
    """

    path: Path
    columns: Mapping[str, Column]
    unit: str
    ours: bool = False


def read_log(path: Path) -> Log:
    """The log in a file or a folder.

    Raises:
        UserError: there is none, or it holds no numbers.
    """
    if not path.exists():
        raise UserError(f"{path}, which is not there", _EXPECTED, _CURE)
    if path.is_dir():
        return _in_folder(path)
    if "tfevents" in path.name:
        return _checked(path, _of_events([path], path.parent), "step")
    with reading(f"{path}, which cannot be read", _EXPECTED, _CURE):
        head = path.read_bytes()[:4096].lstrip()
    return _json_lines(path) if head.startswith(b"{") else _table(path)


def _in_folder(path: Path) -> Log:
    for name in (LOG, PROBES, FINDINGS):
        if (path / name).is_file():
            return _json_lines(path / name)
    events = sorted(path.rglob(_EVENTS))
    if events:
        return _checked(path, _of_events(events, path), "step")
    files = sorted(file for file in path.iterdir() if file.suffix in (*_TABLES, ".jsonl"))
    if len(files) == 1:
        return read_log(files[0])
    several = f" holds several: {', '.join(file.name for file in files[:5])}" if files else " holds no log"
    raise UserError(f"{path}, which{several}", _EXPECTED, "name the file" if files else _CURE)


# A row: its step, None where it has none, and its numbers by name.
Row = tuple[float | None, Mapping[str, float]]


def _checked(path: Path, rows: Iterable[Row], unit: str, ours: bool = False) -> Log:
    steps: dict[str, list[int]] = {}
    values: dict[str, list[float]] = {}
    last = -1
    for number, (step, numbers) in enumerate(rows):
        # Steps that go back or have a fraction are those of something else: rows are counted then.
        last = int(step) if step is not None and math.isfinite(step) else number
        for name, value in numbers.items():
            steps.setdefault(name, []).append(last)
            values.setdefault(name, []).append(value)
    if not values:
        raise UserError(f"{path}, in which no number has a name", _EXPECTED, _CURE)
    columns = {
        name: Column(name=name, steps=np.asarray(steps[name], dtype=np.int64), values=np.asarray(values[name]))
        for name in values
    }
    return Log(path=path, columns=columns, unit=unit, ours=ours)


# Tables as text


def _table(path: Path) -> Log:
    with reading(f"{path}, which cannot be read as text", _EXPECTED, _CURE):
        text = path.read_text(encoding="utf-8-sig")
    lines = text.splitlines()
    if len(lines) < 2:
        raise UserError(f"{path}, of {len(lines)} lines", _EXPECTED, _CURE)
    counts = {each: lines[0].count(each) for each in _DELIMITERS}
    delimiter = max(counts, key=lambda each: counts[each])
    if counts[delimiter] == 0:
        rows = [line.split() for line in lines]
    else:
        with reading(f"{path}, which is no table", _EXPECTED, _CURE):
            rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    names = [name.strip() for name in rows[0]]
    if all(_number(name) is not None for name in names):
        raise UserError(f"{path}, whose first line is numbers", "a first line of names", "write one above it")
    unit = _unit(names)
    return _checked(path, _cells(names, rows[1:], unit), unit or "row")


def _cells(names: list[str], rows: Iterable[list[str]], unit: str | None) -> Iterator[Row]:
    for cells in rows:
        found = {
            name: value
            for name, cell in zip(names, cells, strict=False)
            if name and (value := _number(cell)) is not None
        }
        if found:
            yield found.pop(unit, None) if unit is not None else None, found


def _number(cell: str | float) -> float | None:
    """What a cell holds; None where that is nothing, or no number."""
    try:
        return float(cell)
    except ValueError:
        return None


def _unit(names: Iterable[str]) -> str | None:
    """The column that says which step a row is of."""
    known = {name.lower(): name for name in names}
    return next((known[name] for name in _STEPS if name in known), None)


# JSON lines


def _json_lines(path: Path) -> Log:
    lines = [line.value for line in read_lines(path) if line.value is not None]
    ours = bool(lines) and {"step", "losses", "gradient_norms"} <= lines[0].keys()
    rows = [dict(_flat(line, "", math.nan if ours else None)) for line in lines]
    unit = _unit(dict.fromkeys(name for row in rows for name in row))
    return _checked(path, ((row.pop(unit, None) if unit else None, row) for row in rows), unit or "row", ours)


def _flat(value: Mapping[str, Any], before: str, missing: float | None) -> Iterator[tuple[str, float]]:
    """Each number by its name; null is `missing`: our own log writes it for what is not finite, others for nothing."""
    for name, each in value.items():
        if isinstance(each, dict):
            yield from _flat(each, f"{before}{name}.", missing)
        elif isinstance(each, int | float | str) and not isinstance(each, bool):
            # Some write as text what JSON has no number for.
            if (number := _number(each)) is not None:
                yield f"{before}{name}", number
        elif each is None and missing is not None:
            yield f"{before}{name}", missing


# TensorBoard


def _of_events(paths: list[Path], folder: Path) -> Iterator[Row]:
    """The scalars of event files; what a sub-folder holds is called by its name, as `add_scalars` writes it."""
    scalar = _scalar_reader()
    found: list[tuple[int, dict[str, float]]] = []
    for path in paths:
        below = path.parent.relative_to(folder).as_posix()
        prefix = "" if below == "." else f"{below}/"
        with reading(f"{path}, which cannot be read", "an event file of TensorBoard", _CURE):
            events = list(_loaded(path))
        for event in events:
            numbers = {
                f"{prefix}{each.tag}": value for each in event.summary.value if (value := scalar(each)) is not None
            }
            if numbers:
                found.append((event.step, numbers))
    # Of several files the rows are in the order of their steps.
    return iter(sorted(found, key=lambda row: row[0]))


def _loaded(path: Path) -> Iterator[Any]:
    from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

    yield from LegacyEventFileLoader(str(path)).Load()


def _scalar_reader() -> Callable[[Any], float | None]:
    """A function of one value of a summary that gives its number; None for pictures and the like."""
    from tensorboard.util import tensor_util

    def scalar(value: Any) -> float | None:
        if value.HasField("simple_value"):
            return float(value.simple_value)
        if not value.HasField("tensor") or value.metadata.plugin_data.plugin_name not in ("scalars", ""):
            return None
        with reading(f"the tag {value.tag!r}", "a number", "leave it out"):
            array = tensor_util.make_ndarray(value.tensor)
        return float(array) if array.ndim == 0 and array.dtype.kind in "fiu" else None

    return scalar
