"""BigGAN-deep: BigGAN with bottleneck blocks, two per size, whose skips carry the maps through unchanged.

    up:   x -> [normalise, ReLU, 1x1 to a quarter], [.., double, 3x3], [.., 3x3], [.., 1x1];  skip: cut channels, double
    down: x -> [ReLU, 1x1 to a quarter], [ReLU, 3x3], [ReLU, 3x3], [ReLU, halve, 1x1];  skip: halve, [x, 1x1 of x]
    (Brock, Donahue and Simonyan 2019, appendix B; w = 128, 128 pixels)

A skip never mixes channels that it has: G's leaves out those beyond the outputs, D's appends what a 1x1 convolution
makes of them. The whole z stands beside the label's embedding in every batch normalisation and at the base. In G the
last block of a size doubles, in D the first one halves. Sizes, channels and attention are those of `biggan.py`; D
begins with a 3x3 convolution.
"""

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.networks import biggan, layers

# Channels inside a block are the outer ones over this.
BOTTLENECK = 4


class BottleneckUp(nn.Module):
    """Maps (n, inputs, h, w), a code -> (n, outputs, *size); `size` is None where the map keeps its own."""

    def __init__(self, inputs: int, outputs: int, size: tuple[int, int] | None, *, code: int):
        super().__init__()
        assert outputs <= inputs
        inner = max(inputs // BOTTLENECK, 1)
        self.size, self.outputs = size, outputs
        self.norms = nn.ModuleList(layers.BatchNorm(channels, code=code) for channels in (inputs, inner, inner, inner))
        self.convolutions = _bottleneck(inputs, inner, outputs)

    def forward(self, maps: Tensor, code: Tensor) -> Tensor:
        inner, skip = maps, maps[:, : self.outputs]
        for index, (norm, convolution) in enumerate(zip(self.norms, self.convolutions, strict=True)):
            inner = F.relu(norm(inner, code))
            if index == 1 and self.size is not None:
                inner = layers.doubled(inner, self.size)
            inner = convolution(inner)
        return inner + (skip if self.size is None else layers.doubled(skip, self.size))


class BottleneckDown(nn.Module):
    """Maps (n, inputs, h, w) -> (n, outputs, h, w), halved where `down`."""

    def __init__(self, inputs: int, outputs: int, *, down: bool):
        super().__init__()
        assert outputs >= inputs
        self.down = down
        self.convolutions = _bottleneck(inputs, max(outputs // BOTTLENECK, 1), outputs)
        self.appended = nn.Conv2d(inputs, outputs - inputs, 1) if outputs > inputs else None

    def forward(self, maps: Tensor) -> Tensor:
        inner, skip = maps, layers.halved(maps) if self.down else maps
        for index, convolution in enumerate(self.convolutions):
            inner = F.relu(inner)
            if index == 3 and self.down:
                inner = layers.halved(inner)
            inner = convolution(inner)
        return inner + (skip if self.appended is None else torch.cat([skip, self.appended(skip)], dim=1))


def _bottleneck(inputs: int, inner: int, outputs: int) -> nn.ModuleList:
    return nn.ModuleList(
        [
            nn.Conv2d(inputs, inner, 1),
            nn.Conv2d(inner, inner, 3, padding=1),
            nn.Conv2d(inner, inner, 3, padding=1),
            nn.Conv2d(inner, outputs, 1),
        ]
    )


class Generator(nn.Module):
    """z (n, latent), labels (n,) -> images (n, channels, height, width) in (-1, 1)."""

    pixel_range = (-1.0, 1.0)

    def __init__(self, shape: tuple[int, ...], *, options: "BigGanDeep", classes: int):
        super().__init__()
        self.latent, self.classes = options.latent, classes
        sizes = layers.halved_sizes(shape[1], shape[2])[::-1]
        channels, _ = biggan.channel_chains(options.width, len(sizes) - 1)
        self.embedding = nn.Embedding(classes, options.embedding) if classes else None
        code = options.latent + (options.embedding if classes else 0)
        self.base = (channels[0], *sizes[0])
        self.linear = nn.Linear(code, math.prod(self.base))
        attended = layers.attended(sizes[1:], options.attention)
        self.blocks = nn.ModuleList()
        for level, ((inputs, outputs), size) in enumerate(zip(pairwise(channels), sizes[1:], strict=True)):
            self.blocks.extend(BottleneckUp(inputs, inputs, None, code=code) for _ in range(options.depth - 1))
            self.blocks.append(BottleneckUp(inputs, outputs, size, code=code))
            if level == attended:
                self.blocks.append(layers.SelfAttention(outputs))
        self.norm = layers.BatchNorm(channels[-1])
        self.output = nn.Conv2d(channels[-1], shape[0], 3, padding=1)
        biggan.initialise(self, options.initialisation)
        layers.spectrally_normalise(self, epsilon=biggan.EPSILON)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        layers.check_labels(labels, self.classes)
        code = z if self.embedding is None else torch.cat([self.embedding(labels), z], dim=1)
        maps = self.linear(code).unflatten(1, self.base)
        for block in self.blocks:
            maps = block(maps) if isinstance(block, layers.SelfAttention) else block(maps, code)
        return self.output(F.relu(self.norm(maps))).tanh()


class Discriminator(nn.Module):
    """Images (n, channels, height, width), labels (n,) -> raw scores (n,)."""

    def __init__(self, shape: tuple[int, ...], *, options: "BigGanDeep", classes: int):
        super().__init__()
        sizes = layers.halved_sizes(shape[1], shape[2])
        _, channels = biggan.channel_chains(options.width, len(sizes) - 1)
        down = biggan.halvings(len(sizes) - 1)
        attended = layers.attended(sizes[1 : down + 1], options.attention)
        blocks: list[nn.Module] = [nn.Conv2d(shape[0], channels[0], 3, padding=1)]
        for level, (inputs, outputs) in enumerate(pairwise(channels)):
            blocks.append(BottleneckDown(inputs, outputs, down=level < down))
            blocks.extend(BottleneckDown(outputs, outputs, down=False) for _ in range(options.depth - 1))
            if level == attended:
                blocks.append(layers.SelfAttention(outputs))
        self.blocks = nn.Sequential(*blocks)
        self.head = layers.ProjectionHead(channels[-1], classes)
        biggan.initialise(self, options.initialisation)
        biggan.spectrally_normalise_discriminator(self)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.head(F.relu(self.blocks(images)).flatten(2).sum(2), labels)


@dataclass(frozen=True, kw_only=True)
class BigGanDeep:
    """The options of the pair.

    Attributes:
        latent: width of z.
        width: channels of the largest map at 128 pixels and more; see `biggan.MULTIPLES`.
        embedding: width of the embedding of labels, shared by all blocks.
        depth: blocks per size.
        attention: shorter side, in pixels, of the map with self-attention; None for none.
        initialisation: orthogonal, or N(0, .02).

    Raises:
        UserError: a count below 1.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    prior: ClassVar[str] = "normal"
    uses_mean: ClassVar[bool] = False

    pair: Literal["biggan-deep"] = "biggan-deep"
    latent: int = 128
    width: int = 128
    embedding: int = 128
    depth: int = 2
    attention: int | None = 64
    initialisation: Literal["orthogonal", "normal"] = "orthogonal"

    def __post_init__(self) -> None:
        layers.check_counts(latent=self.latent, width=self.width, embedding=self.embedding, depth=self.depth)
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
        return Generator(shape, options=self, classes=classes), Discriminator(shape, options=self, classes=classes)

    def shrunken(self) -> "BigGanDeep":
        """The same pair, only narrower."""
        return replace(self, width=min(self.width, 2), embedding=min(self.embedding, 8))
