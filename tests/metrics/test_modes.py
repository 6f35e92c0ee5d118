"""Mode count and reverse KL: closed forms, their expectations, and edges: none missing, one mode, a single sample."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import chi2, entropy

from saddlepoint.errors import UserError
from saddlepoint.metrics.modes import labels_of, mode_count, reverse_kl, stacked_labels

EVEN = np.ones(1000)


def drawn(weights: np.ndarray, count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(len(weights), count, p=weights / weights.sum())


def test_three_digits_are_one_label():
    assert stacked_labels(np.array([[0, 0, 0], [1, 2, 3], [9, 9, 9]])).tolist() == [0, 123, 999]
    every = np.stack(np.meshgrid(*[np.arange(10)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    assert stacked_labels(torch.from_numpy(every)).tolist() == list(range(1000))


def test_the_protocol_of_stacked_digits():
    labels = drawn(EVEN, 26_000, 1)
    count, divergence = mode_count(labels, modes=1000, provenance={}), reverse_kl(labels, EVEN, provenance={})
    assert count.value == 1000 and count.interval == pytest.approx((1000 - chi2.ppf(0.975, 2) / 2, 1000.0))
    assert divergence.value == pytest.approx(entropy(np.bincount(labels), EVEN), rel=1e-12)
    # What even labels show at this count, for the published numbers to be read against.
    assert divergence.interval[0] < 999 / 52_000 < divergence.interval[1]
    assert divergence.provenance["limit"] < 1e-3 and divergence.provenance["samples"] == 26_000


def test_missing_modes_are_counted():
    labels = np.repeat([3, 4, 900], [5, 1, 2])
    result = mode_count(labels, modes=1000, provenance={"seed": 2})
    assert result.value == 3 and result.provenance["seen_once"] == 1 and result.provenance["seed"] == 2
    assert 1 <= result.interval[0] <= 3 <= result.interval[1] <= 8


def test_one_mode_and_one_sample_have_an_interval():
    assert mode_count(np.zeros(1, int), modes=1000, provenance={}).interval == (1.0, 1.0)
    dead = mode_count(np.zeros(10_000, int), modes=1000, provenance={})
    assert dead.value == 1 and dead.interval[0] == 1 and dead.interval[1] < 5
    alone = reverse_kl(np.zeros(100, int), EVEN, provenance={})
    assert alone.value == pytest.approx(math.log(1000), rel=1e-12) and alone.interval[0] < alone.interval[1]
    assert math.isfinite(reverse_kl(np.array([0, 5]), EVEN, provenance={}).interval[1])


def test_the_only_mode_there_is():
    assert mode_count(np.zeros(5, int), modes=1, provenance={}).interval == (1.0, 1.0)
    assert reverse_kl(np.zeros(5, int), np.ones(1), provenance={}).value == 0.0


@pytest.mark.parametrize("unit", [1.0, 7.5])
def test_labels_as_the_reference_has_them_diverge_by_nothing(unit):
    labels = np.repeat(np.arange(4), [1, 2, 3, 4])
    result = reverse_kl(labels, unit * np.array([1, 2, 3, 4]), provenance={})
    assert result.value == pytest.approx(0.0, abs=1e-15) and result.value >= 0.0 == result.interval[0]


def test_the_divergence_of_two_modes_is_the_closed_form():
    result = reverse_kl(np.repeat([0, 1], [30, 10]), np.array([1, 1, 2]), provenance={})
    assert result.value == pytest.approx(0.75 * math.log(3) + 0.25 * math.log(1), rel=1e-12)
    assert result.provenance["modes_found"] == 2


def test_it_is_the_reverse_divergence():
    # A mode that is missing costs little this way round, and would be infinite the other.
    missing = reverse_kl(np.repeat(np.arange(9), 100), np.ones(10), provenance={})
    assert missing.value == pytest.approx(math.log(10 / 9), rel=1e-12)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: stacked_labels(np.zeros((5, 2), int)), "(n, 3)"),
        (lambda: stacked_labels(np.full((5, 3), 10)), "digits from 10 to 10"),
        (lambda: labels_of("labels", np.array([0.5]), 3), "arg max"),
        (lambda: mode_count(np.array([-1, 2]), modes=3, provenance={}), "from -1 to 2"),
        (lambda: mode_count(np.zeros(0, int), modes=3, provenance={}), "shape (0,)"),
        (lambda: reverse_kl(np.zeros(1, int), np.ones(3), provenance={}), "one label"),
        (lambda: reverse_kl(np.array([0, 2]), np.array([1, 1, 0]), provenance={}), "mode 2"),
        (lambda: reverse_kl(np.array([0, 2]), np.array([1, 1, -1]), provenance={}), "lowest weight -1"),
        (lambda: reverse_kl(np.array([0, 2]), np.array([1, np.nan, 1]), provenance={}), "finite weights"),
        (lambda: reverse_kl(np.array([0, 0]), np.zeros(0), provenance={}), "from 0 to 0"),
    ],
)
def test_what_has_no_answer_is_refused(call, named):
    with pytest.raises(UserError) as error:
        call()
    assert named in str(error.value)
