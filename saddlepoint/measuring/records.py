"""What a line of metrics.jsonl must be to be shown beside others: {metric, value, interval, provenance}."""

import math
from collections.abc import Mapping
from typing import Any


def problem_of(record: Mapping[str, Any]) -> str | None:
    """What in a record is not as every measurement is, in words; None for a measurement.

    Args:
        record: a JSON object; nothing is taken for granted, for a person or a fault may have written it.
    """
    if not isinstance(record.get("metric"), str) or not record["metric"]:
        return "no name of a metric"
    if (found := _problem_of_numbers(record)) is not None:
        return found
    provenance = record.get("provenance")
    if not isinstance(provenance, Mapping):
        return "no provenance"
    baseline = provenance.get("baseline", {})
    if not isinstance(baseline, Mapping):
        return "a baseline that is no object"
    found = _problem_of_numbers(baseline) if "interval" in baseline else None
    return None if found is None else f"a baseline with {found}"


def _problem_of_numbers(record: Mapping[str, Any]) -> str | None:
    if not _is_end(record.get("value")):
        return "a value that is no finite number"
    ends = record.get("interval")
    if not isinstance(ends, list) or len(ends) != 2 or not all(map(_is_end, ends)):
        return "no interval of two numbers"
    return None


def _is_end(value: Any) -> bool:
    """Whether it is a number that JSON has; null is what is infinite or undefined."""
    if value is None:
        return True
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
