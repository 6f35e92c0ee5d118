"""PatchGAN: a discriminator whose scores each judge one patch of the image.

    C64 stride 2, then C128, C256, C512 ..., all but the last stride 2, then 1 channel; kernels 4x4, leaky ReLU .2,
    normalised except in the first and the last                                     (Isola et al. 2017, section 3.2)

With L strided layers a score sees 9 2^L - 2 pixels of each side, 16, 34, 70, 142, 286, 574 for L = 1..6, of which 70 is
the published choice; `receptive_field` computes it from the layers. The objective's mean runs over all patches.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.networks.layers.channels import doubling_channels
from saddlepoint.networks.layers.checks import check_sources
from saddlepoint.networks.layers.per_image import Normalisation, initialise_images, normalised

SLOPE = 0.2
KERNEL = 4
# Channels double from layer to layer, up to this multiple of the width.
LARGEST_MULTIPLE = 8


def patch_map(height: int, width: int, layers: int) -> tuple[int, int]:
    """Height and width of the map of scores; not positive where the image is too small for so many layers."""
    for _ in range(layers):
        height, width = height // 2, width // 2
    return height - 2, width - 2


class PatchDiscriminator(nn.Module):
    """Images (n, channels, height, width), sources likewise if conditional -> raw scores (n, h', w') of patches.

    Args:
        shape: (channels, height, width) of an image.
        source_channels: channels of the source that is joined to each image, source first; 0 judges the image alone.
        layers: strided convolutions.

    Raises:
        UserError: an image too small for so many layers.
    """

    def __init__(
        self, shape: tuple[int, ...], *, source_channels: int = 0, width: int, layers: int, normalisation: Normalisation
    ):
        super().__init__()
        if min(patch_map(shape[1], shape[2], layers)) < 1:
            smallest, most = 3 * 2**layers, (min(shape[1:]) // 3).bit_length() - 1
            raise UserError(
                f"image shape {shape} for a discriminator of {layers} strided layers",
                f"height and width of at least {smallest}",
                f"set networks.discriminator_layers={most}, the most for this size"
                if most > 0
                else "use images of at least 6x6",
            )
        self.source_channels = source_channels
        channels = doubling_channels(width, layers + 1, LARGEST_MULTIPLE)
        body: list[nn.Module] = []
        for level, (inputs, outputs) in enumerate(pairwise([source_channels + shape[0], *channels])):
            kind = normalisation if level else "none"
            stride = 2 if level < layers else 1
            body += [nn.Conv2d(inputs, outputs, KERNEL, stride, 1, bias=kind != "batch")]
            body += [*normalised(kind, outputs), nn.LeakyReLU(SLOPE)]
        body.append(nn.Conv2d(channels[-1], 1, KERNEL, 1, 1))
        self.body = nn.Sequential(*body)
        initialise_images(self, normalisation, slope=SLOPE, last=body[-1])

    def forward(self, images: Tensor, sources: Tensor | None = None) -> Tensor:
        check_sources(sources, conditional=self.source_channels > 0)
        joined = images if sources is None else torch.cat([sources, images], dim=1)
        return self.body(joined).squeeze(1)
