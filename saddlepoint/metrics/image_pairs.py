"""Pairs of images for PSNR and SSIM: which pixels are compared, on which scale, and the luma of the protocols.

    Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255,   R, G, B in 0..255

is the studio-range luma of BT.601 (ITU-R Recommendation BT.601), 16 for black and 235 for white, here not rounded. It
is the field's protocol for super-resolution (Timofte et al., "A+", 2014; Ledig et al., "SRGAN", 2017): the error of Y
against a peak of 255, without a border as wide as the factor.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.errors import UserError

Images = Tensor | np.ndarray | Sequence[Tensor | np.ndarray]


@dataclass(frozen=True, kw_only=True)
class PixelProtocol:
    """Which pixels are compared, and on which scale.

    Attributes:
        data_range: images lie in [0, data_range]; 255 for 8-bit pixels.
        luma: compare Y of studio-range BT.601, in 0..255 whatever the data range, instead of all channels. An image of
            one channel is its own luma, only scaled to 0..255, as the field's protocols take it.
        border: pixels left out on every side.

    Raises:
        UserError: a range that is not positive and finite, or a negative border.
    """

    data_range: float
    luma: bool = False
    border: int = 0

    def __post_init__(self) -> None:
        if not 0.0 < self.data_range < math.inf:
            raise UserError(f"a data range of {self.data_range}", "positive and finite", "give 1 or 255")
        if self.border < 0:
            raise UserError(f"a border of {self.border} pixels", "0 or more", "give how many pixels to leave out")

    @property
    def peak(self) -> float:
        """The range of what is compared."""
        return 255.0 if self.luma else float(self.data_range)

    def record(self) -> dict[str, Any]:
        """For the provenance."""
        return {**asdict(self), "peak": self.peak, "luma": "BT.601 studio range" if self.luma else None}


# Factor 4 on 8-bit images, as in Ledig et al. (2017).
SUPER_RESOLUTION = PixelProtocol(data_range=255.0, luma=True, border=4)


def luma(image: Tensor, data_range: float) -> Tensor:
    """Studio-range BT.601 luma, float64 (1, height, width) in 0..255; one channel is scaled and otherwise kept.

    Args:
        image: (1 or 3, height, width) in [0, data_range].
        data_range: white.

    Raises:
        UserError: another number of channels.
    """
    scaled = image.double() * (255.0 / data_range)
    if len(image) == 1:
        return scaled
    if len(image) != 3:
        raise UserError(f"an image of {len(image)} channels for luma", "1 or 3", "drop the alpha channel")
    weights = torch.tensor([65.481, 128.553, 24.966], dtype=torch.float64, device=image.device)
    return 16.0 + torch.tensordot(weights, scaled, dims=1)[None] / 255.0


def pairs(images: Images, reference: Images, protocol: PixelProtocol) -> Iterator[tuple[Tensor, Tensor]]:
    """What is compared, pair by pair, so that images of different sizes need no common array.

    Args:
        images: (n, channels, height, width), or a sequence of (channels, height, width) of any sizes.
        reference: as many, each of its partner's shape.
        protocol: what to compare of them.

    Yields:
        Two tensors, float64 (channels, height, width).

    Raises:
        UserError: different counts or shapes, no image, numbers outside the data range, or a border too wide.
    """
    if len(images) != len(reference) or len(images) == 0:
        raise UserError(f"{len(images)} images and {len(reference)} references", "as many of each", "pair them up")
    for index, (image, partner) in enumerate(zip(images, reference, strict=True)):
        yield _compared(f"image {index}", image, protocol), _like(index, image, partner, protocol)


def _like(index: int, image: Any, partner: Any, protocol: PixelProtocol) -> Tensor:
    if tuple(image.shape) != tuple(partner.shape):
        raise UserError(
            f"image {index} of shape {tuple(image.shape)} and its reference of {tuple(partner.shape)}",
            "the same shape",
            "crop or resize one to the other",
        )
    return _compared(f"reference {index}", partner, protocol)


def _compared(name: str, values: Any, protocol: PixelProtocol) -> Tensor:
    image = torch.as_tensor(values).detach()
    if image.ndim != 3 or image.numel() == 0:
        raise UserError(f"{name} of shape {tuple(image.shape)}", "(channels, height, width)", "move the channels first")
    if min(image.shape[1:]) <= 2 * protocol.border:
        raise UserError(
            f"{name} of {image.shape[1]} x {image.shape[2]} pixels", f"more than the border of {protocol.border} on "
            "every side", "give larger images or a smaller border",
        )  # fmt: skip
    image = image.double()
    low, high = float(image.min()), float(image.max())
    # Written so that a NaN fails too.
    if not (0.0 <= low and high <= protocol.data_range):
        raise UserError(
            f"{name} in [{low:.4g}, {high:.4g}]",
            f"pixels in [0, {protocol.data_range:g}]",
            "map or clip them, or give their data range",
        )
    edge = protocol.border
    image = image[:, edge : image.shape[1] - edge, edge : image.shape[2] - edge]
    return luma(image, protocol.data_range) if protocol.luma else image
