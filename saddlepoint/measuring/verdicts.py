"""Which of two runs is the better one, where the judges of both are asked and none of them says the opposite.

A judge is a kind of features. It says that a run is better where the two intervals of the metric lie apart, and nothing
where they overlap. A run is better by a metric if at least one judge says so and none says that the other one is.
Pixels are asked only where nobody else can be, and not for what means nothing there (precision, recall, coverage).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from saddlepoint.measuring.alike import Record, interval_of, meaningless, newest_by_kind, row

LOWER_IS_BETTER = ("frechet_distance", "frechet_distance_infinity", "kernel_distance")
HIGHER_IS_BETTER = ("precision", "recall", "coverage")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the judges say of two runs by one metric.

    Attributes:
        metric: by which.
        first, second: the runs, by their places.
        says: judge -> which of the two is better, None where it cannot tell them apart.
    """

    metric: str
    first: int
    second: int
    says: Mapping[str, int | None]

    @property
    def better(self) -> int | None:
        """The better one; None where the judges contradict each other or cannot tell."""
        named = {place for place in self.says.values() if place is not None}
        return named.pop() if len(named) == 1 else None

    @property
    def contradictory(self) -> bool:
        return len({place for place in self.says.values() if place is not None}) > 1


def verdicts(runs: Sequence[Sequence[Record]], metrics: Sequence[str] | None = None) -> list[Verdict]:
    """What may be said of each two runs.

    Args:
        runs: the records of each, oldest first.
        metrics: only these; None for all that have a better end.

    Returns:
        For each metric and each two runs that a judge has measured by it in the same way.
    """
    newest = [newest_by_kind(records) for records in runs]
    kinds = list(dict.fromkeys(kind for of_run in newest for kind in of_run))
    found = []
    for metric in dict.fromkeys(metric for metric, _ in kinds):
        if metric not in (*LOWER_IS_BETTER, *HIGHER_IS_BETTER) or (metrics is not None and metric not in metrics):
            continue
        judges = [judge for each, judge in kinds if each == metric]
        for first, second in combinations(range(len(runs)), 2):
            pairs = {judge: tuple(newest[each].get((metric, judge)) for each in (first, second)) for judge in judges}
            says = {
                judge: _said(metric, pair, (first, second))
                for judge, pair in pairs.items()
                if row(metric, judge, pair).comparable and not any(meaningless(record) for record in pair if record)
            }
            others = {judge: place for judge, place in says.items() if judge != "pixels"}
            if says:
                found.append(Verdict(metric=metric, first=first, second=second, says=others or says))
    return found


def in_words(verdict: Verdict, names: Sequence[str]) -> str:
    """One line for a person.

    Args:
        verdict: what was said.
        names: of the runs.
    """
    first, second = names[verdict.first], names[verdict.second]
    if verdict.contradictory:
        said = ", ".join(f"{judge} says {names[place]}" for judge, place in verdict.says.items() if place is not None)
        return f"{verdict.metric}: the judges contradict each other ({said}): neither counts as better"
    if verdict.better is None:
        judges = " and ".join(verdict.says)
        return f"{verdict.metric}: {first} and {second} are not told apart by {judges}"
    better, worse = (first, second) if verdict.better == verdict.first else (second, first)
    saying = " and ".join(judge for judge, place in verdict.says.items() if place is not None)
    silent = " and ".join(judge for judge, place in verdict.says.items() if place is None)
    return f"{verdict.metric}: {better} is better than {worse} by {saying}" + (
        f"; {silent} does not tell them apart" if silent else "" if len(verdict.says) > 1 else ", the only judge"
    )


def _said(metric: str, pair: Sequence[Record | None], places: tuple[int, int]) -> int | None:
    one, other = (interval_of(record) for record in pair if record is not None)
    if one[1] >= other[0] and other[1] >= one[0]:
        return None
    lower = places[0] if one[1] < other[0] else places[1]
    higher = places[1] if lower == places[0] else places[0]
    return lower if metric in LOWER_IS_BETTER else higher
