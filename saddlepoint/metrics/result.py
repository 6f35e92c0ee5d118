"""What every metric returns: a value, the interval that goes with it, and how it came about.

A number without its interval invites comparing noise; a number without its provenance (which samples, which reference
split, which settings) cannot be compared at all. So neither can be left out.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Result:
    """One evaluated metric.

    Args:
        metric: its name, one word, the same in every run.
        value: the estimate, in the unit that `target` names.
        interval: lower and upper end, same unit; `target` says what it covers.
        target: in words, what is estimated and in which unit, and what the interval covers.
        provenance: all that the value depends on (version, counts, reference, settings, seed), as plain JSON values.

    Raises:
        ValueError: an interval out of order, or a provenance that JSON cannot hold (both are a metric's own mistake).
    """

    metric: str
    value: float
    interval: tuple[float, float]
    target: str
    provenance: Mapping[str, Any]

    def __post_init__(self) -> None:
        low, high = self.interval
        if low > high:
            raise ValueError(f"{self.metric}: got the interval ({low}, {high}); expected low <= high")
        try:
            # A round trip, not a reference: what the caller changes later in its dictionary stays out of the record.
            provenance = json.loads(json.dumps(dict(self.provenance), allow_nan=False))
        except (TypeError, ValueError) as error:
            raise ValueError(f"{self.metric}: its provenance does not fit JSON ({error})") from error
        object.__setattr__(self, "provenance", provenance)

    def as_json(self) -> dict[str, Any]:
        """The line for metrics.jsonl, {metric, value, interval, provenance}; what is infinite or undefined is null.

        The target is part of the provenance, so that the four keys are the same for every metric.
        """
        return {
            "metric": self.metric,
            "value": _number(self.value),
            "interval": [_number(end) for end in self.interval],
            "provenance": {"target": self.target, **self.provenance},
        }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
