"""How a hypothesis is judged, on each data set: pairs with the claimed sign, and an interval of the mean difference.

The interval, 99 %, is of the mean over settings and seeds, by resampling settings and then their seeds (a bootstrap in
two stages): five seeds of one setting are no five settings. A hypothesis holds on a data set where at least three
quarters of the pairs have the claimed sign and the interval does not reach 0; it is refuted where at most half have it,
or the interval lies on the other side; else it is open there. It is true or false if both sets say so, else mixed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from benchmarks.normalisation.design import DATA, Cell
from benchmarks.normalisation.hypotheses import AFTERWARDS, HYPOTHESES, Hypothesis
from benchmarks.normalisation.results import Table

_DRAWS, _LEVEL = 2000, 0.99
_MOST, _HALF = 0.75, 0.5


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A hypothesis on one data set.

    Attributes:
        pairs: how many numbers; missing: how many more the design has.
        agreeing: of the pairs, with the claimed sign.
        mean, low, high: of the numbers.
    """

    pairs: int
    missing: int
    agreeing: int
    mean: float
    low: float
    high: float
    sign: int

    @property
    def verdict(self) -> str:
        """holds, refuted or open."""
        if not self.pairs:
            return "no runs"
        near, far = sorted((self.sign * self.low, self.sign * self.high))
        share = self.agreeing / self.pairs
        if share >= _MOST and near > 0:
            return "holds"
        return "refuted" if share <= _HALF or far < 0 else "open"


def judged(table: Table, hypothesis: Hypothesis, data: str) -> Judged:
    """One on one set."""
    names = list(hypothesis.over)
    seeds = sorted({seed for _, seed in table})
    numbers = []
    for values in product(*hypothesis.over.values()):
        cell = replace(Cell(data=data, activation="relu"), **dict(zip(names, values, strict=True)))
        numbers.append([hypothesis.number(table, cell, seed) for seed in seeds])
    known = [[each for each in row if each is not None] for row in numbers]
    known = [row for row in known if row]
    flat = np.array([each for row in known for each in row])
    missing = sum(len(row) for row in numbers) - len(flat)
    if not len(flat):
        return Judged(pairs=0, missing=missing, agreeing=0, mean=0, low=0, high=0, sign=hypothesis.sign)
    low, high = interval(known)
    return Judged(
        pairs=len(flat),
        missing=missing,
        agreeing=int((flat * hypothesis.sign > 0).sum()),
        mean=float(flat.mean()),
        low=low,
        high=high,
        sign=hypothesis.sign,
    )


def interval(numbers: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Of the mean, by resampling settings and then their seeds."""
    generator = np.random.default_rng(0)
    width = max(len(row) for row in numbers)
    means = np.empty(_DRAWS)
    rows = [np.resize(np.array(row), width) if len(row) < width else np.array(row) for row in numbers]
    square = np.stack(rows)
    for draw in range(_DRAWS):
        settings = generator.integers(len(square), size=(len(square), 1))
        means[draw] = square[settings, generator.integers(width, size=(len(square), width))].mean()
    low, high = np.quantile(means, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return float(low), float(high)


def summary(verdicts: Sequence[str]) -> str:
    """Of the verdicts of both sets."""
    if set(verdicts) == {"holds"}:
        return "true"
    return "false" if set(verdicts) == {"refuted"} else "mixed" if "no runs" not in verdicts else "-"


def judgements(table: Table, hypotheses: Sequence[Hypothesis]) -> list[tuple[Hypothesis, list[Judged]]]:
    """Hypotheses, each on every data set in turn."""
    return [(each, [judged(table, each, data) for data in DATA]) for each in hypotheses]


def lines(table: Table) -> list[str]:
    """For the terminal."""
    found = []
    for hypothesis, both in judgements(table, (*HYPOTHESES, *AFTERWARDS)):
        parts = [
            f"{data}: {each.agreeing}/{each.pairs} {each.mean:+.3g} [{each.low:+.3g}, {each.high:+.3g}] {each.verdict}"
            for data, each in zip(DATA, both, strict=True)
        ]
        verdict = summary([each.verdict for each in both])
        found.append(f"{hypothesis.name:18} {verdict:6} {hypothesis.claim}\n    " + "\n    ".join(parts))
    return found
