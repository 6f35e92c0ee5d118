"""Precision and recall (Kynkaanniemi et al. 2019), density and coverage (Naeem et al. 2020) of features, in one pass.

With R_i the distance of reference point x_i to its k-th nearest in the reference, S_j likewise among the samples y_j,

    precision = mean_j any_i |x_i - y_j| < R_i        density  = mean_j sum_i (|x_i - y_j| < R_i) / k
    recall    = mean_i any_j |x_i - y_j| < S_j        coverage = mean_i any_j |x_i - y_j| < R_i

All four change with the counts, so their target is the expectation at these counts. The plain bootstrap repeats points,
which are then each other's neighbours; the interval comes from halves drawn without replacement instead (`halving.py`).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from scipy.stats import norm
from scipy.stats import t as student
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.distances import rows, squared_distances
from saddlepoint.metrics.halving import PARTITIONS, PARTS, Parted, fewest_points, part_radii
from saddlepoint.metrics.proportion import wilson
from saddlepoint.metrics.result import Result

VERSION = 1
NEAREST = 5
# Pairs are looked at in blocks of at most 2 ** 22.
_BLOCK = 2**22
# Squared distances below this share of the mean squared distance to the centre are rounding: such points are equal.
_EQUAL = 1e-12
_MEANINGS = {
    "precision": "share of samples inside the reference's neighbourhoods",
    "recall": "share of reference points inside the samples' neighbourhoods",
    "density": "mean number of the reference's neighbourhoods around a sample, over k",
    "coverage": "share of the reference's neighbourhoods with a sample inside",
}


def neighbours(
    samples: Tensor | np.ndarray,
    reference: Tensor | np.ndarray,
    *,
    provenance: Mapping[str, Any],
    k: int = NEAREST,
    device: str | torch.device = "cpu",
) -> dict[str, Result]:
    """Precision, recall, density and coverage of two sets of features.

    Args:
        samples: (m, d) features of generated data.
        reference: (n, d) features of real data.
        provenance: the features, the reference and its split, the seed, for the record.
        k: which neighbour sets a point's radius; published: 3 for precision and recall, 5 for density and coverage.
            A point is no neighbour of its own; where more than k are equal, their radius is 0 and nothing is inside.
        device: where the distances are computed; it must know doubles, in which they agree with float64 features to the
            last digits, so that the counts are those of any exact implementation.

    Returns:
        The four by name; shares in [0, 1], and density from 0 to n / k. The intervals cover the expectations at these
        counts, over draws of both sets. Below 4 (k + 2) points on a side they are the whole range.

    Raises:
        UserError: k below 1, not more than k points on a side, other sizes, or numbers that are not finite.
    """
    made, real = rows("features of the samples", samples), rows("features of the reference", reference)
    if k < 1:
        raise UserError(f"k = {k}", "at least 1", "leave it out for 5")
    if (fewest := min(len(made), len(real))) <= k:
        raise UserError(f"{fewest} points for the neighbour number {k}", f"more than {k}", "give more, or a smaller k")
    parted = Parted.of(len(real), len(made), k, device) if fewest >= fewest_points(k) else None
    floor = _EQUAL * _spread(real, device)
    whole: list[Tensor] = []
    for table, labels in ((real, parted and parted.real), (made, parted and parted.made)):
        radii, halves, quarters = part_radii(table, labels, k, device)
        for values in (radii, halves, quarters):
            values[values <= floor] = 0.0
        whole.append(radii)
        if parted is not None:
            parted.radii.append((halves, quarters))
    inside = _Inside(len(real), len(made), k, device)
    for block, squared in squared_distances(real, made, device=device):
        for offset in range(0, len(squared), step := max(1, _BLOCK // len(made))):
            part = squared[offset : offset + step]
            inside.add(block.start + offset, part, whole[0], whole[1])
            if parted is not None:
                parted.add(block.start + offset, part)
    values = inside.values()
    record = {
        **provenance,
        "version": VERSION,
        "samples": len(made),
        "reference_samples": len(real),
        "dimensions": real.shape[1],
        "k": k,
        "precision": "float64",
        "interval": f"{PARTITIONS} partitions into halves, scaled to the count" if parted else "the whole range",
    }
    return {
        name: Result(
            metric=name,
            value=values[name],
            interval=_interval(name, values[name], min(len(made), len(real)), parted, len(real) / k),
            target=f"expected {_MEANINGS[name]}, for {len(made)} samples and {len(real)} reference points; "
            "95 % over draws of both sets",
            provenance=record,
        )
        for name in _MEANINGS
    }


class _Inside:
    """Which points were found inside a neighbourhood so far."""

    def __init__(self, real: int, made: int, k: int, device: str | torch.device):
        self.precise = torch.zeros(made, dtype=torch.bool, device=device)
        self.recalled = torch.zeros(real, dtype=torch.bool, device=device)
        self.covered = torch.zeros(real, dtype=torch.bool, device=device)
        self.pairs, self.k = 0, k

    def add(self, start: int, squared: Tensor, real_radii: Tensor, made_radii: Tensor) -> None:
        stop = start + len(squared)
        around_real = squared < real_radii[start:stop, None]
        self.precise |= around_real.any(dim=0)
        self.covered[start:stop] = around_real.any(dim=1)
        self.pairs += int(around_real.sum())
        self.recalled[start:stop] = (squared < made_radii).any(dim=1)

    def values(self) -> dict[str, float]:
        return {
            "precision": int(self.precise.sum()) / len(self.precise),
            "recall": int(self.recalled.sum()) / len(self.recalled),
            "density": self.pairs / (self.k * len(self.precise)),
            "coverage": int(self.covered.sum()) / len(self.covered),
        }


def _interval(name: str, value: float, count: int, parted: Parted | None, most: float) -> tuple[float, float]:
    if parted is None:
        return (0.0, most) if name == "density" else (0.0, 1.0)
    halves, quarters = parted.values(name)
    of_halves = float(halves.var(dim=1).mean()) / 2.0
    if name == "density":
        # Where the radii shrink with the count, the variance does not fall as 1/n: one step of its own fall is taken.
        of_quarters = float(quarters.var(dim=1).mean()) / PARTS
        fall = min(3.0, max(1.0 / 3.0, of_halves / of_quarters)) if of_quarters > 0.0 else 1.0
        # An extrapolated variance has about half the degrees of freedom.
        reach = float(student.ppf(0.975, PARTITIONS // 2)) * (of_halves * fall) ** 0.5
        return max(0.0, value - reach), min(most, value + reach)
    # A share's variance is that of independent trials, p (1 - p) / n, times a design effect that the halves share.
    share = float(halves.mean())
    spread = share * (1.0 - share)
    effect = count * of_halves / spread if spread > 0.0 and of_halves > 0.0 else 1.0
    # Wilson's interval is that of a known variance; Student's quantile stands for one from so many partitions.
    effect *= float((student.ppf(0.975, PARTITIONS) / norm.ppf(0.975)) ** 2)
    return wilson(value, count / effect)


def _spread(table: Tensor, device: str | torch.device) -> float:
    """Mean squared distance to the centre, of the first points that fill a block."""
    part = table[: max(2, _BLOCK // table.shape[1])].to(device, torch.float64)
    return float(part.var(dim=0).sum())
