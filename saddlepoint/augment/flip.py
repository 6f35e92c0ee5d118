"""Horizontal mirroring: x -> x with its columns reversed."""

import torch
from torch import Tensor


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
