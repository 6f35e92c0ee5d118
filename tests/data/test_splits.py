"""Splits: by fingerprint, by number, as published."""

import numpy as np
import pytest

from saddlepoint.data import open_data
from saddlepoint.data.splits import make_splits
from tests.data.examples import pixels, refusal, write_folder, write_idx


def digests(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 16), dtype=np.uint8)


def split(of: np.ndarray, published=None, **options):
    return make_splits(of, published or {}, **({"hold_out": 0.1, "first": None, "seed": 0} | options))


def test_the_share_held_out_is_the_one_asked_for():
    splits, rule = split(digests(20_000))
    assert rule == "hold out 0.1 by fingerprint, seed 0"
    # Binomial: 2000 with a deviation of 42.
    assert abs(len(splits["held_out"]) - 2000) < 4 * 42


def test_adding_and_reordering_items_moves_none_of_the_others():
    items = digests(500)
    held = {items[index].tobytes() for index in split(items)[0]["held_out"]}
    more = np.concatenate([digests(300, seed=1), items[::-1]])
    held_of_more = {more[index].tobytes() for index in split(more)[0]["held_out"]}
    assert held == held_of_more & {item.tobytes() for item in items}


def test_duplicates_land_on_the_same_side():
    items = np.repeat(digests(200), 3, axis=0)
    splits, _ = split(items)
    assert 0 < len(splits["held_out"]) == 3 * len(set(splits["held_out"] // 3))


def test_another_seed_divides_otherwise():
    items = digests(500)
    assert set(split(items)[0]["held_out"]) != set(split(items, seed=1)[0]["held_out"])


def test_the_first_so_many_of_the_published_training_part(tmp_path):
    folder = write_idx(tmp_path, pixels(30, 1), pixels(7, 1, seed=1))
    packed = open_data(folder, first=20)
    assert packed.split_rule == "first 20; test as published"
    np.testing.assert_array_equal(packed.splits["train"], range(20))
    np.testing.assert_array_equal(packed.splits["held_out"], range(20, 30))
    np.testing.assert_array_equal(packed.splits["test"], range(30, 37))


def test_what_is_published_is_kept(tmp_path):
    images = pixels(40, 1)
    whole = open_data(write_idx(tmp_path / "idx", images[:30], images[30:]), hold_out=0)
    assert whole.split_rule == "as published" and list(whole.splits["train"]) == list(range(30))
    part = open_data(tmp_path / "idx")
    assert part.split_rule == "hold out 0.1 by fingerprint, seed 0; test as published"
    assert list(part.splits["test"]) == list(range(30, 40))
    for name, share in (("train", images[:9]), ("val", images[9:12]), ("test", images[12:16])):
        write_folder(tmp_path / "folder" / name, share)
    packed = open_data(tmp_path / "folder")
    assert packed.split_rule == "as published" and packed.labels is None
    np.testing.assert_array_equal(packed.items[packed.splits["held_out"]], images[9:12])
    np.testing.assert_array_equal(packed.items[packed.splits["test"]], images[12:16])
    assert len(packed.splits["train"]) == 9


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"first": 31}, "at most the 30 items"),
        ({"first": 0}, "data.first=0"),
        ({"hold_out": 1.0}, "data.hold_out=1.0"),
        ({"hold_out": -0.1}, "data.hold_out=-0.1"),
        ({"seed": -1}, "seed -1"),
    ],
)
def test_splits_that_cannot_be_made_are_refused(tmp_path, options, says):
    write_idx(tmp_path, pixels(30, 1), pixels(7, 1, seed=1))
    assert says in refusal(lambda: open_data(tmp_path, **options))


def test_nothing_to_train_on_is_refused(tmp_path):
    write_folder(tmp_path / "test", pixels(3))
    write_folder(tmp_path / "train", pixels(1))
    line = refusal(lambda: open_data(tmp_path, hold_out=0.999999))
    assert "nothing of 4 items to train on" in line and "--set data.hold_out=0" in line


def test_first_contradicts_a_published_held_out_part(tmp_path):
    write_folder(tmp_path / "validation", pixels(3))
    write_folder(tmp_path / "train", pixels(5))
    assert "publishes 3 held-out items" in refusal(lambda: open_data(tmp_path, first=2))
