"""Anisotropic scaling: x'(row, column) = x(s row, column / s), ln s ~ N(0, (.2 ln 2)^2)."""

import torch
from torch import Tensor

from saddlepoint.augment.normal import normal
from saddlepoint.augment.resampling import linear_map, resample

# Standard deviation of log2 s.
SPREAD = 0.2


def stretch_map(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """The maps (n, 2, 3) of `stretch`, for one resampling together with others."""
    log2 = SPREAD * torch.where(draw[:, 0] < strength, normal(draw[:, 1]), 0.0)
    zero = torch.zeros_like(log2)
    return linear_map(((torch.exp2(log2), zero), (zero, torch.exp2(-log2))))


def stretch(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """With probability `strength`, widens by a lognormal factor and lowers by the same (StyleGAN2-ADA, 2020).

    Along the image's own sides; after `rotate` that is in any direction of the picture, as in the original, which
    rotates before and after.

    Args:
        images: (n, channels, height, width).
        draw: uniform numbers in (0, 1), (n, 2): whether, by how much.
        strength: in [0, 1], a number or a tensor without dimensions.

    Returns:
        The shape and type of `images`; differentiable with respect to them.
    """
    return resample(images, stretch_map(images, draw, strength))
