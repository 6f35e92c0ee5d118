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

from saddlepoint.errors import UserError
from saddlepoint.files import write_whole
from saddlepoint.report.read import read_run
from saddlepoint.report.state import count, duration, short

FORMAT = 1
_NOT_RECORDED = "not recorded"
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
    metrics = {json.dumps(metric, sort_keys=True): metric for metric in run.metrics}
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


def _read_record(file: Path) -> Mapping[str, Any]:
    try:
        record = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(f"the record {file} ({error})", "valid JSON", "restore it, or record the run again") from None
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
    for name, record in sections:
        lines += ["", *_section(name, record)]
    return "\n".join(lines) + "\n"


def _section(name: str, record: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {name}"
    if record.get("summary"):
        yield ""
        yield _cell(record["summary"])
    if record.get("picture"):
        step = count(record.get("picture_step"))
        yield ""
        yield f"![Samples of the run {name} after {step} steps](pictures/{record['picture']})"
    for remark in record.get("remarks") or ():
        yield ""
        yield f"Note: {_cell(remark)}"
    machine, versions = record.get("machine") or {}, record.get("versions") or {}
    cores = machine.get("cores")
    rows = [
        ("Command", _code(record["command"]) if record.get("command") else _NOT_RECORDED),
        ("Recipe", _recorded(record.get("recipe"))),
        ("Seed", _recorded(record.get("seed"))),
        ("Date", _recorded(record.get("started"))),
        ("Processor", _recorded(machine.get("processor")) + (f", {_cell(cores)} cores" if cores is not None else "")),
        ("Device", _recorded(machine.get("device"))),
        ("Threads", _recorded(machine.get("threads"))),
        ("torch", _recorded(versions.get("torch"))),
        ("Trained", _trained(record)),
    ]
    yield from ("", "| | |", "|---|---|")
    yield from (f"| {label} | {text} |" for label, text in rows)
    yield from ("", "| Metric | Value | Interval | Provenance |", "|---|---|---|---|")
    for metric in record["metrics"]:
        interval, found = metric.get("interval"), metric.get("provenance")
        low, high = interval if isinstance(interval, list) and len(interval) == 2 else (None, None)
        facts = _flat(found if isinstance(found, dict) else {"": found} if found else {})
        provenance = "; ".join(f"{_cell(key)}: {_cell(value)}" if key else _cell(value) for key, value in facts)
        yield (
            f"| {_code(metric.get('metric'))} | {_cell(short(metric.get('value')))} "
            f"| {_cell(short(low))} to {_cell(short(high))} | {provenance or _NOT_RECORDED} |"
        )


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
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list):
            yield prefix + key, ", ".join(str(item) for item in value) or "none"
        else:
            yield prefix + key, short(value) if isinstance(value, float) else value


def _recorded(value: Any) -> str:
    return _NOT_RECORDED if value is None else _cell(value)


def _cell(value: Any) -> str:
    """Any value as one line of Markdown text, in which nothing is markup."""
    return re.sub(r"([\\`*_\[\]<>|#&])", r"\\\1", " ".join(str(value).split()))


def _code(value: Any) -> str:
    """Any value as Markdown code inside a table."""
    text = " ".join(str(value).split()).replace("|", r"\|")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    space = " " if "`" in text else ""
    return f"{fence}{space}{text}{space}{fence}"


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
