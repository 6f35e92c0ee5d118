"""Exact moves of whole pixels: mirroring, turns by right angles, shifts; every value of the result stood in the image.

    flip        x'[i, j] = x[i, -1 - j]
    rotate90    x read along its columns, once, twice or three times
    shift       x'[i, j] = x[i - a, j - b]

They are StyleGAN2-ADA's (2020). At an edge, `shift` continues the image by reflection.
"""

import torch
from torch import Tensor

# A shift is at most a side divided by this, rounded down (StyleGAN2-ADA's integer translation).
SHARE = 8


def flip(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """With probability `strength`, one of {the image, its mirror image}, each as likely (StyleGAN2-ADA, 2020).

    So at most half of the images are mirrored: if all were, the generator could learn the mirror images.

    Args:
        images: (n, channels, height, width).
        draw: uniform numbers in (0, 1), (n, 1).
        strength: in [0, 1], a number or a tensor without dimensions.

    Returns:
        The shape and type of `images`, with their exact values; differentiable with respect to them.
    """
    mirrored = draw[:, 0] < strength / 2
    return torch.where(mirrored[:, None, None, None], images.flip(3), images)


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


def shift(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """With probability `strength`, shifts an image by whole pixels, up to an eighth of each side (StyleGAN2-ADA, 2020).

    Every shift of that range is as likely as any other; a side of less than 8 pixels stays. What moves in at an edge is
    the reflection of what stands there (the edge row itself is not repeated), so that no new grey value appears.

    Args:
        images: (n, channels, height, width).
        draw: uniform numbers in (0, 1), (n, 3): whether, how far down, how far right.
        strength: in [0, 1], a number or a tensor without dimensions.

    Returns:
        The shape and type of `images`, with their exact values; differentiable with respect to them.
    """
    count, channels, height, width = images.shape
    applied = draw[:, 0] < strength
    rows = _sources(_distance(draw[:, 1], height) * applied, height)
    columns = _sources(_distance(draw[:, 2], width) * applied, width)
    # One gather over flat pixels takes about half the time of a gather per axis at 64 x 64.
    pixels = (rows[:, :, None] * width + columns[:, None, :]).reshape(count, 1, -1).expand(-1, channels, -1)
    return images.flatten(2).gather(2, pixels).unflatten(2, (height, width))


def _distance(uniform: Tensor, side: int) -> Tensor:
    """Uniform integers of -m..m, m = side // 8, (n,) int64."""
    most = side // SHARE
    # In float32 a number near 1 may have been rounded to 1: the clamp keeps it in the last interval.
    return (uniform * (2 * most + 1)).floor().clamp(max=2 * most).to(torch.int64) - most


def _sources(distance: Tensor, side: int) -> Tensor:
    """For each row of the result, which row of the image it shows, (n, side)."""
    rows = torch.arange(side, device=distance.device) - distance[:, None]
    last = side - 1
    return last - (last - rows.abs()).abs()
