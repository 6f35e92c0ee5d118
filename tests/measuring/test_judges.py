"""Two judges: the second sees the same samples, says only what it is asked, and is there for images alone."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from saddlepoint.measuring.arrays import packed_array
from saddlepoint.measuring.items import Items, items_of_data
from saddlepoint.measuring.judges import JUDGED_TWICE, Judges
from saddlepoint.measuring.measure import Measurer, Samples
from saddlepoint.measuring.real import Real
from saddlepoint.metrics.features import open_features

CPU = torch.device("cpu")
NAMES = ["frechet_distance", "kernel_distance", "recall", "sliced_wasserstein"]


def images(seed: int, count: int = 60, side: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 1, side, side), dtype=np.uint8)


def real_of(values: np.ndarray, name: str = "pixels") -> Real:
    return Real(data=packed_array(values), split="train", features=open_features(name), device=CPU)


def samples(values: np.ndarray, told: Callable[[], None] = lambda: None, name: str = "pixels") -> Samples:
    packed, features = packed_array(values), open_features(name)

    def make(count: int) -> Items:
        told()
        return items_of_data(packed, np.arange(count), features, CPU)

    return Samples(make=make, available=len(values))


def test_the_second_judge_measures_the_same_samples_after_the_first():
    made: list[None] = []
    judges = Judges(open_features("pixels"), real=real_of(images(0)))
    found = dict(judges.measure(NAMES, samples=samples(images(1), lambda: made.append(None)), count=30))
    assert list(found) == [*NAMES, "frechet_distance.hog", "recall.hog"] and len(made) == 1
    assert [record["metric"] for record in found.values()][-2:] == ["frechet_distance", "recall"]
    # What it says is what `evaluate --features hog` says.
    hog = Measurer(open_features("hog"), real=real_of(images(0), "hog"))
    for name, record in hog.measure(["frechet_distance", "recall"], samples=samples(images(1), name="hog"), count=30):
        assert found[f"{name}.hog"] == record
    about = found["frechet_distance.hog"]["provenance"]
    assert about["features"]["name"] == "hog" and about["directions"] == "29 leading of the reference, of 128"
    assert about["dimensions"] == 29 and about["samples"] == 30


def test_both_judge_as_many_samples_however_wide_their_features_are():
    judges = Judges(open_features("pixels"), real=real_of(images(0, 40)))
    found = dict(judges.measure(["precision"], samples=samples(images(1, 25))))
    assert [record["provenance"]["samples"] for record in found.values()] == [20, 20]
    assert set(JUDGED_TWICE) < {"frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage"}


@pytest.mark.parametrize(("side", "name"), [(8, "pixels"), (16, "hog")])
def test_small_images_and_the_second_judge_itself_have_no_second(side: int, name: str):
    judges = Judges(open_features(name), real=real_of(images(0, side=side), name))
    given = samples(images(1, side=side), name=name)
    assert [name for name, _ in judges.measure(["recall"], samples=given)] == ["recall"]
