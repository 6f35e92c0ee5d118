"""The Frechet distance of features (Heusel et al. 2017), and its unbiased extrapolation (Chong & Forsyth 2020).

    FD = |m1 - m2|^2 + tr S1 + tr S2 - 2 tr((S1 S2)^(1/2))

of the Gaussians with the two sets' means and unbiased covariances. FD of n vectors is biased upwards by a term in 1/n
that differs from one generator to another; FD-infinity is the intercept of the line through FD at several n over 1/n.

The interval is analytic, since the plain bootstrap repeats vectors and shifts FD away from every target. Per vector, FD
has the influence 2 (m1 - m2).c + |c|^2 - c^T T c, c = x - m1 and T the optimal map from the first Gaussian to the
second. The variance P of the mean of the influences counts the part of second order twice (that is all there is where
both distributions agree, and it falls with n^2, not n). P at half the count, Q, tells it apart: V = P - (Q - 2 P) / 4.
The interval for E[FD_n] is that of a gamma variable of mean FD and variance V; the limit's is the same, with the
extrapolation's noise in the part of second order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.stats import chi2
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.distances import rows
from saddlepoint.metrics.moments import Moments
from saddlepoint.metrics.result import Result
from saddlepoint.metrics.spread import (
    Spread,
    frechet_between,
    frechet_with_maps,
    spread_of_moments,
    spread_of_rows,
)

VERSION = 1
# So many halvings that the extrapolation's own noise adds at most a quarter to the second-order variance.
PARTITIONS = 4
# Rows that the variances are taken over: their relative error is then about 4 %, the interval's half of that.
_ROWS = 2048
# Up to so many dimensions both halves are asked for their variance; above, theirs differ little, and one is enough.
_BOTH = 256


def frechet_of_moments(first: Moments, second: Moments) -> float:
    """The Frechet distance of two sets of which only the moments are there, in squared feature units, without interval.

    Raises:
        UserError: fewer than two vectors, or other sizes.
    """
    _check_sizes(first.dimensions, second.dimensions)
    return frechet_between(spread_of_moments(first), spread_of_moments(second))


def frechet(
    samples: Tensor | np.ndarray,
    reference: Tensor | np.ndarray | Moments,
    *,
    provenance: Mapping[str, Any],
    device: str | torch.device = "cpu",
) -> Result:
    """Frechet distance of two sets of features.

    Args:
        samples: (n, d) features of generated data, n >= 2.
        reference: (m, d) features of real data, m >= 2; or their moments, which are then held fixed.
        provenance: the features, the reference and its split, the seed, for the record.
        device: where the arithmetic is done; it must know doubles.

    Returns:
        FD at these counts, in squared feature units. The interval covers its expectation at these counts, over draws
        of both sets (of the samples alone where the reference is moments), and not the limit, which is lower: see
        `frechet_infinity`.

    Raises:
        UserError: fewer than two vectors on a side, other sizes, or numbers that are not finite.
    """
    sets = _Sets.of(samples, reference, device)
    value, plugged, second_order, _ = sets.measured(1, extrapolating=False)
    variance = plugged - second_order
    return Result(
        metric="frechet_distance",
        value=value,
        interval=_gamma(value, variance),
        target=f"expected Frechet distance {sets.counts}, in squared feature units; 95 % over draws of {sets.drawn}",
        provenance={**provenance, **sets.record, "standard_error": variance**0.5},
    )


def frechet_infinity(
    samples: Tensor | np.ndarray,
    reference: Tensor | np.ndarray | Moments,
    *,
    provenance: Mapping[str, Any],
    partitions: int = PARTITIONS,
    device: str | torch.device = "cpu",
) -> Result:
    """Frechet distance extrapolated to infinitely many vectors: 2 FD(n) - FD(n / 2), the line's value at 1/n = 0.

    Args:
        samples: (n, d) features of generated data, n >= 4.
        reference: (m, d) features of real data, m >= 4; or their moments, which are then held fixed.
        provenance: the features, the reference and its split, the seed, for the record.
        partitions: into how many pairs of halves the sets are parted; FD at n / 2 is the mean over all halves. The
            published line goes through 15 sizes drawn at random; disjoint halves share all first-order noise with
            the whole, so that two sizes give less noise, and less curvature, than a line down to small sizes.
        device: where the arithmetic is done; it must know doubles.

    Returns:
        The extrapolated distance, in squared feature units; it may fall below 0 where the limit is near it. The
        interval covers the limit, the distance of the two distributions. What is left of the curvature is of order
        (d / n)^2: let n be several times d.

    Raises:
        UserError: fewer than four vectors on a side, no partition, other sizes, or numbers that are not finite.
    """
    if partitions < 1:
        raise UserError(f"{partitions} partitions", "at least one", "leave it out for the default")
    sets = _Sets.of(samples, reference, device)
    if min(sets.halvable) < 4:
        raise UserError(f"{min(sets.halvable)} feature vectors", "at least four", "give more: halves of them are used")
    whole, plugged, second_order, halves = sets.measured(partitions, extrapolating=True)
    value = 2.0 * whole - halves
    # The pairs that share a half weigh (2 - 2 f)^2, f the share of partitions in which they do.
    variance = plugged - 2.0 * second_order + (1.0 + 1.0 / partitions) * second_order
    low, high = _gamma(whole, plugged - second_order)
    scale = (variance / (plugged - second_order)) ** 0.5 if plugged > second_order else 0.0
    return Result(
        metric="frechet_distance_infinity",
        value=value,
        interval=(value + (low - whole) * scale, value + (high - whole) * scale),
        target="Frechet distance in the limit of many vectors, in squared feature units; "
        f"95 % over draws of {sets.drawn}",
        provenance={
            **provenance,
            **sets.record,
            "partitions": partitions,
            "distance_at_counts": whole,
            "distance_at_half_counts": halves,
            "standard_error": variance**0.5,
        },
    )


@dataclass(frozen=True, kw_only=True)
class _Sets:
    """The two sets, or the samples and fixed moments."""

    samples: Tensor
    reference: Tensor | Moments
    device: str | torch.device

    @classmethod
    def of(
        cls, samples: Tensor | np.ndarray, reference: Tensor | np.ndarray | Moments, device: str | torch.device
    ) -> "_Sets":
        table = rows("features of the samples", samples)
        other = reference if isinstance(reference, Moments) else rows("features of the reference", reference)
        _check_sizes(table.shape[1], other.dimensions if isinstance(other, Moments) else other.shape[1])
        return cls(samples=table, reference=other, device=device)

    @property
    def drawn(self) -> str:
        return "the samples, the reference held fixed" if isinstance(self.reference, Moments) else "both sets"

    @property
    def counts(self) -> str:
        return f"of {len(self.samples)} samples to {self._others} of the reference"

    @property
    def _others(self) -> int:
        return self.reference.count if isinstance(self.reference, Moments) else len(self.reference)

    @property
    def halvable(self) -> list[int]:
        return [len(table) for table in (self.samples, self.reference) if isinstance(table, Tensor)]

    @property
    def record(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "samples": len(self.samples),
            "reference_samples": self._others,
            "dimensions": self.samples.shape[1],
            "interval": "influence function, second order told apart by halves, gamma",
            "precision": "float64",
        }

    def measured(self, partitions: int, extrapolating: bool) -> tuple[float, float, float, float]:
        """FD, the variance of its influences, the part of second order in it, and the mean FD of the halves."""
        # Seeded by nothing but the partition's number: a metric is a function of its arrays.
        value, plugged = self._at(slice(None), slice(None))
        if min(self.halvable) < 4:
            return value, plugged, 0.0, value
        distances, variances = [], []
        for partition in range(partitions):
            halves = [_halves(len(self.samples), 2 * partition), _halves(self._others, 2 * partition + 1)]
            for index, (mine, others) in enumerate(zip(*halves, strict=True)):
                asked = partition == 0 and (index == 0 or self.samples.shape[1] <= _BOTH)
                if asked or extrapolating:
                    distance, variance = self._at(mine, others, with_variance=asked)
                    distances.append(distance)
                    variances += [variance] * asked
        halved = sum(variances) / len(variances)
        # Between none and all of it is second order, whatever the noise of the estimate.
        second_order = min(max(0.0, (halved - 2.0 * plugged) / 4.0), plugged / 2.0)
        return value, plugged, second_order, sum(distances) / len(distances)

    def _at(self, mine: Any, others: Any, with_variance: bool = True) -> tuple[float, float]:
        """FD of parts of both sets, and the variance of its influences."""
        table = self.samples[mine]
        first = spread_of_rows(table, self.device)
        if isinstance(self.reference, Moments):
            other, second = None, spread_of_moments(self.reference)
        else:
            other = self.reference[others]
            second = spread_of_rows(other, self.device)
        if not with_variance:
            return frechet_between(first, second), 0.0
        value, there, back = frechet_with_maps(first, second)
        variance = _variance(table, first, second, there)
        return value, variance if other is None else variance + _variance(other, second, first, back)


def _variance(table: Tensor, own: Spread, other: Spread, carried: Tensor) -> float:
    """The variance of the mean of the influences of a set's vectors."""
    step = -(-len(table) // _ROWS)
    centred = table[::step].to(own.mean.device, torch.float64) - own.mean
    influences = centred @ (2.0 * (own.mean - other.mean)) + centred.square().sum(dim=1)
    influences -= (centred @ carried).square().sum(dim=1)
    return float(influences.var()) / len(table)


def _gamma(value: float, variance: float) -> tuple[float, float]:
    """The 95 % interval of the mean of a gamma variable of this value and variance: above 0, as its quadratic forms."""
    if value <= 0.0 or variance <= 0.0:
        return value, value
    freedom = max(1.0, 2.0 * value**2 / variance)
    low, high = chi2.ppf([0.975, 0.025], freedom)
    return value * freedom / float(low), value * freedom / float(high)


def _halves(count: int, seed: int) -> tuple[Tensor, Tensor]:
    order = torch.from_numpy(np.random.default_rng(seed).permutation(count))
    return order[: count // 2], order[count // 2 :]


def _check_sizes(first: int, second: int) -> None:
    if first != second:
        raise UserError(
            f"features of {first} and of {second} numbers",
            "the same size",
            "compute both with the same feature network",
        )
