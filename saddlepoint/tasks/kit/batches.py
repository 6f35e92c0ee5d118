"""Which data a step sees, position p of an endless stream as a pure function of (seed, stream, p); and where."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from saddlepoint.randomness import permutation


def on_device(tensors: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """A draw's tensors where they are used.

    To CUDA they go from pinned memory without waiting: as no step waits for the device, the next batch is drawn and on
    its way while the device works on the one before.
    """
    if device.type != "cuda":
        return {name: tensor.to(device) for name, tensor in tensors.items()}
    return {
        name: tensor if tensor.device == device else tensor.pin_memory().to(device, non_blocking=True)
        for name, tensor in tensors.items()
    }


class ShuffledStream:
    """All items in a new order each epoch; an epoch ends in the middle of a batch where it has to.

    Args:
        items: indices of the items, int64.
        seed: the run's seed.
        stream: a name; two streams have independent orders.
    """

    def __init__(self, items: np.ndarray, seed: int, stream: str):
        self.items, self.seed, self.stream = items, seed, stream
        self._epoch, self._order = -1, items

    def at(self, position: int, count: int) -> np.ndarray:
        """The items at positions position .. position + count - 1, int64 (count,)."""
        pieces = []
        while count > 0:
            epoch, offset = divmod(position, len(self.items))
            piece = self._epoch_order(epoch)[offset : offset + count]
            pieces.append(piece)
            position, count = position + len(piece), count - len(piece)
        return np.concatenate(pieces)

    def _epoch_order(self, epoch: int) -> np.ndarray:
        # One epoch is remembered; it is a cache and not history, for it can be computed again from the seed.
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self.items[permutation(len(self.items), self.seed, self.stream, epoch)]
        return self._order
