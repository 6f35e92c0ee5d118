"""The number of statistically different bins of Richardson & Weiss, "On GANs and GMMs" (2018), and its divergence.

K-means divides the training images into K bins (their own are K = 100 on pixels). A bin is different where the shares p
of the training images and q of the samples in it fail the two-proportion z-test at level .05,

    z = (p - q) / sqrt(r (1 - r) (1/n + 1/m)),   r the share of both together,

and NDB / K is the share of such bins: .05 for samples from the same distribution, more with more samples for any
others. JSD = (KL(p || (p + q)/2) + KL(q || (p + q)/2)) / 2, in nats, between 0 and log 2, is the divergence of the two
histograms.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from scipy.stats import norm
from sklearn.cluster import KMeans
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.distances import nearest, rows
from saddlepoint.metrics.modes import labels_of
from saddlepoint.metrics.proportion import effective_trials, wilson
from saddlepoint.metrics.result import Result

VERSION = 1
BINS = 100
LEVEL = 0.05


def bin_centres(training: Tensor | np.ndarray, *, bins: int = BINS, seed: int) -> Tensor:
    """The centres of the bins: scikit-learn's k-means, once from k-means++.

    Args:
        training: (n, ...) pixels or features.
        bins: K, from 2 to the number of different points.
        seed: of the first centres.

    Returns:
        float64 (bins, d).

    Raises:
        UserError: fewer different points than bins, or points that are not finite.
    """
    table = rows("training points", training).cpu()
    # Doubles where they came, single precision otherwise: 8-bit images would be clustered as integers.
    table = table if table.dtype == torch.float64 else table.float()
    different = len(table[: 10 * bins].unique(dim=0))
    if different < bins:
        different = len(table.unique(dim=0))
    if not 2 <= bins <= different:
        raise UserError(f"{bins} bins of {different} different points", f"2 to {different}", "ask for fewer")
    return torch.from_numpy(KMeans(bins, n_init="auto", random_state=seed).fit(table.numpy()).cluster_centers_).double()


def bins_of(points: Tensor | np.ndarray, centres: Tensor, *, device: str | torch.device = "cpu") -> Tensor:
    """The bin of every point, that of the nearest centre.

    Args:
        points: (n, ...) pixels or features.
        centres: (bins, d) from `bin_centres`.
        device: where the arithmetic is done.

    Returns:
        int64 (n,).

    Raises:
        UserError: of another size than the centres, or not finite.
    """
    return nearest(points, centres, device=device)[1][:, 0]


def different_bins(
    training_bins: Tensor | np.ndarray,
    sample_bins: Tensor | np.ndarray,
    *,
    bins: int = BINS,
    provenance: Mapping[str, Any],
) -> Result:
    """NDB / K, the share of bins in which samples and training images differ significantly.

    Args:
        training_bins: (n,) the bin of every training image, from `bins_of`.
        sample_bins: (m,) the bin of every sample.
        bins: K.
        provenance: what was binned, the seed of the bins, the reference, ... for the record.

    Returns:
        The share of bins. The interval covers its expectation for n and m images in these bins, both drawn anew: a
        Wilson interval with as many trials as the variance of the count asks for. That is the mean of s (1 - s), s the
        probability that a bin is found different, estimated for each bin from z^2 - 1 and never above that of bins
        which are all alike.

    Raises:
        UserError: bins out of range, or none.
    """
    one, other = _counts(training_bins, bins), _counts(sample_bins, bins)
    count, samples = one.sum(), other.sum()
    together = (one + other) / (count + samples)
    error = np.sqrt(together * (1.0 - together) * (1.0 / count + 1.0 / samples))
    # A bin that holds nothing, or everything, is not different.
    difference = one / count - other / samples
    scores = np.divide(difference, error, out=np.zeros(bins), where=error > 0.0)
    threshold = norm.ppf(1.0 - LEVEL / 2.0)
    different = np.abs(scores) > threshold
    value = float(different.mean())
    shift = np.sqrt(np.maximum(scores**2 - 1.0, 0.0))
    chance = norm.sf(threshold - shift) + norm.sf(threshold + shift)
    variance = min(float((chance * (1.0 - chance)).mean()), value * (1.0 - value)) / bins
    return Result(
        metric="different_bins",
        value=value,
        interval=wilson(value, effective_trials(value, variance, bins)),
        target="share of the bins in which samples and training images differ at level .05; "
        "95 % for its expectation at these numbers of images in these bins",
        provenance={
            **provenance,
            **_record(bins, int(samples), int(count)),
            "level": LEVEL,
            "number": int(different.sum()),
            "empty_of_samples": int(((other == 0) & (one > 0)).sum()),
            "different": [int(index) for index in np.argsort(-np.abs(scores), kind="stable")[: different.sum()]],
        },
    )


def bin_divergence(
    training_bins: Tensor | np.ndarray,
    sample_bins: Tensor | np.ndarray,
    *,
    bins: int = BINS,
    provenance: Mapping[str, Any],
) -> Result:
    """Jensen-Shannon divergence of samples and training images over the bins, in nats.

    Args:
        training_bins: (n,) the bin of every training image, n >= 2.
        sample_bins: (m,) the bin of every sample, m >= 2.
        bins: K.
        provenance: what was binned, the seed of the bins, the reference, ... for the record.

    Returns:
        The divergence of the histograms as they are, about (k - 1)(1/n + 1/m) / 8 too large. The interval covers the
        expected value for n and m images in these bins, both drawn anew, by the jackknife variance of either side.
        Those count the second-order part (k - 1)(1/n + 1/m)^2 / 32 twice: once is taken off.

    Raises:
        UserError: bins out of range, or fewer than two images.
    """
    one, other = _counts(training_bins, bins), _counts(sample_bins, bins)
    if min(one.sum(), other.sum()) < 2:
        raise UserError("one image", "at least two of either kind", "give more images")
    value = _jensen_shannon(one, other)
    occupied = max(int(((one + other) > 0).sum()), 2)
    second_order = (occupied - 1) * (1.0 / one.sum() + 1.0 / other.sum()) ** 2 / 32.0
    jackknife = _jackknife(one, other) + _jackknife(other, one)
    error = math.sqrt(max(jackknife - second_order, second_order))
    return Result(
        metric="bin_divergence",
        value=value,
        interval=(max(0.0, value - 1.96 * error), min(math.log(2.0), value + 1.96 * error)),
        target="Jensen-Shannon divergence of samples and training images over bins, in nats; "
        "95 % for its expectation at these numbers of images in these bins",
        provenance={**provenance, **_record(bins, int(other.sum()), int(one.sum()))},
    )


def _counts(labels: Tensor | np.ndarray, bins: int) -> np.ndarray:
    return np.bincount(labels_of("bins", labels, bins).numpy(), minlength=bins).astype(np.float64)


def _jensen_shannon(one: np.ndarray, other: np.ndarray) -> float:
    """Of two histograms along the last axis; counts, not yet shares."""
    first, second = one / one.sum(), other / other.sum()
    mean = (first + second) / 2.0
    terms = [_product_with_logarithm(share, mean).sum() for share in (first, second)]
    return min(max(0.0, float(sum(terms)) / 2.0), math.log(2.0))


def _product_with_logarithm(share: np.ndarray, mean: np.ndarray) -> np.ndarray:
    logarithm = np.log(np.divide(share, mean, out=np.ones_like(share), where=share > 0.0))
    return share * logarithm


def _jackknife(moved: np.ndarray, fixed: np.ndarray) -> float:
    """The variance that comes from the first histogram, by leaving out one image of each bin in turn."""
    present = np.flatnonzero(moved)
    left = np.array([_jensen_shannon(moved - (np.arange(len(moved)) == index), fixed) for index in present])
    count = moved.sum()
    mean = (moved[present] * left).sum() / count
    return float((count - 1.0) / count * (moved[present] * (left - mean) ** 2).sum())


def _record(bins: int, samples: int, training: int) -> dict[str, Any]:
    return {
        "version": VERSION,
        "protocol": "Richardson & Weiss 2018",
        "bins": bins,
        "samples": samples,
        "training_images": training,
        "precision": "float64",
    }
