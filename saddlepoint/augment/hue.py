"""Hue: the chroma is turned about the grey axis by a ~ U(-pi, pi); the luma stays."""

import math

import torch
from torch import Tensor

from saddlepoint.augment.colouring import colour_map, recolour


def hue_map(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """The maps (n, 4) of `hue`, for one application together with others."""
    angle = torch.where(draw[:, 0] < strength, math.pi * (2.0 * draw[:, 1] - 1.0), 0.0)
    return colour_map(angle, real=torch.cos(angle), imaginary=torch.sin(angle))


def hue(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """With probability `strength`, turns all hues by one angle, every angle as likely (StyleGAN2-ADA, 2020).

    Args:
        images: (n, channels, height, width), in (-1, 1); grey ones stay.
        draw: uniform numbers in (0, 1), (n, 2): whether, by which angle.
        strength: in [0, 1], a number or a tensor without dimensions.

    Returns:
        The shape and type of `images`; differentiable with respect to them.
    """
    return recolour(images, hue_map(images, draw, strength))
