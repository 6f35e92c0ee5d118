"""Random jitter of pairs: enlarge a little, cut out the old size again, mirror; the same for every side of a pair.

(Isola et al. 2017: 256 -> 286 -> a random 256 x 256, mirrored with probability 1/2.) It changes the data, not what D
sees: source and target stay one pair.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from saddlepoint.augment import flip

# Uniform numbers that a pair needs: row, column, mirrored.
WIDTH = 3


def jitter(sides: Sequence[Tensor], numbers: Tensor, scale: float, *, mirror: bool) -> list[Tensor]:
    """Each side enlarged by `scale`, cut to its old size at the same place, and mirrored or not.

    Args:
        sides: uint8 (n, channels, height, width), all of the same height and width.
        numbers: uniform in (0, 1), (n, 3).
        scale: 1 or more; 1 cuts nothing.
        mirror: mirror each pair with probability 1/2.

    Returns:
        uint8, the shapes of `sides`.
    """
    height, width = sides[0].shape[2:]
    high, wide = math.ceil(height * scale), math.ceil(width * scale)
    tops = (numbers[:, 0] * (high - height + 1)).long().clamp(max=high - height).tolist()
    lefts = (numbers[:, 1] * (wide - width + 1)).long().clamp(max=wide - width).tolist()
    found = []
    for side in sides:
        if (high, wide) != (height, width):
            large = F.interpolate(side.float(), (high, wide), mode="bicubic", align_corners=False)
            large = large.round().clamp(0, 255).to(torch.uint8)
            side = torch.stack(
                [
                    image[:, top : top + height, left : left + width]
                    for image, top, left in zip(large, tops, lefts, strict=True)
                ]
            )
        found.append(flip(side, numbers[:, 2:], strength=1.0) if mirror else side)
    return found
