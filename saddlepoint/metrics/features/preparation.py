"""What published networks are fed with: three channels, 8-bit values as in the files that the references read, a size.

The references compute their features of image files. So an image that comes from a generator is rounded to 8 bits here,
as saving it would round it, and the same images give the same features whether they pass through files or not.

    bilinear            between the four nearest pixels, also where it shrinks and so skips some (torch)
    bicubic, antialias  the cubic with a = -1/2, widened by the factor of shrinking, as Pillow's BICUBIC filter
"""

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from saddlepoint.errors import UserError

CHANNELS = "grey repeated three times, alpha dropped"
ON_WHITE = "grey repeated three times, alpha composed on white"
ROUNDED = "rounded to 8 bits"
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


def three_channels(images: Tensor) -> Tensor:
    """Images (n, 1, 3 or 4, height, width) as red, green, blue; alpha is dropped, as the references' readers drop it.

    Raises:
        UserError: points, or another number of channels.
    """
    if images.ndim != 4 or images.shape[1] not in (1, 3, 4):
        raise UserError(
            f"items of shape {tuple(images.shape[1:])}",
            "images of 1, 3 or 4 channels",
            "use the features 'pixels', or 'points' for points",
        )
    return images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images[:, :3]


def on_white(images: Tensor) -> Tensor:
    """Images with alpha as they look on white, alpha x + 1 - alpha; others as they are."""
    if images.ndim != 4 or images.shape[1] != 4:
        return images
    return images[:, :3] * images[:, 3:] + (1 - images[:, 3:])


def rounded(images: Tensor) -> Tensor:
    """Images in [0, 1] as whole numbers 0..255, float32: round(255 x)."""
    return (images.float() * 255).round().clamp(0, 255)


def bilinear(images: Tensor, side: int) -> Tensor:
    """Square images by torch's bilinear filter without antialiasing, as pytorch-fid resizes."""
    return F.interpolate(images, size=(side, side), mode="bilinear", align_corners=False)


def bicubic(images: Tensor, side: int) -> Tensor:
    """Square images by the antialiased cubic in floats, not clipped, as Pillow resizes single float channels."""
    return F.interpolate(images, size=(side, side), mode="bicubic", align_corners=False, antialias=True)


def bicubic_rounded(images: Tensor, side: int) -> Tensor:
    """Square images by Pillow's cubic on 8-bit pixels, which rounds and clips after each of its two passes.

    Args:
        images: whole numbers 0..255, (n, 3, height, width).

    Returns:
        Whole numbers 0..255, float32, on the images' device.
    """
    pixels = images.to("cpu", torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
    resized = [Image.fromarray(each, "RGB").resize((side, side), Image.Resampling.BICUBIC) for each in pixels]
    return torch.from_numpy(np.stack([np.asarray(each) for each in resized])).permute(0, 3, 1, 2).to(images)


def normalised(images: Tensor) -> Tensor:
    """Images in [0, 1] less ImageNet's mean, over its standard deviation, by channel."""
    mean = torch.tensor(IMAGENET_MEAN, device=images.device).reshape(3, 1, 1)
    return (images - mean) / torch.tensor(IMAGENET_DEVIATION, device=images.device).reshape(3, 1, 1)
