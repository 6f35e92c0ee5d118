"""pix2pix: a U-Net that maps images to images of the same size, and a PatchGAN that sees source and image together.

    G: encoder  4x4 stride 2: 64, 128, 256, 512, 512, 512, 512, 512; leaky ReLU .2,
                batch normalisation except in the first and in the bottleneck
       decoder  4x4 stride 2, transposed: 512, 512, 512, 512, 256, 128, 64, image; ReLU, batch normalisation,
                dropout .5 in the first three; each map is joined by the encoder's of its size; tanh
    D: the PatchGAN of `layers/patches.py` on [source, image]
    (Isola et al. 2017, section 6.1)

Eight levels are the published net at 256x256. A smaller image has as many as halve both its sides without remainder.
G has no z: its noise is the dropout, which the paper leaves on when the net is used. Here dropout follows the mode of
the module, so that a sample is reproducible; put the generator in training mode to draw several answers for one source.
Batch normalisation uses the statistics of the image at hand, as published: see `layers/per_image.py`.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.networks import layers
from saddlepoint.networks.layers.patches import PatchDiscriminator
from saddlepoint.networks.layers.per_image import Normalisation, initialise_images, normalised

SLOPE = 0.2
MOST_LEVELS = 8
# The bottleneck's shorter side is at most this, unless all levels are used: a larger one would not see the whole image.
LARGEST_BOTTLENECK = 7
LARGEST_MULTIPLE = 8
DROPPED_LEVELS = 3


def levels_of(height: int, width: int) -> int:
    """How many times both sides are halved without remainder, at most 8; 0 where that leaves too large a bottleneck."""
    together = height | width
    levels = min((together & -together).bit_length() - 1, MOST_LEVELS)
    # A net of one level is a convolution and its inverse.
    if levels < 2 or (levels < MOST_LEVELS and min(height, width) >> levels > LARGEST_BOTTLENECK):
        return 0
    return levels


def nearest_size(height: int, width: int) -> tuple[int, int]:
    """The size closest to this one that the U-Net can make."""
    grids = [2**levels for levels in range(2, MOST_LEVELS + 1)]
    sizes = [(max(round(height / grid), 1) * grid, max(round(width / grid), 1) * grid) for grid in grids]
    return min(
        (size for size in sizes if levels_of(*size)), key=lambda size: abs(size[0] - height) + abs(size[1] - width)
    )


class Generator(nn.Module):
    """Sources (n, channels, height, width) in (-1, 1) -> images (n, channels', height, width) in (-1, 1)."""

    source_range = (-1.0, 1.0)
    pixel_range = (-1.0, 1.0)

    def __init__(
        self,
        source_channels: int,
        channels: int,
        *,
        levels: int,
        width: int,
        normalisation: Normalisation,
        dropout: float,
    ):
        super().__init__()
        self.grid = self.smallest = 2**levels
        widths = layers.doubling_channels(width, levels, LARGEST_MULTIPLE)
        biased = normalisation != "batch"
        self.encoder = nn.ModuleList()
        for level, (inputs, outputs) in enumerate(pairwise([source_channels, *widths])):
            within = 0 < level < levels - 1
            steps: list[nn.Module] = [nn.LeakyReLU(SLOPE)] if level else []
            steps.append(nn.Conv2d(inputs, outputs, 4, 2, 1, bias=biased))
            self.encoder.append(nn.Sequential(*steps, *(normalised(normalisation, outputs) if within else [])))
        self.decoder = nn.ModuleList()
        for level, (inputs, outputs) in enumerate(pairwise([*widths[::-1], channels])):
            joined = inputs if level == 0 else 2 * inputs
            last = level == levels - 1
            steps = [nn.ReLU(), nn.ConvTranspose2d(joined, outputs, 4, 2, 1, bias=biased or last)]
            if last:
                steps.append(nn.Tanh())
            else:
                steps += normalised(normalisation, outputs)
                if level < DROPPED_LEVELS and dropout:
                    steps.append(nn.Dropout(dropout))
            self.decoder.append(nn.Sequential(*steps))
        # torch types a child of a Sequential only as a module or a tensor
        initialise_images(self, normalisation, slope=0.0, last=self.decoder[-1][1])  # pyright: ignore

    def forward(self, sources: Tensor) -> Tensor:
        maps = [sources]
        for step in self.encoder:
            maps.append(step(maps[-1]))
        image = self.decoder[0](maps[-1])
        for step, skipped in zip(self.decoder[1:], maps[-2:0:-1], strict=True):
            image = step(torch.cat([image, skipped], dim=1))
        return image


@dataclass(frozen=True, kw_only=True)
class UnetPatchgan:
    """The options of the pair.

    Attributes:
        width: channels of the first level of both networks; each level inwards doubles them, up to 8 times.
        discriminator_layers: strided layers of D; its receptive field is 16, 34, 70 (published), 142, 286, 574 pixels.
        normalisation: of D; "none" gives weights drawn by fan-in, and allows penalties on the input gradient.
        generator_normalisation: of G, likewise; "batch" is published.
        dropout: probability of dropping an activation in G's first three decoder levels.

    Raises:
        UserError: a count below 1, or a dropout outside [0, 1).
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    source_range: ClassVar[tuple[float, float]] = Generator.source_range
    conditional_discriminator: ClassVar[bool] = True

    pair: Literal["unet-patchgan"] = "unet-patchgan"
    width: int = 64
    discriminator_layers: int = 3
    normalisation: Normalisation = "batch"
    generator_normalisation: Normalisation = "batch"
    dropout: float = 0.5

    def __post_init__(self) -> None:
        layers.check_counts(width=self.width, discriminator_layers=self.discriminator_layers)
        layers.check_dropout(dropout=self.dropout)

    def build(
        self, source_shape: tuple[int, ...], target_shape: tuple[int, ...]
    ) -> tuple[Generator, PatchDiscriminator]:
        """A generator of images from sources, and a discriminator of images with their sources.

        Args:
            source_shape, target_shape: (channels, height, width), the sizes equal.

        Raises:
            UserError: shapes that the family cannot map, with the nearest that it can.
        """
        layers.check_same_size(source_shape, target_shape)
        size = target_shape[1], target_shape[2]
        levels = levels_of(*size)
        if not levels:
            near = nearest_size(*size)
            raise UserError(
                f"images of {size[0]}x{size[1]} (height x width) for a U-Net",
                "sides that can be halved together until the shorter is at most "
                f"{LARGEST_BOTTLENECK}, or {MOST_LEVELS} times",
                f"resize to {near[0]}x{near[1]}, the nearest, with --set data.size={near[0]}x{near[1]}",
            )
        generator = Generator(
            source_shape[0],
            target_shape[0],
            levels=levels,
            width=self.width,
            normalisation=self.generator_normalisation,
            dropout=self.dropout,
        )
        discriminator = PatchDiscriminator(
            target_shape,
            source_channels=source_shape[0],
            width=self.width,
            layers=self.discriminator_layers,
            normalisation=self.normalisation,
        )
        return generator, discriminator

    def shrunken(self) -> "UnetPatchgan":
        """The same pair, only narrower."""
        return replace(self, width=min(self.width, 4))
