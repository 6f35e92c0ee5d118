"""Luma flip: m -> -m, the chroma x - m stays; m is the mean of the colours, for images in (-1, 1)."""

import torch
from torch import Tensor

from saddlepoint.augment.colouring import colour_map, recolour


def luma_flip_map(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """The maps (n, 4) of `luma_flip`, for one application together with others."""
    flipped = (draw[:, 0] < strength) & (draw[:, 1] < 0.5)
    gain = torch.where(flipped, -1.0, 1.0).to(draw.dtype)
    return colour_map(gain, gain=gain)


def luma_flip(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """With probability `strength`, one of {the image, light and dark exchanged}, each as likely (StyleGAN2-ADA, 2020).

    Args:
        images: (n, channels, height, width), in (-1, 1).
        draw: uniform numbers in (0, 1), (n, 2): whether, which of the two.
        strength: in [0, 1], a number or a tensor without dimensions.

    Returns:
        The shape and type of `images`; differentiable with respect to them.
    """
    return recolour(images, luma_flip_map(images, draw, strength))
