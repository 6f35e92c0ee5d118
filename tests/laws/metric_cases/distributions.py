"""The distances and neighbourhood metrics between two sets of features, by scipy's matrix roots, loops and prdc."""

import contextlib
import io
import math
from collections.abc import Callable

import numpy as np
from prdc import compute_prdc
from scipy.linalg import inv, sqrtm
from scipy.spatial.distance import cdist
from scipy.stats import chi2, t

from tests.laws.metric_cases import Case

Ends = tuple[float, float, float]
COUNT = 80


def features(seed: int, count: int = COUNT) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return generator.normal(0.3 * seed, 1.0, (count, 3)) @ generator.normal(0.0, 1.0, (3, 3))


GIVEN = {
    "samples": features(1),
    "reference": features(2, COUNT + 10),
    "provenance": {"reference": {"split": "test", "fingerprint": "f"}, "seed": 1},
}


def _root(matrix: np.ndarray) -> np.ndarray:
    return np.real(sqrtm(matrix))


def _distance(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The textbook formula, and the variance of its influences, T = S1^-1/2 (S1^1/2 S2 S1^1/2)^1/2 S1^-1/2."""
    first, second = np.cov(x.T), np.cov(y.T)
    difference = x.mean(axis=0) - y.mean(axis=0)
    value = difference @ difference + np.trace(first + second) - 2.0 * np.trace(_root(first @ second))
    variance = 0.0
    for points, own, other, way in ((x, first, second, difference), (y, second, first, -difference)):
        root = _root(own)
        carried = inv(root) @ _root(root @ other @ root) @ inv(root)
        influences = [2 * way @ c + c @ c - c @ carried @ c for c in points - points.mean(axis=0)]
        variance += np.var(influences, ddof=1) / len(points)
    return float(value), float(variance)


def _frechet(x: np.ndarray, y: np.ndarray, limit: bool) -> Ends:
    value, plugged = _distance(x, y)
    halves = []
    for partition in range(4):
        mine, others = (
            np.array_split(points[np.random.default_rng(2 * partition + second).permutation(len(points))], 2)
            for second, points in ((0, x), (1, y))
        )
        halves += [_distance(mine[index], others[index]) for index in (0, 1)]
    double = (np.mean([variance for _, variance in halves[:2]]) - 2 * plugged) / 4
    double = min(max(0.0, double), plugged / 2)
    variance = plugged - double
    freedom = 2 * value**2 / variance
    low, high = (value * freedom / float(chi2.ppf(level, freedom)) for level in (0.975, 0.025))
    if not limit:
        return value, float(low), float(high)
    extrapolated = 2 * value - float(np.mean([distance for distance, _ in halves]))
    scale = math.sqrt((plugged - double + double / 4) / variance)
    return extrapolated, float(extrapolated + (low - value) * scale), float(extrapolated + (high - value) * scale)


def _ends(value: float, half: float) -> Ends:
    return value, value - half, value + half


def _mmd(x: np.ndarray, y: np.ndarray) -> float:
    def mean(first: np.ndarray, second: np.ndarray, same: bool) -> float:
        values = [
            (1 + a @ b / len(a)) ** 3
            for i, a in enumerate(first)
            for j, b in enumerate(second)
            if not (same and i == j)
        ]
        return float(np.mean(values))

    return mean(x, x, True) + mean(y, y, True) - 2 * mean(x, y, False)


def _blocks(x: np.ndarray, y: np.ndarray) -> Ends:
    generator = np.random.default_rng(0)
    x, y = x[generator.permutation(len(x))], y[generator.permutation(len(y))]
    values = [_mmd(x[start : start + 8], y[start : start + 8]) for start in range(0, 80, 8)]
    half = t.ppf(0.975, 9) * np.std(values, ddof=1) / math.sqrt(10)
    return _ends(float(np.mean(values)), float(half))


def _subsets(x: np.ndarray, y: np.ndarray) -> Ends:
    generator = np.random.default_rng(0)
    values = [_mmd(*(points[generator.permutation(len(points))[:20]] for points in (x, y))) for _ in range(6)]
    half = t.ppf(0.975, 5) * math.sqrt(np.var(values, ddof=1) * (1 / 3 + 1 / 6))
    return _ends(float(np.mean(values)), float(half))


def _by_cases(real: np.ndarray, made: np.ndarray) -> dict[str, float]:
    """The four on a part, ball by ball; prdc starts threads at each call, which takes too long for so many parts."""
    radii, others = (np.sort(cdist(points, points), axis=1)[:, 5] for points in (real, made))
    inside = cdist(real, made) < radii[:, None]
    return {
        "precision": float(inside.any(axis=0).mean()),
        "recall": float((cdist(real, made) < others).any(axis=1).mean()),
        "density": float(inside.sum() / (5 * len(made))),
        "coverage": float(inside.any(axis=1).mean()),
    }


def _prdc(real: np.ndarray, made: np.ndarray) -> dict[str, float]:
    with contextlib.redirect_stdout(io.StringIO()):
        return {name: float(value) for name, value in compute_prdc(real, made, 5).items()}


def _neighbours(name: str) -> Callable[[], Ends]:
    def again() -> Ends:
        made, real = GIVEN["samples"], GIVEN["reference"]
        generator = np.random.default_rng(0)
        labels = [[generator.permutation(np.arange(len(x)) % 4) for _ in range(32)] for x in (real, made)]
        halves, quarters = (
            np.array(
                [
                    [_by_cases(real[a % parts == part], made[b % parts == part])[name] for part in range(parts)]
                    for a, b in zip(*labels, strict=True)
                ]
            )
            for parts in (2, 4)
        )
        value, variance = _prdc(real, made)[name], float(halves.var(axis=1, ddof=1).mean()) / 2
        if name == "density":
            variance *= np.clip(variance / (quarters.var(axis=1, ddof=1).mean() / 4), 1 / 3, 3)
            half = float(t.ppf(0.975, 16)) * math.sqrt(variance)
            return value, value - half, value + half
        share = float(halves.mean())
        squared = float(t.ppf(0.975, 32)) ** 2 * variance / (share * (1 - share))
        centre = (value + squared / 2) / (1 + squared)
        half = math.sqrt(squared * value * (1 - value) + squared**2 / 4) / (1 + squared)
        return value, centre - half, centre + half

    return again


CASES: dict[str, Case] = {
    "frechet": (GIVEN, lambda: _frechet(GIVEN["samples"], GIVEN["reference"], limit=False)),
    "frechet_infinity": (GIVEN, lambda: _frechet(GIVEN["samples"], GIVEN["reference"], limit=True)),
    "kernel_distance": (GIVEN, lambda: _blocks(GIVEN["samples"], GIVEN["reference"])),
    "kernel_distance_of_subsets": (
        {**GIVEN, "subsets": 6, "subset_size": 20},
        lambda: _subsets(GIVEN["samples"], GIVEN["reference"]),
    ),
    **{f"neighbours.{name}": (GIVEN, _neighbours(name)) for name in ("precision", "recall", "density", "coverage")},
}
NOT_METRICS = {
    "saddlepoint.metrics.moments": "means and covariances, which Frechet distances are made of",
    "saddlepoint.metrics.spread": "factors of covariances, which Frechet distances are made of",
    "saddlepoint.metrics.directions": "leading directions, which Frechet distances of wide features are taken in",
    "saddlepoint.metrics.halving": "halves of two sets, for the intervals of neighbourhood metrics",
}
