"""BigGAN: residual pair with a shared class embedding, hierarchical z, self-attention and spectral norm.

    G: z chunk 0 -> linear -> 4x4 map; up blocks, each with its own chunk of z; batch normalisation, ReLU, 3x3, tanh
    D: down blocks, ReLU, sum over places, linear and projection
    batch normalisation in the blocks: gain 1 + A c, bias B c, c = [embedding of the label, chunk of z]
    (Brock, Donahue and Simonyan 2019; 32 pixels: the CIFAR net of their code)

`MULTIPLES` holds the published channels, in units of the width, by the number of doublings: 3 of them are 32 pixels, 7
are 512. Smaller images have one or two of the blocks of 32, larger ones go on with blocks of one width. Any height and
width from 8 on. Attention stands behind the block that makes the map of 64 pixels, in G and in D; if the shorter side
never is 64, behind the largest map below.

    ImageNet-128   latent 120 = 6 x 20, width 96, orthogonal weights        the defaults
    CIFAR          latent=128, width=64, conditioning="separate", attention=None, initialisation="normal"
"""

import math
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.networks import layers

# Doublings -> channels of G from the base map on, and of D's blocks from the image on, in units of the width.
MULTIPLES: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = {
    1: ((4, 4), (4, 4)),
    2: ((4, 4, 4), (4, 4, 4)),
    3: ((4, 4, 4, 4), (4, 4, 4, 4)),
    4: ((16, 16, 8, 4, 2), (1, 2, 4, 8, 16)),
    5: ((16, 16, 8, 4, 2, 1), (1, 2, 4, 8, 16, 16)),
    6: ((16, 16, 8, 8, 4, 2, 1), (1, 2, 4, 8, 8, 16, 16)),
    7: ((16, 16, 8, 8, 4, 2, 1, 1), (1, 1, 2, 4, 8, 8, 16, 16)),
}
# Of the power iteration, as published; the optimizer's is the same number.
EPSILON = 1e-6


def channel_chains(width: int, doublings: int) -> tuple[list[int], list[int]]:
    """Channels of G's maps from the base on, and of D's blocks from the image on; each one more than doublings."""
    generator, discriminator = MULTIPLES[min(doublings, max(MULTIPLES))]
    beyond = max(doublings - max(MULTIPLES), 0)
    generator, discriminator = generator + (1,) * beyond, (1,) * beyond + discriminator
    return [width * each for each in generator], [width * each for each in discriminator]


def halvings(doublings: int) -> int:
    """How many of D's blocks halve the map: down to 4x4, but to 8x8 in the net for 32 pixels and below."""
    return doublings if doublings > 3 else max(doublings - 1, 1)


def initialise(network: nn.Module, initialisation: str) -> None:
    """Orthogonal matrices, or N(0, .02), for every layer and embedding, in place; biases become 0."""
    weights = nn.init.orthogonal_ if initialisation == "orthogonal" else partial(nn.init.normal_, std=0.02)
    layers.initialise(network, weights)
    for layer in network.modules():
        if isinstance(layer, nn.Embedding):
            weights(layer.weight)


def spectrally_normalise_discriminator(network: nn.Module) -> None:
    """In D the label's embedding is normalised as well, in G it is not."""
    layers.spectrally_normalise(network, epsilon=EPSILON, kinds=(nn.Linear, nn.Conv2d, nn.Embedding))


class Generator(nn.Module):
    """z (n, latent), labels (n,) -> images (n, channels, height, width) in (-1, 1)."""

    pixel_range = (-1.0, 1.0)

    def __init__(self, shape: tuple[int, ...], *, options: "BigGan", classes: int):
        super().__init__()
        self.latent, self.classes = options.latent, classes
        sizes = layers.halved_sizes(shape[1], shape[2])[::-1]
        channels, _ = channel_chains(options.width, len(sizes) - 1)
        shared = classes > 0 and options.conditioning != "separate"
        self.embedding = nn.Embedding(classes, options.embedding) if shared else None
        self.chunks = _chunks(options.latent, len(sizes)) if options.conditioning == "hierarchical" else None
        self.base = (channels[0], *sizes[0])
        self.linear = nn.Linear(self.chunks[0] if self.chunks else options.latent, math.prod(self.base))
        codes = self.chunks[1:] if self.chunks else [0] * (len(sizes) - 1)
        self.blocks = nn.ModuleList(
            layers.UpBlock(
                inputs,
                outputs,
                size,
                classes=0 if shared or self.chunks else classes,
                code=code + (options.embedding if shared else 0),
            )
            for (inputs, outputs), size, code in zip(pairwise(channels), sizes[1:], codes, strict=True)
        )
        self.attended = layers.attended(sizes[1:], options.attention)
        self.attention = None if self.attended is None else layers.SelfAttention(channels[self.attended + 1])
        self.norm = layers.BatchNorm(channels[-1])
        self.output = nn.Conv2d(channels[-1], shape[0], 3, padding=1)
        initialise(self, options.initialisation)
        layers.spectrally_normalise(self, epsilon=EPSILON)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        layers.check_labels(labels, self.classes)
        first, *rest = z.split(self.chunks, dim=1) if self.chunks else (z, *[None] * len(self.blocks))
        condition = labels if self.embedding is None else self.embedding(labels)
        maps = self.linear(first).unflatten(1, self.base)
        for level, (block, chunk) in enumerate(zip(self.blocks, rest, strict=True)):
            parts = [part for part in (condition, chunk) if part is not None]
            maps = block(maps, torch.cat(parts, dim=1) if len(parts) == 2 else parts[0] if parts else None)
            if self.attention is not None and level == self.attended:
                maps = self.attention(maps)
        return self.output(F.relu(self.norm(maps))).tanh()


class Discriminator(nn.Module):
    """Images (n, channels, height, width), labels (n,) -> raw scores (n,)."""

    def __init__(self, shape: tuple[int, ...], *, options: "BigGan", classes: int):
        super().__init__()
        sizes = layers.halved_sizes(shape[1], shape[2])
        _, channels = channel_chains(options.width, len(sizes) - 1)
        down = halvings(len(sizes) - 1)
        blocks: list[nn.Module] = [
            layers.DownBlock(inputs, outputs, down=level < down, first=level == 0)
            for level, (inputs, outputs) in enumerate(pairwise([shape[0], *channels]))
        ]
        level = layers.attended(sizes[1 : down + 1], options.attention)
        if level is not None:
            blocks.insert(level + 1, layers.SelfAttention(channels[level]))
        self.blocks = nn.Sequential(*blocks)
        self.head = layers.ProjectionHead(channels[-1], classes)
        initialise(self, options.initialisation)
        spectrally_normalise_discriminator(self)

    def forward(self, images: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.head(F.relu(self.blocks(images)).flatten(2).sum(2), labels)


def _chunks(latent: int, count: int) -> list[int]:
    """Widths of the chunks of z, equal as far as the latent divides; the first ones are one wider where it does not."""
    if latent < count:
        raise UserError(
            f"latent {latent}, cut into {count} chunks for this image size",
            f"latent of at least {count}",
            f"set networks.latent={20 * count}, or networks.conditioning=shared, which does not cut z",
        )
    return [latent // count + (index < latent % count) for index in range(count)]


@dataclass(frozen=True, kw_only=True)
class BigGan:
    """The options of the pair.

    Attributes:
        latent: width of z.
        width: channels of the largest map at 128 pixels and more; see `MULTIPLES`.
        embedding: width of the shared embedding of labels.
        conditioning: of the batch normalisation in G's blocks: hierarchical, by the shared embedding and a chunk of z,
            without classes by the chunk alone; shared, by the shared embedding, z undivided; separate, by a gain and a
            bias per class in every block. Without classes the last two are plain batch normalisation.
        attention: shorter side, in pixels, of the map with self-attention; None for none.
        initialisation: orthogonal, or N(0, .02).

    Raises:
        UserError: a count below 1.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    prior: ClassVar[str] = "normal"
    uses_mean: ClassVar[bool] = False

    pair: Literal["biggan"] = "biggan"
    latent: int = 120
    width: int = 96
    embedding: int = 128
    conditioning: Literal["hierarchical", "shared", "separate"] = "hierarchical"
    attention: int | None = 64
    initialisation: Literal["orthogonal", "normal"] = "orthogonal"

    def __post_init__(self) -> None:
        layers.check_counts(latent=self.latent, width=self.width, embedding=self.embedding)
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
            UserError: a shape that the family cannot make, with the nearest that it can; fewer latents than chunks.
        """
        layers.check_shape(shape, classes, points=False, smallest=layers.SMALLEST_SIDE)
        return Generator(shape, options=self, classes=classes), Discriminator(shape, options=self, classes=classes)

    def shrunken(self) -> "BigGan":
        """The same pair, only narrower."""
        return replace(self, width=min(self.width, 1), embedding=min(self.embedding, 8))
