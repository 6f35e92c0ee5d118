"""The document of measured results: written from what runs recorded, never typed.

    python -m saddlepoint.report.results RUN [RUN ...] --out docs/results.md

What the document needs of a run is kept in docs/results/NAME.json and docs/pictures/NAME.png, and the document is made
from all of these files: a run that stands on another machine, or on none any more, keeps its section. NAME is the name
of the run's folder; a run of the same name takes the other's place.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from saddlepoint.errors import UserError, reading
from saddlepoint.files import write_whole
from saddlepoint.measuring.alike import groups, meaningless, newest_by_kind
from saddlepoint.process.saying import duration
from saddlepoint.report.evidence import is_evidence, section_of_evidence
from saddlepoint.report.markdown import cell, code
from saddlepoint.report.read import Record, read_run
from saddlepoint.report.state import count, short

FORMAT = 1
_NOT_RECORDED = "not recorded"
# In a column of its own, or too long for a table.
_UNSHOWN = {"baseline", "closest", "different", "by_class"}
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def write_results(entries: Sequence[Path], out: Path) -> Path:
    """Records the metrics of runs, and writes the document anew from all that was ever recorded beside it.

    Args:
        entries: run folders whose metrics are recorded; none only rewrites the document.
        out: the document, such as docs/results.md; the records go to docs/results/, the pictures to docs/pictures/.

    Returns:
        `out`. The same runs and records give the same bytes.

    Raises:
        UserError: a run without metrics, a name that is not fit for a file, an unreadable record, nothing to write.
        OSError: a file cannot be written.
    """
    records = out.parent / out.stem
    # All are read before the first is written: a mistake in the last leaves everything as it was.
    read = [(folder, *_record(folder)) for folder in entries]
    for folder, record, picture in read:
        records.mkdir(parents=True, exist_ok=True)
        if picture is not None:
            (out.parent / "pictures").mkdir(exist_ok=True)
            write_whole(out.parent / "pictures" / record["picture"], picture.read_bytes())
        text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
        write_whole(records / f"{_name(folder)}.json", (text + "\n").encode())
    sections = [(file.stem, _read_record(file)) for file in sorted(records.glob("*.json"))]
    if not sections:
        raise UserError(f"no run, and no record in {records}", "at least one of them", "name a run folder")
    write_whole(out, _document(sections).encode())
    return out


def _name(folder: Path) -> str:
    name = folder.resolve().name
    if not _NAME.fullmatch(name):
        raise UserError(f"the run {name!r}", "a folder name of letters, digits and . _ -", "rename the folder")
    return name


def _record(folder: Path) -> tuple[dict[str, Any], Path | None]:
    """What the document needs of a run, as JSON values, and its newest picture."""
    name, run = _name(folder), read_run(folder)
    if not run.metrics:
        raise UserError(
            f"the run {folder}, which has no metrics", "lines in its metrics.jsonl", "measure it first, or leave it out"
        )
    # An evaluation that was repeated and gave the same says nothing new.
    metrics = {json.dumps(metric, sort_keys=True): metric for metric in _final(run.metrics)}
    newest = run.samples[-1] if run.samples else None
    record = {
        "format": FORMAT,
        "recipe": run.recipe.get("name"),
        "summary": run.recipe.get("summary"),
        "command": run.recipe.get("command"),
        "seed": run.recipe.get("seed"),
        "started": run.recipe.get("started"),
        "machine": run.recipe.get("machine"),
        "versions": run.recipe.get("versions"),
        "steps": run.last("step"),
        "images": run.last("images"),
        "seconds": run.last("seconds"),
        "metrics": list(metrics.values()),
        "picture": f"{name}.png" if newest else None,
        "picture_step": newest.step if newest else None,
        "remarks": list(run.remarks),
    }
    # What YAML reads as a date is text here; a number that is not finite has no place in JSON.
    plain = json.loads(json.dumps(record, default=str), parse_constant=lambda constant: None)
    return plain, newest.file if newest else None


def _final(metrics: Sequence[Record]) -> list[Record]:
    """What a person measured; of what nobody did, what the run measured as it went on, the newest of each kind."""
    during = newest_by_kind([metric for metric in metrics if "during" in (metric.get("provenance") or {})])
    by_hand = [metric for metric in metrics if "during" not in (metric.get("provenance") or {})]
    known = newest_by_kind(by_hand)
    return [*by_hand, *(metric for kind, metric in during.items() if kind not in known)]


def _read_record(file: Path) -> Mapping[str, Any]:
    with reading(f"the record {file}", "valid JSON", "restore it, or record the run again"):
        record = json.loads(file.read_bytes())
    if is_evidence(record):
        return record
    if not isinstance(record, dict) or record.get("format") != FORMAT or not isinstance(record.get("metrics"), list):
        raise UserError(f"the record {file}", f"an object of format {FORMAT} with metrics", "record the run again")
    return record


def _document(sections: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    lines = [
        "# Results",
        "",
        "Generated from what the runs recorded (`python -m saddlepoint.report.results RUN ... --out docs/results.md`);"
        " do not edit.",
        "Each section names the command, the seed and the machine, so that the number can be made again.",
    ]
    runs = {name: record for name, record in sections if not is_evidence(record)}
    for name, record in runs.items():
        lines += ["", *_section(name, record)]
    lines += _side_by_side({name: record["metrics"] for name, record in runs.items()})
    for name, record in sections:
        if is_evidence(record):
            lines += ["", *section_of_evidence(name, record)]
    return "\n".join(lines) + "\n"


def _section(name: str, record: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {name}"
    if record.get("summary"):
        yield ""
        yield cell(record["summary"])
    if record.get("picture"):
        step = count(record.get("picture_step"))
        yield ""
        yield f"![Samples of the run {name} after {step} steps](pictures/{record['picture']})"
    for remark in record.get("remarks") or ():
        yield ""
        yield f"Note: {cell(remark)}"
    machine, versions = record.get("machine") or {}, record.get("versions") or {}
    cores = machine.get("cores")
    rows = [
        ("Command", code(record["command"]) if record.get("command") else _NOT_RECORDED),
        ("Recipe", _recorded(record.get("recipe"))),
        ("Seed", _recorded(record.get("seed"))),
        ("Date", _recorded(record.get("started"))),
        ("Processor", _recorded(machine.get("processor")) + (f", {cell(cores)} cores" if cores is not None else "")),
        ("Device", _recorded(machine.get("device"))),
        ("Threads", _recorded(machine.get("threads"))),
        ("torch", _recorded(versions.get("torch"))),
        ("Trained", _trained(record)),
    ]
    yield from ("", "| | |", "|---|---|")
    yield from (f"| {label} | {text} |" for label, text in rows)
    yield from ("", "| Metric | Value | Interval | Real against real | Provenance |", "|---|---|---|---|---|")
    for metric in record["metrics"]:
        found = metric.get("provenance")
        facts = _flat(found if isinstance(found, dict) else {"": found} if found else {})
        provenance = "; ".join(f"{cell(key)}: {cell(value)}" if key else cell(value) for key, value in facts)
        yield (
            f"| {code(metric.get('metric'))} | {_value(metric)} | {_ends(metric)} "
            f"| {_real(metric)} | {provenance or _NOT_RECORDED} |"
        )


def _side_by_side(runs: Mapping[str, Sequence[Record]]) -> Iterator[str]:
    """The numbers of different runs that were measured in the same way."""
    found = groups(runs)
    if not found:
        return
    yield from ("", "## Side by side", "", "Only numbers that were measured in the same way stand here.")
    yield from (
        "",
        "| Metric | Features | Reference | Run | Value | Interval | Real against real |",
        "|---|---|---|---|---|---|---|",
    )
    for metric, features, records in found:
        for name, record in records.items():
            yield (
                f"| {code(metric)} | {cell(features or 'none')} | {_reference(record)} | {cell(name)} "
                f"| {_value(record)} | {_ends(record)} | {_real(record)} |"
            )


def _reference(metric: Mapping[str, Any]) -> str:
    """What was compared with, in short."""
    reference = (metric.get("provenance") or {}).get("reference")
    if not isinstance(reference, dict):
        return _NOT_RECORDED
    return f"{cell(reference.get('split'))} of {cell(str(reference.get('fingerprint'))[:12])}"


def _value(metric: Mapping[str, Any]) -> str:
    """The number, and whether it means nothing."""
    remark = meaningless(metric)
    return cell(short(metric.get("value"))) + (f" ({remark})" if remark else "")


def _ends(metric: Mapping[str, Any]) -> str:
    interval = metric.get("interval")
    low, high = interval if isinstance(interval, list) and len(interval) == 2 else (None, None)
    return f"{cell(short(low))} to {cell(short(high))}"


def _real(metric: Mapping[str, Any]) -> str:
    """What real data scores in the samples' place."""
    found = metric.get("provenance")
    baseline = found.get("baseline") if isinstance(found, dict) else None
    if not isinstance(baseline, dict):
        return _NOT_RECORDED
    if "interval" not in baseline:
        return cell(baseline.get("why", _NOT_RECORDED))
    counts = "" if baseline.get("same_counts") else f", of {cell(baseline.get('samples'))}"
    return f"{cell(short(baseline.get('value')))} ({_ends(baseline)}){counts}"


def _trained(record: Mapping[str, Any]) -> str:
    if record.get("steps") is None:
        return _NOT_RECORDED
    parts = [f"{count(record['steps'])} steps"]
    if record.get("images") is not None:
        parts.append(f"{count(record['images'])} images")
    if record.get("seconds") is not None:
        parts.append(duration(record["seconds"]))
    return ", ".join(parts)


def _flat(node: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        if f"{prefix}{key}" in _UNSHOWN:
            continue
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            yield prefix + key, ", ".join(str(item) for item in value) or "none"
        else:
            shown = short(value) if isinstance(value, float) else value
            # A digest is told by its beginning.
            yield prefix + key, shown[:12] if isinstance(shown, str) and _DIGEST.fullmatch(shown) else shown


def _recorded(value: Any) -> str:
    return _NOT_RECORDED if value is None else cell(value)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit code: 0, or 2 after a mistake, said on one line."""
    parser = argparse.ArgumentParser(prog="python -m saddlepoint.report.results", description=write_results.__doc__)
    parser.add_argument("runs", nargs="*", type=Path, metavar="RUN")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        print(write_results(given.runs, given.out))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
