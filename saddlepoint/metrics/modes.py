"""How many modes a generator reaches, and how evenly, by the labels that a classifier gives its samples.

    number of modes = labels that occur,   reverse KL = sum_y p(y) log(p(y) / q(y))

with p the histogram of the labels and q the reference. On StackedMNIST (Metz et al. 2017; Lin et al., PacGAN, 2018;
Huang et al., R3GAN, 2024) a digit classifier reads each of the three colour channels: 1000 modes, 26,000 samples, q
even. Both grow or shrink with the number of samples, so compare at equal counts alone.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from scipy.stats import chi2
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.result import Result

VERSION = 1


def stacked_labels(digits: Tensor | np.ndarray) -> Tensor:
    """One label out of 1000 from the digits read in three channels: 100 first + 10 second + third.

    Args:
        digits: (n, 3) integers from 0 to 9.

    Returns:
        int64 (n,).

    Raises:
        UserError: of another shape or range.
    """
    table = torch.as_tensor(digits).detach()
    if table.ndim != 2 or table.shape[1] != 3:
        raise UserError(f"digits of shape {tuple(table.shape)}", "(n, 3)", "give the digit of every colour channel")
    flat = labels_of("digits", table.reshape(-1), 10).reshape(-1, 3)
    return flat @ torch.tensor([100, 10, 1])


def labels_of(name: str, labels: Tensor | np.ndarray, classes: int) -> Tensor:
    """The labels as int64 on the CPU.

    Args:
        name: what the person calls them, for the message.
        labels: (n,) integers from 0 to classes - 1, n >= 1.
        classes: how many there are.

    Raises:
        UserError: empty, no integers, or out of range.
    """
    tensor = torch.as_tensor(labels).detach()
    if tensor.ndim != 1 or len(tensor) == 0:
        raise UserError(f"{name} of shape {tuple(tensor.shape)}", "(n,) with n >= 1", "give one label per sample")
    if tensor.is_floating_point() or tensor.is_complex() or tensor.dtype == torch.bool:
        raise UserError(f"{name} of type {tensor.dtype}", "integers", "take the arg max of a classifier's outputs")
    tensor = tensor.to("cpu", torch.int64)
    low, high = int(tensor.min()), int(tensor.max())
    if low < 0 or high >= classes:
        raise UserError(f"{name} from {low} to {high}", f"0 to {classes - 1}", "say how many classes there are")
    return tensor


def mode_count(labels: Tensor | np.ndarray, *, modes: int, provenance: Mapping[str, Any]) -> Result:
    """Number of modes among a generator's samples.

    Args:
        labels: (n,) integers from 0 to modes - 1, the classifier's label of every sample.
        modes: how many there are in the data.
        provenance: the classifier, the samples' seed, ... for the record.

    Returns:
        How many labels occur. The interval covers the expected number for n samples, not the number that would occur in
        ever more: the exact Poisson interval of the number missing, narrowed by the variance of an occupancy count
        sum_y e^-l (1 - e^-l) - (sum_y l e^-l)^2 / n, l the expected occurrences, which is estimated from how many modes
        occur one to three times (f1 to f3) and never by chance (f0): f0 (f1 + f2 + f3) / (f0 + f1 + f2 + f3) - f1^2 /
        n.

    Raises:
        UserError: no labels, or labels out of range.
    """
    given = labels_of("labels", labels, modes)
    occurrences = torch.bincount(given, minlength=modes)
    never, once, twice, thrice = (int((occurrences == number).sum()) for number in range(4))
    found = modes - never
    low, high = _missing(never, once, twice, thrice, len(given))
    return Result(
        metric="mode_count",
        value=float(found),
        # One sample reaches a mode, and no more modes than samples are reached.
        interval=(max(1.0, modes - high), min(float(modes), float(len(given)), max(float(found), modes - low))),
        target=f"number of modes reached, of {modes}; 95 % for its expectation at this number of samples",
        provenance={
            **provenance,
            "version": VERSION,
            "samples": len(given),
            "modes": modes,
            "seen_once": once,
            "precision": "exact",
        },
    )


def reverse_kl(labels: Tensor | np.ndarray, reference: Tensor | np.ndarray, *, provenance: Mapping[str, Any]) -> Result:
    """Kullback-Leibler divergence of the samples' labels from the reference, KL(generated || reference), in nats.

    Args:
        labels: (n,) integers from 0 to k - 1, the classifier's label of every sample, n >= 2.
        reference: (k,) weights of the modes in the data, in any unit (counts, or ones for an even distribution).
        provenance: the classifier, the reference, the samples' seed, ... for the record.

    Returns:
        The divergence of the histogram as it is, as in the published tables: about (k - 1) / 2n too large, which
        `limit` takes off. The interval covers the expected value for n samples with the reference held fixed, by the
        jackknife variance. That counts the second-order part (k - 1) / 2n^2 twice, which alone is left where p is q:
        once is taken off.

    Raises:
        UserError: labels out of range; weights that are negative, not finite or 0 for a mode that occurs (the
            divergence would be infinite).
    """
    weights = torch.as_tensor(reference).detach().to("cpu", torch.float64)
    if weights.ndim != 1 or not bool(weights.isfinite().all()) or not bool((weights >= 0.0).all()):
        raise UserError(
            f"a reference of shape {tuple(weights.shape)} with lowest weight {_lowest(weights)}",
            "(modes,) finite weights of at least 0",
            "give the counts of the real labels, or ones",
        )
    given = labels_of("labels", labels, len(weights))
    if len(given) < 2:
        raise UserError("one label", "at least two", "give more samples")
    counts = torch.bincount(given, minlength=len(weights)).double()
    if (outside := ((weights == 0.0) & (counts > 0.0)).nonzero().flatten()).numel():
        raise UserError(
            f"samples of mode {int(outside[0])}, to which the reference gives no weight",
            "a reference with weight on every mode that occurs, for the divergence to be finite",
            "count more real labels, or give the weights of the data's own distribution",
        )
    present = counts > 0.0
    counts, weights = counts[present], (weights / weights.sum())[present]
    value, variance = _divergence(counts, weights)
    bias = (len(counts) - 1) / (2 * len(given))
    error = math.sqrt(variance)
    return Result(
        metric="reverse_kl",
        value=value,
        interval=(max(0.0, value - 1.96 * error), value + 1.96 * error),
        target="KL(labels of the samples || reference) in nats; "
        "95 % for its expectation at this number of samples, the reference held fixed",
        provenance={
            **provenance,
            "version": VERSION,
            "samples": len(given),
            "modes": len(reference),
            "modes_found": len(counts),
            "limit": max(0.0, value - bias),
            "precision": "float64",
        },
    )


def _missing(never: int, once: int, twice: int, thrice: int, count: int) -> tuple[float, float]:
    """The interval of the expected number of missing modes."""
    high = float(chi2.ppf(0.975, 2 * never + 2)) / 2
    if never == 0:
        return 0.0, high
    low = float(chi2.ppf(0.025, 2 * never)) / 2
    # Modes that the generator never makes do not vary: Chao's estimate (1984) of those that were missed by chance, and
    # one more, so that none seen once does not mean certainty.
    chance = min(never, once**2 / (2 * max(twice, 1)) + 1)
    few = once + twice + thrice
    occupancy = chance * few / (chance + few) - once * (once - 1) / count
    # With far fewer samples than modes the two terms cancel, and what is left is the number of coincidences.
    least = chance * (twice + 1) / (chance + once + twice + 1)
    narrowed = math.sqrt(min(1.0, max(occupancy, least) / never))
    return never - narrowed * (never - low), never + narrowed * (high - never)


def _divergence(counts: Tensor, weights: Tensor) -> tuple[float, float]:
    """KL(counts || weights) in nats and its variance, for counts above 0 and weights that are shares of the whole."""
    count = float(counts.sum())
    terms = counts * (counts / weights).log()
    whole = float(terms.sum())
    fewer = torch.xlogy(counts - 1.0, (counts - 1.0) / weights)
    # Leaving out one sample of each mode, as often as there are samples of it.
    without = (whole - terms + fewer) / (count - 1.0) - math.log(count - 1.0)
    mean = (counts * without).sum() / count
    jackknife = (count - 1.0) / count * float((counts * (without - mean).square()).sum())
    second_order = (max(len(counts), 2) - 1) / (2.0 * count**2)
    # Rounding may leave -1e-17 of an even histogram.
    return max(0.0, whole / count - math.log(count)), max(jackknife - second_order, second_order)


def _lowest(weights: Tensor) -> str:
    return f"{float(weights.min()):.4g}" if weights.numel() else "none"
