"""SRResNet, a residual net that enlarges images 2, 4 or 8 times, with the discriminator of SRGAN.

    G: 9x9 64, PReLU; 16 blocks x + BN(3x3 64(PReLU(BN(3x3 64(x))))); 3x3 64, BN, + the first map;
       log2(factor) times: 3x3 256, pixel shuffle 2, PReLU; 9x9 image
    D: 3x3 64; then 64, 128, 128, 256, 256, 512, 512 with batch normalisation, every other one from the second on with
       stride 2; leaky ReLU .2; dense 1024, leaky ReLU .2; score
    (Ledig et al. 2017, figure 4 and section 2.2)

Sources are in [0, 1], images in [-1, 1]; G ends in a convolution, so that its values may lie a little outside and are
cut off where pictures are written. G takes sources of any size; the shapes that the pair is built with give the factor,
and the size that D judges, for its dense layer belongs to one size. The paper does not say how weights start: G has
torch's own, D's are drawn by fan-in.
"""

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, Literal

from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.networks import layers

SLOPE = 0.2
FACTORS = (2, 4, 8)
# D halves an image four times.
SMALLEST = 16
MULTIPLES = (1, 1, 2, 2, 4, 4, 8, 8)
DENSE_MULTIPLE = 16


class Block(nn.Module):
    """x + BN(conv(PReLU(BN(conv(x)))))."""

    def __init__(self, width: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, 1, 1),
            nn.BatchNorm2d(width),
            nn.PReLU(),
            nn.Conv2d(width, width, 3, 1, 1),
            nn.BatchNorm2d(width),
        )

    def forward(self, maps: Tensor) -> Tensor:
        return maps + self.body(maps)


class Generator(nn.Module):
    """Sources (n, channels, height, width) in [0, 1] -> images (n, channels', factor height, factor width)."""

    source_range = (0.0, 1.0)
    pixel_range = (-1.0, 1.0)
    grid, smallest = 1, 1

    def __init__(self, source_channels: int, channels: int, *, factor: int, width: int, blocks: int):
        super().__init__()
        self.factor = factor
        # How far a pixel of the sources is seen: 9x9, then 3x3 at the sources' size and twice, four times... as large.
        self.reach = math.ceil(4 + 2 * blocks + 1 + 2 * (1 - 1 / factor) + 4 / factor)
        self.first = nn.Sequential(nn.Conv2d(source_channels, width, 9, 1, 4), nn.PReLU())
        within = [Block(width) for _ in range(blocks)]
        self.trunk = nn.Sequential(*within, nn.Conv2d(width, width, 3, 1, 1), nn.BatchNorm2d(width))
        enlarging: list[nn.Module] = []
        for _ in range(factor.bit_length() - 1):
            enlarging += [nn.Conv2d(width, 4 * width, 3, 1, 1), nn.PixelShuffle(2), nn.PReLU()]
        self.last = nn.Sequential(*enlarging, nn.Conv2d(width, channels, 9, 1, 4))

    def forward(self, sources: Tensor) -> Tensor:
        maps = self.first(sources)
        return self.last(maps + self.trunk(maps))


class Discriminator(nn.Module):
    """Images (n, channels, height, width) of one size -> raw scores (n,); sources are refused."""

    def __init__(self, shape: tuple[int, ...], *, width: int, normalised: bool):
        super().__init__()
        channels = [multiple * width for multiple in MULTIPLES]
        body: list[nn.Module] = []
        for level, (inputs, outputs) in enumerate(pairwise([shape[0], *channels])):
            with_norm = normalised and level > 0
            body.append(nn.Conv2d(inputs, outputs, 3, 1 + level % 2, 1, bias=not with_norm))
            body += [nn.BatchNorm2d(outputs), nn.LeakyReLU(SLOPE)] if with_norm else [nn.LeakyReLU(SLOPE)]
        # A stride of 2 rounds up.
        features = channels[-1] * math.prod(math.ceil(side / SMALLEST) for side in shape[1:])
        head = nn.Linear(DENSE_MULTIPLE * width, 1)
        dense = [nn.Flatten(), nn.Linear(features, DENSE_MULTIPLE * width), nn.LeakyReLU(SLOPE), head]
        self.body = nn.Sequential(*body, *dense)
        layers.initialise_by_fan(self, slope=SLOPE, last=head)

    def forward(self, images: Tensor, sources: Tensor | None = None) -> Tensor:
        layers.check_sources(sources, conditional=False)
        return self.body(images).squeeze(1)


@dataclass(frozen=True, kw_only=True)
class SrResNet:
    """The options of the pair.

    Attributes:
        width: channels of G's maps and of D's first.
        blocks: residual blocks of G.
        normalisation: of D; "none" allows penalties on the input gradient.

    Raises:
        UserError: a count below 1.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
    source_range: ClassVar[tuple[float, float]] = Generator.source_range
    conditional_discriminator: ClassVar[bool] = False

    pair: Literal["srresnet"] = "srresnet"
    width: int = 64
    blocks: int = 16
    normalisation: Literal["batch", "none"] = "batch"

    def __post_init__(self) -> None:
        layers.check_counts(width=self.width, blocks=self.blocks)

    def build(self, source_shape: tuple[int, ...], target_shape: tuple[int, ...]) -> tuple[Generator, Discriminator]:
        """A generator of large images from small ones, and a discriminator of large images.

        Args:
            source_shape: (channels, height, width).
            target_shape: the same with both sides 2, 4 or 8 times as large; D judges images of this size.

        Raises:
            UserError: shapes that the family cannot map, with the nearest that it can.
        """
        layers.check_images(source_shape, target_shape)
        small, large = source_shape[1:], target_shape[1:]
        factor = max(large[0] // small[0], 1)
        if factor not in FACTORS or large != tuple(factor * side for side in small):
            near = min(FACTORS, key=lambda possible: abs(possible * small[0] - large[0]))
            raise UserError(
                f"sources of {small[0]}x{small[1]} and images of {large[0]}x{large[1]} (height x width)",
                "images whose sides are both 2, 4 or 8 times those of the sources",
                f"give images of {near * small[0]}x{near * small[1]}, the nearest",
            )
        if min(large) < SMALLEST:
            near = tuple(max(side, math.ceil(SMALLEST / factor) * factor) for side in large)
            raise UserError(
                f"images of {large[0]}x{large[1]} (height x width) for a discriminator that halves them four times",
                f"sides of at least {SMALLEST}",
                f"cut larger pieces, {near[0]}x{near[1]} is the nearest",
            )
        generator = Generator(source_shape[0], target_shape[0], factor=factor, width=self.width, blocks=self.blocks)
        return generator, Discriminator(target_shape, width=self.width, normalised=self.normalisation == "batch")

    def shrunken(self) -> "SrResNet":
        """The same pair, only narrower."""
        return replace(self, width=min(self.width, 4))
