"""The generated part of docs/normalisation.md, between two marks: judgements, tables of medians, what made them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.normalisation import results
from benchmarks.normalisation.design import ACTIVATIONS, BATCHES, CORE, DATA, NOISE, NORMS, Cell
from benchmarks.normalisation.hypotheses import AFTERWARDS, HYPOTHESES, Hypothesis
from benchmarks.normalisation.judging import judgements, summary
from benchmarks.normalisation.pictures import draw
from benchmarks.normalisation.results import Table
from saddlepoint.files import write_whole

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "normalisation.md"
BEGIN, END = "<!-- figures: written by `python -m benchmarks.normalisation` -->", "<!-- figures: end -->"
_SHOWN = ("frechet", "mean_term", "aligned", "rotation", "damping", "rank", "dip", "cent_max", "vol", "told")


def write(record: dict[str, Any], page: Path = PAGE) -> None:
    """Puts the tables between the page's marks.

    Raises:
        ValueError: the page has no such marks.
    """
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"got {page} without the lines {BEGIN} and {END}; expected each once; add them")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    made = "\n".join(parts(record))
    if record["runs"] and page == PAGE:
        draw(results.table(record["runs"]))
    write_whole(page, f"{head}{BEGIN}\n\n{made}\n\n{END}{tail}".encode())


def parts(record: dict[str, Any]) -> Iterator[str]:
    """The lines."""
    table = results.table(record["runs"])
    if table:
        machine = record["machine"]
        yield (
            f"`{record['command']}`, {record['date'][:10]}, {machine['processor']}, torch {machine['torch']}, "
            f"one thread: {len(table):,} runs of {record['steps']} steps, {record['seconds']:,.0f} s of processor time."
        )
        yield ""
    yield "### The hypotheses"
    yield ""
    yield from _judged(table, HYPOTHESES)
    if table:
        yield "### Asked afterwards"
        yield ""
        yield from _judged(table, AFTERWARDS)
        yield from _medians(table)
        yield from _by_batch(table)


def _judged(table: Table, hypotheses: Sequence[Hypothesis]) -> Iterator[str]:
    yield "| | claim | " + " | ".join(f"{data}: pairs, mean and interval" for data in DATA) + " | verdict |"
    yield "|---|---|" + "---|" * len(DATA) + "---|"
    for hypothesis, both in judgements(table, hypotheses):
        cells = [
            f"{each.agreeing} of {each.pairs}; {each.mean:+.2g} [{each.low:+.2g}, {each.high:+.2g}] {each.verdict}"
            if each.pairs
            else each.verdict
            for each in both
        ]
        verdict = summary([each.verdict for each in both])
        yield f"| {hypothesis.name} | {hypothesis.claim} | {' | '.join(cells)} | {verdict} |"
    yield ""


def of(table: Table, cell: Cell, name: str) -> list[float]:
    """An outcome of all seeds of a setting that have it."""
    found = [outcomes.get(name) for (each, _), outcomes in table.items() if each == cell]
    return [each for each in found if each is not None]


def _middle(values: Sequence[float]) -> str:
    return f"{median(values):.3g}" if values else "-"


def _medians(table: Table) -> Iterator[str]:
    yield "### Medians of five seeds"
    yield ""
    yield "Batch 64, no noise, Adam, matched gains; - where no seed has it."
    for data in DATA:
        yield ""
        yield f"**{data}**"
        yield ""
        yield "| activation | norm | " + " | ".join(_SHOWN) + " |"
        yield "|---|---|" + "---|" * len(_SHOWN)
        for activation, norm in product(ACTIVATIONS, (*NORMS, "D apart and G")):
            cell = Cell(data=data, activation=activation, norm=norm)
            values = [of(table, cell, name) for name in _SHOWN]
            if any(values):
                yield f"| {activation} | {norm} | {' | '.join(map(_middle, values))} |"
    yield ""


def _by_batch(table: Table) -> Iterator[str]:
    yield "### Distance by batch and noise"
    yield ""
    yield "Median of the distance over the four activations of the full block and five seeds."
    yield ""
    columns = list(product(DATA, BATCHES, (0.0, NOISE)))
    yield "| norm | " + " | ".join(f"{data}, {batch}{', noise' * (noise > 0)}" for data, batch, noise in columns) + " |"
    yield "|---|" + "---|" * len(columns)
    for norm in NORMS:
        found = []
        for data, batch, noise in columns:
            cell = Cell(data=data, activation="relu", norm=norm, batch=batch, noise=noise)
            found.append([x for each in CORE for x in of(table, replace(cell, activation=each), "frechet")])
        yield f"| {norm} | {' | '.join(map(_middle, found))} |"
    yield ""
