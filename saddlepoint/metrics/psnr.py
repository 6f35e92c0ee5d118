"""The peak signal-to-noise ratio of images against their references, in decibels.

    PSNR = 10 log10(peak^2 / MSE),   MSE over the pixels and channels of one pair,

and the published number is the mean of the decibels over a set's images, not the decibels of the mean error.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from saddlepoint.metrics.image_pairs import Images, PixelProtocol, pairs
from saddlepoint.metrics.mean import mean_interval
from saddlepoint.metrics.result import Result

VERSION = 1


def psnr(images: Images, reference: Images, *, protocol: PixelProtocol, provenance: Mapping[str, Any]) -> Result:
    """Mean PSNR over pairs of images, in dB.

    Args:
        images: (n, channels, height, width), or a sequence of (channels, height, width) of any sizes.
        reference: as many, each of its partner's shape.
        protocol: range, luma and border; `SUPER_RESOLUTION` for the published numbers at factor 4.
        provenance: the reference's fingerprint and split, the samples' seed, ... for the record.

    Returns:
        The mean of the images' decibels. The interval is Student's over the images; one image has the whole line.
        A pair of identical images has infinite PSNR, and so has then the mean: `identical` counts them.

    Raises:
        UserError: images that are no pairs, or outside the range.
    """
    values = psnr_values(images, reference, protocol)
    mean, interval = mean_interval("PSNR values", values)
    return Result(
        metric="psnr",
        value=mean,
        interval=interval,
        target="mean over images of the PSNR against the reference, in dB; 95 % for the expectation over images like "
        "these",
        provenance={
            **provenance,
            "version": VERSION,
            "samples": len(values),
            "identical": int(values.isinf().sum()),
            "protocol": protocol.record(),
            "precision": "float64",
        },
    )


def psnr_values(images: Images, reference: Images, protocol: PixelProtocol) -> Tensor:
    """PSNR of every pair in dB, float64 (n,); infinite for identical images. Arguments and errors as in `psnr`."""
    errors = [float((image - partner).square().mean()) for image, partner in pairs(images, reference, protocol)]
    return 10.0 * torch.log10(protocol.peak**2 / torch.tensor(errors, dtype=torch.float64))
