"""An image brought to a size, in one of two ways.

crop  scaled until its shorter side fits, and its centre cut out
pad   scaled until its longer side fits, and laid on a border: transparent where there is alpha, else of one colour, the
      mean of the image's own edge, because a border of a foreign colour would be learnt as a frame

Scaled by bicubic interpolation, antialiased where that makes an image smaller.
"""

from typing import Literal

import numpy as np
from PIL import Image, ImageOps

# (height, width)
Size = tuple[int, int]
Fit = Literal["crop", "pad"]
FITS: tuple[Fit, ...] = ("crop", "pad")


def brought_to(image: Image.Image, size: Size, fit: Fit) -> Image.Image:
    """An image of mode L, RGB or RGBA in that size."""
    wanted = size[1], size[0]
    if image.size == wanted:
        return image
    if fit == "crop":
        return ImageOps.fit(image, wanted, method=Image.Resampling.BICUBIC)
    whole = ImageOps.contain(image, wanted, method=Image.Resampling.BICUBIC)
    if whole.size == wanted:
        return whole
    border = Image.new(whole.mode, wanted, _edge(whole))
    border.paste(whole, ((wanted[0] - whole.width) // 2, (wanted[1] - whole.height) // 2))
    return border


def is_enlarged(before: Size, after: Size, fit: Fit) -> bool:
    """Whether an image of one size has fewer pixels than it is shown with in the other."""
    scales = after[0] / before[0], after[1] / before[1]
    return (max(scales) if fit == "crop" else min(scales)) > 1


def _edge(image: Image.Image) -> int | tuple[int, ...]:
    """The mean colour of the outermost pixels, without any opacity."""
    pixels = np.asarray(image).reshape(image.height, image.width, -1).astype(np.float64)
    ring = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    colour = [round(value) for value in ring.mean(axis=0)]
    if image.mode == "RGBA":
        colour[3] = 0
    return colour[0] if len(colour) == 1 else tuple(colour)
