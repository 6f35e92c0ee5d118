"""Sections of docs/results.md that come from benchmarks: coverage, judges, numbers made again, growth, attacks."""

from collections.abc import Iterator, Mapping
from typing import Any

from saddlepoint.measuring.alike import meaningless
from saddlepoint.report.markdown import cell, code
from saddlepoint.report.state import short


def is_evidence(record: Any) -> bool:
    """Whether a file beside the runs' records is what a benchmark wrote: a command and rows."""
    return isinstance(record, dict) and isinstance(record.get("rows"), list) and "format" not in record


def section_of_evidence(name: str, record: Mapping[str, Any]) -> Iterator[str]:
    """The lines of its section."""
    rows = record["rows"]
    if rows and "coverage" in rows[0]:
        yield "## Coverage of the intervals"
        yield from ("", "How often the 95 % interval held its target, over draws of known cases.")
        yield from _made(record)
        yield from ("", "| Case | Metric | Target | Mean value | Draws | Coverage |", "|---|---|---|---|---|---|")
        for row in rows:
            yield (
                f"| {cell(row['name'])} | {code(row['metric'])} | {cell(short(row['target']))} "
                f"| {cell(short(row['mean_value']))} | {cell(row['repetitions'])} | {row['coverage']:.3f} |"
            )
        return
    if rows and "alive" in rows[0]:
        yield "## Small siblings of published recipes"
        yield from ("", "Trained for so many seconds: whether all numbers stayed finite, no player stood still and G")
        yield "made different images for different inputs. The spread is over images, as a share of the data's."
        yield from _made(record)
        yield from ("", "| Recipe | Data | Seconds | Steps | Images/s | Spread | Alive | Picture |")
        yield "|---|---|---|---|---|---|---|---|"
        for row in rows:
            picture = f"[picture](pictures/{cell(row['name'])}.png)"
            yield (
                f"| {code(row['name'])} | {cell(row['data'])} | {cell(short(row['seconds']))} | {cell(row['steps'])} "
                f"| {cell(short(row['images_per_s']))} | {row['spread'] / row['spread_of_data']:.2f} "
                f"| {'yes' if row['alive'] else 'no'} | {picture} |"
            )
        return
    if rows and "judges" in rows[0]:
        yield "## What judges say of runs that the eye can rank"
        yield from ("", "`images` on 400 faces of 32x32, 650 steps at several rates: in the picture a row for each.")
        yield "Beside each value what the faces themselves score, parted in two: half as many."
        yield from _made(record)
        yield from ("", "![Samples, a row for each run](pictures/judges.png)")
        metrics = list(next(iter(rows[0]["judges"].values())))
        heads = " | ".join(code(metric) for metric in metrics)
        yield from ("", f"| Run | Rate | Judge | {heads} |", "|---|---|---|" + "---|" * len(metrics))
        for row in rows:
            for judge, found in row["judges"].items():
                cells = " | ".join(_beside_real(metric, judge, found.get(metric)) for metric in metrics)
                yield f"| {cell(row['name'])} | {cell(short(row['rate']))} | {cell(judge)} | {cells} |"
        return
    if rows and "not_good" in rows[0]:
        yield "## The hostile campaign"
        bad = sum(len(row["not_good"]) for row in rows)
        tried = sum(row["tried"] for row in rows)
        yield from ("", f"{tried:,} attempts of {len(rows)} kinds, {bad} not good: [reliability.md](reliability.md).")
        yield from _made(record)
        return
    if rows and "way" in rows[0]:
        yield from _growing(record)
        return
    yield f"## {cell(name)}"
    if record.get("protocol"):
        yield from ("", f"Published numbers made again: {cell(record['protocol'])}.")
    yield from _made(record)
    yield from ("", "| Set | Metric | Measured | Published | Images |", "|---|---|---|---|---|")
    for row in rows:
        for metric in row.get("metrics", ()):
            published = row.get("published", {}).get(metric["metric"])
            yield (
                f"| {cell(row.get('set'))} | {code(metric['metric'])} | {cell(short(metric['value']))} "
                f"| {cell(short(published)) if published is not None else 'none'} "
                f"| {cell(metric['provenance'].get('samples'))} |"
            )


def _beside_real(metric: str, judge: str, found: Mapping[str, Any] | None) -> str:
    """A value with its interval, and what real data scores; or why it says nothing."""
    if found is None:
        return "not asked"
    if remark := meaningless({"metric": metric, "provenance": {"features": {"name": judge}}}):
        return f"{cell(short(found['value']))} ({remark})"
    low, high = found["interval"]
    real = short(found["real"]["value"])
    return f"{cell(short(found['value']))} ({cell(short(low))} to {cell(short(high))}); real {cell(real)}"


def _growing(record: Mapping[str, Any]) -> Iterator[str]:
    """Small first, or large from the start: each way's numbers, those of its seeds beside their mean."""
    box = record["processor_seconds"]
    yield "## Small first, or large from the start"
    yield from ("", f"Faces at 64 x 64, of which `grown` spends {box['small']:g} s of one core at 32 x 32 and then")
    yield f"{box['large']:g} s with `--from`, `afresh` {box['afresh']:g} s; `enlarged` is `grown` before it has grown."
    yield f"Set: {', '.join(map(cell, record['settings']))}."
    yield from _made(record)
    yield from ("", "| Features | Metric | Way | Steps | Mean | Of each seed | Real in their place |")
    yield "|---|---|---|---|---|---|---|"
    groups: dict[tuple[str, str, str], list[tuple[Mapping[str, Any], Mapping[str, Any]]]] = {}
    for row in record["rows"]:
        for metric in row["metrics"]:
            groups.setdefault((row["features"], metric["metric"], row["way"]), []).append((row, metric))
    for (features, name, way), found in sorted(groups.items()):
        mean = sum(metric["value"] for _, metric in found) / len(found)
        each = "; ".join(
            f"{short(metric['value'])} ({short(metric['interval'][0])} to {short(metric['interval'][1])})"
            for _, metric in found
        )
        steps = ", ".join(" + ".join(map(str, row["steps"])) for row, _ in found)
        real = short(found[0][1]["real"])
        yield f"| {cell(features)} | {code(name)} | {cell(way)} | {steps} | {short(mean)} | {each} | {real} |"


def _made(record: Mapping[str, Any]) -> Iterator[str]:
    date = f", {cell(record['date'])}" if record.get("date") else ""
    machine = record.get("machine")
    processor = f", {cell(machine.get('processor'))}" if isinstance(machine, Mapping) else ""
    yield from ("", f"Made by {code(record.get('command'))}{date}{processor}.")
