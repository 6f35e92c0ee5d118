"""Changes of colour, for images in (-1, 1), where 0 is mid-grey; those in a row are one map.

    brightness    x' = x + b             b ~ N(0, .2^2)
    contrast      x' = c x               ln c ~ N(0, (.5 ln 2)^2)
    luma_flip     m -> -m                m the mean of the colours; the chroma x - m stays
    hue           the chroma is turned about the grey axis by a ~ U(-pi, pi); the luma stays
    saturation    the chroma is multiplied by s, ln s ~ N(0, (ln 2)^2); the luma stays

The distributions are StyleGAN2-ADA's (2020).
"""

import math

import torch
from torch import Tensor

from saddlepoint.augment.normal import normal
from saddlepoint.augment.recolouring import colour_map, recolour

# Standard deviations: of b, log2 c and log2 s.
BRIGHTNESS_SPREAD = 0.2
CONTRAST_SPREAD = 0.5
SATURATION_SPREAD = 1.0


def brightness_map(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """The maps (n, 4) of `brightness`, for one application together with others."""
    offset = BRIGHTNESS_SPREAD * torch.where(draw[:, 0] < strength, normal(draw[:, 1]), 0.0)
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


def contrast_map(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """The maps (n, 4) of `contrast`, for one application together with others."""
    factor = torch.exp2(CONTRAST_SPREAD * torch.where(draw[:, 0] < strength, normal(draw[:, 1]), 0.0))
    return colour_map(factor, gain=factor, real=factor)


def contrast(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """With probability `strength`, multiplies all colours by one lognormal number (StyleGAN2-ADA, 2020).

    Args:
        images: (n, channels, height, width), in (-1, 1).
        draw: uniform numbers in (0, 1), (n, 2): whether, by how much.
        strength: in [0, 1], a number or a tensor without dimensions.

    Returns:
        The shape and type of `images`; differentiable with respect to them.
    """
    return recolour(images, contrast_map(images, draw, strength))


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


def saturation_map(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """The maps (n, 4) of `saturation`, for one application together with others."""
    factor = torch.exp2(SATURATION_SPREAD * torch.where(draw[:, 0] < strength, normal(draw[:, 1]), 0.0))
    return colour_map(factor, real=factor)


def saturation(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """With probability `strength`, multiplies the chroma by a lognormal number (StyleGAN2-ADA, 2020).

    Args:
        images: (n, channels, height, width), in (-1, 1); grey ones stay.
        draw: uniform numbers in (0, 1), (n, 2): whether, by how much.
        strength: in [0, 1], a number or a tensor without dimensions.

    Returns:
        The shape and type of `images`; differentiable with respect to them.
    """
    return recolour(images, saturation_map(images, draw, strength))
