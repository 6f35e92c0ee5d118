"""Pictures of samples: a grid of images, or the points of a toy set beside the data.

Grids keep the data's pixels exactly (small images are enlarged by a whole factor, nearest neighbour), and the same
input gives the same bytes: the PNG carries no time stamp and no version.
"""

import io
import math
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.files import write_whole

_MODES = {1: "L", 3: "RGB", 4: "RGBA"}
# The longer side of a cell is brought to at least this many pixels: an 8 x 8 digit is a speck on a screen of today.
_CELL = 48
# Between the images: grey, which neither a black nor a white image border runs into; nothing where there is alpha.
_GAPS = {"L": 128, "RGB": (128, 128, 128), "RGBA": (0, 0, 0, 0)}
# For full rows a picture may be so many times as long as a square one.
_OBLONG = 4 / 3
# A float32 map such as (x + 1) / 2 may leave [0, 1] by a rounding error; more than that is a wrong scale.
_ROUNDING = 1e-6


def grid(
    images: Tensor | np.ndarray, columns: int | None = None, padding: int = 2, *, enlarge: bool = True
) -> Image.Image:
    """One picture of many images, row by row.

    Args:
        images: floats in [0, 1], (n, channels, height, width), 1, 3 or 4 channels.
        columns: images per row; by default as many as make the picture about square (`about_square`).
        padding: pixels between and around the images.
        enlarge: bring small images to a visible size, by a whole factor; otherwise a pixel stays a pixel.

    Returns:
        A picture of mode L, RGB or RGBA. Each data pixel is a square of whole pixels with the value round(255 x).

    Raises:
        UserError: another shape or type, no image, values outside [0, 1] or not finite, columns < 1, padding < 0.
    """
    pixels = _pixels(images)
    count, channels, height, width = pixels.shape
    factor = max(1, -(-_CELL // max(height, width))) if enlarge else 1
    per_row = about_square(count, height, width) if columns is None else columns
    if per_row < 1 or padding < 0:
        raise UserError(f"columns {columns}, padding {padding}", "columns >= 1 and padding >= 0", "choose such numbers")
    mode = _MODES[channels]
    step_x, step_y = width * factor + padding, height * factor + padding
    rows = -(-count // per_row)
    picture = Image.new(mode, (per_row * step_x + padding, rows * step_y + padding), _GAPS[mode])
    for index, values in enumerate(pixels):
        plane = np.ascontiguousarray(values[0] if channels == 1 else values.transpose(1, 2, 0))
        cell = Image.fromarray(plane, mode).resize((width * factor, height * factor), Image.Resampling.NEAREST)
        row, column = divmod(index, per_row)
        picture.paste(cell, (padding + column * step_x, padding + row * step_y))
    return picture


def about_square(count: int, height: int, width: int) -> int:
    """How many of so many images stand in a row of a picture about square: rows are full where that can be.

    64 faces of 92 x 112 pixels stand in 8 rows of 8, and not in 7 of 9 with one left over.
    """
    square = math.sqrt(count * height / width)
    near = [each for each in range(1, count + 1) if count % each == 0 and 1 / _OBLONG <= each / square <= _OBLONG]
    if near:
        return min(near, key=lambda each: abs(math.log(each / square)))
    return min(count, max(1, round(square)))


def scatter(points: Tensor | np.ndarray, reference: Tensor | np.ndarray | None = None) -> Image.Image:
    """Generated points of a toy set, over the data: a histogram for one dimension, dots for two.

    The axes follow the reference where there is one, so that the pictures of a run can be compared; generated points
    beyond the axes are counted in the title.

    Args:
        points: generated, finite, (n, 1) or (n, 2).
        reference: points of the data, (m, the same).

    Returns:
        An RGB picture of 560 x 600 pixels.

    Raises:
        UserError: no points, another shape, or a number that is not finite.
    """
    generated = _points("points", points)
    data = None if reference is None else _points("reference points", reference)
    if data is not None and data.shape[1] != generated.shape[1]:
        raise UserError(
            f"reference points of {data.shape[1]} dimensions",
            f"{generated.shape[1]} as in the generated points",
            "give the data set that the run was trained on",
        )
    frame = generated if data is None else data
    low, high = frame.min(axis=0), frame.max(axis=0)
    margin = np.maximum(0.25 * (high - low), 1e-3)
    low, high = low - margin, high + margin
    outside = int(((generated < low) | (generated > high)).any(axis=1).sum())

    # Imported here: most sampling draws images, and matplotlib takes a good part of a second to load.
    import matplotlib
    import matplotlib.style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # A person's own matplotlibrc must not change the bytes.
    with matplotlib.style.context("default"):
        figure = Figure(figsize=(5.6, 6.0), dpi=100)
        figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        layers = [("generated", generated, "tab:blue", 0.6)]
        if data is not None:
            layers.insert(0, ("data", data, "0.6", 0.6))
        for name, values, colour, opacity in layers:
            if values.shape[1] == 1:
                bins = np.linspace(low[0], high[0], 81).tolist()
                axes.hist(values[:, 0], bins, density=True, color=colour, alpha=opacity, label=name)
            else:
                axes.scatter(values[:, 0], values[:, 1], s=6, linewidths=0, color=colour, alpha=opacity, label=name)
        axes.set_xlim(low[0], high[0])
        if generated.shape[1] == 2:
            axes.set_ylim(low[1], high[1])
            axes.set_aspect("equal")
        else:
            axes.set_ylabel("density")
        axes.set_title(f"{len(generated)} generated points" + (f", {outside} beyond the axes" if outside else ""))
        # Below the axes: anywhere inside them it would hide points.
        figure.legend(loc="outside lower center", ncols=2, markerscale=3)
        canvas.draw()
        return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy(), "RGB")


def save_picture(picture: Image.Image, path: Path) -> Path:
    """Writes a PNG aside and renames it, so that a reader never sees half a file; folders are made.

    Raises:
        OSError: the disk is full, or the path cannot be written.
    """
    buffer = io.BytesIO()
    # A fresh copy drops whatever the picture was opened with (text chunks, time stamps).
    Image.frombytes(picture.mode, picture.size, picture.tobytes()).save(buffer, format="PNG", optimize=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, buffer.getvalue())
    return path


def _pixels(images: Tensor | np.ndarray) -> np.ndarray:
    values = _array(images)
    if values.ndim != 4 or values.shape[1] not in _MODES or 0 in values.shape:
        raise UserError(
            f"images of shape {values.shape}",
            "(n, channels, height, width) with n >= 1 and 1, 3 or 4 channels",
            "add or drop the axis that differs",
        )
    if not np.issubdtype(values.dtype, np.floating):
        raise UserError(f"images of type {values.dtype}", "floats in [0, 1]", "divide 8-bit pixels by 255")
    low, high = float(values.min()), float(values.max())
    # Written so that a NaN fails it.
    if not (low >= -_ROUNDING and high <= 1.0 + _ROUNDING):
        raise UserError(f"images in [{low:.4g}, {high:.4g}]", "pixels in [0, 1]", "map them, as in (x + 1) / 2")
    return np.rint(values.clip(0.0, 1.0) * 255.0).astype(np.uint8)


def _points(name: str, points: Tensor | np.ndarray) -> np.ndarray:
    values = _array(points)
    if values.ndim != 2 or values.shape[1] not in (1, 2) or len(values) == 0:
        raise UserError(f"{name} of shape {values.shape}", "(n, 1) or (n, 2), n >= 1", "draw one or two coordinates")
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise UserError(f"{name} with a NaN or an infinity", "finite numbers", "look for the step where the run broke")
    return values


def _array(values: Tensor | np.ndarray) -> np.ndarray:
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        # numpy has no bfloat16.
        return (values.float() if values.is_floating_point() else values).numpy()
    return np.asarray(values)
