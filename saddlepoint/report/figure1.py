"""Figure 1 of Goodfellow et al. 2014 from a GAN trained on the line: p_data, p_g, D, and the arrows z -> x = G(z).

(a) near the start, (b) D has been trained against that G, (c) G has followed D, (d) p_g near p_data and D near 1/2.
Four stages make a picture, all of them an animation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from saddlepoint.sampling.pictures import save_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DATA, _GENERATED, _SCORE = "black", "#0f9d76", "#3b82f6"
_MILLISECONDS = 200


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """The game at one checkpoint.

    Attributes:
        step: of the checkpoint.
        x: places, increasing, (m,).
        real, generated, score: p_data, p_g by the change of variables, and D at x, (m,).
        counts: p_g by histogram, over `edges`; (bins,) and (bins + 1,).
        z, arrows: latents and G of them, (k,).
    """

    step: int
    x: np.ndarray
    real: np.ndarray
    generated: np.ndarray
    score: np.ndarray
    counts: np.ndarray
    edges: np.ndarray
    z: np.ndarray
    arrows: np.ndarray


def four_stages(stages: Sequence[Stage]) -> list[Stage]:
    """Four of the stages: the first, two on the way, the last; early ones apart by a smaller factor than late ones."""
    if len(stages) <= 4:
        return list(stages)
    places = np.geomspace(1, len(stages), 4).round().astype(int) - 1
    return [stages[place] for place in np.unique(places)]


def draw_figure(stages: Sequence[Stage], path: Path) -> Path:
    """The four panels as a PNG."""
    return save_picture(_panels(four_stages(stages), stages, "abcd"), path)


def draw_animation(stages: Sequence[Stage], path: Path) -> Path:
    """All stages as an animated GIF, one after the other; the last one stays for two seconds."""
    frames = [_panels([stage], stages, "").quantize(64) for stage in stages]
    path.parent.mkdir(parents=True, exist_ok=True)
    times = [_MILLISECONDS] * (len(frames) - 1) + [2000]
    frames[0].save(path, format="GIF", save_all=True, append_images=frames[1:], duration=times, loop=0)
    return path


def _panels(chosen: Sequence[Stage], every: Sequence[Stage], letters: str) -> Image.Image:
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.style.context("default"):
        figure = Figure(figsize=(3.6 * len(chosen) + 0.4, 4.6), dpi=100, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        rows = figure.subplots(2, len(chosen), squeeze=False, sharex=True, gridspec_kw={"height_ratios": (3, 1)})
        # One scale for all panels and frames, or growth and movement could not be told apart.
        top = 1.25 * max(1.0, *(float(stage.real.max()) for stage in every))
        for column, stage in enumerate(chosen):
            _densities(rows[0, column], stage, top)
            _arrows(rows[1, column], stage)
            letter = f"({letters[column]}) " if letters else ""
            rows[0, column].set_title(f"{letter}step {stage.step}", fontsize=11)
        handles, labels = rows[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels) if letters else 2, frameon=False)
        canvas.draw()
        return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy(), "RGB")


def _densities(axes: "Axes", stage: Stage, top: float) -> None:
    axes.stairs(stage.counts, stage.edges, fill=True, color=_GENERATED, alpha=0.25, label="$p_g$, histogram")
    axes.plot(stage.x, stage.generated, color=_GENERATED, linewidth=1.6, label="$p_g$, change of variables")
    axes.plot(stage.x, stage.real, color=_DATA, linestyle=":", linewidth=1.8, label="$p_{data}$")
    axes.plot(stage.x, stage.score, color=_SCORE, linestyle="--", linewidth=1.6, label="D")
    axes.axhline(0.5, color=_SCORE, linewidth=0.5)
    axes.set_ylim(0, top)
    axes.set_xlim(float(stage.x[0]), float(stage.x[-1]))
    axes.tick_params(labelbottom=False)


def _arrows(axes: "Axes", stage: Stage) -> None:
    """Lines from evenly spaced z below to x above; z is drawn over the middle of the axis."""
    low, high = float(stage.x[0]), float(stage.x[-1])
    place = (low + high) / 2 + stage.z * (high - low) / 4
    for start, end in zip(place, stage.arrows, strict=True):
        if low <= end <= high:
            axes.annotate("", (end, 1), (start, 0), arrowprops={"arrowstyle": "->", "linewidth": 0.6, "color": "0.3"})
    axes.plot([low, high], [1, 1], color="black", linewidth=0.8)
    axes.plot([place[0], place[-1]], [0, 0], color="black", linewidth=0.8)
    axes.text(low, 0.96, "x", va="top")
    axes.text(low, 0.0, "z", va="bottom")
    axes.set_ylim(-0.05, 1.05)
    axes.set_axis_off()
