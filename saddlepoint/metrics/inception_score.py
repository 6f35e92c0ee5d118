"""The inception score of Salimans et al., "Improved techniques for training GANs" (2016), for any classifier.

    IS = exp(E_x KL(p(y | x) || p(y))),   p(y) = E_x p(y | x)

between 1 and the number of classes. As published: 50,000 images in 10 splits, each with a p(y) of its own, mean and
standard deviation over the splits. It sees neither the real data nor a lack of variety within a class, and it grows
with the number of images per split (Barratt & Sharma, "A note on the inception score", 2018): compare at equal counts
alone.
"""

import math
from collections.abc import Mapping
from itertools import pairwise
from statistics import fmean, pstdev
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.distances import rows
from saddlepoint.metrics.result import Result

VERSION = 1
SAMPLES = 50_000
SPLITS = 10

# What a softmax in float32 over a thousand classes may miss of 1, with room.
_TOLERANCE = 1e-3


def inception_score(
    outputs: Tensor | np.ndarray,
    *,
    logits: bool,
    splits: int = SPLITS,
    provenance: Mapping[str, Any],
) -> Result:
    """Inception score of generated images from a classifier's outputs on them.

    Args:
        outputs: (n, classes), one row per image, in an order that has nothing to do with the classes.
        logits: the outputs are logits; otherwise probabilities, each row summing to 1.
        splits: into how many parts of consecutive rows; 1 is over all at once. The published number is the mean over
        10. provenance: the classifier and its weights, the samples' seed, ... for the record.

    Returns:
        The mean score of the splits, in classes. The interval covers the expected score of n / splits images, not the
        limit of many, by the delta method for the log IS of every split.
        `standard_deviation` over the splits divides by their number, as published. `limit` is the score of all at once
        with its bias taken off; it is an estimate without an interval.

    Raises:
        UserError: fewer than two classes, or two images per split; rows that are no probabilities.
    """
    given = rows("outputs", outputs)
    count, classes = given.shape
    if classes < 2:
        raise UserError(f"outputs for {classes} class", "(n, classes) with two or more", "give one column per class")
    if not 1 <= splits <= count // 2:
        raise UserError(
            f"{splits} splits of {count} images", "two images per split", "give more images or fewer splits"
        )
    probabilities = _probabilities(given.to("cpu", torch.float64), logits)
    # The bounds of the original, for counts that the splits do not divide.
    bounds = [index * count // splits for index in range(splits + 1)]
    parts = [_logarithm(probabilities[start:stop]) for start, stop in pairwise(bounds)]
    scores = [math.exp(mean) for mean, _, _ in parts]
    value = fmean(scores)
    # Relative to the mean, and on the scale of the logarithm, so that the lower end stays positive.
    error = math.hypot(*(score * error for score, (_, error, _) in zip(scores, parts, strict=True))) / sum(scores)
    whole, _, bias = _logarithm(probabilities)
    return Result(
        metric="inception_score",
        value=value,
        interval=(value * math.exp(-1.96 * error), value * math.exp(1.96 * error)),
        target=f"mean inception score over {splits} splits of {count // splits} images, in classes; "
        "95 % for its expectation at this number of images per split",
        provenance={
            **provenance,
            "version": VERSION,
            "protocol": "Salimans et al. 2016",
            "deviations": _deviations(count, splits),
            "samples": count,
            "classes": classes,
            "splits": splits,
            "standard_deviation": pstdev(scores),
            "limit": math.exp(whole + bias),
            "outputs": "logits" if logits else "probabilities",
            "precision": "float64",
        },
    )


def _divergences(probabilities: Tensor) -> Tensor:
    """KL(p(y | x) || p(y)) of every row, in nats; a class of probability 0 adds 0."""
    marginal = probabilities.mean(dim=0)
    # Where p(y) is 0, all p(y | x) are, and xlogy(0, 1) is 0.
    ratio = probabilities / marginal.where(marginal > 0.0, torch.ones_like(marginal))
    return torch.xlogy(probabilities, ratio).sum(dim=1)


def _logarithm(probabilities: Tensor) -> tuple[float, float, float]:
    """log IS of these rows, its standard error, and by how much it falls short of the limit on average.

    With S the covariance of p(y | x) / sqrt(p(y)): to first order log IS is a mean and p(y) adds nothing to its
    variance; the second order is sum_y (error of p(y))^2 / 2 p(y), with mean tr S / 2n and variance |S|^2 / 2n^2. The
    variance of the divergences holds that twice, since they use the p(y) of the same images: once is taken off.
    """
    count = len(probabilities)
    divergences = _divergences(probabilities)
    marginal = probabilities.mean(dim=0)
    scaled = (probabilities - marginal) / marginal.where(marginal > 0.0, torch.ones_like(marginal)).sqrt()
    covariance = scaled.T @ scaled / count
    second_order = float(covariance.square().sum()) / (2.0 * count**2)
    variance = max(float(divergences.var()) / count - second_order, second_order)
    return float(divergences.mean()), math.sqrt(variance), float(covariance.trace()) / (2.0 * count)


def _probabilities(outputs: Tensor, logits: bool) -> Tensor:
    if logits:
        return outputs.softmax(dim=1)
    low, sums = float(outputs.min()), outputs.sum(dim=1)
    worst = float(sums[(sums - 1.0).abs().argmax()])
    if low < 0.0 or abs(worst - 1.0) > _TOLERANCE:
        raise UserError(
            f"rows that reach down to {low:.4g} and sum to {worst:.4g}",
            "probabilities, at least 0 and summing to 1",
            "say logits=True if these are logits",
        )
    return outputs / sums[:, None]


def _deviations(count: int, splits: int) -> list[str]:
    found = []
    if count != SAMPLES:
        found.append(f"{count} images instead of {SAMPLES}")
    if splits != SPLITS:
        found.append(f"{splits} splits instead of {SPLITS}" if splits > 1 else "all images at once instead of splits")
    return found
