"""An array of images or points in memory, as the packed data that everything else is measured in."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from saddlepoint.data import Packed
from saddlepoint.data.arrays import to_bytes
from saddlepoint.data.packing import pack
from saddlepoint.data.source import Options, Source
from saddlepoint.errors import UserError

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
    if array.ndim not in (2, 4) or not array.size:
        raise UserError(
            f"an array of shape {array.shape}",
            "images (n, channels, height, width) or points (n, dimensions)",
            "give at least one, and put the number of images first",
        )

    def blocks() -> Iterator[np.ndarray]:
        for start in range(0, len(array), _BLOCK):
            part = array[start : start + _BLOCK]
            yield to_bytes(part, (0.0, 1.0), "the array") if array.ndim == 4 else _finite(part)

    source = Source(
        format="arrays",
        count=len(array),
        name=lambda index: f"item {index} of the array",
        kind="images" if array.ndim == 4 else "points",
        blocks=blocks,
    )
    return pack(source, Options(hold_out=0.0), "an array")


def _finite(points: np.ndarray) -> np.ndarray:
    if not np.isfinite(points).all():
        raise UserError("points with a NaN or an infinity", "finite coordinates", "take them out")
    return points.astype(np.float32)
