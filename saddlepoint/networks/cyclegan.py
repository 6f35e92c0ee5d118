"""CycleGAN: a residual net that maps images to images of the same size, and a PatchGAN that sees the image alone.

    G: 7x7 64; 3x3 stride 2: 128, 256; residual blocks of two 3x3 256; 3x3 stride 1/2: 128, 64; 7x7 image; tanh
       instance normalisation and ReLU after each layer but the last, reflected borders where the stride is 1
    D: the PatchGAN of `layers/patches.py`, with instance normalisation
    (Zhu et al. 2017, section 7.1; the blocks are Johnson et al.'s 2016, without a rectifier behind the sum)

Nine blocks are published for 256x256 and more, six for 128x128. A cycle takes two generators and two discriminators:
build the pair once in each direction. The published convolutions have biases, though an instance normalisation behind
them takes them out again.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.networks import layers
from saddlepoint.networks.layers.patches import PatchDiscriminator
from saddlepoint.networks.layers.per_image import Normalisation, initialise_images, normalised

# Two strided layers.
GRID = 4
# The smallest map whose border can be reflected inside the blocks is 2x2.
SMALLEST = 8


class Block(nn.Module):
    """x + normalised(conv(ReLU(normalised(conv(x))))), with reflected borders."""

    def __init__(self, channels: int, normalisation: Normalisation):
        super().__init__()
        self.body = nn.Sequential(
            *_convolution(channels, channels, 3, normalisation),
            nn.ReLU(),
            *_convolution(channels, channels, 3, normalisation),
        )

    def forward(self, maps: Tensor) -> Tensor:
        return maps + self.body(maps)


class Generator(nn.Module):
    """Sources (n, channels, height, width) in (-1, 1) -> images (n, channels', height, width) in (-1, 1)."""

    source_range = (-1.0, 1.0)
    pixel_range = (-1.0, 1.0)
    grid, smallest = GRID, SMALLEST

    def __init__(self, source_channels: int, channels: int, *, width: int, blocks: int, normalisation: Normalisation):
        super().__init__()
        biased = normalisation != "batch"
        body: list[nn.Module] = [*_convolution(source_channels, width, 7, normalisation), nn.ReLU()]
        for inner in (2 * width, 4 * width):
            body.append(nn.Conv2d(inner // 2, inner, 3, 2, 1, bias=biased))
            body += [*normalised(normalisation, inner), nn.ReLU()]
        body += [Block(4 * width, normalisation) for _ in range(blocks)]
        for outer in (2 * width, width):
            body.append(nn.ConvTranspose2d(2 * outer, outer, 3, 2, 1, output_padding=1, bias=biased))
            body += [*normalised(normalisation, outer), nn.ReLU()]
        last = nn.Conv2d(width, channels, 7)
        self.body = nn.Sequential(*body, nn.ReflectionPad2d(3), last, nn.Tanh())
        initialise_images(self, normalisation, slope=0.0, last=last)

    def forward(self, sources: Tensor) -> Tensor:
        return self.body(sources)


def _convolution(inputs: int, outputs: int, kernel: int, normalisation: Normalisation) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, kernel, bias=normalisation != "batch")
    return [nn.ReflectionPad2d(kernel // 2), convolution, *normalised(normalisation, outputs)]


@dataclass(frozen=True, kw_only=True)
class CycleGan:
    """The options of the pair.

    Attributes:
        width: channels of the outermost layer of both networks.
        blocks: residual blocks of G; None as published, 6 where no side is above 128 and 9 for larger images.
        discriminator_layers: strided layers of D; its receptive field is 16, 34, 70 (published), 142, 286, 574 pixels.
        normalisation: of D; "none" gives weights drawn by fan-in.
        generator_normalisation: of G, whose blocks would grow without one.

    Raises:
        UserError: a count below 1.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    source_range: ClassVar[tuple[float, float]] = Generator.source_range
    conditional_discriminator: ClassVar[bool] = False

    pair: Literal["cyclegan"] = "cyclegan"
    width: int = 64
    blocks: int | None = None
    discriminator_layers: int = 3
    normalisation: Normalisation = "instance"
    generator_normalisation: Literal["instance", "batch"] = "instance"

    def __post_init__(self) -> None:
        blocks = 1 if self.blocks is None else self.blocks
        layers.check_counts(width=self.width, blocks=blocks, discriminator_layers=self.discriminator_layers)

    def build(
        self, source_shape: tuple[int, ...], target_shape: tuple[int, ...]
    ) -> tuple[Generator, PatchDiscriminator]:
        """A generator of images from sources, and a discriminator of images.

        Args:
            source_shape, target_shape: (channels, height, width), the sizes equal.

        Raises:
            UserError: shapes that the family cannot map, with the nearest that it can.
        """
        layers.check_same_size(source_shape, target_shape)
        size = target_shape[1:]
        if any(side % GRID for side in size) or min(size) < SMALLEST:
            near = "x".join(str(max(round(side / GRID) * GRID, SMALLEST)) for side in size)
            raise UserError(
                f"images of {size[0]}x{size[1]} (height x width) for a generator that halves them twice",
                f"sides that are multiples of {GRID}, at least {SMALLEST}",
                f"resize to {near}, the nearest, with --set data.size={near}",
            )
        blocks = self.blocks or (6 if max(size) <= 128 else 9)
        generator = Generator(
            source_shape[0],
            target_shape[0],
            width=self.width,
            blocks=blocks,
            normalisation=self.generator_normalisation,
        )
        discriminator = PatchDiscriminator(
            target_shape, width=self.width, layers=self.discriminator_layers, normalisation=self.normalisation
        )
        return generator, discriminator

    def shrunken(self) -> "CycleGan":
        """The same pair, only narrower."""
        return replace(self, width=min(self.width, 4))
