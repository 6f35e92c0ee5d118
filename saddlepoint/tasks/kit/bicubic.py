"""Bicubic interpolation of stored images, as Pillow's filter: the cubic with a = -1/2, antialiased, rounded to 8 bits.

The test images of super-resolution are reduced like this. The arithmetic is that of whole numbers, so that a picture is
the same to the bit on every machine.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def bicubic(images: Tensor, size: tuple[int, int]) -> Tensor:
    """Images uint8 (n, channels, height, width) brought to `size` (height, width); the filter widens as they shrink."""
    assert images.dtype == torch.uint8, images.dtype
    # On the CPU alone: other devices have no filter of whole numbers.
    return F.interpolate(images.cpu(), size, mode="bicubic", antialias=True)
