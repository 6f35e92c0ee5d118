"""The phase portrait of a pointwise field as a PNG: streamlines, nullclines, rest points, trajectories."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from saddlepoint.report.figures import COLOURS
from saddlepoint.sampling.pictures import save_picture
from saddlepoint.theory.flow.experiment import Experiment
from saddlepoint.theory.flow.trajectories import Trajectory

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GRID = 161
# A trajectory that runs away does not set the scale: the view reaches at most so many times the spread of starts and
# rest points (or 1, if that is more) beyond them.
_REACH = 4.0
_D_SPEED_COLOUR, _P_SPEED_COLOUR = "#7a5195", "#00876c"
_NAMES = {"stable": "stable rest point", "centre": "centre", "degenerate": "degenerate rest point"}


def draw_portrait(experiment: Experiment, path: Path) -> Path:
    """Writes the portrait of an experiment; the same experiment gives the same bytes.

    Raises:
        OSError: the file cannot be written.
    """
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.style.context("default"), np.errstate(all="ignore"):
        figure = Figure(figsize=(7.2, 6.4), dpi=110, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        window = _window(experiment)
        _flow(axes, experiment, window)
        for index, trajectory in enumerate(experiment.trajectories):
            _trajectory(axes, trajectory, COLOURS[index % len(COLOURS)])
        _rest_points(axes, experiment, window)
        _frame(axes, experiment, window)
        figure.legend(loc="outside lower center", ncols=3, fontsize=9, frameon=False)
        canvas.draw()
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy(), "RGB")
    return save_picture(picture, path)


# (left, right), (bottom, top)
_Window = tuple[tuple[float, float], tuple[float, float]]


def _window(experiment: Experiment) -> _Window:
    """What the picture shows: the trajectories as far as they stay near the starts and the rest points."""
    anchors = np.array([path.start for path in experiment.trajectories] + _marks(experiment))
    low, high = anchors.min(axis=0), anchors.max(axis=0)
    spread = np.maximum(high - low, 1.0)
    points = np.concatenate([anchors, *[path.points for path in experiment.trajectories]])
    shown_low = np.maximum(points.min(axis=0), low - _REACH * spread)
    shown_high = np.minimum(points.max(axis=0), high + _REACH * spread)
    margin = 0.15 * np.maximum(shown_high - shown_low, 1e-3 * (1 + np.abs(anchors).max(axis=0)))
    (left, bottom), (right, top) = shown_low - margin, shown_high + margin
    start = experiment.trajectories[0].start[0]
    box = next(box for box in experiment.proof.domain if box.lower <= start <= box.upper)
    bottom = max(bottom, -0.04 * top) if experiment.nonnegative else bottom
    return (max(left, box.lower), min(right, box.upper)), (float(bottom), float(top))


def _marks(experiment: Experiment) -> list[tuple[float, float]]:
    """The rest points, (D0, p_d) each."""
    return [(finding.local.rest.value, experiment.p_d) for finding in experiment.proof.findings]


def _flow(axes: "Axes", experiment: Experiment, window: _Window) -> None:
    """Streamlines, and the lines on which one of the two players stands still."""
    (left, right), (bottom, top) = window
    # The very ends of the domain may be poles; a grid that stops short of them is finite.
    inset = 1e-4 * (right - left)
    D = np.linspace(left + inset, right - inset, _GRID)
    p_g = np.linspace(0.0 if experiment.nonnegative else bottom, top, _GRID)
    D_speed, p_speed = experiment.field.velocity(experiment.rest, experiment.p_d)(*np.meshgrid(D, p_g))
    axes.streamplot(
        D,
        p_g,
        np.ma.masked_invalid(D_speed),
        np.ma.masked_invalid(p_speed),
        color="0.78",
        linewidth=0.7,
        arrowsize=0.8,
        density=1.3,
        zorder=1,
    )
    dashed = {"linewidth": 1.2, "linestyle": "--"}
    if np.nanmin(D_speed) < 0 < np.nanmax(D_speed):
        known = np.ma.masked_invalid(D_speed)
        axes.contour(D, p_g, known, [0.0], colors=_D_SPEED_COLOUR, linewidths=1.2, linestyles="--", zorder=2)
    axes.plot([], [], color=_D_SPEED_COLOUR, label="D stands still", **dashed)
    for place in _zeros(D, p_speed[0], experiment.rest):
        axes.axvline(place, color=_P_SPEED_COLOUR, zorder=2, **dashed)
    axes.plot([], [], color=_P_SPEED_COLOUR, label="$p_g$ stands still", **dashed)


def _zeros(D: np.ndarray, speed: np.ndarray, rest: float) -> list[float]:
    """Where the generator's speed, a function of D alone, is zero: at D0, and wherever else it changes its sign."""
    change = np.flatnonzero(speed[:-1] * speed[1:] < 0)
    places = D[change] + (D[change + 1] - D[change]) * speed[change] / (speed[change] - speed[change + 1])
    return [rest, *(float(place) for place in places if abs(place - rest) > D[1] - D[0])]


def _trajectory(axes: "Axes", path: Trajectory, colour: str) -> None:
    axes.plot(path.points[:, 0], path.points[:, 1], color=colour, linewidth=1.3, zorder=3)
    axes.plot(*path.start, marker="o", markersize=6, markerfacecolor="white", color=colour, zorder=4, clip_on=False)
    if path.stopped is not None:
        axes.plot(*path.end, marker="x", markersize=8, markeredgewidth=2, color=colour, zorder=5)


def _rest_points(axes: "Axes", experiment: Experiment, window: _Window) -> None:
    (left, right), _ = window
    for interval in experiment.proof.any_rest:
        ends = [max(interval.lower, left), min(interval.upper, right)]
        if ends[0] < ends[1]:
            axes.plot(ends, [experiment.p_d] * 2, color="black", linewidth=2.4, zorder=2, label="rest points")
    named: set[str] = set()
    for finding, place in zip(experiment.proof.findings, _marks(experiment), strict=True):
        verdict = finding.local.verdict
        name = _NAMES.get(verdict, f"{verdict} rest point")
        face = "black" if verdict == "stable" else "white"
        label = None if name in named else name
        axes.plot(*place, "o", markersize=7, color="black", markerfacecolor=face, zorder=6, label=label, linestyle="")
        named.add(name)


def _frame(axes: "Axes", experiment: Experiment, window: _Window) -> None:
    axes.set_xlim(*window[0])
    axes.set_ylim(*window[1])
    chosen = experiment.proof.objective
    axes.set_xlabel(f"D ({chosen.variable})")
    axes.set_ylabel("$p_g$")
    if window[1][0] < 0:
        axes.axhline(0, color="0.4", linewidth=0.8, zorder=1)
    name = chosen.name if len(chosen.name) <= 60 else f"{chosen.name[:57]}..."
    how = {"euler": f"Euler, {experiment.steps} steps of {experiment.step:g}", "rk": "adaptive solver"}[
        experiment.method
    ]
    axes.set_title(f"{name}\n$p_d$ = {experiment.p_d:g}, {how}", fontsize=11)
    axes.plot([], [], marker="o", markerfacecolor="white", color="0.4", linewidth=1.3, label="trajectory from a start")
    if any(path.stopped is not None for path in experiment.trajectories):
        axes.plot([], [], "x", markersize=8, markeredgewidth=2, color="0.4", label="ended early", linestyle="")
