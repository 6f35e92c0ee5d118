"""Brightness: x' = x + b, b ~ N(0, .2^2), for images in (-1, 1)."""

import torch
from torch import Tensor

from saddlepoint.augment.colouring import colour_map, recolour
from saddlepoint.augment.normal import normal

SPREAD = 0.2


def brightness_map(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """The maps (n, 4) of `brightness`, for one application together with others."""
    offset = SPREAD * torch.where(draw[:, 0] < strength, normal(draw[:, 1]), 0.0)
    return colour_map(offset, offset=offset)


def brightness(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """With probability `strength`, adds one normal number to all colours (StyleGAN2-ADA, 2020).

    Args:
        images: (n, channels, height, width), in (-1, 1).
        draw: uniform numbers in (0, 1), (n, 2): whether, how much.
        strength: in [0, 1], a number or a tensor without dimensions.

    Returns:
        The shape and type of `images`; differentiable with respect to them.
    """
    return recolour(images, brightness_map(images, draw, strength))
