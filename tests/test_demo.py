"""The embedded default makes digits: real ones by a classifier's judgement, all ten of them, and none copied."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

import saddlepoint as sp

# The whole demonstration is trained for them.
SLOW = pytest.mark.slow


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    run = sp.train("digits", out=tmp_path_factory.mktemp("demo") / "digits", show=False)
    return sp.load(run).sample(1000, seed=1).numpy().reshape(1000, 64)


def _pixels() -> tuple[np.ndarray, np.ndarray]:
    images, labels = load_digits(return_X_y=True)
    return np.asarray(images) / 16, np.asarray(labels)


@SLOW
def test_a_classifier_sees_all_ten_digits_and_is_sure(samples: np.ndarray) -> None:
    images, labels = _pixels()
    seen, held_out, seen_labels, held_out_labels = train_test_split(
        images, labels, test_size=0.25, random_state=0, stratify=labels
    )
    calibrated: Any = CalibratedClassifierCV  # its own annotations say that ensemble is a text
    classifier = calibrated(SVC(C=10), ensemble=False).fit(seen, seen_labels)
    assert classifier.score(held_out, held_out_labels) >= 0.98, "the judge itself is good"
    probabilities = classifier.predict_proba(samples)
    shares = np.bincount(probabilities.argmax(1), minlength=10) / len(samples)
    assert shares.min() >= 0.04, shares
    assert np.median(probabilities.max(1)) >= 0.9


@SLOW
def test_samples_are_no_nearer_to_training_images_than_those_to_each_other(samples: np.ndarray) -> None:
    images, _ = _pixels()

    def nearest(points: np.ndarray, exclude_self: bool) -> float:
        distances = np.sqrt(((points[:, None] - images[None]) ** 2).sum(-1))
        if exclude_self:
            np.fill_diagonal(distances, np.inf)
        return float(np.median(distances.min(1)))

    assert nearest(samples, False) >= nearest(images, True)


def test_the_same_seed_makes_the_same_run(tmp_path: Path) -> None:
    settings = {"watch.log_every": 1}
    one, two = (sp.train("digits", out=tmp_path / name, steps=3, set=settings, show=False) for name in ("a", "b"))
    assert [line["losses"] for line in one.log()] == [line["losses"] for line in two.log()]
    assert one.samples is not None and two.samples is not None
    assert one.samples.read_bytes() == two.samples.read_bytes()
