"""The training images nearest to samples, and the picture of both side by side.

A sample x and its k nearest training images y by |x - y|_2 over pixels in [0, 1], as in Figure 2 of Goodfellow et al.,
"Generative adversarial nets" (2014), which shows by them that a generator has not learnt its training set by heart.
Euclidean distance finds copies; an image that is shifted by a pixel or mirrored lies far from itself.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from saddlepoint.data import Packed
from saddlepoint.errors import UserError
from saddlepoint.metrics.distances import nearest
from saddlepoint.process.room import short
from saddlepoint.sampling.pictures import grid

# Training images are read so many bytes at a time: a split may be larger than the memory.
_BYTES = 2**28
# Held-out images that say how far an image that was never trained on lies: enough for a median.
HELD_OUT = 256
_YELLOW = (255, 220, 0)
# Around the neighbours, in pixels; twice as much lies around each sample with its neighbours.
_BORDER = 4


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """The nearest training images of some samples, nearest first.

    Attributes:
        samples: float32 (n, channels, height, width) in [0, 1].
        images: the neighbours, float32 (n, k, channels, height, width) in [0, 1].
        indices: of the neighbours among all items of the data, int64 (n, k).
        distances: float64 (n, k), the root of the sum of squares over pixels in [0, 1].
        held_out: median distance of a held-out image to its nearest training image: what no copy is expected to fall
            far below. None where nothing is held out.
        held_out_count: of how many that is the median.
    """

    samples: Tensor
    images: Tensor
    indices: Tensor
    distances: Tensor
    held_out: float | None
    held_out_count: int = 0

    def to_json(self) -> dict:
        """Indices and distances as lists, one list for each sample, and the two medians that are to be compared."""
        return {
            "indices": self.indices.tolist(),
            "distances": self.distances.tolist(),
            "median": float(np.median(self.distances[:, 0])),
            "held_out": self.held_out,
        }


def neighbours(samples: Tensor, data: Packed, count: int = 1, *, held_out: int = HELD_OUT) -> Neighbours:
    """Finds the training images nearest to samples.

    Args:
        samples: floats in [0, 1], (n, channels, height, width) in the data's shape.
        data: what the generator was trained on; its split "train" is searched, as stored, not augmented.
        count: neighbours of each sample, 1 up to the number of training images.
        held_out: of so many held-out images at most the distance is found too.

    Raises:
        UserError: points instead of images, samples of another shape, or a count out of range.
    """
    if data.kind != "images":
        raise UserError(f"neighbours among {data.kind}", "a run on images", "look at the picture of the points")
    if samples.shape[1:] != data.shape:
        raise UserError(
            f"samples of shape {tuple(samples.shape[1:])} and data of {data.shape}",
            "the same shape",
            "give the data that the run was trained on",
        )
    train, others = data.splits["train"], data.splits["held_out"][:held_out]
    if not 1 <= count <= len(train):
        raise UserError(f"{short(str(count))} neighbours", f"1 to {len(train)} training images", "use --neighbours 1")
    distances, indices = _nearest(255 * samples, data, train, count)
    apart = _nearest(data.batch(others)[0], data, train, 1)[0] if len(others) else None
    images, _ = data.batch(indices.flatten())
    return Neighbours(
        samples=samples,
        images=images.reshape(*indices.shape, *data.shape).float() / 255,
        indices=indices,
        distances=distances,
        held_out=float(np.median(apart)) if apart is not None else None,
        held_out_count=len(others),
    )


def side_by_side(found: Neighbours) -> Image.Image:
    """Each sample, and to its right its neighbours in a yellow frame; all of them in a picture about square."""
    strips = [strip(sample, near) for sample, near in zip(found.samples, found.images, strict=True)]
    gap = 2 * _BORDER
    width, height = strips[0].width + gap, strips[0].height + gap
    per_row = min(len(strips), max(1, round(math.sqrt(len(strips) * height / width))))
    rows = -(-len(strips) // per_row)
    picture = Image.new(strips[0].mode, (per_row * width + gap, rows * height + gap), _background(strips[0].mode))
    for index, each in enumerate(strips):
        row, column = divmod(index, per_row)
        picture.paste(each, (gap + column * width, gap + row * height))
    return picture


def strip(sample: Tensor, near: Tensor) -> Image.Image:
    """One sample (channels, height, width) and its neighbours (k, channels, height, width); RGB, or RGBA with alpha."""
    mode = "RGBA" if len(sample) == 4 else "RGB"
    left = grid(sample[None], padding=0).convert(mode)
    right = grid(near, columns=len(near), padding=_BORDER).convert(mode)
    ImageDraw.Draw(right).rectangle((0, 0, right.width - 1, right.height - 1), outline=_YELLOW, width=_BORDER)
    picture = Image.new(mode, (left.width + _BORDER + right.width, right.height), _background(mode))
    picture.paste(left, (0, _BORDER))
    picture.paste(right, (left.width + _BORDER, 0))
    return picture


def _background(mode: str) -> tuple[int, ...]:
    return (128, 128, 128) if mode == "RGB" else (0, 0, 0, 0)


def _nearest(points: Tensor, data: Packed, among: np.ndarray, count: int) -> tuple[Tensor, Tensor]:
    """Distances (n, count) on pixels in [0, 1], and indices among all items, from 8-bit images a part at a time."""
    distances = torch.full((len(points), 0), torch.inf, dtype=torch.float64)
    indices = torch.empty(len(points), 0, dtype=torch.int64)
    at_once = max(1, _BYTES // math.prod(data.shape))
    for start in range(0, len(among), at_once):
        part = among[start : start + at_once]
        found, where = nearest(points, data.batch(part)[0], count=min(count, len(part)))
        distances = torch.cat([distances, found / 255], dim=1)
        indices = torch.cat([indices, torch.from_numpy(part)[where]], dim=1)
        # Stable: of equal distances in two parts, that of the earlier part stays first.
        order = distances.argsort(dim=1, stable=True)[:, :count]
        distances, indices = distances.gather(1, order), indices.gather(1, order)
    return distances, indices
