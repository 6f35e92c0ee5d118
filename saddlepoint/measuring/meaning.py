"""What a measured number says in words, and when its counts are too small for it to say anything."""

from collections.abc import Mapping, Sequence
from typing import Any

from saddlepoint.errors import counted
from saddlepoint.measuring.alike import judge_of
from saddlepoint.metrics.memorisation import FEWEST, chance_half_width, tells_copying

Record = Mapping[str, Any]

# Metrics of covariances: with fewer vectors than dimensions these have no full rank.
_OF_COVARIANCES = ("frechet_distance", "frechet_distance_infinity")
# Shares: an interval over more than this much of 0..1 leaves nearly everything open.
_SHARES, _OPEN = ("precision", "recall", "coverage"), 0.5
_COPYING = (
    "memorisation: 0.5 is no sign of copying; towards 1, samples lie nearer to training images than held-out images "
    "do, as copies would; below 0.5 they lie farther from them, as poor samples do"
)


def meanings(records: Sequence[Record]) -> list[str]:
    """Lines for a person beside the numbers; none for numbers that stand on enough items and explain themselves.

    Args:
        records: as in metrics.jsonl, measured together.
    """
    lines = []
    for record in records:
        if record["metric"] == "memorisation":
            lines += [_COPYING, *_too_few_to_copy(record)]
    return [*lines, *_flat(records), *_open(records)]


def _too_few_to_copy(record: Record) -> list[str]:
    samples, held_out = record["provenance"]["samples"], record["provenance"]["held_out_images"]
    if tells_copying(samples, held_out):
        return []
    half = min(0.5, chance_half_width(samples, held_out))
    return [
        f"memorisation of {counted(samples, 'sample')} against {counted(held_out, 'held-out image')} says nothing yet: "
        f"without any copying it falls anywhere in {0.5 - half:.2g}..{0.5 + half:.2g}; it means something from about "
        f"{FEWEST} of each on; hold out more in training (data.hold_out), or look with sample --neighbours"
    ]


def _flat(records: Sequence[Record]) -> list[str]:
    """Of Frechet distances of fewer vectors than dimensions."""
    found = []
    for record in records:
        about = record["provenance"]
        few = min(about.get("samples", 0), about.get("reference_samples", 0))
        if record["metric"] in _OF_COVARIANCES and few <= about.get("dimensions", 0):
            found.append((_named(record, records), few, about["dimensions"]))
    if not found:
        return []
    names, few, dimensions = ", ".join(name for name, _, _ in found), found[0][1], found[0][2]
    return [
        f"{names} of {counted(few, 'item')} in {dimensions:,} dimensions: too few for a covariance, so the value is "
        "mostly bias; it says something only beside real against real at the same counts"
    ]


def _open(records: Sequence[Record]) -> list[str]:
    """Of shares whose intervals leave nearly everything open."""
    wide = [
        record
        for record in records
        if record["metric"] in _SHARES and record["interval"][1] - record["interval"][0] > _OPEN
    ]
    if not wide:
        return []
    names, samples = [_named(record, records) for record in wide], wide[0]["provenance"]["samples"]
    says = "says" if len(names) == 1 else "say"
    return [f"{', '.join(names)} of {counted(samples, 'sample')} {says} next to nothing: see the intervals"]


def _named(record: Record, records: Sequence[Record]) -> str:
    """The metric, and its judge where there are several."""
    several = len({judge_of(each) for each in records if judge_of(each)}) > 1
    return f"{record['metric']} ({judge_of(record)})" if several else record["metric"]
