"""Rotation by any angle: x'(p) = x(R(-a) p), a ~ U(-pi, pi)."""

import math

import torch
from torch import Tensor

from saddlepoint.augment.resampling import linear_map, resample


def rotate_map(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """The maps (n, 2, 3) of `rotate`, for one resampling together with others."""
    angle = torch.where(draw[:, 0] < strength, math.pi * (2.0 * draw[:, 1] - 1.0), 0.0)
    # Rows count downwards: this turns the image anticlockwise for an angle above 0.
    cosine, sine = torch.cos(angle), torch.sin(angle)
    return linear_map(((cosine, sine), (-sine, cosine)))


def rotate(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """With probability `strength`, rotates about the centre, every angle as likely (StyleGAN2-ADA, 2020).

    Args:
        images: (n, channels, height, width).
        draw: uniform numbers in (0, 1), (n, 2): whether, by which angle.
        strength: in [0, 1], a number or a tensor without dimensions.

    Returns:
        The shape and type of `images`; differentiable with respect to them.
    """
    return resample(images, rotate_map(images, draw, strength))
