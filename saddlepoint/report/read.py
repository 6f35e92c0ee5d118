"""Reads a run folder into plain data, whatever state the run left it in.

A page about a run is most wanted when something went wrong: so a torn last line (a run that was killed while writing)
or an unreadable line becomes a remark, not an error. Only a folder that is no run folder is one.
"""

import math
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from saddlepoint.errors import UserError, reading
from saddlepoint.files import read_lines
from saddlepoint.measuring.records import problem_of
from saddlepoint.run_folder import EVENTS, FINDINGS, LOG, METRICS, PROBES, RECIPE, SAMPLES

# So many damaged lines are named.
_NAMED = 3
# One line of a .jsonl file.
Record = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Series:
    """One logged number over the run; a value that was not finite is a NaN.

    Attributes:
        path: where it stands in a line of the log, as in ("losses", "discriminator", "f1").
        steps, values: float64, (n,).
    """

    path: tuple[str, ...]
    steps: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A sample picture and the step it was made at."""

    step: int
    file: Path


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run folder.

    Attributes:
        path: the folder, absolute.
        name: the folder's name.
        recipe_text: recipe.yaml as it stands.
        recipe: the same, parsed; empty where it is not a readable mapping.
        series: every number of log.jsonl, by path, in the order of first appearance.
        probes: likewise of probes.jsonl.
        samples: by step.
        events, metrics, findings: the lines of these files.
        remarks: sentences about what could not be read.
    """

    path: Path
    name: str
    recipe_text: str
    recipe: Mapping[str, Any]
    series: Mapping[tuple[str, ...], Series] = field(default_factory=dict)
    probes: Mapping[tuple[str, ...], Series] = field(default_factory=dict)
    samples: tuple[Sample, ...] = ()
    events: tuple[Record, ...] = ()
    metrics: tuple[Record, ...] = ()
    findings: tuple[Record, ...] = ()
    remarks: tuple[str, ...] = ()

    def last(self, *path: str) -> float | None:
        """The newest value of a logged number; None where it was never logged or was not finite."""
        series = self.series.get(path)
        return float(series.values[-1]) if series is not None and math.isfinite(series.values[-1]) else None

    def under(self, *prefix: str) -> tuple[Series, ...]:
        """All series whose path starts with the prefix."""
        return tuple(series for path, series in self.series.items() if path[: len(prefix)] == prefix)


def read_run(folder: Path) -> Run:
    """Reads a run folder.

    Raises:
        UserError: the folder does not exist or has no recipe.yaml.
    """
    recipe_text = _recipe_file(folder).read_text(encoding="utf-8", errors="replace")
    remarks: list[str] = []
    return Run(
        path=folder.absolute(),
        name=folder.resolve().name,
        recipe_text=recipe_text,
        recipe=_parse_recipe(recipe_text, remarks),
        series=_read_log(folder / LOG, remarks),
        probes=_read_log(folder / PROBES, remarks),
        samples=_list_samples(folder / SAMPLES),
        events=tuple(_records(folder / EVENTS, remarks)),
        # As they stand: a page shows a record as far as it goes.
        metrics=tuple(_records(folder / METRICS, remarks)),
        findings=tuple(_records(folder / FINDINGS, remarks)),
        remarks=tuple(remarks),
    )


def read_metrics(folder: Path) -> tuple[tuple[Record, ...], tuple[str, ...]]:
    """What a run was measured to be, to be set beside others: oldest first; and sentences about what is left out.

    Raises:
        UserError: as in `read_run`.
    """
    _recipe_file(folder)
    remarks: list[str] = []
    records = []
    for number, record in enumerate(_records(folder / METRICS, remarks), 1):
        problem = problem_of(record)
        if problem is None:
            records.append(record)
        else:
            remarks.append(f"In metrics.jsonl the measurement {number} has {problem}; it is left out.")
    return tuple(records), tuple(remarks)


def _recipe_file(folder: Path) -> Path:
    recipe_file = folder / RECIPE
    if not recipe_file.is_file():
        raise UserError(
            f"{folder}, " + (f"which has no {RECIPE}" if folder.is_dir() else "which is not a folder"),
            "a run folder",
            "give the folder that `saddlepoint train` printed",
        )
    return recipe_file


def _parse_recipe(text: str, remarks: list[str]) -> Mapping[str, Any]:
    recipe = None
    try:
        with reading(RECIPE, "YAML", "mend it"):
            recipe = yaml.safe_load(text)
    except UserError as error:
        remarks.append(f"recipe.yaml is not valid YAML ({error.got}).")
    return recipe if isinstance(recipe, dict) else {}


def _list_samples(folder: Path) -> tuple[Sample, ...]:
    files = folder.glob("*.png") if folder.is_dir() else ()
    found = [Sample(step=int(file.stem), file=file) for file in files if file.stem.isascii() and file.stem.isdigit()]
    return tuple(sorted(found, key=lambda sample: sample.step))


def _records(file: Path, remarks: list[str]) -> Iterator[Record]:
    """The lines of a .jsonl file that are JSON objects; says in a remark what else it met."""
    unreadable, torn = [], False
    for line in read_lines(file):
        if line.value is not None:
            yield line.value
        elif line.torn:
            torn = True
        elif not line.blank:
            unreadable.append(line.number)
    if torn:
        remarks.append(f"The last line of {file.name} is torn (the run was stopped while writing it); it is left out.")
    if unreadable:
        lines_are = "1 line is" if len(unreadable) == 1 else f"{len(unreadable)} lines are"
        remarks.append(f"In {file.name} {lines_are} not readable and left out ({_numbered(unreadable)}).")


def _numbered(lines: list[int]) -> str:
    """The first few of some lines, by number."""
    more = f" and {len(lines) - _NAMED} more" if len(lines) > _NAMED else ""
    return f"line {', '.join(map(str, lines[:_NAMED]))}{more}"


def _read_log(file: Path, remarks: list[str]) -> dict[tuple[str, ...], Series]:
    # Flat arrays of doubles: a million lines of twenty numbers fit into 320 MB, as Python objects they would not.
    columns = _Columns()
    without_step = 0
    for record in _records(file, remarks):
        step = _as_float(record.get("step"))
        if math.isfinite(step):
            columns.add(record, step)
        else:
            without_step += 1
    if without_step:
        remarks.append(f"In {file.name} {without_step} line(s) name no step and are left out.")
    return {series.path: series for series in columns.series(())}


class _Columns:
    """The numbers of many nested records with the same keys, column by column; null is a number here, text is not."""

    def __init__(self) -> None:
        self._numbers: dict[str, tuple[array, array]] = {}
        self._children: dict[str, _Columns] = {}

    def add(self, record: Record, step: float) -> None:
        for key, value in record.items():
            # JSON yields exactly these types. The commonest comes first: this loop decides how long a long log takes.
            kind = type(value)
            if kind is float or kind is int or value is None:
                if key not in self._numbers:
                    self._numbers[key] = (array("d"), array("d"))
                steps, values = self._numbers[key]
                steps.append(step)
                values.append(value if kind is float else _as_float(value))
            elif kind is dict:
                if key not in self._children:
                    self._children[key] = _Columns()
                self._children[key].add(value, step)

    def series(self, prefix: tuple[str, ...]) -> Iterator[Series]:
        for key, (steps, values) in self._numbers.items():
            column = np.asarray(values)
            column[~np.isfinite(column)] = np.nan
            yield Series(path=(*prefix, key), steps=np.asarray(steps), values=column)
        for key, child in self._children.items():
            yield from child.series((*prefix, key))


def _as_float(value: Any) -> float:
    """A JSON number as a double; NaN for anything else, as null is what strict JSON puts in the place of a NaN."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan
