"""docs/results/time-to-quality.md, from the recorded runs; the whole page is written."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from PIL import Image

from benchmarks.record import FOLDER, read
from benchmarks.time_to_quality.candidates import BEFORE, CANDIDATES, DEFAULT, WORDS
from saddlepoint.files import write_whole

PATH = FOLDER / "time-to-quality.json"
PAGE = FOLDER.parent / "docs" / "results" / "time-to-quality.md"
PICTURES = FOLDER.parent / "docs" / "pictures"
_DISTANCE = "frechet_distance"
_ABOUT = """# What trains how well in minutes of one core

Written by the command itself from `benchmarks/time-to-quality.json`. Each run has so many minutes of the processor, one
thread, what begins it included; the horizons of its schedules end with it. Two judges look at its samples beside the
set's images, all of which it was trained on: the Frechet distance in EfficientNet-Lite0, which knows ImageNet, and in
histograms of oriented gradients, which know nothing. The excess is the distance over that of one half of the set to the
other; `ratio` is the excess over that of `before` (the recipe `images` before this sweep) in the same minutes on the
same set, seed by seed: the geometric mean of both judges, below 1 is better. A result is better only where neither
judge says the opposite. Steps follow from what a step cost in a trial before, so that on a machine which others used
too the seconds differ from the budget; they stand beside.
"""


def excess(row: Mapping[str, Any], judge: str) -> float:
    """How far a run's Frechet distance exceeds that of real data against real data, at least a tenth of the latter."""
    found = row["judged"][judge][_DISTANCE]
    return max(found["value"] - found["real"]["value"], found["real"]["value"] / 10)


def ratio(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> float | None:
    """The geometric mean over both judges of a run's excess over that of `before`; None where that was not run."""
    same = (
        other
        for other in rows
        if other["candidate"] == BEFORE and all(other[name] == row[name] for name in ("set", "minutes", "seed"))
    )
    before = next(same, None)
    if before is None:
        return None
    return math.exp(fmean(math.log(excess(row, judge) / excess(before, judge)) for judge in row["judged"]))


def line(row: Mapping[str, Any]) -> str:
    """A run on one line, for the terminal."""
    judges = "; ".join(
        f"{judge} {found[_DISTANCE]['value']:.4g} (real {found[_DISTANCE]['real']['value']:.4g}), precision "
        f"{found['precision']['value']:.2f}, recall {found['recall']['value']:.2f}"
        for judge, found in row["judged"].items()
    )
    of = f"{row['set']}, {row['minutes']:g} min, seed {row['seed']}"
    return f"{row['candidate']}, {of}: {row['steps']} steps, {row['cpu_seconds']:.0f} s; {judges}"


def keep_picture(row: Mapping[str, Any], run: Path) -> None:
    """Puts the upper half of the grid of a run of seed 0, of the recipe before or as it is, beside the pages."""
    if row["candidate"] in (BEFORE, DEFAULT) and row["seed"] == 0:
        picture = Image.open(run / "grid.png")
        picture.crop((0, 0, picture.width, picture.height // 2)).save(PICTURES / _picture(row), optimize=True)


def _picture(row: Mapping[str, Any]) -> str:
    return f"time-to-quality-{row['set']}-{row['minutes']:g}-{row['candidate']}.png"


def write() -> None:
    """Writes the page anew."""
    recorded = read(PATH)
    rows = recorded["runs"]
    machine = rows[-1]["machine"]
    parts = [
        _ABOUT.strip(),
        f"`{recorded['command']}`, {rows[-1]['date'][:10]}, {machine['processor']}, torch {machine['torch']}.",
    ]
    for minutes in sorted({row["minutes"] for row in rows}):
        for name in sorted({row["set"] for row in rows if row["minutes"] == minutes}):
            chosen = [row for row in rows if (row["set"], row["minutes"]) == (name, minutes)]
            parts += [f"## {name}, {minutes:g} minutes", *_table(chosen), *_pictures(chosen)]
    tried = [name for name in CANDIDATES if any(row["candidate"] == name for row in rows)]
    parts += ["## The candidates", "\n".join(f"- `{name}`: {WORDS[name]}" for name in tried)]
    write_whole(PAGE, ("\n\n".join(parts) + "\n").encode())


def _pictures(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    shown = [row for row in rows if row["seed"] == 0 and (PICTURES / _picture(row)).exists()]
    return [f"![{row['candidate']}, seed 0](../pictures/{_picture(row)})" for row in shown]


def _table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    judges = list(rows[0]["judged"])
    real = "; ".join(f"{judge} {rows[0]['judged'][judge][_DISTANCE]['real']['value']:.4g}" for judge in judges)
    heads = "".join(f" {judge} | precision | recall |" for judge in judges)
    lines = [
        f"| candidate | seeds | steps | processor, s |{heads} ratio |",
        f"|---|---|---|---|{'---|' * (3 * len(judges) + 1)}",
    ]
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_name.setdefault(row["candidate"], []).append(row)
    for name, runs in sorted(by_name.items(), key=lambda item: _mean(item[1], judges[0], _DISTANCE)):
        cells = "".join(
            f" {_spread(runs, judge, _DISTANCE)} | {_mean(runs, judge, 'precision'):.2f} "
            f"| {_mean(runs, judge, 'recall'):.2f} |"
            for judge in judges
        )
        ratios = [found for run in runs if (found := ratio(run, rows)) is not None]
        over = f"{math.exp(fmean(map(math.log, ratios))):.2f}" if ratios else ""
        steps = ", ".join(f"{run['steps']:,}" for run in runs)
        spent = ", ".join(f"{run['cpu_seconds']:.0f}" for run in runs)
        lines.append(f"| {name} | {len(runs)} | {steps} | {spent} |{cells} {over} |")
    return [f"Real against real: {real}.", "\n".join(lines)]


def _values(runs: Sequence[Mapping[str, Any]], judge: str, metric: str) -> list[float]:
    return [run["judged"][judge][metric]["value"] for run in runs]


def _mean(runs: Sequence[Mapping[str, Any]], judge: str, metric: str) -> float:
    return fmean(_values(runs, judge, metric))


def _spread(runs: Sequence[Mapping[str, Any]], judge: str, metric: str) -> str:
    values = _values(runs, judge, metric)
    return f"{fmean(values):.4g}" + (f" +- {stdev(values):.2g}" if len(values) > 1 else "")
