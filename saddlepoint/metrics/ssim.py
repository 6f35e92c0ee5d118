"""Structural similarity of images with their references: the standard window, and the one of the SRGAN paper.

With weighted means m, variances v and the covariance c in a window around each pixel,

    SSIM = (2 m_x m_y + C1) (2 c_xy + C2) / ((m_x^2 + m_y^2 + C1) (v_x + v_y + C2)),   C1 = (.01 L)^2, C2 = (.03 L)^2

with L the peak, meant over pixels (Wang et al., "Image quality assessment", 2004). Variances divide by the sum of
weights.
- Standard: a Gaussian of deviation 1.5 on 11 x 11 pixels, at the positions where the window lies inside the image.
- Ledig et al. (2017) measured with the program dump_ssim of the Daala video codec: deviation 1.5 h / 256 for images of
  height h (after the border is cropped), weights rounded to 256ths of which the middle one takes up the rest, windows
  cut at the image's edge and renormalised, and every position weighted by what is left of its window. On large images
  the window is wider, and the number higher, than the standard one: the two cannot be compared.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from saddlepoint.errors import UserError
from saddlepoint.metrics.image_pairs import Images, PixelProtocol, pairs
from saddlepoint.metrics.mean import mean_interval
from saddlepoint.metrics.result import Result

VERSION = 1
DEVIATION, RADIUS = 1.5, 5
SRGAN_DEVIATION = 1.5 / 256
# What the weights of the SRGAN paper's window are rounded to: 8 bits.
_STEPS = 256


def ssim(images: Images, reference: Images, *, protocol: PixelProtocol, provenance: Mapping[str, Any]) -> Result:
    """Mean SSIM over pairs of images with the standard window, in [-1, 1]; channels are averaged.

    Args:
        images: (n, channels, height, width), or a sequence of (channels, height, width) of any sizes.
        reference: as many, each of its partner's shape.
        protocol: range, luma and border.
        provenance: the reference's fingerprint and split, the samples' seed, ... for the record.

    Returns:
        The mean over images; the interval is Student's over them, the whole line for one.

    Raises:
        UserError: images that are no pairs, outside the range, or smaller than the window.
    """
    window = {"window": "Gaussian", "size": 2 * RADIUS + 1, "deviation": DEVIATION, "edges": "left out"}
    return _result("ssim", "the standard window", _standard, window, images, reference, protocol, provenance)


def ssim_srgan(images: Images, reference: Images, *, protocol: PixelProtocol, provenance: Mapping[str, Any]) -> Result:
    """Mean SSIM over pairs of images with the window of the SRGAN paper, in [-1, 1]; channels are averaged.

    Args, Returns: as in `ssim`.

    Raises:
        UserError: images that are no pairs, outside the range, or so low that the window is a single pixel.
    """
    window = {"window": "Gaussian in 256ths", "deviation": "1.5 height / 256", "edges": "renormalised"}
    return _result("ssim_srgan", "the SRGAN paper's window", _srgan, window, images, reference, protocol, provenance)


def _result(
    metric: str,
    described: str,
    similarity: Callable[[Tensor, Tensor, float], float],
    window: dict[str, Any],
    images: Images,
    reference: Images,
    protocol: PixelProtocol,
    provenance: Mapping[str, Any],
) -> Result:
    found = [similarity(image, partner, protocol.peak) for image, partner in pairs(images, reference, protocol)]
    mean, interval = mean_interval("SSIM values", torch.tensor(found, dtype=torch.float64))
    return Result(
        metric=metric,
        value=mean,
        interval=interval,
        target=f"mean over images of the SSIM with the reference in {described}, at most 1; 95 % for the expectation "
        "over images like these",
        provenance={
            **provenance,
            "version": VERSION,
            "samples": len(found),
            "protocol": {**protocol.record(), **window},
            "precision": "float64",
        },
    )


def _standard(image: Tensor, partner: Tensor, peak: float) -> float:
    size = 2 * RADIUS + 1
    if min(image.shape[1:]) < size:
        raise UserError(
            f"images of {image.shape[1]} x {image.shape[2]} pixels without their border",
            f"at least {size} x {size}, the window of SSIM",
            "measure PSNR, or larger images",
        )
    offsets = torch.arange(-RADIUS, RADIUS + 1, dtype=torch.float64, device=image.device)
    kernel = torch.exp(-0.5 * (offsets / DEVIATION).square())
    moments = _windowed(image, partner, kernel / kernel.sum(), edge=0)
    return float(_map(moments, peak).mean())


def _srgan(image: Tensor, partner: Tensor, peak: float) -> float:
    kernel = srgan_window(image.shape[1], min(image.shape[1:])).to(image.device)
    if len(kernel) == 1:
        raise UserError(
            f"images {image.shape[1]} pixels high without their border",
            "a height at which the SRGAN paper's window is more than one pixel (at least 47)",
            "use the standard window",
        )
    moments = _windowed(image, partner, kernel, edge=len(kernel) // 2)
    weights = _windowed(torch.ones_like(image[:1]), torch.ones_like(image[:1]), kernel, edge=len(kernel) // 2)[0]
    return float((_map(moments / weights, peak) * weights).sum() / (weights.sum() * len(image)))


def srgan_window(height: int, shorter: int) -> Tensor:
    """The SRGAN paper's one-dimensional window, whole numbers as float64 (2 r + 1,) that sum to 256.

    Args:
        height: of the image, in pixels; the deviation is 1.5 / 256 of it.
        shorter: the image's shorter side, in pixels, that the radius stays below.
    """
    deviation = SRGAN_DEVIATION * height
    # The radius at which a weight falls below half a step.
    half_step = math.sqrt(0.5 * math.pi) * deviation / _STEPS
    radius = int(deviation * math.sqrt(-2.0 * math.log(half_step))) if half_step < 1.0 else 0
    offsets = torch.arange(1, min(radius, shorter - 1) + 1, dtype=torch.float64)
    density = torch.exp(-0.5 * (offsets / deviation).square()) / (deviation * math.sqrt(2.0 * math.pi))
    side = torch.floor(_STEPS * density + 0.5)
    return torch.cat([side.flip(0), _STEPS - 2.0 * side.sum(dim=0, keepdim=True), side])


def _windowed(image: Tensor, partner: Tensor, kernel: Tensor, edge: int) -> Tensor:
    """Weighted sums of x, y, x^2, y^2, xy around each pixel, (5, channels, height, width); zeros beyond the edge."""
    planes = torch.stack([image, partner, image.square(), partner.square(), image * partner])
    channels = planes.flatten(0, 1)[:, None]
    for shape, padding in (((1, 1, -1, 1), (edge, 0)), ((1, 1, 1, -1), (0, edge))):
        channels = F.conv2d(channels, kernel.reshape(shape), padding=padding)
    return channels.unflatten(0, planes.shape[:2])[:, :, 0]


def _map(moments: Tensor, peak: float) -> Tensor:
    mean_x, mean_y, square_x, square_y, product = moments
    first, second = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    variances = square_x - mean_x.square() + square_y - mean_y.square()
    covariance = product - mean_x * mean_y
    means = mean_x.square() + mean_y.square()
    return (2 * mean_x * mean_y + first) * (2 * covariance + second) / ((means + first) * (variances + second))
