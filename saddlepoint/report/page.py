"""The page of a run: everything that its folder tells, in one file that needs no network.

The page forbids itself to load anything (a content security policy), and its one script is named by its hash: what
stands in a recipe or a log is shown as text, and would stay inert even if it were not escaped.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup

from saddlepoint.files import write_whole
from saddlepoint.measuring.alike import judge_of, meaningless
from saddlepoint.report.embed import Embedded, embed, spread
from saddlepoint.report.figures import Figure, curves
from saddlepoint.report.judged import courses, short_of_real
from saddlepoint.report.onward import place_of
from saddlepoint.report.read import Record, Run, Sample, Series, read_run
from saddlepoint.report.state import count, facts, inside, reading, short, standing
from saddlepoint.report.summary import summary_of
from saddlepoint.report.treated import treated_in
from saddlepoint.run_folder import REPORT

# Bytes of the newest picture and of each frame over time: together, in base64, under four megabytes.
_NEWEST_PICTURE = 900_000
_FRAME = 70_000
_FRAMES = 24
# Enough for any run that a person reads by eye; what is left out is said.
_ROWS = 200
_SETTING_FIGURES = 12


def write_report(run: Path) -> Path:
    """Writes report.html into a run folder, whole or not at all.

    Args:
        run: the folder; its run may be going on.

    Returns:
        The page's path. The same folder gives the same bytes.

    Raises:
        UserError: the folder is no run folder.
        OSError: the page cannot be written.
    """
    page = run / REPORT
    # Names of files need not be text; what no encoding can write is shown as an escape.
    write_whole(page, render(read_run(run)).encode("utf-8", "backslashreplace"))
    return page


def render(run: Run) -> str:
    """The page as HTML."""
    remarks = list(run.remarks)
    frames = _embedded(spread(run.samples, _FRAMES), _FRAME, remarks)
    # What cannot be read was remarked upon with the frames.
    newest = _embedded(run.samples[-1:], _NEWEST_PICTURE, []) or frames[-1:]
    files = resources.files("saddlepoint.report")
    style, script = (files.joinpath(name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    script_hash = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        count=count, short=short, plain=_plain, json=_json, judge=judge_of, meaningless=meaningless
    )
    template = environment.from_string(files.joinpath("page.html.jinja").read_text(encoding="utf-8"))
    changing, constant = _settings(run)
    summary = summary_of(run, remarks)
    return template.render(
        run=run,
        title=run.recipe.get("name") or run.name,
        standing=standing(run),
        facts=facts(run),
        reading=reading(run),
        remarks=remarks,
        points=inside(run.recipe, "found", "kind") == "points",
        newest=newest,
        frames=frames,
        logged=("step",) in run.series,
        losses=_losses(run),
        outputs=_figure("The discriminator's outputs", run.under("outputs")),
        gradients=_figure("Gradient norms", run.under("gradient_norms"), logarithmic=True),
        speed=_figure("Images per second", run.under("images_per_s")),
        changing=changing[:_SETTING_FIGURES],
        unshown=[name for name, _ in changing[_SETTING_FIGURES:]],
        constant=constant,
        events=run.events[-_ROWS:],
        metrics=run.metrics[-_ROWS:],
        probed=_probed(run),
        found=summary.found[:_ROWS],
        beside=summary.beside,
        judges=summary.judges,
        short_of_real=short_of_real(summary.judges),
        courses=courses(run),
        onward=summary.onward,
        place=place_of(run),
        made_of_latents=inside(run.recipe, "task", "kind") == "generation",
        treated=treated_in(run)[:_ROWS],
        findings=summary.others[-_ROWS:],
        left_out={
            name: max(0, len(records) - _ROWS)
            for name, records in (("events", run.events), ("metrics", run.metrics), ("findings", summary.others))
        },
        # Both are the package's own files; all else is escaped.
        style=Markup(style),
        script=Markup(script),
        script_hash=script_hash,
        svg=Markup,
    )


def _embedded(samples: Sequence[Sample], limit: int, remarks: list[str]) -> list[tuple[Sample, Embedded]]:
    pictures = []
    for sample in samples:
        try:
            pictures.append((sample, embed(sample.file, limit)))
        except ValueError as error:
            remarks.append(f"samples/{error}; it is left out.")
    return pictures


def _probed(run: Run) -> tuple[int, float] | None:
    """How often the diagnosis has looked, and when last; None where it has not."""
    looked = run.probes.get(("step",))
    return (len(looked.steps), float(looked.steps[-1])) if looked is not None and len(looked.steps) else None


def _losses(run: Run) -> list[tuple[str, Figure]]:
    players = dict.fromkeys(path[1] for path in run.series if path[0] == "losses" and len(path) > 2)
    return [(player, _figure(f"Losses of the {player}", run.under("losses", player), skip=2)) for player in players]


def _settings(run: Run) -> tuple[list[tuple[str, Figure]], list[tuple[str, float]]]:
    """Settings that change, each with its figure, and those that do not, each with its value."""
    changing, constant = [], []
    for series in run.under("settings"):
        name = ".".join(series.path[1:])
        finite = series.values[np.isfinite(series.values)]
        if len(finite) and finite.min() < finite.max():
            changing.append((name, _figure(f"The setting {name}", (series,))))
        elif len(finite):
            constant.append((name, float(finite[0])))
    return changing, constant


def _figure(title: str, series: tuple[Series, ...], *, skip: int = 1, logarithmic: bool = False) -> Figure:
    """A figure of series, each named by the end of its path."""
    return curves(
        title, [(".".join(each.path[skip:]) or title.lower(), each) for each in series], logarithmic=logarithmic
    )


def _plain(record: Record, *without: str) -> list[tuple[str, str]]:
    """A record's entries as text, but for those named and those without a value."""
    left = {key: value for key, value in record.items() if key not in without and value not in (None, [], {}, "")}
    return [(key, _text(value)) for key, value in left.items()]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return count(value) if isinstance(value, int | float) else json.dumps(value, ensure_ascii=False)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
