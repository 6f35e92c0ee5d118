"""Scaling: x'(p) = x(p / s), ln s ~ N(0, (.2 ln 2)^2)."""

import torch
from torch import Tensor

from saddlepoint.augment.normal import normal
from saddlepoint.augment.resampling import linear_map, resample

# Standard deviation of log2 s.
SPREAD = 0.2


def scale_map(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """The maps (n, 2, 3) of `scale`, for one resampling together with others."""
    factor = torch.exp2(-SPREAD * torch.where(draw[:, 0] < strength, normal(draw[:, 1]), 0.0))
    zero = torch.zeros_like(factor)
    return linear_map(((factor, zero), (zero, factor)))


def scale(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """With probability `strength`, enlarges by a lognormal factor about the centre (StyleGAN2-ADA, 2020).

    Args:
        images: (n, channels, height, width).
        draw: uniform numbers in (0, 1), (n, 2): whether, by how much.
        strength: in [0, 1], a number or a tensor without dimensions.

    Returns:
        The shape and type of `images`; differentiable with respect to them.
    """
    return resample(images, scale_map(images, draw, strength))
