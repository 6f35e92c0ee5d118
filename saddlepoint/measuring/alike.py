"""Which recorded numbers may stand side by side: those whose provenance agrees in all that the number depends on.

What was measured (the weights, the step, the seed of the samples) may differ: that is what is compared. How it was
measured may not. A key that nobody has named here counts as how: then a comparison is refused too often, never wrongly
allowed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Record = Mapping[str, Any]

# What a provenance tells of the samples, of whoever measured, or besides the value.
BESIDE = frozenset(
    (
        # who measured what, and when
        *("seed", "step", "images", "trained_on", "command", "during", "weights", "baseline", "target", "interval"),
        *(
            "samples_from",
            "labels",
            "features.run",
            "features.file",
            "features.step",
            "features.torch",
            "features.pillow",
        ),
        # further findings beside the value
        *("standard_error", "standard_deviation", "standard_deviation_of_subsets", "limit", "sigma"),
        *("sigma_at_grid_edge", "distance_at_counts", "distance_at_half_counts", "seen_once", "modes_found"),
        *("number", "different", "empty_of_samples", "with_duplicate", "closest", "c_t", "p_value"),
        *("median_distance", "copies", "by_class", "of_density_0", "high_quality", "projection_error", "identical"),
        # how the split came about, in words; which items it holds is reference.items
        "reference.split_rule",
    )
)

# In the space of pixels nearly every picture lies near a blurred one: a veil scores there as real data does.
_MEANINGLESS_IN_PIXELS = ("precision", "recall", "density", "coverage")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One metric on one kind of features, over several runs.

    Attributes:
        metric, features: what; features is empty for a metric without.
        records: the newest of each run; None where a run has none.
        differs: dotted key -> its value in each run that has a record, for what must agree and does not.
    """

    metric: str
    features: str
    records: tuple[Record | None, ...]
    differs: Mapping[str, tuple[Any, ...]]

    @property
    def comparable(self) -> bool:
        return not self.differs and None not in self.records

    @property
    def apart(self) -> bool:
        """Whether no two of the runs' intervals overlap."""
        intervals = sorted(interval_of(record) for record in self.records if record is not None)
        return all(low[1] < high[0] for low, high in pairwise(intervals))


def rows(runs: Sequence[Sequence[Record]], metrics: Sequence[str] | None = None) -> list[Row]:
    """What runs may be compared by.

    Args:
        runs: the records of each run, oldest first.
        metrics: only these; None for all that any run has.

    Returns:
        A row for each metric and kind of features, in the order in which they first occur.
    """
    newest = [newest_by_kind(records) for records in runs]
    kinds = list(dict.fromkeys(kind for of_run in newest for kind in of_run))
    return [
        row(metric, features, tuple(of_run.get((metric, features)) for of_run in newest))
        for metric, features in kinds
        if metrics is None or metric in metrics
    ]


def groups(runs: Mapping[str, Sequence[Record]]) -> list[tuple[str, str, dict[str, Record]]]:
    """Which runs' newest numbers may stand side by side.

    Args:
        runs: the records of each run by its name, oldest first.

    Returns:
        Metric, features, and the records by run, for each way of measuring that at least two runs share.
    """
    alike: dict[str, tuple[str, str, dict[str, Record]]] = {}
    for name, records in runs.items():
        for (metric, features), record in newest_by_kind(records).items():
            how = json.dumps([metric, features, sorted(_settings(record).items())], default=str)
            alike.setdefault(how, (metric, features, {}))[2][name] = record
    return [group for group in alike.values() if len(group[2]) > 1]


def row(metric: str, features: str, records: tuple[Record | None, ...]) -> Row:
    """The row of some records, with what differs among them."""
    settings = [_settings(record) for record in records if record is not None]
    keys = dict.fromkeys(key for each in settings for key in each)
    differs = {
        key: tuple(each.get(key) for each in settings)
        for key in keys
        if any(key not in each or each[key] != settings[0].get(key) for each in settings)
    }
    return Row(metric=metric, features=features, records=records, differs=differs)


def newest_by_kind(records: Sequence[Record]) -> dict[tuple[str, str], Record]:
    """Metric and judge -> the newest record of them; numbers of different features are of different kinds."""
    return {(str(record["metric"]), judge_of(record)): record for record in records if record.get("metric")}


def judge_of(record: Record) -> str:
    """The name of the features that a record is of; empty for a metric without."""
    features = _provenance(record).get("features")
    return str(features.get("name", "")) if isinstance(features, Mapping) else ""


def meaningless(record: Record) -> str:
    """What a table says beside a number that means nothing; empty for others."""
    in_pixels = record.get("metric") in _MEANINGLESS_IN_PIXELS and judge_of(record) == "pixels"
    return "means nothing in pixels" if in_pixels else ""


def _provenance(record: Record) -> Mapping[str, Any]:
    found = record.get("provenance")
    return found if isinstance(found, Mapping) else {}


def _settings(record: Record) -> dict[str, Any]:
    """How the number was measured, by dotted key."""
    return dict(_flat(_provenance(record)))


def _flat(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        name = f"{prefix}{key}"
        if name in BESIDE:
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}.")
        else:
            yield name, value


def interval_of(record: Record) -> tuple[float, float]:
    """Its two ends; infinite where they are not there."""
    ends = record.get("interval")
    low, high = ends if isinstance(ends, Sequence) and len(ends) == 2 else (None, None)
    return (float("-inf") if low is None else low, float("inf") if high is None else high)
