"""The small classifier that measures a labelled data set: accurate on digits in minutes, and a source of features.

    3 x (convolution 3x3, batch normalisation, ReLU, maximum over 2x2 but after the last) -> mean over each quarter
      -> linear, batch normalisation, ReLU = the features -> linear = the logits

It is no pair and plays against nobody. Where the four quarters are averaged apart, a feature still knows in which of
them a stroke lies, and any height and width from 8 on gives the same number of features.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, Literal

import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.networks import layers

SMALLEST = 8
STAGES = 3


class ClassifierNetwork(nn.Module):
    """Images (n, channels, height, width) in (-1, 1) -> logits (n, classes)."""

    pixel_range = (-1.0, 1.0)

    def __init__(self, shape: tuple[int, ...], *, classes: int, width: int, dimensions: int):
        super().__init__()
        self.classes, self.dimensions = classes, dimensions
        channels = [shape[0], *(width * 2**stage for stage in range(STAGES))]
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())
            for inputs, outputs in pairwise(channels)
        )
        height, last_width = (side // 2 ** (STAGES - 1) for side in shape[1:])
        # Two windows a side that share the middle where the side is odd. Unlike adaptive pooling, its gradient is the
        # same to the bit in every run on every device.
        self.quarters = nn.AvgPool2d(
            kernel_size=(height - height // 2, last_width - last_width // 2), stride=(height // 2, last_width // 2)
        )
        self.hidden = nn.Sequential(
            nn.Flatten(), nn.Linear(channels[-1] * 4, dimensions, bias=False), nn.BatchNorm1d(dimensions), nn.ReLU()
        )
        self.head = nn.Linear(dimensions, classes)
        layers.initialise_by_fan(self, slope=0.0, last=self.head)

    def maps(self, images: Tensor) -> tuple[Tensor, ...]:
        """The three stages' maps, each half the size of the one before, rounded down: (n, channels, height, width)."""
        found: list[Tensor] = []
        for stage in self.stages:
            images = stage(F.max_pool2d(images, 2) if found else images)
            found.append(images)
        return tuple(found)

    def features(self, images: Tensor) -> Tensor:
        """The layer before the logits, (n, dimensions), not negative."""
        return self.hidden(self.quarters(self.maps(images)[-1]))

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images))


@dataclass(frozen=True, kw_only=True)
class Classifier:
    """The options of the classifier.

    Attributes:
        width: channels of the first stage; each further stage doubles them.
        dimensions: width of the features.

    Raises:
        UserError: a count below 1.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    pair: Literal["classifier"] = "classifier"
    width: int = 24
    dimensions: int = 128

    def __post_init__(self) -> None:
        layers.check_counts(width=self.width, dimensions=self.dimensions)

    def build(self, shape: tuple[int, ...], classes: int) -> ClassifierNetwork:
        """A classifier of images, with weights from torch's global generator.

        Args:
            shape: (channels, height, width), both sides at least 8.
            classes: number of labels, at least 2.

        Raises:
            UserError: points, smaller images, or fewer classes.
        """
        if len(shape) != 3 or min(shape) < 1:
            raise UserError(
                f"data shape {shape}", "(channels, height, width)", "give images: it classifies nothing else"
            )
        if min(shape[1:]) < SMALLEST:
            nearest = (shape[0], *(max(side, SMALLEST) for side in shape[1:]))
            raise UserError(f"image shape {shape}", f"sides of at least {SMALLEST}", f"enlarge the images to {nearest}")
        if classes < 2:
            raise UserError(f"{classes} classes", "at least 2", "label the images, with one folder for each class")
        return ClassifierNetwork(shape, classes=classes, width=self.width, dimensions=self.dimensions)

    def shrunken(self) -> "Classifier":
        """The same network, only narrower."""
        return replace(self, width=min(self.width, 4), dimensions=min(self.dimensions, 16))
