"""Maps of the plane: scaling, rotation, anisotropic scaling and shifts by parts of a pixel; those in a row are one map.

    scale               x'(p) = x(p / s)                          ln s ~ N(0, (.2 ln 2)^2)
    rotate              x'(p) = x(R(-a) p)                        a ~ U(-pi, pi)
    stretch             x'(row, column) = x(s row, column / s)    ln s ~ N(0, (.2 ln 2)^2)
    fractional_shift    x'(p) = x(p - d)                          d ~ N(0, .125^2) of each side

p is counted from the centre of the image. The distributions are StyleGAN2-ADA's (2020).
"""

import math

import torch
from torch import Tensor

from saddlepoint.augment.normal import normal
from saddlepoint.augment.resampling import linear_map, resample

# Standard deviations: of log2 s twice, and of a shift as a share of the side.
SCALE_SPREAD = 0.2
STRETCH_SPREAD = 0.2
SHIFT_SPREAD = 0.125


def scale_map(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """The maps (n, 2, 3) of `scale`, for one resampling together with others."""
    factor = torch.exp2(-SCALE_SPREAD * torch.where(draw[:, 0] < strength, normal(draw[:, 1]), 0.0))
    zero = torch.zeros_like(factor)
    return linear_map(((factor, zero), (zero, factor)))


def scale(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """With probability `strength`, enlarges by a lognormal factor about the centre (StyleGAN2-ADA, 2020).

    Args:
        images: (n, channels, height, width).
        draw: uniform numbers in (0, 1), (n, 2): whether, by how much.
        strength: in [0, 1], a number or a tensor without dimensions.

    Returns:
        The shape and type of `images`; differentiable with respect to them.
    """
    return resample(images, scale_map(images, draw, strength))


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


def stretch_map(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """The maps (n, 2, 3) of `stretch`, for one resampling together with others."""
    log2 = STRETCH_SPREAD * torch.where(draw[:, 0] < strength, normal(draw[:, 1]), 0.0)
    zero = torch.zeros_like(log2)
    return linear_map(((torch.exp2(log2), zero), (zero, torch.exp2(-log2))))


def stretch(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """With probability `strength`, widens by a lognormal factor and lowers by the same (StyleGAN2-ADA, 2020).

    Along the image's own sides; after `rotate` that is in any direction of the picture, as in the original, which
    rotates before and after.

    Args:
        images: (n, channels, height, width).
        draw: uniform numbers in (0, 1), (n, 2): whether, by how much.
        strength: in [0, 1], a number or a tensor without dimensions.

    Returns:
        The shape and type of `images`; differentiable with respect to them.
    """
    return resample(images, stretch_map(images, draw, strength))


def fractional_shift_map(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """The maps (n, 2, 3) of `fractional_shift`, for one resampling together with others."""
    height, width = images.shape[2:]
    share = SHIFT_SPREAD * torch.where((draw[:, 0] < strength)[:, None], normal(draw[:, 1:3]), 0.0)
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
