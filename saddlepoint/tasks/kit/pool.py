"""A pool of old fakes (Shrivastava et al. 2017): half of what D is shown as fake is something it was shown before.

While the pool is not full, every fake goes into it and is shown. Then, for each fake, with probability 1/2 it is shown
itself, and otherwise an old one in its place, which it replaces in the pool.
"""

from collections.abc import MutableMapping

import torch
from torch import Tensor

# Uniform numbers that a batch's rows need: whether an old one is shown, and (by their order) which.
NUMBERS = 1


class Pool:
    """Old fakes as tensors in a task's state, under names that begin with the pool's own.

    Args:
        name: of the pool.
        size: how many fakes it holds; 0 for a pool that is not used.
    """

    def __init__(self, name: str, size: int):
        self.name, self.size = name, size

    def begin(self, shape: tuple[int, ...], device: torch.device) -> dict[str, Tensor]:
        """An empty pool."""
        return {
            f"{self.name}/images": torch.zeros(self.size, *shape, device=device),
            f"{self.name}/filled": torch.zeros((), dtype=torch.int64),
        }

    def draw(self, state: MutableMapping[str, Tensor], numbers: Tensor, order: Tensor) -> dict[str, Tensor]:
        """What a batch of D is shown from the pool.

        Args:
            state: the task's.
            numbers: uniform in (0, 1), (n, 1).
            order: a permutation of the pool's places, int64 (size,).

        Returns:
            `old` images (n, ...), `uses_old` (n,) bool, and `place` (n,), where the new one will be kept (-1: nowhere).
        """
        filled, count = int(state[f"{self.name}/filled"]), len(numbers)
        free = min(self.size - filled, count)
        place = torch.full((count,), -1)
        place[:free] = torch.arange(filled, filled + free)
        # A pool that is not full yet shows nothing old: as in the original.
        uses_old = torch.zeros(count, dtype=torch.bool)
        if free < count and self.size:
            # No more than there are old fakes: each is shown at most once in a batch.
            most = min(count - free, filled)
            late = torch.arange(count)[free : free + most]
            uses_old[late] = numbers[late, 0] < 0.5
            taken = order[order < filled][:most]
            place[late] = torch.where(uses_old[late], taken, -1)
        images = state[f"{self.name}/images"]
        shown = (
            images[place.clamp(min=0).to(images.device)] if self.size else images.new_zeros(count, *images.shape[1:])
        )
        return {"old": shown, "uses_old": uses_old, "place": place}

    def remember(self, state: MutableMapping[str, Tensor], place: Tensor, fakes: Tensor) -> None:
        """Keeps new fakes in the places that the draw has chosen for them."""
        kept = place >= 0
        if bool(kept.any()):
            images = state[f"{self.name}/images"]
            images[place[kept].to(images.device)] = fakes[kept.to(fakes.device)].to(images)
            filled = state[f"{self.name}/filled"]
            filled.copy_(torch.maximum(filled, place.max().cpu() + 1))
