"""Cutout: x' = 0 in a box of half the height and half the width, centred anywhere in the image."""

import torch
from torch import Tensor

# Of each side.
SIZE = 0.5


def cutout(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """With probability `strength`, fills a box with zeros, cut off where it leaves the image (StyleGAN2-ADA, 2020).

    0 is mid-grey for images in (-1, 1). The centre is uniform over the image, so a corner's box is a quarter of it.

    Args:
        images: (n, channels, height, width).
        draw: uniform numbers in (0, 1), (n, 3): whether, how far down, how far right.
        strength: in [0, 1], a number or a tensor without dimensions.

    Returns:
        The shape and type of `images`; differentiable with respect to them.
    """
    rows, columns = (_covered(draw[:, axis - 1], images.shape[axis]) for axis in (2, 3))
    box = (draw[:, 0] < strength)[:, None, None] & rows[:, :, None] & columns[:, None, :]
    return images.masked_fill(box[:, None], 0.0)


def _covered(centre: Tensor, side: int) -> Tensor:
    """Which of a side's pixels the box covers, by their middles, (n, side)."""
    middles = (torch.arange(side, device=centre.device, dtype=centre.dtype) + 0.5) / side
    return (middles - centre[:, None]).abs() < SIZE / 2
