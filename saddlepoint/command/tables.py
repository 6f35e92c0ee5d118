"""Measured numbers in words: a value, its interval, what real data scores, and rows that stand under each other."""

from collections.abc import Mapping, Sequence
from typing import Any


def names_in(text: str | None) -> list[str] | None:
    """The metrics that `--metrics` lists; None where it was not given."""
    return None if text is None else [name.strip() for name in text.split(",")]


def baseline_in_words(baseline: Mapping[str, Any]) -> str:
    """What real data scores; at which count, where that is not the samples'."""
    if "interval" not in baseline:
        return ""
    count = "" if baseline.get("same_counts", True) else f" of {baseline.get('samples')}"
    return f"{number_in_words(baseline['value'])} {interval_in_words(baseline['interval'])}{count}"


def number_in_words(value: float | None, otherwise: str = "infinite") -> str:
    """Four digits of a number; None is one that is not finite."""
    return otherwise if value is None else f"{value:.4g}"


def interval_in_words(interval: Sequence[float | None]) -> str:
    """Both ends of an interval."""
    return f"[{number_in_words(interval[0], '-inf')}, {number_in_words(interval[1], 'inf')}]"


def measured(results: Sequence[Mapping[str, Any]]) -> str:
    """What was measured, a row for each metric and judge, the judges of a metric under each other.

    Args:
        results: {metric, value, interval, provenance}, as `evaluate` answers.
    """
    from saddlepoint.measuring.alike import judge_of, meaningless

    order = list(dict.fromkeys(result["metric"] for result in results))
    several = len({judge_of(result) for result in results if judge_of(result)}) > 1
    lines = [("metric", *(("judge",) if several else ()), "value", "95 % interval", "real against real", "samples", "")]
    before = None
    for result in sorted(results, key=lambda result: order.index(result["metric"])):
        found = result["provenance"]
        lines.append(
            (
                result["metric"] if result["metric"] != before else "",
                *((judge_of(result),) if several else ()),
                number_in_words(result["value"]),
                interval_in_words(result["interval"]),
                baseline_in_words(found["baseline"]),
                str(found.get("samples", "")),
                meaningless(result),
            )
        )
        before = result["metric"]
    return aligned(lines)


def aligned(table: Sequence[tuple[str, ...]]) -> str:
    """A table as text, its columns as wide as their widest cell."""
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table
    )
