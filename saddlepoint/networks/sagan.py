"""SAGAN: residual pair with self-attention and spectral norm in both networks, for any height and width from 8 on.

    G: z -> linear -> base map of 16 w; up blocks 16, 8, 4, 2, 1 w; batch normalisation, ReLU, 3x3, tanh
    D: down blocks 1, 2, 4, 8, 16 w, a block that keeps the size, ReLU, sum over places, linear and projection
    (Zhang, Goodfellow, Metaxas and Odena 2019; w = 64, 128 pixels)

As in their code, G's first block keeps 16 w: its blocks give 16, 8, 4, 2, 1 w at 8, 16, 32, 64, 128 pixels. Other sizes
have more or fewer levels on the image's side: the channels are counted from w at the image on, up to 16 w. Attention
stands behind the block that makes the map of 32 pixels, in G and in D; if the shorter side never is 32, behind the
largest map below. With classes G's batch normalisation has a gain and a bias per class.
"""

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, Literal

import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.networks import layers

LARGEST_MULTIPLE = 16


class Generator(nn.Module):
    """z (n, latent), labels (n,) -> images (n, channels, height, width) in (-1, 1)."""

    pixel_range = (-1.0, 1.0)

    def __init__(self, shape: tuple[int, ...], *, latent: int, width: int, classes: int, attention: int | None):
        super().__init__()
        self.latent, self.classes = latent, classes
        sizes = layers.halved_sizes(shape[1], shape[2])[::-1]
        channels = layers.doubling_channels(width, len(sizes) - 1, LARGEST_MULTIPLE)[::-1]
        channels = [channels[0], *channels]
        self.base = (channels[0], *sizes[0])
        self.linear = nn.Linear(latent, math.prod(self.base))
        self.blocks = nn.ModuleList(
            layers.UpBlock(inputs, outputs, size, classes=classes)
            for (inputs, outputs), size in zip(pairwise(channels), sizes[1:], strict=True)
        )
        self.attended = layers.attended(sizes[1:], attention)
        self.attention = None if self.attended is None else layers.SelfAttention(channels[self.attended + 1])
        # Without a condition also where there are classes, as published.
        self.norm = layers.BatchNorm(channels[-1])
        self.output = nn.Conv2d(channels[-1], shape[0], 3, padding=1)
        layers.initialise(self, nn.init.xavier_uniform_)
        layers.spectrally_normalise(self)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        layers.check_labels(labels, self.classes)
        maps = self.linear(z).unflatten(1, self.base)
        for level, block in enumerate(self.blocks):
            maps = block(maps, labels)
            if self.attention is not None and level == self.attended:
                maps = self.attention(maps)
        return self.output(F.relu(self.norm(maps))).tanh()


class Discriminator(nn.Module):
    """Images (n, channels, height, width), labels (n,) -> raw scores (n,)."""

    def __init__(self, shape: tuple[int, ...], *, width: int, classes: int, attention: int | None):
        super().__init__()
        sizes = layers.halved_sizes(shape[1], shape[2])
        channels = layers.doubling_channels(width, len(sizes) - 1, LARGEST_MULTIPLE)
        blocks: list[nn.Module] = [
            layers.DownBlock(inputs, outputs, down=True, first=level == 0)
            for level, (inputs, outputs) in enumerate(pairwise([shape[0], *channels]))
        ]
        blocks.append(layers.DownBlock(channels[-1], channels[-1], down=False))
        level = layers.attended(sizes[1:], attention)
        if level is not None:
            blocks.insert(level + 1, layers.SelfAttention(channels[level]))
        self.blocks = nn.Sequential(*blocks)
        self.head = layers.ProjectionHead(channels[-1], classes)
        layers.initialise(self, nn.init.xavier_uniform_)
        if self.head.projection is not None:
            nn.init.xavier_uniform_(self.head.projection.weight)
        layers.spectrally_normalise(self, kinds=(nn.Linear, nn.Conv2d, nn.Embedding))

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.head(F.relu(self.blocks(images)).flatten(2).sum(2), labels)


@dataclass(frozen=True, kw_only=True)
class Sagan:
    """The options of the pair.

    Attributes:
        latent: width of z.
        width: channels of the largest map.
        attention: shorter side, in pixels, of the map with self-attention; None for none.

    Raises:
        UserError: a count below 1.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    prior: ClassVar[str] = "normal"
    uses_mean: ClassVar[bool] = False

    pair: Literal["sagan"] = "sagan"
    latent: int = 128
    width: int = 64
    attention: int | None = 32

    def __post_init__(self) -> None:
        layers.check_counts(latent=self.latent, width=self.width)
        if self.attention is not None:
            layers.check_counts(attention=self.attention)

    def build(
        self, shape: tuple[int, ...], *, classes: int = 0, mean: Tensor | None = None
    ) -> tuple[Generator, Discriminator]:
        """A generator and a discriminator of images.

        Args:
            shape: (channels, height, width), both sides at least 8.
            classes: number of labels; 0 for a pair without labels.
            mean: not used by this pair.

        Raises:
            UserError: a shape that the family cannot make, with the nearest that it can.
        """
        layers.check_shape(shape, classes, points=False, smallest=layers.SMALLEST_SIDE)
        generator = Generator(shape, latent=self.latent, width=self.width, classes=classes, attention=self.attention)
        discriminator = Discriminator(shape, width=self.width, classes=classes, attention=self.attention)
        return generator, discriminator

    def shrunken(self) -> "Sagan":
        """The same pair, only narrower."""
        return replace(self, width=min(self.width, 2))
