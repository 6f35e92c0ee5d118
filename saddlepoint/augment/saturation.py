"""Saturation: the chroma is multiplied by s, ln s ~ N(0, (ln 2)^2); the luma stays."""

import torch
from torch import Tensor

from saddlepoint.augment.colouring import colour_map, recolour
from saddlepoint.augment.normal import normal

# Standard deviation of log2 s.
SPREAD = 1.0


def saturation_map(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """The maps (n, 4) of `saturation`, for one application together with others."""
    factor = torch.exp2(SPREAD * torch.where(draw[:, 0] < strength, normal(draw[:, 1]), 0.0))
    return colour_map(factor, real=factor)


def saturation(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """With probability `strength`, multiplies the chroma by a lognormal number (StyleGAN2-ADA, 2020).

    Args:
        images: (n, channels, height, width), in (-1, 1); grey ones stay.
        draw: uniform numbers in (0, 1), (n, 2): whether, by how much.
        strength: in [0, 1], a number or a tensor without dimensions.

    Returns:
        The shape and type of `images`; differentiable with respect to them.
    """
    return recolour(images, saturation_map(images, draw, strength))
