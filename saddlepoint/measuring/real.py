"""The real side of a measurement: which items are the reference, and which stand in for samples in the baseline.

A distance of a finite number of samples is not 0 for real data. So every metric is also computed of real data against
real data: two disjoint random halves of the reference's split, at the counts of the samples where the split is large
enough. By default the samples are as many as half of the split holds (10,000 at most), and then both have the same
counts and the same reference.

The reference is the training split unless another is asked for, as published Frechet distances are computed. It rewards
a generator that memorises: the held-out or test split does not, and `memorisation` tests for it.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch

from saddlepoint.data import Packed
from saddlepoint.data.embedded.toy import TOY_SETS, Mixture, SwissRoll
from saddlepoint.errors import UserError
from saddlepoint.measuring.items import Items, items_of_data
from saddlepoint.metrics.features import Features
from saddlepoint.metrics.parzen import VALIDATION

COUNT = 10_000
# Of features with more dimensions than this fewer are taken: a covariance of theirs is slow and large. So of those that
# are meant for small sets: their intervals are narrow by then, and a network takes 5 ms and more for an image.
WIDE, FEWER = 4096, 2_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Real:
    """Real data, seen through features.

    Attributes:
        data: all of it.
        split: which part is the reference: train, held_out or test.
        features, device: what the vectors are, and where they are computed.

    Raises:
        UserError: the data has no such split, or fewer than four items in it.
    """

    data: Packed
    split: str
    features: Features
    device: torch.device

    def __post_init__(self) -> None:
        if self.available < 4:
            known = ", ".join(f"{name} ({len(items)})" for name, items in self.data.splits.items())
            raise UserError(
                f"the split {self.split} with {self.available} items as the reference",
                f"at least four; there are {known}",
                "choose another --reference, or more data",
            )

    @property
    def available(self) -> int:
        return len(self.data.splits.get(self.split, ()))

    @property
    def default_count(self) -> int:
        """How many samples are compared unless another number is asked for."""
        wide = (self.features.dimensions or int(np.prod(self.data.shape))) > WIDE
        return min(FEWER if wide or self.features.directions is not None else COUNT, self.available // 2)

    @property
    def about(self) -> dict[str, Any]:
        """The reference, for the record."""
        return {
            "split": self.split,
            # The same data may be split otherwise: its training items are another reference then.
            "items": hashlib.sha256(self.data.splits[self.split].astype("<i8").tobytes()).hexdigest()[:16],
            "fingerprint": self.data.fingerprint,
            "split_rule": self.data.split_rule,
        }

    @property
    def density(self) -> Mixture | SwissRoll | None:
        """The true density, where the data is a set that has one."""
        return self.density_of(self.data)

    @staticmethod
    def density_of(data: Packed) -> Mixture | SwissRoll | None:
        return TOY_SETS.get(data.source)

    def reference(self, count: int) -> Items:
        """So many items of the split, or all that there are; always the same."""
        return self._items(0, min(count, self.available))

    def halves(self, count: int) -> tuple[Items, Items]:
        """Two disjoint sets of so many items, or of half the split each; the first begins the reference."""
        size = min(count, self.available // 2)
        return self._items(0, size), self._items(size, 2 * size)

    def of_split(self, name: str) -> Items | None:
        """All items of a split; None where the data has none."""
        indices = self.data.splits.get(name, ())
        return items_of_data(self.data, np.asarray(indices), self.features, self.device) if len(indices) else None

    @cached_property
    def unseen(self) -> Items | None:
        """All items that were not trained on: the held-out ones, or else the test split; None where there are none."""
        return self.of_split("held_out") or self.of_split("test")

    @cached_property
    def chosen_and_judged(self) -> tuple[Items, Items, str] | None:
        """Items that choose a setting, items that judge, and what the latter are; None where too few are unseen."""
        held_out, test = (np.asarray(self.data.splits.get(name, ()), dtype=np.int64) for name in ("held_out", "test"))
        if len(held_out) < VALIDATION and len(test):
            # A run on all of the training images has no validation split; it must not be chosen on what it judges.
            first, second, words = test[:VALIDATION], test[VALIDATION:], f"test[{VALIDATION}:]"
        elif len(test):
            first, second, words = held_out[:VALIDATION], test, "test"
        else:
            half = len(held_out) // 2
            first, second, words = held_out[:half], held_out[half:], "second half of held_out"
        if len(first) < 1 or len(second) < 2:
            return None
        made = [items_of_data(self.data, part, self.features, self.device) for part in (first, second)]
        return made[0], made[1], words

    @cached_property
    def training(self) -> Items | None:
        """All items that were trained on."""
        return self.of_split("train")

    def _items(self, start: int, stop: int) -> Items:
        if (start, stop) not in self._made:
            self._made[start, stop] = items_of_data(self.data, self._order[start:stop], self.features, self.device)
        return self._made[start, stop]

    @cached_property
    def _made(self) -> dict[tuple[int, int], Items]:
        # Features of real data are computed once, however often samples are compared with them.
        return {}

    @cached_property
    def _order(self) -> np.ndarray:
        # Seeded by nothing: the reference of a data set and a count is always the same.
        return np.random.default_rng(0).permutation(self.data.splits[self.split])
