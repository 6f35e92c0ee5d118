"""The procedural set `shapes`: a circle, a square or a triangle on black, drawn with antialiasing.

A pixel is colour x coverage, coverage = clip(1/2 - s, 0, 1), s the signed distance in pixels from the pixel's centre to
the outline (by faces for square and triangle). The three shapes of one size have the same area pi r^2. Everything about
image i is a function of (seed, i), so a larger set begins with the smaller one.
"""

import math
from collections.abc import Iterator

import numpy as np

from saddlepoint.data.formats.arrays import item_name
from saddlepoint.data.source import Options, Source
from saddlepoint.errors import UserError
from saddlepoint.process.room import refuse_without_room

SHAPES = ("circle", "square", "triangle")
_COUNT, _SIZE, _CHANNELS, _SMALLEST = 6000, (32, 32), 3, 8
# Images and pixels that are drawn at once.
_BLOCK, _PIXELS = 256, 2**22
# Bytes: of the truth of an image, and of a pixel while it is drawn.
_TRUTH, _DRAWN = 200, 112
# Of a shape with area pi r^2, in units of r: half the square's side, the triangle's inner circle; the triangle's
# corners reach out furthest, twice its inner circle.
_HALF_SIDE = math.sqrt(math.pi) / 2
_INNER = math.sqrt(math.pi / (3 * math.sqrt(3)))
_REACH = 2 * _INNER


def read_shapes(location: str, options: Options) -> Source:
    """The shapes with their ground truth: class = shape; attributes size, x, y, colour.

    Options:
        size: (height, width), at least 8; default 32 x 32. channels: 1 (brightness), 3, or 4 (alpha = coverage);
            default 3.
        count: default 6000. seed: another seed draws another set.

    Attributes of the packed set: `size` (n,) is r over the smaller side, in [.12, .25); `x`, `y` (n,) the centre over
        width and
    height, in (0, 1); `colour` (n, 3) or (n, 1) in [0, 1].
    """
    size, channels, count = options.fixed_size or _SIZE, options.fixed_channels or _CHANNELS, options.count or _COUNT
    if min(size) < _SMALLEST:
        raise UserError(f"data.size={size} for shapes", f"at least {_SMALLEST} pixels a side", "give a larger size")
    pixels = size[0] * size[1]
    refuse_without_room(count * _TRUTH, f"data.count={count:,} of shapes", "set a smaller data.count")
    refuse_without_room(pixels * _DRAWN, f"one of shapes of {pixels:,} pixels", "set a smaller data.size")
    generator = np.random.Generator(np.random.Philox(key=options.seed))
    uniforms = generator.random((count, 5))
    labels = np.minimum((uniforms[:, 0] * len(SHAPES)).astype(np.int64), len(SHAPES) - 1)
    radius = 0.12 + 0.13 * uniforms[:, 1]
    margin = _REACH * radius[:, None] * min(size) / np.array(size[::-1])
    centre = margin + (1 - 2 * margin) * uniforms[:, 2:4]
    colour = _colours(uniforms[:, 4]) if channels > 1 else 0.5 + 0.5 * uniforms[:, 4:5]

    def blocks() -> Iterator[np.ndarray]:
        block = min(_BLOCK, max(_PIXELS // pixels, 1))
        for start in range(0, count, block):
            part = slice(start, start + block)
            cover = coverage(labels[part], radius[part] * min(size), centre[part] * np.array(size[::-1]), size)
            if channels == 4:
                solid = np.broadcast_to(colour[part][:, :, None, None], (len(cover), 3, *size))
                painted = np.concatenate([solid, cover[:, None]], axis=1)
            else:
                painted = colour[part][:, :, None, None] * cover[:, None]
            yield np.round(255 * painted).astype(np.uint8)

    truth = {"size": radius, "x": centre[:, 0], "y": centre[:, 1], "colour": colour}
    return Source(
        format="shapes",
        count=count,
        name=item_name(location),
        blocks=blocks,
        labels=labels,
        classes=SHAPES,
        attributes={name: values.astype(np.float32) for name, values in truth.items()},
    )


def coverage(labels: np.ndarray, radius: np.ndarray, centre: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """How much of each pixel a shape covers, about: float64 (n, height, width) in [0, 1].

    Args:
        labels: (n,) index into `SHAPES`.
        radius: (n,) of the circle of the same area, in pixels.
        centre: (n, 2) x and y in pixels, from the upper left corner.
        size: (height, width).
    """
    rows, columns = np.arange(size[0]) + 0.5, np.arange(size[1]) + 0.5
    across = np.abs(columns[None, None, :] - centre[:, 0, None, None])
    down = rows[None, :, None] - centre[:, 1, None, None]
    radius = radius[:, None, None]
    distances = (
        np.hypot(across, down) - radius,
        np.maximum(across, np.abs(down)) - _HALF_SIDE * radius,
        np.maximum(down, math.sqrt(3) / 2 * across - down / 2) - _INNER * radius,
    )
    return np.clip(0.5 - np.choose(labels[:, None, None], distances), 0, 1)


def _colours(hue: np.ndarray) -> np.ndarray:
    """Fully saturated colours (n, 3) of hues in [0, 1)."""
    sector = (6 * hue[:, None] + np.array([0.0, 4.0, 2.0])) % 6
    return np.clip(np.abs(sector - 3) - 1, 0, 1)
