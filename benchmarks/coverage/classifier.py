"""Coverage of the metrics by classifier probabilities and by bins, and of the audits for memorising and support.

Targets are exact: sums over binomial and multinomial distributions where the metric covers the value at a finite count.
"""

import math
from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from scipy.stats import binom, multinomial, norm

from benchmarks.coverage.case import Case
from saddlepoint.metrics.bins import bin_divergence, different_bins
from saddlepoint.metrics.birthday import birthday_support
from saddlepoint.metrics.by_class import by_class, class_mean
from saddlepoint.metrics.classification_accuracy import accuracy, classification_accuracy_score
from saddlepoint.metrics.inception_score import inception_score
from saddlepoint.metrics.memorisation import memorisation
from saddlepoint.metrics.modes import mode_count, reverse_kl
from saddlepoint.metrics.result import Result

EVEN = np.full(1000, 1e-3)
ZIPF = 1.0 / np.arange(1, 1001) / (1.0 / np.arange(1, 1001)).sum()
HALF_DEAD = np.where(np.arange(1000) < 500, 2e-3, 0.0)
# The bins of the samples: alike in all, thinned in every second, and half of them never reached.
SAME = np.full(100, 0.01)
THINNED = np.where(np.arange(100) % 2, 1.0, 0.7) / 85.0
MISSING = np.where(np.arange(100) < 50, 0.02, 0.0)
# Standard deviations of samples around one training point at 0; held-out points have 1.
COPIES, NEW, POOR = 0.5, 1.0, 2.0


def _labels(weights: np.ndarray, count: int, seed: int, stream: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, stream]).choice(len(weights), count, p=weights)


def _entropy_score(weights: Sequence[float], count: int) -> float:
    """The expected inception score of a classifier that is always sure: exp of the entropy of its labels."""
    table = [row for row in product(range(count + 1), repeat=len(weights) - 1) if sum(row) <= count]
    counts = np.array([(*row, count - sum(row)) for row in table])
    shares = counts / count
    entropies = -(shares * np.log(np.where(counts > 0, shares, 1.0))).sum(axis=1)
    return float((multinomial.pmf(counts, count, weights) * np.exp(entropies)).sum())


def _expected_kl(weights: np.ndarray, reference: np.ndarray, count: int) -> float:
    occurrences = np.arange(1, count + 1)
    shares = occurrences / count
    return float(
        sum(
            (binom.pmf(occurrences, count, weight) * shares * np.log(shares / other)).sum()
            for weight, other in zip(weights, reference, strict=True)
        )
    )


def _expected_of_bins(training: np.ndarray, samples: np.ndarray, count: int) -> tuple[float, float]:
    """The expected share of different bins and the expected divergence, with as many samples as training images."""
    first = np.arange(count + 1)[:, None] / count
    second = first.T
    middle = (first + second) / 2.0
    error = np.sqrt(middle * (1.0 - middle) * 2.0 / count)
    rejected = np.abs(first - second) > norm.ppf(0.975) * error
    divergence = sum(
        np.where(
            share > 0.0, share * np.log(np.where(share > 0.0, share, 1.0) / np.where(middle > 0.0, middle, 1.0)), 0
        )
        for share in (first, second)
    )
    values = {}
    for pair in set(zip(training, samples, strict=True)):
        weight = binom.pmf(np.arange(count + 1), count, pair[0])[:, None] * binom.pmf(
            np.arange(count + 1), count, pair[1]
        )
        values[pair] = float((weight * rejected).sum()), float((weight * divergence).sum()) / 2.0
    found = [values[pair] for pair in zip(training, samples, strict=True)]
    return math.fsum(share for share, _ in found) / len(found), math.fsum(value for _, value in found)


def _closer(width: float) -> float:
    """P(|a| < |b|) for normal a and b of standard deviations width and 1."""
    return 2.0 / math.pi * math.atan(1.0 / width)


def _birthday(batch: int, support: int) -> float:
    free = -math.fsum(math.log1p(-index / support) for index in range(batch))
    return batch**2 / (2.0 * free)


def _sure(weights: Sequence[float], count: int, splits: int) -> Callable[[int], Result]:
    return lambda seed: inception_score(
        np.eye(len(weights))[_labels(np.array(weights), count, seed)], logits=False, splits=splits, provenance={}
    )


def _modes(weights: np.ndarray, count: int) -> Callable[[int], Result]:
    return lambda seed: mode_count(_labels(weights, count, seed), modes=1000, provenance={})


def _kl(weights: np.ndarray, count: int) -> Callable[[int], Result]:
    return lambda seed: reverse_kl(_labels(weights, count, seed), EVEN, provenance={})


def _bins(metric: Callable[..., Result], samples: np.ndarray, count: int) -> Callable[[int], Result]:
    return lambda seed: metric(
        _labels(SAME, count, seed), _labels(samples, count, seed, 1), bins=len(SAME), provenance={}
    )


def _around(width: float, count: int, seed: int, stream: int) -> np.ndarray:
    return np.random.default_rng([seed, stream]).normal(0.0, width, (count, 1))


def _memorisation(width: float, count: int) -> Callable[[int], Result]:
    return lambda seed: memorisation(
        _around(width, count, seed, 0), np.zeros((1, 1)), _around(1.0, count, seed, 1), provenance={}
    )


def _memorisation_by_class(seed: int) -> Result:
    labels = np.repeat([0, 1], 100)
    fake = np.concatenate([_around(COPIES, 100, seed, 0), _around(POOR, 100, seed, 1)])
    return class_mean(
        by_class(
            lambda real, generated: memorisation(generated, np.zeros((1, 1)), real, provenance={}),
            _around(1.0, 200, seed, 2),
            fake,
            labels,
            labels,
            classes=2,
            fewest=2,
        )
    )


def _support(support: int, batch: int, batches: int) -> Callable[[int], Result]:
    return lambda seed: birthday_support(
        _labels(np.full(support, 1.0 / support), batch * batches, seed)[:, None],
        batch=batch,
        threshold=0.5,
        provenance={},
    )


def _accuracy(probability: float, count: int) -> Callable[[int], Result]:
    def estimate(seed: int) -> Result:
        right = np.random.default_rng(seed).random(count) < probability
        return accuracy(right.astype(int), np.ones(count, int), classes=2, provenance={})

    return estimate


def _nearest(seed: int) -> Result:
    """Two samples at -1 and 1; real points of two classes around them, so that the border is 0."""
    labels = _labels(np.array([0.5, 0.5]), 300, seed)
    real = 2.0 * labels[:, None] - 1.0 + _around(1.0, 300, seed, 1)
    return classification_accuracy_score(
        np.array([[-1.0], [1.0]]), np.array([0, 1]), real, labels, classes=2, provenance={}
    )


SUM = "exact sum over the counts"
CASES: tuple[Case, ...] = (
    *(
        Case(
            name=f"inception_score.{name}_{count}_in_{splits}",
            target=_entropy_score(weights, count // splits),
            estimate=_sure(weights, count, splits),
            how=SUM,
        )
        for name, weights, count, splits in (
            ("uneven", (0.6, 0.3, 0.1), 1000, 10),
            ("uneven", (0.6, 0.3, 0.1), 200, 1),
            ("rare", (0.9, 0.05, 0.05), 1000, 10),
        )
    ),
    *(
        Case(
            name=f"mode_count.{name}_{count}",
            target=float((1.0 - (1.0 - weights) ** count).sum()),
            estimate=_modes(weights, count),
        )
        for name, weights, count in (
            ("even", EVEN, 1000),
            ("even", EVEN, 5000),
            ("zipf", ZIPF, 3000),
            ("zipf", ZIPF, 26000),
            ("half_dead", HALF_DEAD, 1000),
        )
    ),
    *(
        Case(
            name=f"reverse_kl.{name}_{count}",
            target=_expected_kl(weights, EVEN, count),
            estimate=_kl(weights, count),
            how=SUM,
        )
        for name, weights, count in (
            ("even", EVEN, 5000),
            ("zipf", ZIPF, 1000),
            ("zipf", ZIPF, 26000),
            ("half_dead", HALF_DEAD, 5000),
        )
    ),
    *(
        Case(
            name=f"{metric.__name__}.{name}",
            target=_expected_of_bins(SAME, samples, 1000)[place],
            estimate=_bins(metric, samples, 1000),
            how=SUM,
        )
        for place, metric in enumerate((different_bins, bin_divergence))
        for name, samples in (("same", SAME), ("thinned", THINNED), ("missing", MISSING))
    ),
    *(
        Case(
            name=f"birthday_support.{support}_by_{batch}",
            target=_birthday(batch, support),
            estimate=_support(support, batch, 100),
        )
        for support, batch in ((400, 20), (2000, 60))
    ),
    *(
        Case(name=f"memorisation.{name}", target=_closer(width), estimate=_memorisation(width, 200))
        for name, width in (("copies", COPIES), ("new", NEW), ("poor", POOR), ("all_copies", 0.02))
    ),
    Case(
        name="class_mean.memorisation",
        target=(_closer(COPIES) + _closer(POOR)) / 2.0,
        estimate=_memorisation_by_class,
    ),
    *(
        Case(name=f"accuracy.{probability}_of_{count}", target=probability, estimate=_accuracy(probability, count))
        for probability, count in ((0.7, 100), (0.97, 300))
    ),
    Case(name="classification_accuracy_score.two_normals", target=float(norm.cdf(1.0)), estimate=_nearest),
)
