"""Tiles cover each photograph, and a photograph is never on both sides of the split."""

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from saddlepoint.data import open_tiles
from saddlepoint.data.tiles import cut, starts
from tests.data.examples import encoded, pixels, refusal, write_zip

SIZES = [(12, 8), (8, 12), (9, 17), (8, 8), (16, 16)]
PHOTOGRAPHS = [pixels(1, 3, *SIZES[i % 5], seed=i)[0] for i in range(20)]


@pytest.fixture
def photographs(tmp_path):
    for index, photograph in enumerate(PHOTOGRAPHS):
        (tmp_path / f"{index:02d}.png").write_bytes(encoded(photograph))
    return tmp_path


@hypothesis.given(length=st.integers(1, 400), tile=st.integers(1, 60))
def test_starts_cover_evenly_with_as_few_as_possible(length: int, tile: int):
    hypothesis.assume(length >= tile)
    found = np.array(starts(length, tile))
    assert found[0] == 0 and found[-1] == length - tile and len(found) == -(-length // tile)
    steps = np.diff(found)
    assert (steps <= tile).all(), "a gap"
    assert len(steps) == 0 or steps.max() - steps.min() <= 1


def test_tiles_are_the_photographs_pixels_row_by_row():
    photograph = np.arange(2 * 5 * 7, dtype=np.uint8).reshape(2, 5, 7)
    tiles = cut(photograph, 3)
    assert tiles.shape == (6, 2, 3, 3)
    np.testing.assert_array_equal(tiles[0], photograph[:, :3, :3])
    np.testing.assert_array_equal(tiles[1], photograph[:, :3, 2:5])
    np.testing.assert_array_equal(tiles[5], photograph[:, 2:, 4:])


def test_all_tiles_of_all_photographs(photographs):
    packed = open_tiles(photographs, tile=8, hold_out=0.3)
    expected = np.concatenate([cut(photograph, 8) for photograph in PHOTOGRAPHS])
    np.testing.assert_array_equal(packed.items, expected)
    assert packed.labels is None and packed.shape == (3, 8, 8) and packed.kind == "images"
    assert packed.split_rule == "hold out 0.3 by fingerprint, seed 0; by photograph"


def test_a_photographs_tiles_stay_together(photographs):
    packed = open_tiles(photographs, tile=8, hold_out=0.5)
    owners = np.repeat(np.arange(20), [len(cut(photograph, 8)) for photograph in PHOTOGRAPHS])
    train, held = (set(owners[packed.splits[name]]) for name in ("train", "held_out"))
    assert train and held and not train & held and len(train | held) == 20


def test_one_photograph_more_moves_no_other(photographs):
    def held() -> set[bytes]:
        packed = open_tiles(photographs, tile=8, hold_out=0.5)
        return {packed.items[i].tobytes() for i in packed.splits["held_out"]}

    before = held()
    extra = pixels(1, 3, 30, 20, seed=99)[0]
    (photographs / "00a.png").write_bytes(encoded(extra))
    assert held() - {tile.tobytes() for tile in cut(extra, 8)} == before


def test_mapped_from_the_cache_is_the_same(photographs, tmp_path):
    first = open_tiles(photographs, tile=8)
    for _ in range(2):
        mapped = open_tiles(photographs, tile=8, cache=tmp_path / ".cache", resident_limit=1000)
        assert isinstance(mapped.items, np.memmap) and mapped.fingerprint == first.fingerprint
        np.testing.assert_array_equal(mapped.items, first.items)
        np.testing.assert_array_equal(mapped.splits["held_out"], first.splits["held_out"])
    other = open_tiles(photographs, tile=4, cache=tmp_path / ".cache", resident_limit=1000)
    assert other.shape == (3, 4, 4)


def test_published_parts_are_those_of_the_photographs(tmp_path):
    files = {f"{part}/{i}.png": encoded(PHOTOGRAPHS[i]) for i, part in enumerate(("train", "train", "val", "test"))}
    packed = open_tiles(write_zip(tmp_path / "x.zip", files), tile=8, channels=1)
    # Sorted by path: test/3 (1 tile), train/0 (2), train/1 (2), val/2 (2 x 3).
    assert {name: own.tolist() for name, own in packed.splits.items()} == {
        "train": [1, 2, 3, 4],
        "held_out": [5, 6, 7, 8, 9, 10],
        "test": [0],
    }
    assert packed.shape == (1, 8, 8) and packed.split_rule == "as published; by photograph"


def test_images_of_an_array_are_photographs_too(tmp_path):
    images = pixels(6, 3, 10, 9)
    np.savez(tmp_path / "x.npz", images=images)
    packed = open_tiles(tmp_path / "x.npz", tile=8, hold_out=0)
    np.testing.assert_array_equal(packed.items, np.concatenate([cut(image, 8) for image in images]))


def test_photographs_smaller_than_a_tile_are_named(photographs):
    line = refusal(lambda: open_tiles(photographs, tile=9))
    assert "12 of 20 photographs" in line and "00.png (8x12" in line and "data.tile=8" in line
    assert open_tiles(photographs, tile=8).shape == (3, 8, 8)


def test_unreadable_photographs_are_named_or_skipped(photographs):
    (photographs / "03.png").write_bytes(encoded(PHOTOGRAPHS[3])[:50])
    assert "03.png" in refusal(lambda: open_tiles(photographs, tile=8))
    packed = open_tiles(photographs, tile=8, skip_unreadable=True, hold_out=0)
    rest = [cut(photograph, 8) for i, photograph in enumerate(PHOTOGRAPHS) if i != 3]
    np.testing.assert_array_equal(packed.items, np.concatenate(rest))
    assert len(packed.skipped) == 1 and packed.skipped[0].startswith("03.png: ")


@pytest.mark.parametrize(
    ("location", "options", "complaint"),
    [
        (None, {"tile": 0}, "data.tile=0"),
        ("swiss-roll", {}, "holds points"),
        (None, {"channels": 2}, "data.channels=2"),
    ],
)
def test_wrong_options_are_refused(photographs, location, options, complaint):
    assert complaint in refusal(lambda: open_tiles(location or photographs, **options))
