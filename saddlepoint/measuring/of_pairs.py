"""Metrics of images that belong to each other: what was made of an image beside what it should be."""

from collections.abc import Callable

import torch

from saddlepoint.errors import UserError
from saddlepoint.measuring.comparison import Comparison
from saddlepoint.measuring.metric import Metric
from saddlepoint.metrics.image_pairs import PixelProtocol
from saddlepoint.metrics.perceptual import perceptual_distance
from saddlepoint.metrics.psnr import psnr
from saddlepoint.metrics.result import Result
from saddlepoint.metrics.ssim import ssim, ssim_srgan

# Of images in [0, 1].
_PIXELS = PixelProtocol(data_range=1.0)


def _of_pixels(metric: Callable[..., Result]) -> Callable[[Comparison], Result]:
    def compute(c: Comparison) -> Result:
        assert c.pairs is not None
        return metric(c.pairs.images, c.pairs.reference, protocol=_PIXELS, provenance=c.about)

    return compute


def _perceptual_distance(c: Comparison) -> Result:
    assert c.pairs is not None and c.features.maps is not None
    shapes = {tuple(image.shape) for image in c.pairs.images}
    if len(shapes) > 1:
        raise UserError(f"pairs of {len(shapes)} different sizes", "one size", "measure psnr, or resize the images")
    return perceptual_distance(
        torch.stack(list(c.pairs.images)),
        torch.stack(list(c.pairs.reference)),
        features=c.features.maps,
        network=c.features.name,
        provenance=c.about_features,
    )


OF_PAIRS: dict[str, Metric] = {
    "psnr": Metric(summary="peak signal-to-noise ratio", compute=_of_pixels(psnr), needs=("pairs",), baseline=None),
    "ssim": Metric(summary="structural similarity", compute=_of_pixels(ssim), needs=("pairs",), baseline=None),
    "ssim_srgan": Metric(
        summary="structural similarity in the SRGAN paper's window",
        compute=_of_pixels(ssim_srgan),
        needs=("pairs",),
        baseline=None,
    ),
    "perceptual_distance": Metric(
        summary="distance of feature maps", compute=_perceptual_distance, needs=("pairs", "maps"), baseline=None
    ),
}
