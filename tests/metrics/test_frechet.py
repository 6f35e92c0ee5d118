"""The Frechet distance: closed forms, torchmetrics on the same vectors, singular covariances, and its interval."""

import math

import numpy as np
import pytest
import torch
from torchmetrics.image.fid import FrechetInceptionDistance

from benchmarks.coverage.frechet import CASES
from benchmarks.coverage.run import measure
from saddlepoint.errors import UserError
from saddlepoint.metrics.frechet import frechet, frechet_infinity, frechet_of_moments
from saddlepoint.metrics.moments import moments


def vectors(seed: int, count: int = 300, dimensions: int = 12, scale: float = 1.0, shift: float = 0.0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    mixed = generator.standard_normal((count, dimensions)) @ generator.normal(0.0, 1.0, (dimensions, dimensions))
    return mixed * scale + shift


def exactly(scales: np.ndarray, mean: float, seed: int = 0) -> np.ndarray:
    """Vectors whose own mean and unbiased covariance are exactly `mean` and diag(scales^2)."""
    drawn = np.random.default_rng(seed).standard_normal((50, len(scales)))
    orthogonal = np.linalg.qr(drawn - drawn.mean(axis=0))[0]
    return orthogonal * math.sqrt(49) * scales + mean


def value(first: np.ndarray, second: np.ndarray) -> float:
    return frechet(first, second, provenance={}).value


def torchmetrics_fid(first: np.ndarray, second: np.ndarray) -> float:
    class Vectors(torch.nn.Module):
        num_features = first.shape[1]

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.flatten(1)

    metric = FrechetInceptionDistance(feature=Vectors()).set_dtype(torch.float64)
    metric.update(torch.from_numpy(second), real=True)
    metric.update(torch.from_numpy(first), real=False)
    return float(metric.compute())


def test_two_gaussians_with_diagonal_covariances():
    a, b = np.array([1.0, 2.0, 0.5, 3.0]), np.array([2.0, 0.1, 0.5, 1.0])
    expected = 4 * 1.5**2 + ((a - b) ** 2).sum()
    assert value(exactly(a, 1.0), exactly(b, -0.5)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("count", "dimensions"), [(300, 12), (3000, 32)])
def test_it_equals_torchmetrics(count, dimensions):
    first, second = vectors(1, count, dimensions), vectors(2, count + 50, dimensions, 1.5, 0.3)
    assert value(first, second) == pytest.approx(torchmetrics_fid(first, second), rel=1e-6)


def test_single_precision_features_are_measured_in_doubles():
    first, second = vectors(1).astype(np.float32), vectors(2).astype(np.float32)
    assert value(first, second) == pytest.approx(value(first.astype(np.float64), second.astype(np.float64)), rel=1e-13)


def test_rotation_translation_order_and_exchange_do_not_matter():
    first, second = vectors(1), vectors(2, scale=1.3)
    rotation = np.linalg.qr(np.random.default_rng(5).standard_normal((12, 12)))[0]
    expected = value(first, second)
    assert value(first @ rotation + 7, second @ rotation + 7) == pytest.approx(expected, rel=1e-10)
    assert value(second, first) == pytest.approx(expected, rel=1e-12)
    assert value(first[::-1].copy(), second) == pytest.approx(expected, rel=1e-12)
    assert value(3 * first, 3 * second) == pytest.approx(9 * expected, rel=1e-12)


@pytest.mark.parametrize(("mine", "others"), [(5, 7), (7, 40), (40, 7), (2, 2), (10, 10), (11, 12)])
def test_singular_covariances_have_an_exact_distance(mine, others):
    # Both lie in 10 of 30 dimensions: the distance there, without any singular covariance of the ambient space.
    first, second = vectors(1, mine, 10), vectors(2, others, 10, 2.0, 0.5)
    embedding = np.linalg.qr(np.random.default_rng(3).standard_normal((30, 10)))[0].T
    embedded = frechet(first @ embedding, second @ embedding, provenance={})
    roots = np.linalg.svd(
        (first - first.mean(axis=0)) @ (second - second.mean(axis=0)).T, compute_uv=False
    ).sum() / math.sqrt((mine - 1) * (others - 1))
    expected = ((first.mean(axis=0) - second.mean(axis=0)) ** 2).sum() - 2 * roots
    expected += np.trace(np.cov(first.T)) + np.trace(np.cov(second.T))
    assert embedded.value == pytest.approx(expected, rel=1e-9)
    assert all(map(math.isfinite, embedded.interval)) and embedded.interval[0] <= expected <= embedded.interval[1]
    assert frechet_of_moments(moments(first @ embedding), moments(second @ embedding)) == pytest.approx(
        expected, rel=1e-6
    )


def test_equal_and_constant_sets_have_distance_zero():
    same = vectors(1)
    assert value(same, same) == pytest.approx(0.0, abs=1e-9)
    assert value(np.ones((20, 3)), np.ones((30, 3))) == 0.0
    assert value(np.ones((20, 3)), np.zeros((30, 3))) == pytest.approx(3.0)


def test_a_reference_of_moments_is_held_fixed():
    first, second = vectors(1), vectors(2)
    fixed, drawn = (frechet(first, reference, provenance={}) for reference in (moments(second), second))
    assert fixed.value == pytest.approx(drawn.value, rel=1e-12)
    assert fixed.interval[1] - fixed.interval[0] < drawn.interval[1] - drawn.interval[0]
    assert "reference held fixed" in fixed.target and "both sets" in drawn.target


def test_the_extrapolation_takes_the_bias_away():
    first, second = np.split(vectors(1, 800, 20), 2)
    biased, unbiased = (metric(first, second, provenance={}) for metric in (frechet, frechet_infinity))
    assert biased.interval[0] > 0.0
    assert unbiased.interval[0] < 0.0 < unbiased.interval[1]


@pytest.mark.parametrize("case", [case for case in CASES if "same_d2_" in case.name or "apart_d16" in case.name])
def test_the_interval_covers_its_target(case):
    assert measure(case, repetitions=100)["coverage"] >= 0.88


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: value(vectors(1, 1), vectors(2)), "1 feature vector; expected at least two"),
        (lambda: value(vectors(1), vectors(2, 1)), "1 feature vector; expected at least two"),
        (lambda: value(vectors(1, 9, 3), vectors(2, 9, 4)), "features of 3 and of 4"),
        (lambda: frechet_infinity(vectors(1, 3), vectors(2), provenance={}), "at least four"),
        (lambda: frechet_infinity(vectors(1), vectors(2), provenance={}, partitions=0), "0 partitions"),
        (lambda: value(vectors(1) * np.inf, vectors(2)), "infinity"),
    ],
)
def test_mistakes_are_said(act, message):
    with pytest.raises(UserError, match=message):
        act()
