"""The real side: which items are the reference, which stand in for samples, and what an array becomes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from saddlepoint.data import open_data
from saddlepoint.errors import UserError
from saddlepoint.measuring.arrays import packed_array
from saddlepoint.measuring.pairs import pairs_by_name
from saddlepoint.measuring.real import FEWER, Real
from saddlepoint.metrics.features import open_features

CPU = torch.device("cpu")


def real(count: int = 101, split: str = "train", width: int = 2) -> Real:
    values = np.arange(count * width, dtype=np.float32).reshape(count, width)
    return Real(data=packed_array(values), split=split, features=open_features("points"), device=CPU)


def test_the_halves_are_disjoint_and_the_first_begins_the_reference() -> None:
    side = real()
    first, second = side.halves(1000)
    assert first.count == second.count == side.default_count == 50
    ones, others = ({tuple(row) for row in each.values.tolist()} for each in (first, second))
    assert len(ones) == len(others) == 50 and not ones & others
    assert torch.equal(side.reference(60).values[:50], first.values)
    assert side.reference(1000).count == 101
    # The same items every time, and drawn from everywhere.
    assert torch.equal(real().halves(10)[0].values, first.values[:10])
    assert first.values[:, 0].sort().values.tolist() != first.values[:, 0].tolist()


def test_of_wide_features_and_of_those_for_small_sets_fewer_are_taken() -> None:
    assert real(2 * FEWER + 100, width=4097).default_count == FEWER
    many = real(2 * FEWER + 100)
    assert many.default_count == FEWER + 50
    assert replace(many, features=replace(many.features, directions=64)).default_count == FEWER


def test_a_split_that_is_not_there_is_said_with_those_that_are() -> None:
    with pytest.raises(UserError, match=r"split test with 0 items .* train \(101\)"):
        real(split="test")


def test_what_chooses_never_judges() -> None:
    data = open_data("digits")
    chosen = Real(data=data, split="train", features=open_features("pixels"), device=CPU).chosen_and_judged
    assert chosen is not None and chosen[2] == "second half of held_out"
    assert chosen[0].count + chosen[1].count == len(data.splits["held_out"])
    assert real().chosen_and_judged is None and real().unseen is None


def test_arrays_are_packed_as_files_would_be() -> None:
    images = np.random.default_rng(0).random((5, 1, 4, 6)).astype(np.float32)
    packed = packed_array(torch.from_numpy(images))
    assert packed.kind == "images" and np.array_equal(packed.items, np.round(images * 255).astype(np.uint8))
    assert len(packed.splits["train"]) == 5
    for wrong in (images[0], images * 2, np.full((3, 2), np.nan)):
        with pytest.raises(UserError):
            packed_array(wrong)


def test_pairs_need_files_of_the_same_names(tmp_path: Path) -> None:
    for folder, suffix in (("a", "png"), ("b", "bmp")):
        (tmp_path / folder).mkdir()
        for name, value in (("x", 51), ("y", 102)):
            Image.fromarray(np.full((2, 3), value, np.uint8)).save(tmp_path / folder / f"{name}.{suffix}")
    pairs = pairs_by_name(tmp_path / "a", tmp_path / "b")
    # The ending is no part of the name.
    assert [float(image.mean()) for image in pairs.images] == pytest.approx([0.2, 0.4])
    assert all(torch.equal(*both) for both in zip(pairs.images, pairs.reference, strict=True))
    with pytest.raises(UserError, match="a folder or zip file"):
        pairs_by_name("digits", tmp_path / "b")
    (tmp_path / "b" / "x.png").write_bytes((tmp_path / "a" / "x.png").read_bytes())
    with pytest.raises(UserError, match="two files named x"):
        pairs_by_name(tmp_path / "a", tmp_path / "b")
