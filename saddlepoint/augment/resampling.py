"""Affine maps of the image plane, and the one resampling of an image through them.

    x'(p) = x(A p + t),    p = (row, column) in pixels from the image's centre

A map says where each pixel of the result looks, so it is the inverse of what the image does. Maps in a row are
multiplied and the image is resampled once: to resample after each would blur it each time (StyleGAN2-ADA, 2020).
Between pixels the image is bilinear; the original has wavelet filters. Beyond its edges the image is continued by
reflection (the edge row itself is not repeated).

The bilinear mean is taken by gathering, which can be differentiated twice on every device (a penalty on the input
gradient needs it) and compiled with the rest of a step.
"""

import torch
from torch import Tensor


def linear_map(entries: tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]) -> Tensor:
    """Maps (n, 2, 3) from the four entries of A, each (n,), with t = 0."""
    rows = [torch.stack([*row, torch.zeros_like(row[0])], dim=1) for row in entries]
    return torch.stack(rows, dim=1)


def compose(first: Tensor, second: Tensor) -> Tensor:
    """The maps (n, 2, 3) of an image that goes through `first` and then through `second`."""
    # What the second shows at p it finds at A2 p + t2 of the middle image, and so at A1 (A2 p + t2) + t1 of the image.
    # As a sum, not as a matrix product, which a graphics card may round to ten bits.
    products = (first[:, :, :2, None] * second[:, None, :, :]).sum(2)
    return torch.cat([products[:, :, :2], products[:, :, 2:] + first[:, :, 2:]], dim=2)


def resample(images: Tensor, maps: Tensor) -> Tensor:
    """The images seen through their maps; where a map is the identity the image stays bit for bit.

    Args:
        images: (n, channels, height, width).
        maps: (n, 2, 3), as above.

    Returns:
        The shape and type of `images`; linear in them, so differentiable as often as wanted.
    """
    height, width = images.shape[2:]
    rows, columns = (_pixels(side, maps) for side in (height, width))
    # (n, 2, height, width): where each pixel of the result looks.
    places = maps[:, :, :1, None] * rows[:, None] + maps[:, :, 1:2, None] * columns + maps[:, :, 2:, None]
    upper, lower, down = _neighbours(places[:, 0], height)
    left, right, across = _neighbours(places[:, 1], width)
    corners = torch.stack([upper * width + left, upper * width + right, lower * width + left, lower * width + right], 1)
    # One gather of all four costs less than four of one.
    pixels = corners.reshape(len(images), 1, -1).expand(-1, images.shape[1], -1)
    found = images.flatten(2).gather(2, pixels).unflatten(2, (4, height, width)).unbind(2)
    across, down = (weight[:, None].to(images.dtype) for weight in (across, down))
    seen = torch.lerp(torch.lerp(found[0], found[1], across), torch.lerp(found[2], found[3], across), down)
    return torch.where(_moves(maps)[:, None, None, None], seen, images)


def _pixels(side: int, like: Tensor) -> Tensor:
    return torch.arange(side, device=like.device, dtype=like.dtype) - (side - 1) / 2


def _neighbours(place: Tensor, side: int) -> tuple[Tensor, Tensor, Tensor]:
    """The pixels before and after a place (from the centre) along a side, and how far between them it is."""
    last = side - 1
    inside = (place + last / 2).remainder(max(2 * last, 1))
    inside = torch.minimum(inside, 2 * last - inside).clamp(0, last)
    before = inside.floor().clamp(max=max(last - 1, 0))
    index = before.to(torch.int64)
    return index, (index + 1).clamp(max=last), inside - before


def _moves(maps: Tensor) -> Tensor:
    """Whether a map is another than the identity, (n,)."""
    return (maps != torch.eye(2, 3, device=maps.device, dtype=maps.dtype)).flatten(1).any(1)
