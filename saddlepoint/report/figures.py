"""Curves over a run's steps, as SVG that stands inside a page.

A long series is thinned to an envelope: each of at most 240 buckets keeps its smallest, largest and mean value, so that
a spike of one step in a million is still seen. Text stays text, in the page's own colour and font; nothing in the SVG
refers to anything outside it, and the same series give the same bytes.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from saddlepoint.report.read import Series

BUCKETS = 240
# Each has a contrast of at least 3 on a white and on a near-black page; the dashes tell them apart without colour.
COLOURS = ("#3b82f6", "#d9660a", "#0f9d76", "#c2479d", "#8b6fd6", "#b07d00")
DASHES = ("", "6 3", "2 2", "8 2 2 2")
# The band of healthy runs.
_HEALTHY = "#0f9d76"
# Stands for the page's text colour until the SVG is in the page.
_INK = "#010203"
# Beyond so many times the usual range, a peak no longer sets the scale of the axis: it would flatten all the rest.
_PEAK = 8.0


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """A thinned series: in each bucket the mean step and the smallest, largest and mean value; float64, (buckets,)."""

    steps: np.ndarray
    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Line:
    """One entry of a figure's legend.

    Attributes:
        name: of the series.
        colour, dash: how it is drawn (dash as in SVG's stroke-dasharray).
        last: its newest finite value.
    """

    name: str
    colour: str
    dash: str
    last: float


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A drawn figure.

    Attributes:
        svg: an <svg> element; empty where no series has a finite value.
        lines: the legend.
        description: the figure in words, for those who cannot see it.
        notes: sentences that its reader has to know (values that are not finite, peaks beyond the axis).
    """

    svg: str
    lines: tuple[Line, ...]
    description: str
    notes: tuple[str, ...]


def envelope(series: Series, buckets: int = BUCKETS) -> Envelope:
    """The series thinned to at most so many buckets of equally many finite values."""
    finite = np.isfinite(series.values)
    steps, values = series.steps[finite], series.values[finite]
    if len(values) <= buckets:
        return Envelope(steps=steps, low=values, high=values, mean=values)
    starts = np.linspace(0, len(values), buckets, endpoint=False).astype(int)
    sizes = np.diff(np.append(starts, len(values)))
    return Envelope(
        steps=np.add.reduceat(steps, starts) / sizes,
        low=np.minimum.reduceat(values, starts),
        high=np.maximum.reduceat(values, starts),
        mean=np.add.reduceat(values, starts) / sizes,
    )


def curves(
    title: str,
    named: Sequence[tuple[str, Series]],
    *,
    logarithmic: bool = False,
    healthy: tuple[float | None, float | None] | None = None,
    marks: Sequence[float] = (),
    along: str = "step",
) -> Figure:
    """Draws series over steps.

    Args:
        title: what the figure shows, for its description.
        named: the series with their names, at most one per colour and dash.
        logarithmic: a logarithmic axis, if all values are positive and span more than a factor of thirty.
        healthy: the smallest and the largest value of healthy runs, shaded; None for no bound on that side.
        marks: steps to be marked.
        along: what the horizontal axis counts.
    """
    notes, drawn = [], []
    for name, series in named:
        broken = int((~np.isfinite(series.values)).sum())
        if broken:
            notes.append(f"{broken:,} of {len(series.values):,} values of {name} were not finite and are not drawn.")
        thinned = envelope(series)
        if len(thinned.mean):
            index = len(drawn)
            last = float(series.values[np.isfinite(series.values)][-1])
            line = Line(name=name, colour=COLOURS[index % len(COLOURS)], dash=DASHES[index % len(DASHES)], last=last)
            drawn.append((line, thinned))
    if not drawn:
        return Figure(svg="", lines=(), description=f"{title}: no value to draw.", notes=tuple(notes))
    low = min(float(thinned.low.min()) for _, thinned in drawn)
    high = max(float(thinned.high.max()) for _, thinned in drawn)
    logarithmic = logarithmic and low > 0 and high > 30 * low
    limits = None if logarithmic else _limits([thinned for _, thinned in drawn], low, high)
    if limits is not None:
        notes.append(f"The axis leaves out rare extremes: the values go from {low:.4g} to {high:.4g}.")
    described = "; ".join(
        f"{line.name} from {thinned.mean[0]:.4g} to {line.last:.4g}, between {thinned.low.min():.4g} and "
        f"{thinned.high.max():.4g}"
        for line, thinned in drawn
    )
    first_step = min(float(series.steps[0]) for _, series in named)
    last_step = max(float(series.steps[-1]) for _, series in named)
    return Figure(
        svg=_draw(drawn, logarithmic, limits, healthy, marks, along),
        lines=tuple(line for line, _ in drawn),
        description=f"{title}, {along.rstrip('s')}s {first_step:,.0f} to {last_step:,.0f}: {described}.",
        notes=tuple(notes),
    )


def _limits(thinned: Sequence[Envelope], low: float, high: float) -> tuple[float, float] | None:
    """Limits of the axis that leave out rare peaks; None where the full range serves."""
    usual_low = float(np.percentile(np.concatenate([each.low for each in thinned]), 2))
    usual_high = float(np.percentile(np.concatenate([each.high for each in thinned]), 98))
    usual = usual_high - usual_low
    if usual <= 0 or high - low <= _PEAK * usual:
        return None
    return max(low, usual_low - usual), min(high, usual_high + usual)


def _draw(
    drawn: Sequence[tuple[Line, Envelope]],
    logarithmic: bool,
    limits: tuple[float, float] | None,
    healthy: tuple[float | None, float | None] | None,
    marks: Sequence[float],
    along: str,
) -> str:
    # Imported here: matplotlib takes a good part of a second to load.
    import matplotlib
    import matplotlib.style
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure as Canvas
    from matplotlib.ticker import EngFormatter, FuncFormatter, MaxNLocator, NullFormatter

    settings: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "saddlepoint",
        "font.size": 12.5,
        "text.color": _INK,
        "axes.edgecolor": _INK,
        "axes.labelcolor": _INK,
        "xtick.color": _INK,
        "ytick.color": _INK,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    # A person's own matplotlibrc must not change the page.
    with matplotlib.style.context("default"), matplotlib.rc_context(settings):
        # 5.6 inches are 403 units of the SVG: about the width of a phone, so that text keeps its size there.
        figure = Canvas(figsize=(5.6, 3.3), layout="constrained", facecolor="none")
        axes = figure.add_subplot(facecolor="none")
        for line, thinned in drawn:
            pattern = (0, tuple(float(part) / 1.6 for part in line.dash.split())) if line.dash else "-"
            if (thinned.high > thinned.low).any():
                axes.fill_between(thinned.steps, thinned.low, thinned.high, color=line.colour, alpha=0.22, linewidth=0)
            marker = "o" if len(thinned.steps) == 1 else ""
            axes.plot(thinned.steps, thinned.mean, color=line.colour, linewidth=1.6, linestyle=pattern, marker=marker)
        if logarithmic:
            axes.set_yscale("log")
            # Powers as plain numbers: matplotlib would set each digit of a power at a place of its own.
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
        if limits is not None:
            axes.set_ylim(*limits)
        if healthy is not None:
            shade(axes, *healthy)
        for step in marks:
            axes.axvline(step, color=_INK, linewidth=1.0, linestyle=(0, (1, 2)))
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(EngFormatter(sep=""))
        axes.set_xlabel(along)
        axes.grid(True, color=_INK, alpha=0.12, linewidth=0.6)
        file = io.StringIO()
        FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return inline_svg(file.getvalue())


def shade(axes: Any, low: float | None, high: float | None) -> None:
    """Shades the band of healthy runs in matplotlib's axes, and makes them reach to it.

    Args:
        axes: with what is drawn already.
        low, high: the band's edges; None for no bound on that side.
    """
    shown = [*axes.get_ylim(), *(edge for edge in (low, high) if edge is not None)]
    span = max(shown) - min(shown)
    # Where the band has no end, enough of it that it is seen.
    bottom, top = (
        min(shown) - (0.2 if low is None else 0.05) * span,
        max(shown) + (0.2 if high is None else 0.05) * span,
    )
    edges = bottom if low is None else low, top if high is None else high
    axes.axhspan(*edges, color=_HEALTHY, alpha=0.16, linewidth=0)
    axes.set_ylim(bottom, top)


def inline_svg(svg: str) -> str:
    """The <svg> element alone, without names or addresses that could clash with the page or lead out of it."""
    svg = svg[svg.index("<svg") :].strip()
    # Its style sheet would hold for the whole page.
    svg = re.sub(r"<(metadata|style)\b.*?</\1>", "", svg, flags=re.DOTALL)
    opening = svg[: svg.index(">") + 1]
    box = re.search(r'viewBox="[^"]*"', opening)
    assert box is not None, "matplotlib writes a viewBox"
    # The caption beside it says what is seen, so that a screen reader need not spell out the ticks.
    svg = f'<svg {box[0]} aria-hidden="true" focusable="false">' + svg[len(opening) :]
    # Groups are numbered alike in every figure; only what is referred to keeps its name (made from its content).
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    # A hundredth of a unit is a hundredth of a pixel on a phone; the rest of the digits is half of the file.
    svg = re.sub(r' d="[^"]*"', _shortened, svg)
    return svg.replace(_INK, "currentColor")


def _shortened(path: re.Match[str]) -> str:
    return " " + " ".join(re.sub(r"(\.\d\d)\d+", r"\1", path[0]).split())
