"""Neighbourhood metrics on many random halves of both sets at once, for their intervals.

Disjoint halves of the sets are independent draws of half the size, so that half the squared difference of a metric on
them is an unbiased estimate of its variance at that size; the mean over many partitions has as many degrees of freedom
as there are partitions. Neighbours of a half are among the nearest few of the whole, and a sample inside a half's
neighbourhood is inside the largest of all partitions' neighbourhoods, so that one pass over the distances serves all.
Quarters say how the variance falls with the size.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from saddlepoint.metrics.distances import squared_distances

PARTITIONS = 32
PARTS = 4
# Points in a block of those that are set against each other.
_ROWS = 2048


def fewest_points(k: int) -> int:
    """Points that a set needs for the k-th neighbours of its quarters."""
    return PARTS * (k + 2)


@dataclass(frozen=True, kw_only=True)
class Parted:
    """Both sets' random quarters (0 to 3; a half is two of them), and what was found inside the neighbourhoods of each.

    Args:
        real: int64 (partitions, n), the quarter of every reference point.
        made: int64 (partitions, m), of every sample.
        k: which neighbour sets the radius.
        radii: for the reference, then the samples: squared radii (partitions, n) within halves and within quarters.
    """

    real: Tensor
    made: Tensor
    k: int
    precise: Tensor
    recalled: Tensor
    covered: Tensor
    pairs_of_halves: Tensor
    pairs_of_quarters: Tensor
    radii: list[tuple[Tensor, Tensor]] = field(default_factory=list)

    @classmethod
    def of(cls, real: int, made: int, k: int, device: str | torch.device) -> "Parted":
        """The parts of so many real and made ones before anything is counted; the same for the same numbers."""
        # Seeded by nothing but the partition: a metric is a function of its arrays.
        generator = np.random.default_rng(0)

        def labels(count: int) -> Tensor:
            drawn = [generator.permutation(np.arange(count) % PARTS) for _ in range(PARTITIONS)]
            return torch.from_numpy(np.stack(drawn)).to(device)

        def none(count: int) -> Tensor:
            return torch.zeros(PARTITIONS, count, dtype=torch.bool, device=device)

        return cls(
            real=labels(real),
            made=labels(made),
            k=k,
            precise=none(made),
            recalled=none(real),
            covered=none(real),
            pairs_of_halves=torch.zeros(PARTITIONS, 2, dtype=torch.int64, device=device),
            pairs_of_quarters=torch.zeros(PARTITIONS, PARTS, dtype=torch.int64, device=device),
        )

    def add(self, start: int, squared: Tensor) -> None:
        """Takes in the squared distances of some reference points, from `start` on, to all samples."""
        (real_halves, real_quarters), (made_halves, _) = self.radii
        stop = start + len(squared)
        largest = torch.maximum(real_halves.amax(dim=0), real_quarters.amax(dim=0))[start:stop, None]
        close = (squared < largest) | (squared < made_halves.amax(dim=0))
        near, other = close.nonzero(as_tuple=True)
        distance = squared[near, other]
        near = near + start
        for index in range(PARTITIONS):
            quarter = self.real[index][near]
            theirs = self.made[index][other]
            together = quarter % 2 == theirs % 2
            around_real = together & (distance < real_halves[index][near])
            self.precise[index, other[around_real]] = True
            self.covered[index, near[around_real]] = True
            self.recalled[index, near[together & (distance < made_halves[index][other])]] = True
            self.pairs_of_halves[index] += torch.bincount(quarter[around_real] % 2, minlength=2)
            in_quarter = (quarter == theirs) & (distance < real_quarters[index][near])
            self.pairs_of_quarters[index] += torch.bincount(quarter[in_quarter], minlength=PARTS)

    def values(self, name: str) -> tuple[Tensor, Tensor]:
        """A metric on every half, (partitions, 2), and density on every quarter, (partitions, 4); float64."""
        sizes = torch.stack([torch.bincount(labels, minlength=PARTS) for labels in self.made]).double()
        quarters = self.pairs_of_quarters / (self.k * sizes)
        if name == "density":
            return self.pairs_of_halves / (self.k * (sizes[:, :2] + sizes[:, 2:])), quarters
        found, labels = {
            "precision": (self.precise, self.made),
            "recall": (self.recalled, self.real),
            "coverage": (self.covered, self.real),
        }[name]
        shares = []
        for half in (0, 1):
            members = labels % 2 == half
            shares.append((found & members).sum(dim=1).double() / members.sum(dim=1))
        return torch.stack(shares, dim=1), quarters


def part_radii(
    table: Tensor, labels: Tensor | None, k: int, device: str | torch.device
) -> tuple[Tensor, Tensor, Tensor]:
    """Squared distances to the k-th nearest other point: in the whole (n,), in every half and quarter (partitions, n).

    Args:
        table: (n, d), n > k.
        labels: (partitions, n) quarters; None: no parts, and the last two results are empty.
        k: which neighbour.
        device: where the arithmetic is done.
    """
    count = len(table)
    # A quarter's k-th neighbour is then beyond the list once in some thousand times, and the list's end stands for it.
    longest = k if labels is None else min(count - 1, 12 * (k + 1))
    partitions = 0 if labels is None else len(labels)
    whole = torch.empty(count, dtype=torch.float64, device=device)
    halves = torch.empty(partitions, count, dtype=torch.float64, device=device)
    quarters = torch.empty_like(halves)
    for block, nearest, indices in _nearest(table, longest, device):
        whole[block] = nearest[:, k - 1]
        for index in range(partitions):
            assert labels is not None
            apart = labels[index][indices] - labels[index][block, None]
            halves[index, block] = _kth(nearest, apart % 2 == 0, k)
            quarters[index, block] = _kth(nearest, apart == 0, k)
    return whole, halves, quarters


def _nearest(table: Tensor, count: int, device: str | torch.device) -> Iterator[tuple[slice, Tensor, Tensor]]:
    """Squared distances and indices of every point's nearest others, a block of points at a time.

    A block is set against itself and what comes after it alone; those get their distances to the block with it. That
    halves the products, which are most of the work.
    """
    total = len(table)
    distances = torch.full((total, count), torch.inf, dtype=torch.float64, device=device)
    indices = torch.zeros(total, count, dtype=torch.int64, device=device)
    for start in range(0, total, _ROWS):
        stop = min(total, start + _ROWS)
        block = slice(start, stop)
        for part, squared in squared_distances(table[block], table[start:], device=device):
            own = torch.arange(part.start, part.stop, device=squared.device)
            squared[own - part.start, own] = torch.inf
            mine = slice(start + part.start, start + part.stop)
            _merge(distances, indices, mine, squared, start)
            _merge(distances, indices, slice(stop, total), squared[:, stop - start :].T, mine.start)
        yield block, distances[block], indices[block]


def _merge(distances: Tensor, indices: Tensor, rows: slice, new: Tensor, first: int) -> None:
    """Takes new distances of some rows, to the points from `first` on, into the lists of their nearest."""
    count = distances.shape[1]
    if new.shape[0] == 0:
        return
    nearest, places = new.topk(min(count, new.shape[1]), dim=1, largest=False)
    found = torch.cat([distances[rows], nearest], dim=1)
    distances[rows], order = found.topk(count, dim=1, largest=False)
    indices[rows] = torch.cat([indices[rows], places + first], dim=1).gather(1, order)


def _kth(nearest: Tensor, mine: Tensor, k: int) -> Tensor:
    """The k-th of every row's distances that count, or the row's last."""
    counted = mine.cumsum(dim=1)
    place = (counted < k).sum(dim=1).clamp(max=nearest.shape[1] - 1)
    return nearest.gather(1, place[:, None])[:, 0]
