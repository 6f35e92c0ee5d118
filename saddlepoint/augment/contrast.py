"""Contrast: x' = c x, ln c ~ N(0, (.5 ln 2)^2), for images in (-1, 1), so about mid-grey."""

import torch
from torch import Tensor

from saddlepoint.augment.colouring import colour_map, recolour
from saddlepoint.augment.normal import normal

# Standard deviation of log2 c.
SPREAD = 0.5


def contrast_map(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """The maps (n, 4) of `contrast`, for one application together with others."""
    factor = torch.exp2(SPREAD * torch.where(draw[:, 0] < strength, normal(draw[:, 1]), 0.0))
    return colour_map(factor, gain=factor, real=factor)


def contrast(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """With probability `strength`, multiplies all colours by one lognormal number (StyleGAN2-ADA, 2020).

    Args:
        images: (n, channels, height, width), in (-1, 1).
        draw: uniform numbers in (0, 1), (n, 2): whether, by how much.
        strength: in [0, 1], a number or a tensor without dimensions.

    Returns:
        The shape and type of `images`; differentiable with respect to them.
    """
    return recolour(images, contrast_map(images, draw, strength))
