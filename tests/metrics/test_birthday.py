"""The birthday-paradox support: known supports, the calibration of the threshold on real images, and its two ends."""

import math

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from saddlepoint.errors import UserError
from saddlepoint.metrics.birthday import birthday_support, duplicate_threshold


def of_support(support: int, count: int, seed: int, noise: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    images = np.random.default_rng(99).normal(size=(support, 20))
    return images[rng.integers(support, size=count)] + noise * rng.normal(size=(count, 20))


def test_a_known_support_is_found():
    result = birthday_support(of_support(365, 23 * 400, 1), batch=23, threshold=1e-9, provenance={"seed": 5})
    # The paradox itself: 23 people share a birthday with probability .507.
    assert result.provenance["with_duplicate"] / 400 == pytest.approx(0.507, abs=0.1)
    assert result.interval[0] < 23**2 / (2 * math.log(1 / 0.4927)) < result.interval[1]
    assert result.provenance["seed"] == 5 and result.provenance["batches"] == 400


def test_near_duplicates_count_by_the_threshold():
    given = of_support(50, 600, 2, noise=0.01)
    blind, seeing = (birthday_support(given, batch=20, threshold=at, provenance={}) for at in (1e-4, 0.5))
    assert blind.value == blind.interval[1] == math.inf and math.isfinite(blind.interval[0])
    assert seeing.provenance["with_duplicate"] > 20 and seeing.value < 100
    assert blind.as_json()["value"] is None


def test_duplicates_everywhere_are_the_other_end():
    result = birthday_support(np.zeros((60, 2)), batch=6, threshold=0.0, provenance={})
    assert result.value == result.interval[0] == 0.0 and 0.0 < result.interval[1] < math.inf
    assert all(pair["distance"] == 0.0 and len(set(pair["samples"])) == 2 for pair in result.provenance["closest"])


def test_the_closest_pairs_are_named():
    given = np.random.default_rng(0).normal(size=(43, 5))
    given[17] = given[12] + 1e-6
    result = birthday_support(given, batch=10, threshold=1e-3, provenance={})
    first = result.provenance["closest"][0]
    assert sorted(first["samples"]) == [12, 17] and first["distance"] == pytest.approx(1e-6 * math.sqrt(5), rel=1e-6)
    assert len(result.provenance["closest"]) == 4 and result.provenance["with_duplicate"] == 1
    assert result.provenance["samples"] == 43 and result.provenance["batches"] == 4


def test_the_threshold_is_passed_by_the_share_of_real_batches_that_was_asked_for():
    real = np.random.default_rng(1).normal(size=(1000, 3))
    threshold = duplicate_threshold(real, batch=10, false_alarms=0.05)
    closest = np.array([pdist(part).min() for part in real.reshape(100, 10, 3)])
    assert threshold == pytest.approx(np.sort(closest)[4], rel=1e-12)
    result = birthday_support(real, batch=10, threshold=threshold, provenance={})
    assert result.provenance["with_duplicate"] == 5


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: birthday_support(np.zeros((5, 2)), batch=6, threshold=0.0, provenance={}), "batches of 6 out of 5"),
        (lambda: birthday_support(np.zeros((5, 2)), batch=1, threshold=0.0, provenance={}), "batches of 1"),
        (lambda: birthday_support(np.zeros((5, 2)), batch=2, threshold=-1.0, provenance={}), "threshold of -1"),
        (lambda: birthday_support(np.zeros((5, 2)), batch=2, threshold=math.nan, provenance={}), "threshold of nan"),
        (lambda: birthday_support(np.zeros((5, 2)) * np.nan, batch=2, threshold=0.0, provenance={}), "NaN"),
        (lambda: duplicate_threshold(np.zeros((50, 2)), batch=10), "5 batches"),
        (lambda: duplicate_threshold(np.zeros((50, 2)), batch=2, false_alarms=0.0), "share of 0.0"),
    ],
)
def test_what_has_no_answer_is_refused(call, named):
    with pytest.raises(UserError) as error:
        call()
    assert named in str(error.value)
