"""The inception score of Salimans et al., "Improved techniques for training GANs" (2016), for any classifier.

    IS = exp(E_x KL(p(y | x) || p(y))),   p(y) = E_x p(y | x)

between 1 and the number of classes. As published: 50,000 images in 10 splits, each with a p(y) of its own, mean and
standard deviation over the splits. It sees neither the real data nor a lack of variety within a class, and it grows
with the number of images per split (Barratt & Sharma, "A note on the inception score", 2018): compare at equal counts
alone.
"""

import math
from collections.abc import Mapping
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
    scores, variances, second_orders = [], [], []
    entropy, marginal, squares = 0.0, torch.zeros(classes).double(), torch.zeros(classes).double()
    for index in range(splits):
        # The bounds of the original, for counts that the splits do not divide.
        part = given[index * count // splits : (index + 1) * count // splits]
        probabilities = _probabilities(part.to("cpu", torch.float64), logits)
        mean, variance, second_order = _logarithm(probabilities)
        scores.append(math.exp(mean))
        variances.append(scores[-1] ** 2 * (variance - second_order))
        second_orders.append(scores[-1] ** 2 * second_order)
        entropy -= float(torch.xlogy(probabilities, probabilities).sum()) / count
        marginal += probabilities.sum(dim=0) / count
        squares += probabilities.square().sum(dim=0) / count
    value = fmean(scores)
    # Relative to the mean, and on the scale of the logarithm, so that the lower end stays positive.
    error = math.sqrt(max(math.fsum(variances), math.fsum(second_orders))) / math.fsum(scores)
    whole = -float(torch.xlogy(marginal, marginal).sum()) - entropy
    bias = float((squares / marginal.where(marginal > 0.0, torch.ones_like(marginal)) - marginal).sum()) / (2 * count)
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


def _logarithm(probabilities: Tensor) -> tuple[float, float, float]:
    """log IS of these rows, the variance of their mean divergence, and its part of second order.

    With S the covariance of p(y | x) / sqrt(p(y)): to first order log IS is a mean and p(y) adds nothing to its
    variance; the second order is -sum_y (error of p(y))^2 / 2 p(y), with mean -tr S / 2n and variance |S|^2 / 2n^2. The
    variance of the divergences holds that twice, since they use the p(y) of the same images.
    """
    count = len(probabilities)
    marginal = probabilities.mean(dim=0)
    # Where p(y) is 0, all p(y | x) are, and xlogy(0, 0) is 0.
    safe = marginal.where(marginal > 0.0, torch.ones_like(marginal))
    divergences = torch.xlogy(probabilities, probabilities / safe).sum(dim=1)
    scaled = (probabilities - marginal) / safe.sqrt()
    covariance = scaled.T @ scaled / count
    return (
        float(divergences.mean()),
        float(divergences.var()) / count,
        float(covariance.square().sum()) / (2.0 * count**2),
    )


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
