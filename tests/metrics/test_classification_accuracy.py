"""Accuracy on real data of a classifier trained on samples: by given predictions, and by the nearest sample."""

import numpy as np
import pytest

from saddlepoint.errors import UserError
from saddlepoint.metrics.classification_accuracy import accuracy, classification_accuracy_score


def clusters(count: int, seed: int, spread: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    return np.eye(3)[labels] + spread * rng.normal(size=(count, 3)), labels


def test_accuracy_by_class():
    result = accuracy(np.array([0, 1, 1, 2]), np.array([0, 0, 1, 2]), classes=4, provenance={"split": "test"})
    assert result.value == 0.75 and result.provenance["by_class"] == [0.5, 1.0, 1.0, None]
    assert result.provenance["split"] == "test" and 0.0 < result.interval[0] < 0.75 < result.interval[1] < 1.0


def test_a_perfect_score_is_not_certain():
    result = accuracy(np.ones(20, int), np.ones(20, int), classes=2, provenance={})
    assert result.interval[0] == pytest.approx(1 / (1 + 1.96**2 / 20), rel=1e-4) and result.interval[1] == 1.0


def test_good_samples_teach_the_classes_and_a_lost_class_is_seen():
    (samples, labels), (real, true) = clusters(90, 1), clusters(60, 2)
    good = classification_accuracy_score(samples, labels, real, true, classes=3, provenance={"seed": 1})
    assert good.value == 1.0 and good.provenance["samples"] == 90 and good.provenance["test_images"] == 60
    lost = classification_accuracy_score(samples[labels < 2], labels[labels < 2], real, true, classes=3, provenance={})
    assert lost.value == pytest.approx(2 / 3) and lost.provenance["by_class"] == [1.0, 1.0, 0.0]


def test_mixed_up_labels_teach_nothing():
    (samples, labels), (real, true) = clusters(90, 1), clusters(60, 2)
    wrong = classification_accuracy_score(samples, (labels + 1) % 3, real, true, classes=3, provenance={})
    assert wrong.value == wrong.interval[0] == 0.0 and wrong.interval[1] > 0.0


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: accuracy(np.zeros(3, int), np.zeros(2, int), classes=2, provenance={}), "3 predictions for 2 labels"),
        (lambda: accuracy(np.full(2, 2), np.zeros(2, int), classes=2, provenance={}), "predictions from 2 to 2"),
        (lambda: accuracy(np.zeros((2, 2)), np.zeros(2, int), classes=2, provenance={}), "shape (2, 2)"),
        (
            lambda: classification_accuracy_score(
                np.zeros((2, 3)), np.zeros(1, int), np.zeros((1, 3)), np.zeros(1, int), classes=1, provenance={}
            ),
            "1 labels for 2 samples",
        ),
        (
            lambda: classification_accuracy_score(
                np.zeros((2, 3)), np.zeros(2, int), np.zeros((1, 4)), np.zeros(1, int), classes=1, provenance={}
            ),
            "4 numbers",
        ),
    ],
)
def test_what_cannot_be_scored_is_refused(call, named):
    with pytest.raises(UserError) as error:
        call()
    assert named in str(error.value)
