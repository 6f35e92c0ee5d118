"""The kernel distance: torchmetrics on the same vectors, closed forms, blocks and subsets, and what its interval is."""

import numpy as np
import pytest
import torch
from torchmetrics.image.kid import KernelInceptionDistance

import saddlepoint.metrics.kernel as kernel_module
from benchmarks.coverage.kernel import CASES
from benchmarks.coverage.run import measure
from saddlepoint.errors import UserError
from saddlepoint.metrics.kernel import kernel_distance, kernel_distance_of_subsets, squared_mmd


def vectors(seed: int, count: int = 60, dimensions: int = 8, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.2, scale, (count, dimensions))


def torchmetrics_kid(first: np.ndarray, second: np.ndarray) -> float:
    class Vectors(torch.nn.Module):
        num_features = first.shape[1]

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.flatten(1)

    metric = KernelInceptionDistance(feature=Vectors(), subsets=1, subset_size=len(first)).set_dtype(torch.float64)
    metric.update(torch.from_numpy(second), real=True)
    metric.update(torch.from_numpy(first), real=False)
    return float(metric.compute()[0])


def test_all_pairs_equal_torchmetrics():
    first, second = vectors(1), vectors(2, scale=1.4)
    assert squared_mmd(first, second) == pytest.approx(torchmetrics_kid(first, second), rel=1e-9)


def test_two_vectors_by_hand():
    first, second = np.array([[0.0], [1.0]]), np.array([[2.0], [0.0]])
    # k(x, y) = (xy + 1)^3: pairs within 1 and 1, across 1, 1, 27, 1.
    assert squared_mmd(first, second) == pytest.approx(1 + 1 - 2 * 30 / 4)


def test_blocks_of_rows_do_not_change_it(monkeypatch):
    first, second = vectors(1), vectors(2, 75)
    whole = squared_mmd(first, second)
    monkeypatch.setattr(kernel_module, "_BLOCK", 100)
    assert squared_mmd(first, second) == pytest.approx(whole, rel=1e-12)


def test_it_is_symmetric_and_blind_to_order_and_rotation():
    first, second = vectors(1), vectors(2)
    rotation = np.linalg.qr(np.random.default_rng(5).standard_normal((8, 8)))[0]
    expected = squared_mmd(first, second)
    assert squared_mmd(second, first) == pytest.approx(expected, rel=1e-10)
    assert squared_mmd(first[::-1].copy() @ rotation, second @ rotation) == pytest.approx(expected, rel=1e-10)


def test_counts_of_blocks():
    small = kernel_distance(vectors(1, 57), vectors(2, 90), provenance={}).provenance
    assert (small["blocks"], small["block_size"]) == (11, 5)
    chosen = kernel_distance(vectors(1, 57), vectors(2, 90), provenance={}, block_size=20).provenance
    assert (chosen["blocks"], chosen["block_size"]) == (2, 20)
    published = kernel_distance_of_subsets(vectors(1, 2000, 2), vectors(2, 2000, 2), provenance={}, subsets=3)
    assert (published.provenance["blocks"], published.provenance["block_size"]) == (3, 1000)


@pytest.mark.parametrize("case", [case for case in CASES if "subsets" not in case.name], ids=lambda case: case.name)
def test_the_interval_covers_its_target(case):
    assert measure(case, repetitions=40)["coverage"] >= 0.82


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: squared_mmd(vectors(1, 1), vectors(2)), "at least two"),
        (lambda: squared_mmd(vectors(1, 9, 3), vectors(2, 9, 4)), "features of 3 and of 4"),
        (lambda: kernel_distance(vectors(1, 3), vectors(2), provenance={}), "two blocks"),
        (lambda: kernel_distance(vectors(1), vectors(2), provenance={}, block_size=31), "two blocks"),
        (lambda: kernel_distance_of_subsets(vectors(1), vectors(2), provenance={}), "half of the smaller set"),
        (lambda: kernel_distance_of_subsets(vectors(1), vectors(2), provenance={}, subsets=1), "1 subsets"),
        (lambda: squared_mmd(vectors(1) * np.nan, vectors(2)), "NaN"),
    ],
)
def test_mistakes_are_said(act, message):
    with pytest.raises(UserError, match=message):
        act()
