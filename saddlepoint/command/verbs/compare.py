"""`saddlepoint compare RUN RUN ...`: what runs were measured to be, side by side."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saddlepoint.command.tables import aligned, baseline_in_words, interval_in_words, names_in, number_in_words
from saddlepoint.command.uncollected import uncollected
from saddlepoint.command.verb import Answer, Verb
from saddlepoint.errors import UserError, printable

if TYPE_CHECKING:
    from saddlepoint.measuring.alike import Row
    from saddlepoint.measuring.verdicts import Verdict

_OF_MANY = ("frechet_distance",)


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("--metrics", metavar="LIST", help="only these (default: all that any of the runs has)")


def run(chosen: argparse.Namespace, command: str) -> Answer:
    """Lines up runs; the code is 2 where what was asked for cannot be compared."""
    with uncollected():
        from saddlepoint.measuring.alike import rows
        from saddlepoint.measuring.catalogue import check_names
        from saddlepoint.measuring.verdicts import in_words, verdicts
        from saddlepoint.report.read import read_metrics

    if len(chosen.runs) < 2:
        raise UserError(f"one run, {chosen.runs[0]}", "two or more", "name another one")
    names = names_in(chosen.metrics)
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
    alike = [row for row in found if row.comparable]
    refused = sorted({row.metric for row in found} - {row.metric for row in alike}) if names else []
    code, remark = 0, ""
    if refused or not alike:
        said = f"{', '.join(refused)} cannot be compared" if refused else "nothing can be compared"
        code, remark = (
            2,
            (
                f"{said}; expected numbers measured in the same way; "
                "evaluate the runs again with the same --data, --features, --reference and --samples-count"
            ),
        )
    # Of many runs the pairs are many: then the distance speaks, or what was asked for.
    said_by = verdicts([records for records, _ in runs], names or (None if len(runs) == 2 else _OF_MANY))
    answer = {
        "runs": chosen.runs,
        "rows": [_as_json(row) for row in found],
        "verdicts": [_verdict_as_json(each, chosen.runs) for each in said_by],
    }
    said = [in_words(each, chosen.runs) for each in said_by]
    return Answer(json=answer, text="\n".join([_compared(chosen.runs, found), *said]), code=code, remark=remark)


def _compared(runs: Sequence[str], found: Sequence["Row"]) -> str:
    from saddlepoint.measuring.alike import meaningless

    order = list(dict.fromkeys(row.metric for row in found))
    found = sorted(found, key=lambda row: order.index(row.metric))
    table = [("metric", *runs, "real against real", "")]
    said = []
    for row in found:
        name = f"{row.metric} ({row.features})" if row.features else row.metric
        if not row.comparable:
            said.append(f"not compared: {name}: {_why(row, runs)}")
            continue
        records = [record for record in row.records if record is not None]
        cells = [f"{number_in_words(record['value'])} {interval_in_words(record['interval'])}" for record in records]
        real = baseline_in_words(records[-1]["provenance"].get("baseline") or {})
        apart = "intervals apart" if row.apart else "intervals overlap"
        table.append((name, *cells, real, meaningless(records[0]) or apart))
    return "\n".join([*([aligned(table)] if len(table) > 1 else []), *said])


def _why(row: "Row", runs: Sequence[str]) -> str:
    absent = [run for run, record in zip(runs, row.records, strict=True) if record is None]
    if absent:
        return f"not measured in {', '.join(absent)}"
    differs = "; ".join(f"{key}: {' against '.join(map(_short, values))}" for key, values in row.differs.items())
    held_out_otherwise = set(row.differs) == {"reference.items"}
    return differs + (" (evaluate them with --reference test, if the data has one)" if held_out_otherwise else "")


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:12]}..."


def _as_json(row: "Row") -> dict[str, Any]:
    return {
        "metric": row.metric,
        "features": row.features or None,
        "comparable": row.comparable,
        "apart": row.apart if row.comparable else None,
        "results": list(row.records),
        "differs": {key: list(values) for key, values in row.differs.items()},
    }


def _verdict_as_json(verdict: "Verdict", runs: Sequence[str]) -> dict[str, Any]:
    def named(place: int | None) -> str | None:
        return None if place is None else runs[place]

    return {
        "metric": verdict.metric,
        "runs": [runs[verdict.first], runs[verdict.second]],
        "better": named(verdict.better),
        "contradictory": verdict.contradictory,
        "says": {judge: named(place) for judge, place in verdict.says.items()},
    }


COMPARE = Verb(
    name="compare",
    summary="line up what runs were measured to be, where it was measured in the same way",
    add=add,
    run=run,
)
