"""Shift by parts of a pixel: x'(p) = x(p - d), d ~ N(0, .125^2) of each side."""

import torch
from torch import Tensor

from saddlepoint.augment.normal import normal
from saddlepoint.augment.resampling import resample

# Standard deviation, as a share of the side.
SPREAD = 0.125


def fractional_shift_map(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """The maps (n, 2, 3) of `fractional_shift`, for one resampling together with others."""
    height, width = images.shape[2:]
    share = SPREAD * torch.where((draw[:, 0] < strength)[:, None], normal(draw[:, 1:3]), 0.0)
    distance = torch.stack([share[:, 0] * height, share[:, 1] * width], dim=1)
    turn = torch.eye(2, device=draw.device, dtype=draw.dtype).expand(len(draw), 2, 2)
    return torch.cat([turn, -distance[:, :, None]], dim=2)


def fractional_shift(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """With probability `strength`, shifts by a normal share of each side, between pixels too (StyleGAN2-ADA, 2020).

    Args:
        images: (n, channels, height, width).
        draw: uniform numbers in (0, 1), (n, 3): whether, how far down, how far right.
        strength: in [0, 1], a number or a tensor without dimensions.

    Returns:
        The shape and type of `images`; differentiable with respect to them.
    """
    return resample(images, fractional_shift_map(images, draw, strength))
