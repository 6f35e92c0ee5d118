"""Whether a generator copies its training images: are samples closer to them than held-out images are?

    value = P(d(sample) < d(held-out)) + P(equal) / 2,   d the distance to the nearest training image

is .5 for a generator of new images, 1 for one that copies, and below .5 for one whose samples lie outside the data. The
test is that of Meehan, Chaudhuri & Dasgupta, "A non-parametric test to detect data-copying in generative models"
(2020): C_T, the z of the Mann-Whitney U test of the same distances, negative under copying. Theirs is averaged over
cells of the space; here there is one cell, so that copying in one place can be hidden by poor samples in another: see
`by_class`.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from scipy.stats import norm, rankdata
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.distances import nearest, rows
from saddlepoint.metrics.proportion import NORMAL_95, effective_trials, wilson
from saddlepoint.metrics.result import Result

VERSION = 1
CLOSEST = 8
# If half of the samples are copies, the value is .75 (of the others .5). So it can tell something once its 95 %
# interval without copying, .5 +- 1.96 sqrt((n + m + 1) / 12nm) (the variance of U / nm), does not reach that far.
_HALF_COPIED = 0.25
# The smallest equal counts of samples and held-out images for that.
FEWEST = 11


def memorisation(
    samples: Tensor | np.ndarray,
    training: Tensor | np.ndarray,
    held_out: Tensor | np.ndarray,
    *,
    provenance: Mapping[str, Any],
    closest: int = CLOSEST,
    device: str | torch.device = "cpu",
) -> Result:
    """Probability that a sample lies closer to the training images than a held-out image does.

    Args:
        samples: (n, ...) generated images or their features, n >= 2.
        training: (t, ...) what the generator was trained on.
        held_out: (m, ...) real images of the same distribution that it has not seen, m >= 2.
        provenance: the features, the reference and its split, the samples' seed, ... for the record.
        closest: how many of the most suspicious samples to name, those closest to a training image.
        device: where the arithmetic is done.

    Returns:
        The probability. The interval covers its true value with the training images held fixed, samples and held-out
        images drawn anew: the variance of DeLong, DeLong & Clarke-Pearson (1988) in a Wilson interval. In the record
        `c_t` is the z of the test (ties corrected), `p_value` its one-sided probability that samples of the held-out
        images' distribution lie so close (normal approximation), `copies` the number of samples equal to a training
        image, and `closest` a list of {sample, training, distance} to look at.

    Raises:
        UserError: fewer than two samples or held-out images, other sizes, or points that are not finite.
    """
    tables = {"samples": rows("samples", samples), "held-out images": rows("held-out images", held_out)}
    for name, table in tables.items():
        if len(table) < 2:
            raise UserError(f"only one of the {name}", "at least two of them", "give more: a test needs them")
    trained = rows("training images", training)
    (near, indices), (apart, _) = (nearest(table, trained, device=device) for table in tables.values())
    near, neighbours, apart = near[:, 0], indices[:, 0], apart[:, 0]
    value, variance = _closer(near.numpy(), apart.numpy())
    score = _c_t(near.numpy(), apart.numpy())
    suspicious = near.argsort(stable=True)[: max(0, closest)]
    return Result(
        metric="memorisation",
        value=value,
        interval=wilson(value, effective_trials(value, variance, min(len(near), len(apart)))),
        target="probability that a sample is closer to its nearest training image than a held-out image to its own; "
        "95 % for its true value, the training images held fixed",
        provenance={
            **provenance,
            "version": VERSION,
            "samples": len(near),
            "training_images": len(trained),
            "held_out_images": len(apart),
            "distance": "Euclidean",
            "c_t": score,
            "p_value": float(norm.cdf(score)),
            "median_distance": {"samples": float(near.median()), "held_out": float(apart.median())},
            "copies": int((near == 0.0).sum()),
            "closest": [
                {"sample": int(index), "training": int(neighbours[index]), "distance": float(near[index])}
                for index in suspicious
            ],
            "precision": "float64",
        },
    )


def chance_half_width(samples: int, held_out: int) -> float:
    """Half of the 95 % interval around .5 in which the value falls where nothing is copied, at these counts."""
    return NORMAL_95 * math.sqrt((samples + held_out + 1) / (12.0 * samples * held_out))


def tells_copying(samples: int, held_out: int) -> bool:
    """Whether these counts are enough to tell a generator that copies every second sample from one that copies none."""
    return chance_half_width(samples, held_out) <= _HALF_COPIED


def _closer(near: np.ndarray, apart: np.ndarray) -> tuple[float, float]:
    """P(near < apart) + P(equal) / 2 and the variance of this estimate."""
    # Ranks among both, less ranks among the own kind, count the others below: a tie is half.
    together = rankdata(np.concatenate([near, apart]))
    above = 1.0 - (together[: len(near)] - rankdata(near)) / len(apart)
    below = (together[len(near) :] - rankdata(apart)) / len(near)
    return float(above.mean()), float(above.var(ddof=1) / len(near) + below.var(ddof=1) / len(apart))


def _c_t(near: np.ndarray, apart: np.ndarray) -> float:
    """The z of the Mann-Whitney U test, negative where the samples are the nearer; 0 where all distances are equal."""
    together = rankdata(np.concatenate([near, apart]))
    first, second, total = len(near), len(apart), len(together)
    statistic = together[:first].sum() - first * (first + 1) / 2.0
    _, ties = np.unique(together, return_counts=True)
    spread = first * second / 12.0 * (total + 1.0 - (ties**3 - ties).sum() / (total * (total - 1.0)))
    return float((statistic - first * second / 2.0) / math.sqrt(spread)) if spread > 0.0 else 0.0
