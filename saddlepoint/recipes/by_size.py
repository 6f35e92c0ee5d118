"""What depends on the size of the images, where a recipe leaves it open: the network and the batch."""

import math

from saddlepoint.errors import UserError
from saddlepoint.networks import Dcgan


def pair_by_size(shape: tuple[int, ...]) -> Dcgan:
    """A DCGAN pair whose discriminator has no batch statistics, narrower where images are large.

    Args:
        shape: (channels, height, width).
    """
    _check_images(shape)
    side = math.sqrt(shape[1] * shape[2])
    # A laptop's pace decides: twice the width is four times the work, and networks.width says otherwise.
    width = 32 if side <= 80 else 24 if side <= 160 else 16
    return Dcgan(width=width, latent=128, normalisation="none")


def batch_by_size(shape: tuple[int, ...]) -> int:
    """Samples per step: 64 up to 64 x 64 pixels, fewer above, at least 8."""
    _check_images(shape)
    return max(8, min(64, 64 * 64 * 64 // (shape[1] * shape[2])))


def _check_images(shape: tuple[int, ...]) -> None:
    if len(shape) != 3:
        raise UserError(
            f"points of {shape[0]} dimensions for an image recipe", "images", "use the recipe toy for points"
        )
