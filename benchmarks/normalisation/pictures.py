"""The pictures of docs/normalisation.md, of the recorded runs: distance, field, batch, returns."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.normalisation.design import ACTIVATIONS, BATCHES, CORE, DATA, NOISE, NORMS, Cell
from benchmarks.normalisation.hypotheses import outcome
from benchmarks.normalisation.results import Table
from saddlepoint.report.figures import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
_LABELS = {name: name.replace("D apart, ", "apart,\n").replace("D joint, ", "joint,\n") for name in NORMS}


def draw(table: Table, folder: Path = FOLDER) -> list[Path]:
    """Writes all; gives the files."""
    return [
        _panels(folder / "normalisation-distance.png", 1, lambda axes, data, _: _distance(axes, table, data)),
        _panels(folder / "normalisation-field.png", 2, lambda axes, data, row: _change(axes, table, data, FIELD[row])),
        _panels(folder / "normalisation-batch.png", 1, lambda axes, data, _: _batches(axes, table, data)),
        _panels(folder / "normalisation-returns.png", 1, lambda axes, data, _: _returns(axes, table, data)),
    ]


FIELD = ("rotation", "damping")


def _panels(path: Path, rows: int, paint: Callable[["Axes", str, int], None]) -> Path:
    import matplotlib
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.style.context("default"), matplotlib.rc_context({"font.size": 9}):
        figure = Figure(figsize=(10, 0.6 + 3.2 * rows), layout="constrained", dpi=90)
        grid = figure.subplots(rows, len(DATA), squeeze=False)
        for (row, axes), (column, data) in product(enumerate(grid), enumerate(DATA)):
            paint(axes[column], data, row)
            axes[column].set_title(data)
        FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})
    return path


def _settings(data: str, norm: str) -> Iterator[tuple[Cell, int]]:
    """Of the full block."""
    for activation, noise, batch, seed in product(CORE, (0.0, NOISE), BATCHES, range(5)):
        yield Cell(data=data, activation=activation, norm=norm, noise=noise, batch=batch), seed


def _spread(place: float, count: int) -> np.ndarray:
    return place + np.random.default_rng(0).uniform(-0.3, 0.3, count)


def _distance(axes: "Axes", table: Table, data: str) -> None:
    for place, norm in enumerate(NORMS):
        found = [(cell, table[cell, seed]["frechet"]) for cell, seed in _settings(data, norm) if (cell, seed) in table]
        known = [(cell, value) for cell, value in found if value is not None]
        for index, activation in enumerate(CORE):
            values = [value for cell, value in known if cell.activation == activation]
            label = activation if place == 0 else None
            axes.plot(
                _spread(place, len(values)), values, ".", color=COLOURS[index], markersize=4, alpha=0.6, label=label
            )
        _middle(axes, place, [value for _, value in known])
    axes.set_yscale("log")
    axes.set_ylabel("Frechet distance over the data's variance")
    axes.set_xticks(range(len(NORMS)), list(_LABELS.values()))
    axes.legend(fontsize=7, loc="upper left", ncols=4, columnspacing=0.8, handletextpad=0.1)
    axes.set_ylim(top=axes.get_ylim()[1] * 3)


def _middle(axes: "Axes", place: float, values: Sequence[float]) -> None:
    if values:
        axes.hlines(float(np.median(values)), place - 0.38, place + 0.38, color="black", linewidth=2)


def _change(axes: "Axes", table: Table, data: str, name: str) -> None:
    axes.axhline(0, color="grey", linewidth=0.8)
    for place, norm in enumerate(NORMS[1:]):
        pairs = [
            (cell, outcome(table, cell, seed, name), outcome(table, replace(cell, norm="none"), seed, name))
            for cell, seed in _settings(data, norm)
        ]
        known = [(cell, one - other) for cell, one, other in pairs if one is not None and other is not None]
        for index, activation in enumerate(CORE):
            values = [value for cell, value in known if cell.activation == activation]
            axes.plot(
                _spread(place, len(values)),
                values,
                ".",
                color=COLOURS[index],
                markersize=4,
                alpha=0.6,
                label=activation if place == 0 else None,
            )
        _middle(axes, place, [value for _, value in known])
    axes.set_ylabel(f"{'rotation share' if name == 'rotation' else name}, less that without norm")
    axes.set_xticks(range(len(NORMS) - 1), list(_LABELS.values())[1:])
    axes.legend(fontsize=7, loc="best", framealpha=0.5)


def _batches(axes: "Axes", table: Table, data: str) -> None:
    axes.axhline(1, color="grey", linewidth=0.8)
    sizes = sorted(BATCHES)
    for index, norm in enumerate(NORMS[1:]):
        middles = []
        for batch in sizes:
            ratios = []
            for cell, seed in _settings(data, norm):
                if cell.batch == batch:
                    one = outcome(table, cell, seed, "frechet")
                    other = outcome(table, replace(cell, norm="none"), seed, "frechet")
                    if one is not None and other is not None:
                        ratios.append(2 ** (one - other))
            middles.append(np.quantile(ratios, [0.25, 0.5, 0.75]) if ratios else np.full(3, np.nan))
        low, middle, high = np.array(middles).T
        place = np.array(sizes) * 2 ** (0.12 * (index - 2))
        bars = [middle - low, high - middle]
        axes.errorbar(place, middle, bars, fmt="o-", color=COLOURS[index], markersize=4, capsize=2, label=norm)
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.set_yscale("log")
    axes.set_xlabel("batch")
    axes.set_ylabel("distance over that without norm")
    axes.legend(fontsize=7)


def _returns(axes: "Axes", table: Table, data: str) -> None:
    for index, activation in enumerate(ACTIVATIONS):
        found = [
            (outcomes["rank"], outcomes["dip"])
            for (cell, _), outcomes in table.items()
            if (cell.data, cell.activation, cell.norm, cell.optimizer) == (data, activation, "none", "adam")
        ]
        known = [each for each in found if None not in each]
        if known:
            axes.plot(*zip(*known, strict=True), "o", color=COLOURS[index], markersize=4, alpha=0.7, label=activation)
    axes.set_xscale("log", base=2)
    axes.set_xticks([1, 2, 4, 8], ["1", "2", "4", "8"])
    axes.set_xlabel("effective rank of D's kernel")
    axes.set_ylabel("dip: 1 where samples never come back")
    axes.legend(fontsize=7, loc="lower right")
