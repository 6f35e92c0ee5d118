"""R3GAN: a plain residual pair without normalisation, for images of any height and width from 4 on.

    block: x + 1x1(a(3x3 in groups(a(1x1 x)))), C -> 2C -> 2C -> C, a(y) = leaky ReLU .2 of y + bias; two at each size
    G: learned base map, scaled per channel by a linear map of z; blocks; (1x1, double, blocks) ...; 1x1, no tanh
    D: 1x1; (blocks, halve, 1x1) ...; blocks; the base map weighed per channel and summed; linear
    (Huang, Gokaslan, Kuleshov and Tompkin 2024)

Doubling and halving go through the filter of `layers.FilteredDouble`; the 1x1 beside them stands only where the
channels change. The four smallest sizes have all channels, each larger one half of the last: 768 x 4, 384, 192, 96.
Sides are halved while the shorter one is at least 8, rounding up; the base map is 4x4 for the published sizes.
With classes, G joins an embedding of the label to z, and D ends in 64 numbers, whose product with the label's embedding
is the score. Of the three convolutions the last starts at zero, so that every block starts as the identity.
An activation's bias is kept in the convolution before it.
G's output is not bounded: what it makes of black and white is learned, and who shows it cuts it off.
"""

import math
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.networks import layers

SLOPE = 0.2
SMALLEST = 4
BLOCKS = 2
# Inner channels of a block, in multiples of its own.
EXPANSION = 2
# Sizes with the full number of channels.
WIDE_SIZES = 4
# Width of a label's embedding.
CODE = 64


class Block(nn.Module):
    """Maps (n, channels, h, w) -> the same shape; the identity at the start.

    Its inner channels are in groups of `group_width`, or of its greatest common divisor with them.
    """

    def __init__(self, channels: int, *, group_width: int):
        super().__init__()
        inner = EXPANSION * channels
        self.first = nn.Conv2d(channels, inner, 1)
        groups = inner // math.gcd(inner, group_width)
        self.second = nn.Conv2d(inner, inner, 3, padding=1, groups=groups)
        self.third = nn.Conv2d(inner, channels, 1, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        inner = F.leaky_relu(self.first(maps), SLOPE)
        inner = F.leaky_relu(self.second(inner), SLOPE)
        return maps + self.third(inner)


class Generator(nn.Module):
    """z (n, latent), labels (n,) -> images (n, channels, height, width), black and white at (-1, 1), not bounded."""

    pixel_range = (-1.0, 1.0)

    def __init__(self, shape: tuple[int, ...], *, latent: int, width: int, group_width: int, classes: int):
        super().__init__()
        self.latent, self.classes = latent, classes
        sizes = layers.halved_sizes(shape[1], shape[2])[::-1]
        channels = channels_by_size(width, len(sizes))
        self.embedding = nn.Embedding(classes, CODE) if classes else None
        self.linear = nn.Linear(latent + (CODE if classes else 0), channels[0], bias=False)
        self.base = nn.Parameter(torch.empty(channels[0], *sizes[0]))
        body: list[nn.Module] = [Block(channels[0], group_width=group_width) for _ in range(BLOCKS)]
        for (inputs, outputs), size in zip(pairwise(channels), sizes[1:], strict=True):
            body.extend(_change(inputs, outputs))
            body.append(layers.FilteredDouble(size))
            body.extend(Block(outputs, group_width=group_width) for _ in range(BLOCKS))
        self.body = nn.Sequential(*body)
        self.output = nn.Conv2d(channels[-1], shape[0], 1, bias=False)
        _initialise(self)
        nn.init.normal_(self.base)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        layers.check_labels(labels, self.classes)
        if self.embedding is not None:
            z = torch.cat([z, self.embedding(labels)], dim=1)
        return self.output(self.body(self.base * self.linear(z)[:, :, None, None]))


class Discriminator(nn.Module):
    """Images (n, channels, height, width), labels (n,) -> raw scores (n,)."""

    def __init__(self, shape: tuple[int, ...], *, width: int, group_width: int, classes: int):
        super().__init__()
        self.classes = classes
        sizes = layers.halved_sizes(shape[1], shape[2])
        channels = channels_by_size(width, len(sizes))[::-1]
        body: list[nn.Module] = [nn.Conv2d(shape[0], channels[0], 1, bias=False)]
        body.extend(Block(channels[0], group_width=group_width) for _ in range(BLOCKS))
        for inputs, outputs in pairwise(channels):
            body.append(layers.FilteredHalf())
            body.extend(_change(inputs, outputs))
            body.extend(Block(outputs, group_width=group_width) for _ in range(BLOCKS))
        self.body = nn.Sequential(*body)
        self.base = nn.Conv2d(channels[-1], channels[-1], sizes[-1], groups=channels[-1], bias=False)
        self.linear = nn.Linear(channels[-1], CODE if classes else 1, bias=False)
        self.embedding = nn.Embedding(classes, CODE) if classes else None
        _initialise(self)
        if self.embedding is not None:
            # The product of two random vectors of so many numbers then has the size of one number.
            with torch.no_grad():
                self.embedding.weight.div_(math.sqrt(CODE))

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        layers.check_labels(labels, self.classes)
        features = self.linear(self.base(self.body(images)).flatten(1))
        if self.embedding is None:
            return features.squeeze(1)
        return (features * self.embedding(labels)).sum(1)


def channels_by_size(width: int, sizes: int) -> list[int]:
    """Channels of the maps from the base map on: `width` four times, then the half of the one before, at least 1."""
    return [max(1, width // 2 ** max(0, level + 1 - WIDE_SIZES)) for level in range(sizes)]


def _change(inputs: int, outputs: int) -> list[nn.Module]:
    return [nn.Conv2d(inputs, outputs, 1, bias=False)] if inputs != outputs else []


def _initialise(network: nn.Module) -> None:
    """N(0, gain^2 / fan_in): in a block gain^2 = 2 / 1.04 / sqrt(number of blocks) and 0 at its end; elsewhere 1."""
    layers.initialise(network, _normal)
    for module in network.modules():
        if isinstance(module, nn.Embedding):
            # A linear map of a one-hot label: its fan-in is the number of classes.
            nn.init.normal_(module.weight, std=module.num_embeddings**-0.5)
    blocks = [module for module in network.modules() if isinstance(module, Block)]
    gain = math.sqrt(2.0 / (1.0 + SLOPE**2)) * len(blocks) ** -0.25
    for block in blocks:
        layers.initialise(block, partial(_normal, gain=gain))
        nn.init.zeros_(block.third.weight)


def _normal(weight: Tensor, gain: float = 1.0) -> None:
    nn.init.normal_(weight, std=gain / math.sqrt(weight[0].numel()))


@dataclass(frozen=True, kw_only=True)
class R3gan:
    """The options of the pair.

    Attributes:
        latent: width of z.
        width: channels of the four smallest sizes; each larger one has half of the one before.
        group_width: channels of a group in the 3x3 convolutions, where it divides them. ImageNet's nets have 32 at a
            width of 1536, all others 16.

    Raises:
        UserError: a count below 1.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    prior: ClassVar[str] = "normal"
    uses_mean: ClassVar[bool] = False

    pair: Literal["r3gan"] = "r3gan"
    latent: int = 64
    width: int = 768
    group_width: int = 16

    def __post_init__(self) -> None:
        layers.check_counts(latent=self.latent, width=self.width, group_width=self.group_width)

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
            shape, latent=self.latent, width=self.width, group_width=self.group_width, classes=classes
        )
        discriminator = Discriminator(shape, width=self.width, group_width=self.group_width, classes=classes)
        return generator, discriminator

    def shrunken(self) -> "R3gan":
        """The same pair, only narrower."""
        return replace(self, width=min(self.width, 16))
