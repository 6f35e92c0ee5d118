"""Turns by right angles, exact: x -> x read along its columns."""

import torch
from torch import Tensor


def rotate90(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """With probability `strength`, a turn by 0, 90, 180 or 270 degrees, each as likely (StyleGAN2-ADA, 2020).

    Images that are not square are turned by 0 or 180 degrees, because another turn would not fit.

    Args:
        images: (n, channels, height, width).
        draw: uniform numbers in (0, 1), (n, 2): whether, which turn.
        strength: in [0, 1], a number or a tensor without dimensions.

    Returns:
        The shape and type of `images`, with their exact values; differentiable with respect to them.
    """
    quarters = torch.where(draw[:, 0] < strength, (draw[:, 1] * 4).floor().clamp(max=3), 0)[:, None, None, None]
    if images.shape[2] == images.shape[3]:
        images = torch.where(quarters % 2 == 1, images.transpose(2, 3).flip(2), images)
    return torch.where(quarters >= 2, images.flip(2, 3), images)
