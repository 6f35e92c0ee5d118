"""Residual blocks that double or halve a map, and the head that projects on the label.

    up:   x -> normalise, ReLU, double, 3x3, normalise, ReLU, 3x3;   skip: 1x1, double
    down: x -> ReLU (not in the first), 3x3, ReLU, 3x3, halve;       skip: halve, 1x1
    head: D = w . h + b + <e_y, h>, h the last map summed or averaged over its places
    (Gulrajani et al. 2017; Miyato et al. 2018; Miyato and Koyama 2018)

Doubling repeats pixels and halving averages 2x2 of them; both commute with a 1x1 convolution, which stands where the
map is smaller. Halving rounds sides up, the last mean then being over what there is, and doubling cuts what is over,
so that a pair can make any size.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.networks.layers.checks import check_labels
from saddlepoint.networks.layers.normalisation import BatchNorm

# Least height and width of an image: one doubling of a base map of 4x4.
SMALLEST_SIDE = 8


def halved_sizes(height: int, width: int) -> list[tuple[int, int]]:
    """Map sizes from the image down to the base map, each the half of the one before, rounded up.

    The shorter side is halved while it is at least 8; the base map's is between 4 and 7.
    """
    sizes = [(height, width)]
    while min(sizes[-1]) >= SMALLEST_SIDE:
        sizes.append((-(-sizes[-1][0] // 2), -(-sizes[-1][1] // 2)))
    return sizes


def doubled(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Maps (n, channels, h, w) with each pixel repeated 2x2, cut to `size`."""
    return F.interpolate(maps, scale_factor=2.0)[:, :, : size[0], : size[1]]


def halved(maps: Tensor) -> Tensor:
    """Means over 2x2 pixels; of an odd side's last pixels over those that there are."""
    return F.avg_pool2d(maps, 2, ceil_mode=True)


class UpBlock(nn.Module):
    """Maps (n, inputs, h, w), a condition -> (n, outputs, *size), size being 2h, 2w or one less.

    `classes` and `code` are those of `BatchNorm`.
    """

    def __init__(self, inputs: int, outputs: int, size: tuple[int, int], *, classes: int = 0, code: int = 0):
        super().__init__()
        self.size = size
        self.first_norm = BatchNorm(inputs, classes=classes, code=code)
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.second_norm = BatchNorm(outputs, classes=classes, code=code)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1)

    def forward(self, maps: Tensor, condition: Tensor | None = None) -> Tensor:
        inner = doubled(F.relu(self.first_norm(maps, condition)), self.size)
        inner = self.first(inner)
        inner = self.second(F.relu(self.second_norm(inner, condition)))
        return inner + doubled(self.skip(maps), self.size)


class DownBlock(nn.Module):
    """Maps (n, inputs, h, w) -> (n, outputs, h, w), halved where `down`; `first` is the block that sees the image."""

    def __init__(self, inputs: int, outputs: int, *, down: bool, first: bool = False):
        super().__init__()
        self.down, self.is_first = down, first
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if down or inputs != outputs else None

    def forward(self, maps: Tensor) -> Tensor:
        inner = self.first(maps if self.is_first else F.relu(maps))
        inner = self.second(F.relu(inner))
        if self.down:
            inner, maps = halved(inner), halved(maps)
        return inner + (maps if self.skip is None else self.skip(maps))


class ProjectionHead(nn.Module):
    """Features (n, features), labels (n,) -> scores (n,); without classes a linear layer."""

    def __init__(self, features: int, classes: int):
        super().__init__()
        self.classes = classes
        self.linear = nn.Linear(features, 1)
        self.projection = nn.Embedding(classes, features) if classes else None

    def forward(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        check_labels(labels, self.classes)
        scores = self.linear(features).squeeze(1)
        if self.projection is not None:
            scores = scores + (self.projection(labels) * features).sum(1)
        return scores
