"""One side of a measurement: images or points, and what is computed of them once, when a metric first asks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from saddlepoint.data import Packed
from saddlepoint.metrics.features import Features, collect, collect_logits

# Up to so many bytes items are held; beyond, they are made again for each pass.
_HELD = 2**30
# How many are taken from a data set at once.
_AT_ONCE = 256


@dataclass(frozen=True, kw_only=True, eq=False)
class Items:
    """Images or points of one origin.

    Attributes:
        batches: starts one pass over them: uint8 or float32 images (n, channels, height, width) in [0, 1], or points
            (n, dimensions); always the same.
        count: how many.
        shape: of one.
        features: what their vectors are.
        device: where the features are computed.
        labels: int64 (count,), or None.
    """

    batches: Callable[[], Iterator[Tensor]]
    count: int
    shape: tuple[int, ...]
    features: Features
    device: torch.device
    labels: Tensor | None = None

    @cached_property
    def vectors(self) -> np.ndarray:
        """The features, float32 (count, dimensions)."""
        return collect(self.features, self._pass(), self.device)

    @cached_property
    def logits(self) -> np.ndarray:
        """The feature network's own logits, float32 (count, classes)."""
        return collect_logits(self.features, self._pass(), self.device)

    @cached_property
    def named(self) -> Tensor:
        """The class that the feature network gives each, int64 (count,)."""
        return torch.from_numpy(self.logits.argmax(axis=1))

    @cached_property
    def values(self) -> Tensor:
        """Pixels in [0, 1], or coordinates, float32 (count, *shape)."""
        return torch.cat([batch.float() / 255 if batch.dtype == torch.uint8 else batch for batch in self._pass()])

    def seen_by(self, features: Features) -> "Items":
        """The same items through other features; what is held of them is held once."""
        return replace(self, batches=self._pass, features=features)

    def parted(self) -> tuple["Items", "Items"]:
        """The first half and the second, as two."""
        half = self.count // 2
        values, labels = self.values, self.labels

        def part(rows: slice) -> Items:
            return replace(
                self,
                batches=lambda: iter(values[rows].split(_AT_ONCE)),
                count=len(values[rows]),
                labels=labels[rows] if labels is not None else None,
            )

        return part(slice(0, half)), part(slice(half, None))

    def _pass(self) -> Iterator[Tensor]:
        return iter(self._held) if 4 * self.count * int(np.prod(self.shape)) <= _HELD else self.batches()

    @cached_property
    def _held(self) -> list[Tensor]:
        return list(self.batches())


def items_of_data(data: Packed, indices: np.ndarray, features: Features, device: torch.device) -> Items:
    """The items of a data set at some indices, with their labels where it has them."""

    def batches() -> Iterator[Tensor]:
        for start in range(0, len(indices), _AT_ONCE):
            yield data.batch(indices[start : start + _AT_ONCE])[0]

    return Items(
        batches=batches,
        count=len(indices),
        shape=tuple(data.shape),
        features=features,
        device=device,
        labels=torch.from_numpy(data.labels[indices]) if data.labels is not None else None,
    )
