"""What `evaluate` and `compare` answer: numbers beside what real data scores, and runs side by side."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from saddlepoint.errors import UserError, printable
from saddlepoint.evaluation import evaluate as measure
from saddlepoint.measuring.alike import Row, rows
from saddlepoint.measuring.catalogue import check_names
from saddlepoint.measuring.meaning import meanings
from saddlepoint.recipes.features import PIXELS_ARE_WEAK
from saddlepoint.report.read import read_metrics


def evaluate(chosen: argparse.Namespace, command: str) -> int:
    """Measures, prints, and gives the exit code."""
    if (chosen.run is None) == (chosen.samples is None):
        got = "neither a run nor --samples" if chosen.run is None else f"the run {chosen.run} and --samples"
        raise UserError(got, "one of them", "write `evaluate RUN`, or `evaluate --samples FOLDER --data FOLDER`")
    if chosen.samples is not None and chosen.data is None:
        raise UserError("--samples without --data", "the real images too", "add --data FOLDER")
    what: Any = chosen.run if chosen.run is not None else (chosen.samples, chosen.data)
    results = measure(
        what,
        metrics=_names(chosen.metrics),
        features=chosen.features,
        data=chosen.data if chosen.run is not None else None,
        reference=chosen.reference,
        count=chosen.samples_count,
        seed=chosen.seed,
        step=chosen.step,
        device=chosen.device,
        command=command,
    )
    if chosen.json:
        print(json.dumps(results))
        return 0
    table = [("metric", "value", "95 % interval", "real against real", "samples")]
    for result in results:
        found = result["provenance"]
        baseline = found["baseline"]
        table.append(
            (
                result["metric"],
                _number(result["value"]),
                _ends(result["interval"]),
                _real(baseline),
                str(found.get("samples", "")),
            )
        )
    print(_aligned(table))
    print(_how(results))
    return 0


def compare(chosen: argparse.Namespace) -> int:
    """Lines up runs, prints, and gives the exit code: 2 where what was asked for cannot be compared."""
    if len(chosen.runs) < 2:
        raise UserError(f"one run, {chosen.runs[0]}", "two or more", "name another one")
    names = _names(chosen.metrics)
    if names is not None:
        check_names(names)
    runs = [read_metrics(Path(run)) for run in chosen.runs]
    for run, (_, remarks) in zip(chosen.runs, runs, strict=True):
        for remark in remarks:
            print(printable(f"{run}: {remark}"), file=sys.stderr)
    unmeasured = [run for run, (records, _) in zip(chosen.runs, runs, strict=True) if not records]
    if unmeasured:
        raise UserError(
            f"the run {unmeasured[0]}, which has no metrics",
            "lines in metrics.jsonl",
            f"saddlepoint evaluate {unmeasured[0]}",
        )
    found = rows([records for records, _ in runs], names)
    missing = [name for name in names or () if name not in {row.metric for row in found}]
    if missing:
        raise UserError(
            f"metric {missing[0]}", "one that the runs were measured by", f"evaluate --metrics {missing[0]}"
        )
    if chosen.json:
        print(json.dumps({"runs": chosen.runs, "rows": [_as_json(row) for row in found]}))
    else:
        print(_compared(chosen.runs, found))
    alike = [row for row in found if row.comparable]
    refused = sorted({row.metric for row in found} - {row.metric for row in alike}) if names else []
    if refused or not alike:
        said = f"{', '.join(refused)} cannot be compared" if refused else "nothing can be compared"
        print(
            f"saddlepoint compare: {said}; expected numbers measured in the same way; "
            "evaluate the runs again with the same --data, --features, --reference and --samples-count",
            file=sys.stderr,
        )
        return 2
    return 0


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",")]


def _compared(runs: Sequence[str], found: Sequence[Row]) -> str:
    table = [("metric", *runs, "real against real", "")]
    said = []
    for row in found:
        name = f"{row.metric} ({row.features})" if row.features else row.metric
        if not row.comparable:
            said.append(f"not compared: {name}: {_why(row, runs)}")
            continue
        records = [record for record in row.records if record is not None]
        cells = [f"{_number(record['value'])} {_ends(record['interval'])}" for record in records]
        real = _real(records[-1]["provenance"].get("baseline") or {})
        table.append((name, *cells, real, "intervals apart" if row.apart else "intervals overlap"))
    return "\n".join([*([_aligned(table)] if len(table) > 1 else []), *said])


def _why(row: Row, runs: Sequence[str]) -> str:
    absent = [run for run, record in zip(runs, row.records, strict=True) if record is None]
    if absent:
        return f"not measured in {', '.join(absent)}"
    differs = "; ".join(f"{key}: {' against '.join(map(_short, values))}" for key, values in row.differs.items())
    held_out_otherwise = set(row.differs) == {"reference.items"}
    return differs + (" (evaluate them with --reference test, if the data has one)" if held_out_otherwise else "")


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:12]}..."


def _as_json(row: Row) -> dict[str, Any]:
    return {
        "metric": row.metric,
        "features": row.features or None,
        "comparable": row.comparable,
        "apart": row.apart if row.comparable else None,
        "results": list(row.records),
        "differs": {key: list(values) for key, values in row.differs.items()},
    }


def _how(results: Sequence[Mapping[str, Any]]) -> str:
    """What the numbers depend on, in a few lines."""
    lines = []
    found = results[-1]["provenance"]
    reference = found["reference"]
    if "fingerprint" in reference:
        lines.append(
            f"reference: {reference['split']} of the data {reference['fingerprint'][:12]}"
            + (f", step {found['step']}" if "step" in found else "")
            + (f", seed {found['seed']}" if "seed" in found else "")
        )
    lines += [
        f"no baseline for {result['metric']}: {result['provenance']['baseline']['why']}"
        for result in results
        if "why" in result["provenance"]["baseline"]
    ]
    lines += [f"note: {line}" for line in meanings(results)]
    of_features = [result["provenance"]["features"] for result in results if "features" in result["provenance"]]
    if of_features:
        weights = of_features[0].get("sha256")
        lines.append(f"features: {of_features[0]['name']}" + (f", weights {weights[:12]}" if weights else ""))
        if of_features[0]["name"] == "pixels":
            lines.append(f"note: {PIXELS_ARE_WEAK}")
    return "\n".join(lines)


def _real(baseline: Mapping[str, Any]) -> str:
    """What real data scores; at which count, where that is not the samples'."""
    if "interval" not in baseline:
        return ""
    count = "" if baseline.get("same_counts", True) else f" of {baseline.get('samples')}"
    return f"{_number(baseline['value'])} {_ends(baseline['interval'])}{count}"


def _number(value: float | None, otherwise: str = "infinite") -> str:
    return otherwise if value is None else f"{value:.4g}"


def _ends(interval: Sequence[float | None]) -> str:
    return f"[{_number(interval[0], '-inf')}, {_number(interval[1], 'inf')}]"


def _aligned(table: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in table
    )
