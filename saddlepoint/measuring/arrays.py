"""An array of images or points in memory, as the packed data that everything else is measured in."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from saddlepoint.data import Packed
from saddlepoint.data.packing import pack
from saddlepoint.data.source import Options, Source
from saddlepoint.errors import UserError
from saddlepoint.metrics.features.features import check_items

_BLOCK = 1024


def packed_array(values: Tensor | np.ndarray) -> Packed:
    """Packs an array; all of it is the split "train".

    Args:
        values: images (n, channels, height, width), 8-bit or floats in [0, 1], which are rounded to 8 bits as files
            would round them; or points (n, dimensions).

    Raises:
        UserError: another shape, or values outside the range.
    """
    array = torch.as_tensor(values).detach().cpu().numpy()
    check_items("an array", array.shape)
    if array.ndim == 4 and array.dtype.kind in "iuf":
        _check_range(array)

    def blocks() -> Iterator[np.ndarray]:
        for start in range(0, len(array), _BLOCK):
            part = array[start : start + _BLOCK]
            yield part if array.ndim == 4 else _finite(part)

    source = Source(
        format="arrays",
        count=len(array),
        name=lambda index: f"item {index} of the array",
        kind="images" if array.ndim == 4 else "points",
        blocks=blocks,
    )
    return pack(source, Options(hold_out=0.0), "an array")


def _check_range(pixels: np.ndarray) -> None:
    # A hair outside is rounding, as in data.depth; a not-a-number fails the comparison.
    most, slack = (1.0, 1e-3) if pixels.dtype.kind == "f" else (255, 0)
    if not (-slack <= pixels.min() and pixels.max() <= most + slack):
        raise UserError(
            f"pixel values {pixels.min():.6g}..{pixels.max():.6g} in the array",
            f"{'floating-point numbers' if most == 1 else 'integers'} in 0..{most:g}",
            "map them to it",
        )


def _finite(points: np.ndarray) -> np.ndarray:
    if not np.isfinite(points).all():
        raise UserError("points with a NaN or an infinity", "finite coordinates", "take them out")
    return points.astype(np.float32)
