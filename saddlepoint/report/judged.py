"""What the newest evaluation of a run says, in words for who has never met such a number; and how it went before.

A number means something only beside the one that real data scores in the samples' place, so both always stand together.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from saddlepoint.measuring.alike import judge_of
from saddlepoint.measuring.records import problem_of
from saddlepoint.report.figures import Figure, curves
from saddlepoint.report.read import Record, Run, Series
from saddlepoint.report.state import count, short

# Features that see no more than pixels cannot tell whether samples are good, and these shares mean nothing there.
_BLIND, _MEANINGLESS = ("pixels",), ("precision", "recall", "density", "coverage")
# What they look at, for who has not met them.
_LOOK_AT = {
    "efficientnet-lite0": "a network that has learnt to name photographs",
    "hog": "the directions of edges, place by place; it has learnt nothing",
    "pixels": "each pixel by itself",
    "classifier": "a network that has learnt the classes of such data",
}
_DISTANCE, _SHARES = "frechet_distance", ("precision", "coverage")
_IMAGES, _POINTS = "images", "points"
# So many curves at most.
_FIGURES = 12


@dataclass(frozen=True, kw_only=True)
class Number:
    """A measured number beside that of real data; each with its interval."""

    value: float
    interval: tuple[float, float]
    real: float | None
    real_interval: tuple[float, float] | None

    def worse(self, *, smaller: bool) -> bool | None:
        """Whether it is worse than that of real data by more than chance; None where that is not known.

        Args:
            smaller: a smaller number is a better one.
        """
        if self.real_interval is None:
            return None
        (low, high), (real_low, real_high) = self.interval, self.real_interval
        return low > real_high if smaller else high < real_low


@dataclass(frozen=True, kw_only=True)
class Judge:
    """What the newest evaluation says by one kind of features.

    Attributes:
        name: of the features.
        step, samples: when, and of how many.
        numbers: by metric.
    """

    name: str
    step: Any
    samples: Any
    numbers: Mapping[str, Number]

    @property
    def looks_at(self) -> str:
        """What these features are, in words; empty where there is nothing to say."""
        return _LOOK_AT.get(self.name, "")

    @property
    def blind(self) -> bool:
        return self.name in _BLIND

    @property
    def short_of_real(self) -> bool | None:
        """Whether the samples are not as good as real data; None where this judge cannot tell.

        Where even single pixels tell the two apart they are not; where pixels do not, that is no praise.
        """
        named = (_DISTANCE,) if self.blind else (_DISTANCE, *_SHARES)
        known = [self.numbers[name].worse(smaller=name == _DISTANCE) for name in named if name in self.numbers]
        told = [found for found in known if found is not None]
        return None if not told or (self.blind and not any(told)) else any(told)

    @property
    def line(self) -> str:
        """In one line."""
        parts = []
        if (distance := self.numbers.get(_DISTANCE)) is not None:
            parts.append(f"distance from the data {short(distance.value, 3)}{_beside(distance)}")
        parts += [words[0].lower() + words[1:] for words in self._shares()]
        return f"{'; '.join(parts)} (by {self.name})" if parts else ""

    @property
    def sentences(self) -> Iterator[str]:
        """For a page."""
        distance = self.numbers.get(_DISTANCE)
        if distance is not None:
            low, high = distance.interval
            yield (
                f"Distance from the data (Frechet distance): {short(distance.value, 3)}, by chance anywhere from "
                f"{short(low, 3)} to {short(high, 3)}{_beside(distance)}. Smaller is better; real items do not score "
                "0, because only so many of them are compared."
            )
        for words in self._shares():
            yield f"{words}."
        if self.blind:
            yield "Distances between pixels say little about what pictures show: look, or measure by better features."

    def _shares(self) -> Iterator[str]:
        """Precision and coverage; of judges that see no more than pixels they mean nothing."""
        what = _POINTS if self.name == "points" else _IMAGES
        if not self.blind and (found := self.numbers.get("precision")) is not None:
            yield f"Of 100 samples {_of_hundred(found.value)} lie among the data{_hundreds_beside(found, what)}"
        if not self.blind and (found := self.numbers.get("coverage")) is not None:
            yield (
                f"Of 100 training {what} {_of_hundred(found.value)} have a sample close by"
                f"{_hundreds_beside(found, what)}"
            )


def judges_of(run: Run) -> tuple[Judge, ...]:
    """The newest evaluation of a run by each kind of features; empty where nothing was measured."""
    known = [record for record in run.metrics if problem_of(record) is None and record.get("value") is not None]
    steps = [step for record in known if isinstance(step := record["provenance"].get("step"), int)]
    if not steps:
        return ()
    newest = max(steps)
    found: dict[str, dict[str, Record]] = {}
    for record in known:
        if record["provenance"].get("step") == newest and (name := judge_of(record)):
            found.setdefault(name, {})[record["metric"]] = record
    return tuple(
        Judge(
            name=name,
            step=newest,
            samples=next(iter(records.values()))["provenance"].get("samples"),
            numbers={metric: number for metric, record in records.items() if (number := _number(record)) is not None},
        )
        for name, records in found.items()
    )


def short_of_real(judges: tuple[Judge, ...]) -> bool | None:
    """Whether the samples are not as good as real data, by any judge who can tell; None where none can."""
    told = [found for judge in judges if (found := judge.short_of_real) is not None]
    return any(told) if told else None


def courses(run: Run) -> list[tuple[str, Figure]]:
    """How the numbers of evaluations during training went, over real images, beside what real data scores."""
    points: dict[tuple[str, str], dict[float, Record]] = {}
    for record in run.metrics:
        about = record.get("provenance")
        if problem_of(record) is None and isinstance(about, Mapping) and "during" in about:
            images, value = about.get("images"), record.get("value")
            if isinstance(images, int) and value is not None:
                points.setdefault((record["metric"], judge_of(record)), {})[float(images)] = record
    drawn = []
    for (metric, features), records in points.items():
        if len(records) < 2 or (features in _BLIND and metric in _MEANINGLESS):
            continue
        name = f"{metric} by {features}" if features else metric
        steps = np.array(sorted(records))
        values = np.array([float(records[images]["value"]) for images in steps])
        series = Series(path=(metric,), steps=steps, values=values)
        last = _number(records[steps[-1]])
        real = last.real_interval if last is not None else None
        drawn.append((name, curves(name, [(metric, series)], healthy=real, along="images")))
    return drawn[:_FIGURES]


def improving(run: Run) -> bool | None:
    """Whether the last evaluation during training is the best so far by its distance; None where that is not known."""
    course: dict[str, dict[int, float]] = {}
    for record in run.metrics:
        about = record.get("provenance")
        if problem_of(record) is None and record["metric"] == _DISTANCE and isinstance(about, Mapping):
            step, name, value = about.get("step"), judge_of(record), record.get("value")
            if "during" in about and isinstance(step, int) and name not in ("", *_BLIND) and value is not None:
                course.setdefault(name, {})[step] = float(value)
    told = [[values[step] for step in sorted(values)] for values in course.values() if len(values) > 2]
    return any(values[-1] < min(values[:-1]) for values in told) if told else None


def _number(record: Record) -> Number | None:
    value, ends = record.get("value"), _ends(record.get("interval"))
    if ends is None or value is None:
        return None
    baseline = record["provenance"].get("baseline", {})
    real, between = baseline.get("value"), _ends(baseline.get("interval"))
    if real is None or between is None:
        return Number(value=float(value), interval=ends, real=None, real_interval=None)
    return Number(value=float(value), interval=ends, real=float(real), real_interval=between)


def _ends(interval: Any) -> tuple[float, float] | None:
    if not isinstance(interval, list) or len(interval) != 2 or None in interval:
        return None
    return float(interval[0]), float(interval[1])


def _beside(number: Number) -> str:
    return f"; real in their place: {short(number.real, 3)}" if number.real is not None else ""


def _of_hundred(share: float) -> str:
    return count(round(100 * share))


def _hundreds_beside(number: Number, what: str) -> str:
    return f" (real {what} in their place: {_of_hundred(number.real)})" if number.real is not None else ""
