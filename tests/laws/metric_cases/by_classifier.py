"""The metrics by classifier probabilities, by bins, and the audits for memorising and support, by other means.

Counts are taken sample by sample, variances by leaving each sample out, intervals by solving for their ends.
"""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.spatial.distance import cdist, jensenshannon, pdist
from scipy.stats import binomtest, chi2_contingency, entropy, norm, poisson
from sklearn.metrics import accuracy_score
from sklearn.neighbors import KNeighborsClassifier

from saddlepoint.metrics.result import Result
from tests.laws.metric_cases import Case

Triple = tuple[float, float, float]

RECORD = {"reference": {"split": "test", "fingerprint": "f"}, "seed": 1}


def labels(count: int, modes: int, seed: int) -> np.ndarray:
    weights = 1.0 / np.arange(1, modes + 1)
    return np.random.default_rng(seed).choice(modes, count, p=weights / weights.sum())


def points(count: int, seed: int, size: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, size))


def jackknife(statistic: Callable[[np.ndarray], float], sample: np.ndarray) -> float:
    left = np.array([statistic(np.delete(sample, index)) for index in range(len(sample))])
    return float((len(left) - 1) * left.var())


def root(function: Callable[[float], Any], low: float, high: float) -> float:
    found: Any = brentq(function, low, high, xtol=1e-14)
    return float(found)


def wilson_again(share: float, trials: float) -> Triple:
    """The shares from which the one found is 1.96 standard errors away."""

    def away(true: float) -> Any:
        return (share - true) ** 2 * trials - norm.ppf(0.975) ** 2 * true * (1 - true)

    return float(share), root(away, 0.0, share), root(away, share, 1.0)


def inception_again(outputs: np.ndarray, splits: int) -> Triple:
    scores, first, second = [], 0.0, 0.0
    for part in np.array_split(outputs, splits):
        marginal = part.mean(axis=0)
        divergences = entropy(part, marginal[None], axis=1)
        scores.append(math.exp(divergences.mean()))
        relative = np.cov(part.T, bias=True) / marginal
        noise = np.trace(relative @ relative) / (2 * len(part) ** 2)
        first += scores[-1] ** 2 * (divergences.var(ddof=1) / len(part) - noise)
        second += scores[-1] ** 2 * noise
    factor = math.exp(1.96 * math.sqrt(max(first, second)) / sum(scores))
    return float(np.mean(scores)), float(np.mean(scores)) / factor, float(np.mean(scores)) * factor


def modes_again(sample: np.ndarray, modes: int) -> Triple:
    times = Counter(Counter(sample.tolist()).values())
    missing = modes - sum(times.values())
    low = root(lambda mean: poisson.sf(missing - 1, mean) - 0.025, 1e-9, modes)
    high = root(lambda mean: poisson.cdf(missing, mean) - 0.025, 1e-9, 3.0 * modes)
    chance = min(missing, times[1] ** 2 / (2 * times[2]) + 1)
    few = times[1] + times[2] + times[3]
    variance = 1 / (1 / chance + 1 / few) - times[1] * (times[1] - 1) / len(sample)
    assert variance > chance * (times[2] + 1) / (chance + times[1] + times[2] + 1)
    narrowed = math.sqrt(variance / missing)
    return modes - missing, modes - missing - narrowed * (high - missing), modes - missing + narrowed * (missing - low)


def reverse_kl_again(sample: np.ndarray, reference: np.ndarray) -> Triple:
    def divergence(given: np.ndarray) -> float:
        return float(entropy(np.bincount(given, minlength=len(reference)), reference))

    noise = (len(set(sample.tolist())) - 1) / (2 * len(sample) ** 2)
    half = 1.96 * math.sqrt(max(jackknife(divergence, sample) - noise, noise))
    value = divergence(sample)
    return value, max(0.0, value - half), value + half


def different_bins_again(training: np.ndarray, sample: np.ndarray, bins: int) -> Triple:
    different, variance = 0, 0.0
    for index in range(bins):
        table = [[(given == index).sum(), (given != index).sum()] for given in (training, sample)]
        statistic, p_value = tuple[Any, ...](chi2_contingency(table, correction=False))[:2]
        different += p_value < 0.05
        chance = 1 - np.diff(norm.cdf([-1.959963984540054, 1.959963984540054], math.sqrt(max(0, statistic - 1))))[0]
        variance += chance * (1 - chance) / bins**2
    share = different / bins
    alike = share * (1 - share) / bins
    return wilson_again(share, share * (1 - share) / min(variance, alike))


def bin_divergence_again(training: np.ndarray, sample: np.ndarray, bins: int) -> Triple:
    def divergence(one: np.ndarray, other: np.ndarray) -> float:
        first, second = (np.bincount(given, minlength=bins) for given in (one, other))
        return float(jensenshannon(first, second) ** 2)

    noise = (bins - 1) * (1 / len(training) + 1 / len(sample)) ** 2 / 32
    both = jackknife(lambda x: divergence(x, sample), training) + jackknife(lambda x: divergence(training, x), sample)
    value, half = divergence(training, sample), 1.96 * math.sqrt(max(both - noise, noise))
    return value, max(0.0, value - half), value + half


def birthday_again(samples: np.ndarray, batch: int, threshold: float) -> Triple:
    parts = samples[: len(samples) // batch * batch].reshape(-1, batch, samples.shape[1])
    hits = sum(bool(pdist(part).min() <= threshold) for part in parts)
    ends = binomtest(hits, len(parts)).proportion_ci(method="exact")
    value, low, high = (batch**2 / (2 * math.log(1 / (1 - p))) for p in (hits / len(parts), ends.high, ends.low))
    return value, low, high


def memorisation_again(samples: np.ndarray, training: np.ndarray, held_out: np.ndarray) -> Triple:
    near, apart = (cdist(given, training).min(axis=1) for given in (samples, held_out))
    wins = (near[:, None] < apart).astype(float)
    variance = wins.mean(axis=1).var(ddof=1) / len(near) + wins.mean(axis=0).var(ddof=1) / len(apart)
    return wilson_again(wins.mean(), wins.mean() * (1 - wins.mean()) / variance)


def nearest_again(samples: np.ndarray, given: np.ndarray, real: np.ndarray, true: np.ndarray) -> Triple:
    return accuracy_again(KNeighborsClassifier(1).fit(samples, given).predict(real), true)


def accuracy_again(found: np.ndarray, true: np.ndarray) -> Triple:
    hits = int(accuracy_score(true, found, normalize=False))
    ends = binomtest(hits, len(true)).proportion_ci(method="wilson")
    return hits / len(true), ends.low, ends.high


def one_class(value: float, low: float, high: float) -> Result:
    record = {**RECORD, "version": 1, "precision": "float64", "samples": 10}
    return Result(metric="distance", value=value, interval=(low, high), target="distance", provenance=record)


PROBABILITIES = np.random.default_rng(1).dirichlet([0.3] * 5, 60)
FOUND, TRUE = labels(50, 4, 1), np.where(np.arange(50) % 3, labels(50, 4, 1), labels(50, 4, 2))
CASES: dict[str, Case] = {
    "inception_score": (
        {"outputs": PROBABILITIES, "logits": False, "splits": 4, "provenance": RECORD},
        lambda: inception_again(PROBABILITIES, 4),
    ),
    "mode_count": (
        {"labels": labels(300, 200, 1), "modes": 200, "provenance": RECORD},
        lambda: modes_again(labels(300, 200, 1), 200),
    ),
    "reverse_kl": (
        {"labels": labels(80, 12, 1), "reference": np.arange(12) + 2, "provenance": RECORD},
        lambda: reverse_kl_again(labels(80, 12, 1), np.arange(12) + 2),
    ),
    "different_bins": (
        {"training_bins": labels(400, 20, 1), "sample_bins": labels(300, 20, 2) // 2, "bins": 20, "provenance": RECORD},
        lambda: different_bins_again(labels(400, 20, 1), labels(300, 20, 2) // 2, 20),
    ),
    "bin_divergence": (
        {"training_bins": labels(90, 8, 1), "sample_bins": labels(70, 8, 2) // 2, "bins": 8, "provenance": RECORD},
        lambda: bin_divergence_again(labels(90, 8, 1), labels(70, 8, 2) // 2, 8),
    ),
    "birthday_support": (
        {"samples": points(205, 1), "batch": 10, "threshold": 0.8, "provenance": RECORD},
        lambda: birthday_again(points(205, 1), 10, 0.8),
    ),
    "memorisation": (
        {"samples": points(40, 1) / 2, "training": points(60, 2), "held_out": points(50, 3), "provenance": RECORD},
        lambda: memorisation_again(points(40, 1) / 2, points(60, 2), points(50, 3)),
    ),
    "class_mean": (
        {"results": {0: one_class(1.0, 0.7, 1.4), 3: one_class(3.0, 2.6, 3.3)}},
        lambda: (2.0, 2.0 - 0.25, 2.0 + 0.25),
    ),
    "accuracy": (
        {"predictions": FOUND, "labels": TRUE, "classes": 4, "provenance": RECORD},
        lambda: accuracy_again(FOUND, TRUE),
    ),
    "classification_accuracy_score": (
        {
            "samples": points(50, 1) + FOUND[:, None],
            "sample_labels": FOUND,
            "real": points(50, 2) + TRUE[:, None],
            "real_labels": TRUE,
            "classes": 4,
            "provenance": RECORD,
        },
        lambda: nearest_again(points(50, 1) + FOUND[:, None], FOUND, points(50, 2) + TRUE[:, None], TRUE),
    ),
}
NOT_METRICS = {
    "saddlepoint.metrics.distances": "distances and neighbours, which metrics are made of",
    "saddlepoint.metrics.proportion": "the interval of a proportion, which metrics share",
}
