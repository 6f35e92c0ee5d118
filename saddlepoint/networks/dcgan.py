"""DCGAN, the 4x4-kernel variant, for images of any height, width and channel count.

    G: z -> base map, then transposed convolutions 4x4 stride 2, batch normalisation, ReLU; tanh
    D: convolutions 4x4 stride 2, batch normalisation (not in the first), leaky ReLU .2; last map -> score
    (Radford, Metz and Chintala 2016, with the kernels and the bias-free layers of the wide-spread example)

D's convolutions halve each side, rounding down: 23, 11, 5. G climbs the same chain; where a side was odd, its
transposed convolution has an output padding of 1. The smaller side is halved while that leaves 4, but at least twice.
The example's convolutions from and to a 1x1 map are linear layers here: the same numbers, in less time.
With classes, G joins an embedding of the label to z, and D is the projection discriminator w.h + <e_y, h>
(Miyato and Koyama 2018); h is the whole last map, unpooled, because where a stroke ends tells digits apart.
"""

import math
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from saddlepoint.networks import layers

SLOPE = 0.2
SMALLEST = 4
# Channels double from level to level, up to this multiple of the width.
LARGEST_MULTIPLE = 8


def size_chain(height: int, width: int) -> list[tuple[int, int]]:
    """Map sizes from the image down to the base map, each the half of the one before, rounded down."""
    chain = [(height, width)]
    while min(chain[-1]) >= 8 or len(chain) < 3:
        chain.append((chain[-1][0] // 2, chain[-1][1] // 2))
    return chain


class Generator(nn.Module):
    """z (n, latent), labels (n,) -> images (n, channels, height, width) in (-1, 1)."""

    pixel_range = (-1.0, 1.0)

    def __init__(self, shape: tuple[int, ...], *, latent: int, width: int, classes: int, normalised: bool):
        super().__init__()
        self.latent, self.classes = latent, classes
        # As many dimensions as a one-hot label, but never more than z has: a thousand classes stay affordable.
        code = min(classes, latent)
        self.embedding = nn.Embedding(classes, code) if classes else None
        sizes = size_chain(shape[1], shape[2])[::-1]
        channels = layers.doubling_channels(width, len(sizes) - 1, LARGEST_MULTIPLE)[::-1]
        base = (channels[0], *sizes[0])
        body: list[nn.Module] = [nn.Linear(latent + code, math.prod(base), bias=not normalised), nn.Unflatten(1, base)]
        body.extend(_activation(channels[0], normalised))
        for level, (small, large) in enumerate(pairwise(sizes)):
            last = level == len(channels) - 1
            inputs, outputs = channels[level], shape[0] if last else channels[level + 1]
            odd = (large[0] - 2 * small[0], large[1] - 2 * small[1])
            body.append(nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, output_padding=odd, bias=not normalised))
            body.extend([nn.Tanh()] if last else _activation(outputs, normalised))
        self.body = nn.Sequential(*body)
        _initialise(self, normalised, slope=0.0, last=body[-2])

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        layers.check_labels(labels, self.classes)
        if self.embedding is not None:
            z = torch.cat([z, self.embedding(labels)], dim=1)
        return self.body(z)


class Discriminator(nn.Module):
    """Images (n, channels, height, width), labels (n,) -> raw scores (n,)."""

    def __init__(self, shape: tuple[int, ...], *, width: int, classes: int, normalised: bool, dropout: float):
        super().__init__()
        self.classes = classes
        sizes = size_chain(shape[1], shape[2])
        channels = layers.doubling_channels(width, len(sizes) - 1, LARGEST_MULTIPLE)
        body: list[nn.Module] = []
        for level, (inputs, outputs) in enumerate(pairwise([shape[0], *channels])):
            body.append(nn.Conv2d(inputs, outputs, 4, 2, 1, bias=not normalised))
            body.extend(_activation(outputs, normalised and level > 0, slope=SLOPE))
            if dropout:
                body.append(nn.Dropout(dropout))
        self.body = nn.Sequential(*body, nn.Flatten())
        features = channels[-1] * math.prod(sizes[-1])
        self.head = nn.Linear(features, 1, bias=not normalised)
        _initialise(self, normalised, slope=SLOPE, last=self.head)
        self.projection = nn.Embedding(classes, features) if classes else None
        if self.projection is not None:
            # Like the head, to which it is added.
            nn.init.normal_(self.projection.weight, std=0.02 if normalised else features**-0.5)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        layers.check_labels(labels, self.classes)
        features = self.body(images)
        scores = self.head(features).squeeze(1)
        if self.projection is not None:
            scores = scores + (self.projection(labels) * features).sum(1)
        return scores


def _activation(channels: int, normalised: bool, slope: float = 0.0) -> list[nn.Module]:
    rectifier = nn.LeakyReLU(slope) if slope else nn.ReLU()
    return [nn.BatchNorm2d(channels), rectifier] if normalised else [rectifier]


def _initialise(network: nn.Module, normalised: bool, *, slope: float, last: nn.Module) -> None:
    # N(0, .02) relies on the normalisation to restore the scale. Without it a fresh D has outputs and input gradients
    # of 1e-3 to 6e-2, by width and size; by fan-in both are of order one (.35 to .5 and .7 to .9) at every size.
    if normalised:
        layers.initialise(network, partial(nn.init.normal_, std=0.02))
        layers.normal_gains(network, std=0.02)
    else:
        layers.initialise_by_fan(network, slope=slope, last=last)


@dataclass(frozen=True, kw_only=True)
class Dcgan:
    """The options of the pair.

    Attributes:
        latent: width of z.
        width: channels of the largest map; each level inwards doubles them, up to 8 times.
        normalisation: of D; none gives its convolutions biases, and weights drawn by fan-in.
        generator_normalisation: of G, likewise.
        dropout: probability of dropping an activation of D, after every level.

    Raises:
        UserError: a count below 1, or a dropout outside [0, 1).
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    prior: ClassVar[str] = "uniform"
    uses_mean: ClassVar[bool] = False

    pair: Literal["dcgan"] = "dcgan"
    latent: int = 100
    width: int = 64
    normalisation: Literal["batch", "none"] = "batch"
    generator_normalisation: Literal["batch", "none"] = "batch"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        layers.check_counts(latent=self.latent, width=self.width)
        layers.check_dropout(dropout=self.dropout)

    def build(
        self, shape: tuple[int, ...], *, classes: int = 0, mean: Tensor | None = None
    ) -> tuple[Generator, Discriminator]:
        """A generator and a discriminator of images.

        Args:
            shape: (channels, height, width), both sides at least 4.
            classes: number of labels; 0 for a pair without labels.
            mean: not used by this pair.

        Raises:
            UserError: a shape that the family cannot make, with the nearest that it can.
        """
        layers.check_shape(shape, classes, points=False, smallest=SMALLEST)
        generator = Generator(
            shape,
            latent=self.latent,
            width=self.width,
            classes=classes,
            normalised=self.generator_normalisation == "batch",
        )
        discriminator = Discriminator(
            shape,
            width=self.width,
            classes=classes,
            normalised=self.normalisation == "batch",
            dropout=self.dropout,
        )
        return generator, discriminator

    def shrunken(self) -> "Dcgan":
        """The same pair, only narrower."""
        return replace(self, width=min(self.width, 4))
