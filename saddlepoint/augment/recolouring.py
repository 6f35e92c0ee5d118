"""Affine maps of colour that treat red, green and blue alike, and their one application to an image.

    m = (red + green + blue) / 3                  the luma; x - m is the chroma, a plane on which hue is an angle
    x' = gain m + offset + turn (x - m),          turn a complex number: its angle turns the hue, its size is saturation

StyleGAN2-ADA's maps of colour (2020) all have this form, and so has one after the other. A map is the four numbers
(gain, offset, Re turn, Im turn) of an image. Grey images have no chroma; an alpha channel is left alone.
"""

import math

import torch
from torch import Tensor

# Channels of images whose first three are red, green and blue; of any other number, each is grey by itself.
COLOURED = (3, 4)


def colour_map(
    like: Tensor,
    *,
    gain: Tensor | None = None,
    offset: Tensor | None = None,
    real: Tensor | None = None,
    imaginary: Tensor | None = None,
) -> Tensor:
    """Maps (n, 4) from their numbers, each (n,); what is left out is the identity's. `like` is any (n,) tensor."""
    one, zero = torch.ones_like(like), torch.zeros_like(like)
    numbers = (gain, one), (offset, zero), (real, one), (imaginary, zero)
    return torch.stack([default if number is None else number for number, default in numbers], dim=1)


def compose(first: Tensor, second: Tensor) -> Tensor:
    """The maps (n, 4) of an image that goes through `first` and then through `second`."""
    (gain, offset, a, b), (gain2, offset2, c, d) = first.unbind(1), second.unbind(1)
    return torch.stack([gain * gain2, gain2 * offset + offset2, a * c - b * d, a * d + b * c], dim=1)


def recolour(images: Tensor, maps: Tensor) -> Tensor:
    """The images with their colours mapped; where a map is the identity the image stays bit for bit.

    Args:
        images: (n, channels, height, width), in (-1, 1): mid-grey is 0.
        maps: (n, 4), as above.

    Returns:
        The shape and type of `images`; affine in them, so differentiable as often as wanted.
    """
    channels = images.shape[1]
    changed = (maps != maps.new_tensor([1.0, 0.0, 1.0, 0.0])).any(1)[:, None, None, None]
    gain, offset, real, imaginary = maps.to(images.dtype)[:, :, None, None, None].unbind(1)
    if channels not in COLOURED:
        return torch.where(changed, torch.addcmul(offset, images, gain), images)
    colours = images[:, :3]
    following, preceding = colours.roll(-1, 1), colours.roll(1, 1)
    # A turn by +120 degrees takes red to green to blue. The map is circulant: three numbers instead of nine.
    third = (gain - real) / 3
    side = imaginary / math.sqrt(3.0)
    mapped = torch.addcmul(torch.addcmul(offset, colours, third + real), preceding, third + side)
    mapped = torch.addcmul(mapped, following, third - side)
    if channels > 3:
        mapped = torch.cat([mapped, images[:, 3:]], dim=1)
    return torch.where(changed, mapped, images)
