"""Metrics by class: each class sees its own rows alone, the mean is over classes, and too few are refused."""

import math

import numpy as np
import pytest
import torch

from saddlepoint.errors import UserError
from saddlepoint.metrics.by_class import by_class, class_mean
from saddlepoint.metrics.result import Result


def shift(real: torch.Tensor, fake: torch.Tensor) -> Result:
    """The difference of the means, with a symmetric interval of half length 1 / samples."""
    value, half = float(fake.mean() - real.mean()), 1.0 / len(fake)
    return Result(
        metric="shift",
        value=value,
        interval=(value - half, value + half),
        target="shift of the mean",
        provenance={"version": 3, "samples": len(fake), "real": len(real), "seed": 1},
    )


REAL_LABELS, FAKE_LABELS = np.array([2, 0, 0, 2, 2]), np.array([0, 2, 0, 2])
REAL, FAKE = np.arange(5.0)[:, None] * 10, np.array([[1.0], [2.0], [3.0], [4.0]])


def test_each_class_sees_its_own_rows():
    results = by_class(shift, REAL, FAKE, REAL_LABELS, FAKE_LABELS, classes=10, fewest=2)
    assert list(results) == [0, 2]
    assert results[0].value == 2.0 - 15.0 and results[2].value == pytest.approx(3.0 - 70.0 / 3.0)
    assert results[2].provenance["class"] == 2 and results[2].provenance["real"] == 3


def test_the_mean_is_over_classes_and_records_what_they_agree_in():
    results = by_class(shift, REAL, FAKE, REAL_LABELS, FAKE_LABELS, classes=10, fewest=2)
    mean = class_mean(results)
    assert mean.metric == "shift_class_mean" and mean.value == pytest.approx((-13.0 + 3.0 - 70.0 / 3.0) / 2)
    half = math.sqrt(0.5**2 + 0.5**2) / 2
    assert mean.interval == pytest.approx((mean.value - half, mean.value + half))
    found = mean.provenance
    assert found["samples"] == 4 and found["seed"] == 1 and found["version_of_metric"] == 3 and found["classes"] == 2
    assert "class" not in found and "real" not in found and found["by_class"]["0"] == -13.0


def test_one_class_is_its_own_mean():
    results = by_class(shift, REAL, REAL[:3], np.zeros(5, int), np.zeros(3, int), classes=1, fewest=2)
    assert class_mean(results).value == results[0].value
    assert class_mean(results).interval == pytest.approx(results[0].interval)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"fewest": 3}, "2 real of class 0, 2 generated of class 0, 2 generated of class 2"),
        ({"fake_labels": np.array([0, 0, 2, 1])}, "0 real of class 1"),
        ({"fake_labels": np.array([0, 0, 0, 0])}, "0 generated of class 2"),
        ({"fake_labels": np.array([0, 2, 0])}, "3 labels for 4 generated"),
        ({"real_labels": np.array([0, 0, 2, 2, 10])}, "from 0 to 10"),
        ({"fewest": 1}, "1 images of a class"),
        ({"real": REAL * np.nan}, "real images with a NaN"),
    ],
)
def test_classes_with_too_few_are_refused(changes, named):
    given = {"real": REAL, "fake": FAKE, "real_labels": REAL_LABELS, "fake_labels": FAKE_LABELS, "fewest": 2}
    with pytest.raises(UserError) as error:
        by_class(shift, **{**given, **changes}, classes=10)
    assert named in str(error.value)


def test_a_mean_of_nothing_of_mixed_or_of_infinite_values_is_refused():
    result = shift(torch.zeros(2), torch.ones(2))
    with pytest.raises(UserError, match="results of nothing"):
        class_mean({})
    other = Result(metric="other", value=1.0, interval=(0.0, 2.0), target="other", provenance={})
    with pytest.raises(UserError, match="other, shift"):
        class_mean({0: result, 1: other})
    endless = Result(metric="shift", value=1.0, interval=(0.0, math.inf), target=result.target, provenance={})
    with pytest.raises(UserError, match="for class 1"):
        class_mean({0: result, 1: endless})
