"""How each metric is computed of a comparison: which arrays it is given, and with which settings."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from saddlepoint.data.embedded.toy import Mixture
from saddlepoint.errors import UserError
from saddlepoint.measuring.comparison import Comparison
from saddlepoint.metrics.bins import BINS, bin_centres, bin_divergence, bins_of, different_bins
from saddlepoint.metrics.birthday import birthday_support, duplicate_threshold
from saddlepoint.metrics.by_class import by_class, class_mean
from saddlepoint.metrics.classification_accuracy import accuracy, classification_accuracy_score
from saddlepoint.metrics.frechet import frechet, frechet_infinity
from saddlepoint.metrics.image_pairs import PixelProtocol
from saddlepoint.metrics.inception_score import SPLITS, inception_score
from saddlepoint.metrics.kernel import kernel_distance
from saddlepoint.metrics.memorisation import memorisation
from saddlepoint.metrics.modes import mode_count, reverse_kl
from saddlepoint.metrics.parzen import parzen
from saddlepoint.metrics.perceptual import perceptual_distance
from saddlepoint.metrics.result import Result
from saddlepoint.metrics.sliced_wasserstein import sliced_wasserstein
from saddlepoint.metrics.toy import high_quality_share, mean_log_density, modes_hit, modes_reverse_kl
from saddlepoint.metrics.wasserstein import wasserstein_1

# Of images in [0, 1].
_PIXELS = PixelProtocol(data_range=1.0)
# A covariance with neither many rows nor few columns would take an hour and gigabytes.
_LARGEST_COVARIANCE = 8192
# The birthday test wants many batches; so many samples make one, or fewer where there are few.
_BIRTHDAY_BATCH, _BIRTHDAY_BATCHES = 100, 25
_FEWEST_OF_A_CLASS = 10
_OF_A_CLASS = (
    "expected Frechet distance within a class at its counts, in squared feature units; 95 % over draws of both sets"
)


def frechet_distance(c: Comparison) -> Result:
    _check_covariance(c)
    return frechet(c.judged.vectors, c.real.vectors, provenance=c.about_features, device=c.arithmetic)


def frechet_distance_infinity(c: Comparison) -> Result:
    _check_covariance(c)
    return frechet_infinity(c.judged.vectors, c.real.vectors, provenance=c.about_features, device=c.arithmetic)


def _check_covariance(c: Comparison) -> None:
    count, dimensions = c.judged.vectors.shape
    if min(count, dimensions) > _LARGEST_COVARIANCE:
        raise UserError(
            f"the covariance of {count} vectors of {dimensions} numbers",
            f"at most {_LARGEST_COVARIANCE} of either",
            "give fewer by --samples-count, or use features with fewer numbers, such as classifier:RUN",
        )


def frechet_distance_by_class(c: Comparison) -> Result:
    def of_class(real: Tensor, made: Tensor) -> Result:
        found = frechet(made, real, provenance=c.about_features, device=c.arithmetic)
        # The counts in its words are those of the class; a mean over classes is of one thing.
        return replace(found, target=_OF_A_CLASS)

    assert c.judged.labels is not None and c.real.labels is not None
    found = by_class(
        of_class, c.real.vectors, c.judged.vectors, c.real.labels, c.judged.labels,
        classes=len(c.classes), fewest=_FEWEST_OF_A_CLASS,
    )  # fmt: skip
    mean = class_mean(found)
    return replace(mean, provenance={**mean.provenance, "reference_samples": c.real.count})


def kernel(c: Comparison) -> Result:
    return kernel_distance(c.judged.vectors, c.real.vectors, provenance=c.about_features, device=c.arithmetic)


def of_neighbours(name: str) -> Callable[[Comparison], Result]:
    return lambda c: c.neighbours[name]


def score_of_classes(c: Comparison) -> Result:
    splits = min(SPLITS, c.judged.count // 2)
    return inception_score(c.judged.logits, logits=True, splits=splits, provenance=c.about_features)


def modes_named(c: Comparison) -> Result:
    return mode_count(c.judged.named, modes=c.judged.logits.shape[1], provenance=c.about_features)


def divergence_of_classes(c: Comparison) -> Result:
    # Named by the same classifier as the samples, so that its mistakes are on both sides.
    counts = torch.bincount(c.real.named, minlength=c.real.logits.shape[1])
    return reverse_kl(c.judged.named, counts, provenance={**c.about_features, "reference_samples": c.real.count})


def _bins(c: Comparison) -> tuple[Tensor, Tensor, int]:
    bins = min(BINS, c.real.count // 10)
    centres = bin_centres(c.real.vectors, bins=bins, seed=0)
    return bins_of(c.real.vectors, centres), bins_of(c.judged.vectors, centres), bins


def bins_apart(c: Comparison) -> Result:
    real, made, bins = _bins(c)
    return different_bins(real, made, bins=bins, provenance=c.about_features)


def divergence_of_bins(c: Comparison) -> Result:
    real, made, bins = _bins(c)
    return bin_divergence(real, made, bins=bins, provenance=c.about_features)


def birthday(c: Comparison) -> Result:
    batch = max(2, min(_BIRTHDAY_BATCH, min(c.judged.count, c.real.count) // _BIRTHDAY_BATCHES))
    threshold = duplicate_threshold(c.real.vectors, batch=batch, device=c.arithmetic)
    return birthday_support(
        c.judged.vectors,
        batch=batch,
        threshold=threshold,
        provenance={**c.about_features, "threshold_from": "5 % false alarms in the reference"},
        device=c.arithmetic,
    )


def copying(c: Comparison) -> Result:
    assert c.training is not None and c.unseen is not None
    return memorisation(
        c.judged.vectors,
        c.training.vectors,
        c.unseen.vectors,
        provenance=c.about_features,
        device=c.arithmetic,
    )


def parzen_2014(c: Comparison) -> Result:
    assert c.validation is not None and c.test is not None
    return parzen(
        c.judged.values,
        c.validation.values,
        c.test.values,
        split=c.test_split,
        fingerprint=c.about["reference"]["fingerprint"],
        seed=c.seed,
    )


def named_rightly(c: Comparison) -> Result:
    assert c.real.labels is not None
    return accuracy(c.real.named, c.real.labels, classes=c.real.logits.shape[1], provenance=c.about_features)


def named_by_samples(c: Comparison) -> Result:
    assert c.judged.labels is not None and c.unseen is not None and c.unseen.labels is not None
    return classification_accuracy_score(
        c.judged.vectors,
        c.judged.labels,
        c.unseen.vectors,
        c.unseen.labels,
        classes=len(c.classes),
        provenance=c.about_features,
        device=c.arithmetic,
    )


def sliced(c: Comparison) -> Result:
    return sliced_wasserstein(c.judged.values, c.real.values, provenance=c.about)


def on_the_line(c: Comparison) -> Result:
    return wasserstein_1(c.judged.values, c.real.values, provenance=c.about)


def _mixture(c: Comparison) -> Mixture:
    assert isinstance(c.density, Mixture)
    return c.density


def log_density(c: Comparison) -> Result:
    assert c.density is not None
    return mean_log_density(c.judged.values, c.density.log_density, provenance=c.about)


def high_quality(c: Comparison) -> Result:
    known = _mixture(c)
    return high_quality_share(c.judged.values, known.modes, known.deviations, provenance=c.about)


def hit(c: Comparison) -> Result:
    known = _mixture(c)
    return modes_hit(c.judged.values, known.modes, known.deviations, provenance=c.about)


def divergence_of_modes(c: Comparison) -> Result:
    known = _mixture(c)
    return modes_reverse_kl(c.judged.values, known.modes, known.weights, provenance=c.about)


def of_pairs(metric: Callable[..., Result]) -> Callable[[Comparison], Result]:
    def compute(c: Comparison) -> Result:
        assert c.pairs is not None
        return metric(c.pairs.images, c.pairs.reference, protocol=_PIXELS, provenance=c.about)

    return compute


def perceptual(c: Comparison) -> Result:
    assert c.pairs is not None and c.features.maps is not None
    shapes = {tuple(image.shape) for image in c.pairs.images}
    if len(shapes) > 1:
        raise UserError(f"pairs of {len(shapes)} different sizes", "one size", "measure psnr, or resize the images")
    return perceptual_distance(
        torch.stack(list(c.pairs.images)),
        torch.stack(list(c.pairs.reference)),
        features=c.features.maps,
        network=c.features.name,
        provenance=c.about_features,
    )
