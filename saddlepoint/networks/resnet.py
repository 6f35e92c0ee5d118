"""Residual pairs: SNGAN's and WGAN-GP's for CIFAR, continued to images of any height and width from 8 on.

    G: z -> base map, up blocks with batch normalisation; batch normalisation, ReLU, 3x3, tanh
    D: down blocks, two blocks that keep the size, ReLU, sum or mean over places, linear; no batch normalisation
    (Gulrajani et al. 2017; Miyato et al. 2018; with classes Miyato and Koyama 2018)

    SNGAN, 32 pixels: G 256 wide, D 128, spectral norm in D, sum      the defaults
    WGAN-GP:          both 128, none in D, mean                       width=128, normalisation="none", pool="mean"

The published pair has three doublings from a 4x4 map and two halvings, of constant width. Larger images have more of
both, and each level beyond the published ones halves the channels, as the sides double. With classes, G's batch
normalisation has a gain and a bias per class, and D is the projection discriminator.
"""

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, Literal

import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.networks import layers

# Doublings of the published generator, all of the full width.
PUBLISHED_LEVELS = 3
# Blocks of D that keep the size, after those that halve it.
KEEPING = 2


class Generator(nn.Module):
    """z (n, latent), labels (n,) -> images (n, channels, height, width) in (-1, 1)."""

    pixel_range = (-1.0, 1.0)

    def __init__(self, shape: tuple[int, ...], *, latent: int, width: int, classes: int):
        super().__init__()
        self.latent, self.classes = latent, classes
        sizes = layers.halved_sizes(shape[1], shape[2])[::-1]
        channels = [_thinned(width, level - PUBLISHED_LEVELS) for level in range(len(sizes))]
        self.base = (width, *sizes[0])
        self.linear = nn.Linear(latent, math.prod(self.base))
        self.blocks = nn.ModuleList(
            layers.UpBlock(inputs, outputs, size, classes=classes)
            for (inputs, outputs), size in zip(pairwise(channels), sizes[1:], strict=True)
        )
        # Without a condition also where there are classes, as published.
        self.norm = layers.BatchNorm(channels[-1])
        self.output = nn.Conv2d(channels[-1], shape[0], 3, padding=1)
        _initialise(self)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        layers.check_labels(labels, self.classes)
        maps = self.linear(z).unflatten(1, self.base)
        for block in self.blocks:
            maps = block(maps, labels)
        return self.output(F.relu(self.norm(maps))).tanh()


class Discriminator(nn.Module):
    """Images (n, channels, height, width), labels (n,) -> raw scores (n,)."""

    def __init__(self, shape: tuple[int, ...], *, width: int, classes: int, spectral: bool, mean: bool):
        super().__init__()
        self.mean = mean
        halvings = max(len(layers.halved_sizes(shape[1], shape[2])) - 2, 1)
        channels = [_thinned(width, halvings - level - PUBLISHED_LEVELS + 1) for level in range(halvings)]
        channels = [shape[0], *channels, *[width] * KEEPING]
        self.blocks = nn.Sequential(
            *(
                layers.DownBlock(inputs, outputs, down=level < halvings, first=level == 0)
                for level, (inputs, outputs) in enumerate(pairwise(channels))
            )
        )
        self.head = layers.ProjectionHead(width, classes)
        _initialise(self)
        if spectral:
            layers.spectrally_normalise(self, kinds=(nn.Linear, nn.Conv2d, nn.Embedding))

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        maps = F.relu(self.blocks(images)).flatten(2)
        return self.head(maps.mean(2) if self.mean else maps.sum(2), labels)

    def extra_repr(self) -> str:
        return f"mean={self.mean}"


def _thinned(width: int, levels: int) -> int:
    """The width, halved once for each of the levels beyond the published ones."""
    return max(width >> max(levels, 0), 1)


def _initialise(network: nn.Module) -> None:
    # As in both codes: Glorot's uniform numbers, with the rectifier's gain inside the blocks and 1 elsewhere.
    layers.initialise(network, nn.init.xavier_uniform_)
    for block in network.modules():
        if isinstance(block, layers.UpBlock | layers.DownBlock):
            for convolution in (block.first, block.second):
                nn.init.xavier_uniform_(convolution.weight, gain=math.sqrt(2.0))
        elif isinstance(block, layers.ProjectionHead) and block.projection is not None:
            nn.init.xavier_uniform_(block.projection.weight)


@dataclass(frozen=True, kw_only=True)
class Resnet:
    """The options of the pair.

    Attributes:
        latent: width of z.
        width: channels of G.
        discriminator_width: channels of D.
        normalisation: of D's weights.
        pool: how D's last map becomes a vector.

    Raises:
        UserError: a count below 1.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    prior: ClassVar[str] = "normal"
    uses_mean: ClassVar[bool] = False

    pair: Literal["resnet"] = "resnet"
    latent: int = 128
    width: int = 256
    discriminator_width: int = 128
    normalisation: Literal["spectral", "none"] = "spectral"
    pool: Literal["sum", "mean"] = "sum"

    def __post_init__(self) -> None:
        layers.check_counts(latent=self.latent, width=self.width, discriminator_width=self.discriminator_width)

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
        generator = Generator(shape, latent=self.latent, width=self.width, classes=classes)
        discriminator = Discriminator(
            shape,
            width=self.discriminator_width,
            classes=classes,
            spectral=self.normalisation == "spectral",
            mean=self.pool == "mean",
        )
        return generator, discriminator

    def shrunken(self) -> "Resnet":
        """The same pair, only narrower."""
        return replace(self, width=min(self.width, 4), discriminator_width=min(self.discriminator_width, 4))
