"""Measuring by name: everything is checked before anything is computed, and what real data scores is computed once."""

import numpy as np
import pytest
import torch

from saddlepoint.errors import UserError
from saddlepoint.measuring.arrays import packed_array
from saddlepoint.measuring.items import Items, items_of_data
from saddlepoint.measuring.measure import Measurer, Samples
from saddlepoint.measuring.real import Real
from saddlepoint.metrics.features import open_features

CPU = torch.device("cpu")
POINTS = open_features("points")


def points(seed: int, count: int = 120) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 2)).astype(np.float32)


def samples(values: np.ndarray, available: int | None = None) -> Samples:
    packed = packed_array(values)

    def make(count: int) -> Items:
        return items_of_data(packed, np.arange(count), POINTS, CPU)

    return Samples(make=make, available=available)


@pytest.fixture
def measurer() -> Measurer:
    return Measurer(POINTS, real=Real(data=packed_array(points(0)), split="train", features=POINTS, device=CPU))


def test_the_default_count_gives_both_the_same_counts(measurer: Measurer) -> None:
    for available, count in ((None, 60), (200, 60), (40, 40)):
        ((_, found),) = measurer.measure(["frechet_distance"], samples=samples(points(1), available))
        about = found["provenance"]
        assert about["samples"] == about["reference_samples"] == about["baseline"]["samples"] == count
        assert about["baseline"]["same_counts"]
    # More than half of the split: the reference grows, the halves cannot, and that is said.
    ((_, found),) = measurer.measure(["recall"], samples=samples(points(1)), count=100)
    about = found["provenance"]
    assert (about["samples"], about["reference_samples"], about["baseline"]["samples"]) == (100, 100, 60)
    assert not about["baseline"]["same_counts"]


def test_everything_is_checked_before_anything_is_computed(measurer: Measurer) -> None:
    def never(count: int) -> Items:
        return Items(batches=lambda: pytest.fail("computed"), count=count, shape=(2,), features=POINTS, device=CPU)

    for names in (["frechet_distance", "mode_count"], ["frechet_distance", "fid"], ["recall", "recall"], []):
        with pytest.raises(UserError):
            next(iter(measurer.measure(names, samples=Samples(make=never))))
    with pytest.raises(UserError, match="50 samples"):
        measurer.check(["recall"], samples=samples(points(1), available=40), count=50)


def test_what_real_data_scores_is_computed_once(measurer: Measurer) -> None:
    assert measurer.real is not None
    ((_, first),) = measurer.measure(["frechet_distance"], samples=samples(points(1)))
    half = measurer.real.halves(60)[1]
    object.__setattr__(half, "batches", lambda: pytest.fail("computed again"))
    ((_, second),) = measurer.measure(["frechet_distance"], samples=samples(points(2)))
    assert second["provenance"]["baseline"] == first["provenance"]["baseline"]
    assert second["value"] != first["value"]


def test_too_little_real_data_for_a_baseline_is_said(measurer: Measurer) -> None:
    small = Measurer(POINTS, real=Real(data=packed_array(points(0, 10)), split="train", features=POINTS, device=CPU))
    ((_, found),) = small.measure(["recall"], samples=samples(points(1)), count=10)
    baseline = found["provenance"]["baseline"]
    assert baseline["value"] is None and "too little real data" in baseline["why"]
