"""The audit for memorising: copies, new images, poor images; scipy's Mann-Whitney test; what a person is to look at."""

import math

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import mannwhitneyu

from saddlepoint.errors import UserError
from saddlepoint.metrics.memorisation import memorisation


def points(count: int, seed: int, size: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, size))


TRAINING, HELD_OUT = points(200, 1), points(150, 2)


def test_copies_are_caught_and_shown():
    samples = points(100, 3)
    samples[[5, 40]] = TRAINING[[17, 60]]
    samples[50:] = TRAINING[:50] + 0.01 * samples[50:]
    result = memorisation(samples, TRAINING, HELD_OUT, provenance={"seed": 7}, closest=4)
    found = result.provenance
    assert result.value > 0.7 and result.interval[0] > 0.5 and found["p_value"] < 1e-6 and found["c_t"] < -4
    assert found["copies"] == 2 and found["seed"] == 7 and len(found["closest"]) == 4
    assert found["closest"][:2] == [
        {"sample": 5, "training": 17, "distance": 0.0},
        {"sample": 40, "training": 60, "distance": 0.0},
    ]
    third = found["closest"][2]
    assert third["training"] == third["sample"] - 50
    expected = np.linalg.norm(samples[third["sample"]] - TRAINING[third["training"]])
    assert third["distance"] == pytest.approx(expected, rel=1e-12)


def test_the_training_images_themselves_are_certain():
    result = memorisation(TRAINING, TRAINING, HELD_OUT, provenance={})
    assert result.value == result.interval[1] == 1.0 and 0.9 < result.interval[0] < 1.0
    assert result.provenance["copies"] == 200


def test_new_images_pass_and_poor_ones_are_not_called_new():
    fair = memorisation(points(150, 4), TRAINING, HELD_OUT, provenance={})
    assert fair.interval[0] < 0.5 < fair.interval[1] and fair.provenance["p_value"] > 0.01
    poor = memorisation(3.0 * points(150, 5), TRAINING, HELD_OUT, provenance={})
    assert poor.interval[1] < 0.5 and poor.provenance["p_value"] > 0.999


@pytest.mark.parametrize("digits", [10, 0])
def test_the_test_is_scipys_with_ties(digits):
    samples, training, held_out = (np.round(points(60, seed, 3), digits) for seed in (6, 7, 8))
    near, apart = (cdist(given, training).min(axis=1) for given in (samples, held_out))
    expected = mannwhitneyu(near, apart, alternative="less", use_continuity=False, method="asymptotic")
    result = memorisation(samples, training, held_out, provenance={})
    assert result.provenance["p_value"] == pytest.approx(expected.pvalue, rel=1e-9)
    assert result.value == pytest.approx(1.0 - expected.statistic / 3600.0, rel=1e-12)


def test_the_false_alarms_are_as_many_as_the_level_says():
    values = [
        memorisation(points(40, 100 + s, 2), points(50, 300 + s, 2), points(40, 500 + s, 2), provenance={})
        for s in range(200)
    ]
    # 10 expected, 3.1 the standard deviation.
    assert 1 <= sum(result.provenance["p_value"] < 0.05 for result in values) <= 21


def test_equal_images_give_an_answer():
    result = memorisation(np.zeros((5, 2)), np.zeros((3, 2)), np.zeros((4, 2)), provenance={}, closest=0)
    assert result.value == 0.5 and result.provenance["c_t"] == 0.0 and result.provenance["p_value"] == 0.5
    assert all(map(math.isfinite, result.interval)) and result.provenance["closest"] == []


def test_pixels_may_be_bytes():
    images = np.random.default_rng(0).integers(0, 256, (30, 1, 4, 4)).astype(np.uint8)
    result = memorisation(images[:10], images[10:20], images[20:], provenance={})
    as_floats = memorisation(images[:10] / 1.0, images[10:20] / 1.0, images[20:] / 1.0, provenance={})
    assert result.value == as_floats.value and 0.0 < result.value < 1.0


@pytest.mark.parametrize(
    ("samples", "training", "held_out", "named"),
    [
        (points(1, 0), TRAINING, HELD_OUT, "one of the samples"),
        (points(5, 0), TRAINING, points(1, 0), "one of the held-out images"),
        (points(5, 0), TRAINING[:0], HELD_OUT, "training images of shape (0, 8)"),
        (points(5, 0, 7), TRAINING, HELD_OUT, "7 numbers"),
        (points(5, 0), TRAINING * np.inf, HELD_OUT, "training images with a NaN"),
    ],
)
def test_what_cannot_be_compared_is_refused(samples, training, held_out, named):
    with pytest.raises(UserError) as error:
        memorisation(samples, training, held_out, provenance={})
    assert named in str(error.value)
