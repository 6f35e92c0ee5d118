"""The number of statistically different bins: k-means, the test of Richardson & Weiss, and the divergence."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from saddlepoint.errors import UserError
from saddlepoint.metrics.bins import bin_centres, bin_divergence, bins_of, different_bins


def clusters(count: int, seed: int, kinds: int = 6) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return 10.0 * np.eye(kinds)[draw.integers(kinds, size=count)] + draw.normal(size=(count, kinds))


def test_clusters_far_apart_become_the_bins():
    centres = bin_centres(clusters(600, 1), bins=6, seed=0)
    assert centres.shape == (6, 6) and centres.dtype == torch.float64
    assert cdist(10.0 * np.eye(6), centres).min(axis=1).max() < 0.6
    points = clusters(50, 2)
    np.testing.assert_array_equal(bins_of(points, centres), cdist(points, centres).argmin(axis=1))


def test_the_seed_decides_the_bins_and_pixels_may_be_bytes():
    images = np.random.default_rng(0).integers(0, 256, (200, 3, 4, 4)).astype(np.uint8)
    again = [bin_centres(images, bins=5, seed=seed) for seed in (1, 1, 2)]
    assert torch.equal(again[0], again[1]) and not torch.equal(again[0], again[2])
    assert (again[0] % 1.0).abs().sum() > 0.0


def test_the_z_test_of_one_bin_by_hand():
    # 30 of 100 against 15 of 100: r = .225, z = .15 / sqrt(.225 * .775 * .02) = 2.54; 20 against 24: z = .68.
    training, samples = np.repeat([0, 1, 2], [30, 20, 50]), np.repeat([0, 1, 2], [15, 24, 61])
    result = different_bins(training, samples, bins=3, provenance={"seed": 1})
    assert result.value == 1 / 3 and result.provenance["different"] == [0] and result.provenance["number"] == 1
    assert 0.0 < result.interval[0] < 1 / 3 < result.interval[1] < 1.0
    assert result.provenance["seed"] == 1 and result.provenance["samples"] == 100


def test_samples_of_the_data_differ_in_one_bin_of_twenty():
    rng = np.random.default_rng(3)
    shares = [
        different_bins(rng.integers(50, size=2000), rng.integers(50, size=3000), bins=50, provenance={}).value
        for _ in range(40)
    ]
    assert np.mean(shares) == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 2000))


def test_dropped_modes_are_named():
    training, samples = np.arange(1000) % 10, np.arange(1000) % 8
    result = different_bins(training, samples, bins=10, provenance={})
    assert set(result.provenance["different"][:2]) == {8, 9} and result.provenance["empty_of_samples"] == 2


def test_equal_histograms_differ_by_nothing():
    labels = np.arange(40) % 4
    ndb, divergence = (metric(labels, labels, bins=5, provenance={}) for metric in (different_bins, bin_divergence))
    assert ndb.value == divergence.value == divergence.interval[0] == 0.0 and ndb.interval[1] < 0.5


def test_histograms_apart_diverge_by_log_two():
    result = bin_divergence(np.zeros(50, int), np.ones(70, int), bins=2, provenance={})
    assert result.value == pytest.approx(math.log(2.0), rel=1e-12) and result.interval[1] == math.log(2.0)
    everything = different_bins(np.zeros(50, int), np.ones(70, int), bins=2, provenance={})
    assert everything.value == everything.interval[1] == 1.0 and everything.interval[0] < 0.9


@pytest.mark.parametrize("sizes", [(1, 1), (1, 9)])
def test_single_images_have_an_answer_or_a_message(sizes):
    one, other = (np.zeros(size, int) for size in sizes)
    result = different_bins(one, other, bins=1, provenance={})
    assert result.value == 0.0 and all(map(math.isfinite, result.interval))
    with pytest.raises(UserError, match="at least two"):
        bin_divergence(one, other, bins=1, provenance={})


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: bin_centres(np.zeros((50, 3)), bins=2, seed=0), "2 bins of 1 different points"),
        (lambda: bin_centres(np.zeros((50, 3)), bins=1, seed=0), "1 bins"),
        (lambda: bin_centres(clusters(5, 0) * np.nan, bins=2, seed=0), "NaN"),
        (lambda: bins_of(clusters(5, 0), torch.zeros(2, 3)), "6 numbers"),
        (lambda: different_bins(np.array([0, 100]), np.array([0, 1]), provenance={}), "from 0 to 100"),
        (lambda: bin_divergence(np.zeros(0, int), np.array([0, 1]), provenance={}), "shape (0,)"),
    ],
)
def test_what_cannot_be_binned_is_refused(call, named):
    with pytest.raises(UserError) as error:
        call()
    assert named in str(error.value)
