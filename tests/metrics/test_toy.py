"""Metrics on sets of known density: closed forms, the protocol's counts, tiny and degenerate samples."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import entropy

from saddlepoint.data.embedded.toy import TOY_SETS, Mixture
from saddlepoint.errors import UserError
from saddlepoint.metrics.toy import high_quality_share, mean_log_density, modes_hit, modes_reverse_kl

CENTRES = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
RECORD = {"seed": 3, "reference": {"split": "true density"}}


def around(indices: list[int], distance: float = 0.0) -> np.ndarray:
    return CENTRES[indices] + np.array([distance, 0.0])


@pytest.mark.parametrize("name", ["8-gaussians", "25-gaussians"])
def test_the_data_itself_scores_as_it_must(name):
    mixture = TOY_SETS[name]
    assert isinstance(mixture, Mixture)
    points = mixture.sample(4000, np.random.default_rng(1))
    deviation, count = float(mixture.deviations[0]), len(mixture.modes)
    # Modes far apart: log p = -log k - log(2 pi s^2) - |x - m|^2 / (2 s^2), and the last has expectation 1.
    entropy_of_one = -math.log(count) - math.log(2 * math.pi * deviation**2) - 1
    found = mean_log_density(points, mixture.log_density, provenance=RECORD)
    assert found.interval[0] < entropy_of_one < found.interval[1]
    assert found.value == pytest.approx(entropy_of_one, abs=0.1)
    quality = high_quality_share(points, mixture.modes, mixture.deviations, provenance=RECORD)
    assert quality.value == pytest.approx(1 - math.exp(-4.5), abs=0.005)
    assert modes_hit(points, mixture.modes, mixture.deviations, provenance=RECORD).value == count
    assert modes_reverse_kl(points, mixture.modes, mixture.weights, provenance=RECORD).value < 0.01


def test_three_deviations_are_the_border():
    at = [high_quality_share(around([0, 1, 2], d), CENTRES, 0.1, provenance={}).value for d in (0.2999, 0.3001)]
    assert at == [1.0, 0.0]
    each = np.array([0.1, 0.05, 0.1, 0.1])
    assert high_quality_share(around([0, 1], 0.2), CENTRES, each, provenance={}).value == 0.5


def test_a_mode_needs_a_point_of_high_quality():
    points = np.concatenate([around([0, 0, 1]), around([3], 0.4)])
    result = modes_hit(points, CENTRES, 0.1, provenance=RECORD)
    assert result.metric == "toy_modes_hit" and result.value == 2
    assert result.provenance["high_quality"] == 3 and result.provenance["samples"] == 4
    assert result.provenance["seed"] == 3
    # For the weights every point counts.
    assert modes_reverse_kl(points, CENTRES, np.full(4, 0.25), provenance={}).value == pytest.approx(
        entropy([2, 1, 1], [1 / 3] * 3) + math.log(4 / 3)
    )


def test_no_point_of_high_quality_is_an_answer():
    result = modes_hit(np.full((5, 2), 0.5), CENTRES, 0.01, provenance={})
    assert result.value == 0.0 and result.interval == (0.0, pytest.approx(3.689, abs=1e-3))
    assert result.provenance["high_quality"] == 0 and result.provenance["samples"] == 5


def test_collapse_on_one_of_k_modes_is_log_k():
    assert modes_reverse_kl(around([2] * 50), CENTRES, np.ones(4), provenance={}).value == pytest.approx(math.log(4))


def test_a_point_of_density_0_makes_the_mean_infinite_and_is_counted():
    def uniform(points: np.ndarray) -> np.ndarray:
        return np.where(np.abs(points).max(axis=1) <= 1, -math.log(4), -math.inf)

    inside = mean_log_density(around([0, 1, 2]), uniform, provenance={})
    assert inside.value == pytest.approx(-math.log(4)) and inside.provenance["of_density_0"] == 0
    outside = mean_log_density(around([0, 1, 2], 0.5), uniform, provenance={})
    assert outside.value == -math.inf and outside.interval == (-math.inf, math.inf)
    assert outside.provenance["of_density_0"] == 1 and outside.as_json()["value"] is None


def test_one_point_gives_answers():
    one = around([1])
    assert mean_log_density(one, lambda x: x[:, 0], provenance={}).interval == (-math.inf, math.inf)
    low, high = high_quality_share(one, CENTRES, 0.1, provenance={}).interval
    assert 0 < low < high == 1.0
    assert modes_hit(one, CENTRES, 0.1, provenance={}).value == 1


def test_tensors_and_the_line():
    modes = torch.tensor([[-1.0], [1.0]])
    points = torch.tensor([[-1.1], [1.05], [5.0]])
    assert high_quality_share(points, modes, 0.1, provenance={}).value == pytest.approx(2 / 3)
    assert modes_hit(points, modes, torch.tensor([0.1, 0.1]), provenance={}).value == 2


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: high_quality_share(np.zeros((0, 2)), CENTRES, 0.1, provenance={}), "shape (0, 2)"),
        (lambda: high_quality_share(np.zeros((3, 3)), CENTRES, 0.1, provenance={}), "3 and modes of 2 dimensions"),
        (lambda: high_quality_share(np.zeros((3, 2)), np.empty((0, 2)), 0.1, provenance={}), "modes of shape"),
        (lambda: high_quality_share(np.zeros((3, 2)), CENTRES, 0.0, provenance={}), "deviations 0.0"),
        (lambda: modes_hit(np.zeros((3, 2)), CENTRES, np.ones(3), provenance={}), "deviations"),
        (lambda: modes_hit(np.full((3, 2), math.nan), CENTRES, 1.0, provenance={}), "NaN"),
        (lambda: modes_reverse_kl(np.zeros((3, 2)), CENTRES, np.ones(3), provenance={}), "3 weights for 4 modes"),
        (lambda: mean_log_density(np.zeros((3, 2)), lambda x: x, provenance={}), "(3, 2)"),
        (lambda: mean_log_density(np.zeros((3, 2)), lambda x: x[:, 0] * math.nan, provenance={}), "undefined"),
    ],
)
def test_what_would_give_a_wrong_number_is_refused(call, named):
    with pytest.raises(UserError) as error:
        call()
    assert named in str(error.value)
