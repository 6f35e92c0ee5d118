"""Metrics of two sets of feature vectors: how far they are apart, how they cover each other, what was copied."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.measuring.comparison import Comparison
from saddlepoint.measuring.metric import Metric
from saddlepoint.metrics.bins import BINS, bin_centres, bin_divergence, bins_of, different_bins
from saddlepoint.metrics.birthday import birthday_support, duplicate_threshold
from saddlepoint.metrics.directions import leading_directions
from saddlepoint.metrics.frechet import frechet, frechet_infinity
from saddlepoint.metrics.kernel import kernel_distance
from saddlepoint.metrics.memorisation import memorisation
from saddlepoint.metrics.result import Result

Vectors = Tensor | np.ndarray

# A covariance with neither many rows nor few columns would take an hour and gigabytes.
_LARGEST_COVARIANCE = 8192
# The birthday test wants many batches; so many samples make one, or fewer where there are few.
_BIRTHDAY_BATCH, _BIRTHDAY_BATCHES = 100, 25


def _frechet_distance(c: Comparison) -> Result:
    samples, reference, about = _for_covariances(c)
    return frechet(samples, reference, provenance=about, device=c.arithmetic)


def _frechet_distance_infinity(c: Comparison) -> Result:
    samples, reference, about = _for_covariances(c)
    return frechet_infinity(samples, reference, provenance=about, device=c.arithmetic)


def _for_covariances(c: Comparison) -> tuple[Vectors, Vectors, dict[str, Any]]:
    """Samples, reference and the record, in the directions that the features ask for."""
    samples, reference = c.judged.vectors, c.real.vectors
    count, dimensions = samples.shape
    if (asked := c.features.directions) is not None and asked < dimensions:
        to = leading_directions(reference, asked)
        about = {**c.about_features, "directions": f"{to.shape[1]} leading of the reference, of {dimensions}"}
        return torch.from_numpy(samples).double() @ to, torch.from_numpy(reference).double() @ to, about
    if min(count, dimensions) > _LARGEST_COVARIANCE:
        raise UserError(
            f"the covariance of {count} vectors of {dimensions} numbers",
            f"at most {_LARGEST_COVARIANCE} of either",
            "give fewer by --samples-count, or use features with fewer numbers, such as classifier:RUN",
        )
    return samples, reference, c.about_features


def _kernel_distance(c: Comparison) -> Result:
    return kernel_distance(c.judged.vectors, c.real.vectors, provenance=c.about_features, device=c.arithmetic)


def _of_neighbours(name: str) -> Callable[[Comparison], Result]:
    return lambda c: c.neighbours[name]


def _bins(c: Comparison) -> tuple[Tensor, Tensor, int]:
    bins = min(BINS, c.real.count // 10)
    centres = bin_centres(c.real.vectors, bins=bins, seed=0)
    return bins_of(c.real.vectors, centres), bins_of(c.judged.vectors, centres), bins


def _different_bins(c: Comparison) -> Result:
    real, made, bins = _bins(c)
    return different_bins(real, made, bins=bins, provenance=c.about_features)


def _bin_divergence(c: Comparison) -> Result:
    real, made, bins = _bins(c)
    return bin_divergence(real, made, bins=bins, provenance=c.about_features)


def _birthday_support(c: Comparison) -> Result:
    batch = max(2, min(_BIRTHDAY_BATCH, min(c.judged.count, c.real.count) // _BIRTHDAY_BATCHES))
    threshold = duplicate_threshold(c.real.vectors, batch=batch, device=c.arithmetic)
    return birthday_support(
        c.judged.vectors,
        batch=batch,
        threshold=threshold,
        provenance={**c.about_features, "threshold_from": "5 % false alarms in the reference"},
        device=c.arithmetic,
    )


def _memorisation(c: Comparison) -> Result:
    assert c.training is not None and c.unseen is not None
    return memorisation(
        c.judged.vectors,
        c.training.vectors,
        c.unseen.vectors,
        provenance=c.about_features,
        device=c.arithmetic,
    )


OF_FEATURES: dict[str, Metric] = {
    "frechet_distance": Metric(summary="Frechet distance of features", compute=_frechet_distance),
    "frechet_distance_infinity": Metric(
        summary="the Frechet distance, extrapolated to infinitely many samples", compute=_frechet_distance_infinity
    ),
    "kernel_distance": Metric(summary="kernel distance of features, unbiased", compute=_kernel_distance),
    "precision": Metric(summary="share of samples that are like real data", compute=_of_neighbours("precision")),
    "recall": Metric(summary="share of real data that is like samples", compute=_of_neighbours("recall")),
    "density": Metric(summary="how thick real data lies around samples", compute=_of_neighbours("density")),
    "coverage": Metric(summary="share of real data with a sample nearby", compute=_of_neighbours("coverage")),
    "different_bins": Metric(summary="share of statistically different bins", compute=_different_bins),
    "bin_divergence": Metric(summary="divergence of the bins' shares", compute=_bin_divergence),
    "birthday_support": Metric(summary="support by the birthday paradox", compute=_birthday_support),
    "memorisation": Metric(
        summary="whether samples lie closer to the training data than unseen data does",
        compute=_memorisation,
        needs=("samples", "unseen"),
        baseline="unseen",
    ),
}
