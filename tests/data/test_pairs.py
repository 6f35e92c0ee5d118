"""Pairs of images from every layout, with what a stranger gets wrong."""

from pathlib import Path

import numpy as np
import pytest

from saddlepoint.data import ImagePairs, open_pairs
from saddlepoint.data.raster import refit
from saddlepoint.errors import UserError
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.tasks import open_recipe_data
from saddlepoint.recipes.text import override
from tests.data.examples import encoded, pixels, refusal, write_folder, write_parquet, write_zip

FIRST, SECOND = pixels(30, 3, 6, 8, seed=1), pixels(30, 3, 6, 8, seed=2)
BOTH = np.concatenate([FIRST, SECOND], axis=3)


def _zip(root: Path) -> Path:
    return write_zip(root / "x.zip", {f"all/{i:03d}.png": encoded(image) for i, image in enumerate(BOTH)})


def _two_folders(root: Path) -> Path:
    for name, images in (("A", FIRST), ("B", SECOND)):
        write_folder(root / "two" / name, images)
    return root / "two"


def _zip_of_two(root: Path) -> Path:
    sides = {"a photo": FIRST, "the map": SECOND}
    entries = {f"{name}/{i:03d}.png": encoded(image) for name, side in sides.items() for i, image in enumerate(side)}
    return write_zip(root / "two.zip", entries)


def _parquet(root: Path) -> Path:
    second = [{"bytes": encoded(image), "path": "x"} for image in SECOND]
    return write_parquet(root / "x.parquet", FIRST, other=second)


LAYOUTS = {
    "side by side": lambda root: write_folder(root / "one", BOTH),
    "side by side in a zip": _zip,
    "two folders": _two_folders,
    "two folders in a zip": _zip_of_two,
    "two columns": _parquet,
}


@pytest.fixture(params=LAYOUTS)
def location(request, tmp_path) -> Path:
    return LAYOUTS[request.param](tmp_path)


def digest(pairs: ImagePairs) -> list[bytes]:
    """Every pair, first side first, with its split."""
    splits = {index: name for name, own in pairs.sources.splits.items() for index in own.tolist()}
    return [splits[i].encode() for i in range(len(pairs.sources))]


def test_both_sides_are_there_in_order_and_share_a_split(location):
    pairs = open_pairs(location, hold_out=0.3)
    np.testing.assert_array_equal(pairs.sources.items, FIRST)
    np.testing.assert_array_equal(pairs.targets.items, SECOND)
    assert pairs.paired and pairs.source == str(location) and pairs.layout.startswith("sources: ")
    assert pairs.sources.labels is None and pairs.targets.labels is None
    assert pairs.split_rule == "hold out 0.3 by fingerprint, seed 0"
    assert 0 < len(pairs.sources.splits["held_out"]) < 30
    for name, own in pairs.sources.splits.items():
        np.testing.assert_array_equal(pairs.targets.splits[name], own)


def test_backward_exchanges_the_sides_and_keeps_the_split(location):
    forward, backward = open_pairs(location), open_pairs(location, direction="backward")
    np.testing.assert_array_equal(backward.sources.items, SECOND)
    np.testing.assert_array_equal(backward.targets.items, FIRST)
    assert digest(forward) == digest(backward) and forward.fingerprint != backward.fingerprint


def test_every_layout_gives_the_same_split_and_fingerprint(tmp_path):
    opened = [open_pairs(make(tmp_path), hold_out=0.3) for make in LAYOUTS.values()]
    assert len({pairs.fingerprint for pairs in opened}) == 1
    assert all(digest(pairs) == digest(opened[0]) for pairs in opened)


def test_the_split_is_decided_by_the_pair(tmp_path):
    # Another second side moves pairs to the other part, though the first side is the same.
    other = np.concatenate([FIRST, SECOND[::-1]], axis=3)
    one = open_pairs(write_folder(tmp_path / "one", BOTH), hold_out=0.5)
    assert digest(one) != digest(open_pairs(write_folder(tmp_path / "other", other), hold_out=0.5))


def test_each_half_is_scaled_by_itself(location):
    pairs = open_pairs(location, size=(4, 4), channels=3, source_channels=1)
    assert pairs.sources.shape == (1, 4, 4) and pairs.targets.shape == (3, 4, 4)
    for items, images, channels in ((pairs.sources.items, FIRST, 1), (pairs.targets.items, SECOND, 3)):
        np.testing.assert_array_equal(items, np.stack([refit(image, (4, 4), channels) for image in images]))


def test_mapped_from_the_cache_is_the_same(location, tmp_path):
    first = open_pairs(location)
    for _ in range(2):
        mapped = open_pairs(location, cache=tmp_path / "cache", resident_limit=1)
        assert isinstance(mapped.sources.items, np.memmap) and mapped.fingerprint == first.fingerprint
        np.testing.assert_array_equal(mapped.targets.items, SECOND)


def test_published_parts_are_kept(tmp_path):
    for name, images in (("train", BOTH[:20]), ("val", BOTH[20:25]), ("test", BOTH[25:])):
        write_folder(tmp_path / "f" / name, images)
    pairs = open_pairs(tmp_path / "f")
    assert pairs.split_rule == "as published"
    for side, images in ((pairs.sources, FIRST), (pairs.targets, SECOND)):
        np.testing.assert_array_equal(side.items[side.splits["train"]], images[:20])
        np.testing.assert_array_equal(side.items[side.splits["held_out"]], images[20:25])
        np.testing.assert_array_equal(side.items[side.splits["test"]], images[25:])


def test_unpaired_sides_have_their_own_counts_and_splits(tmp_path):
    for name, images in (
        ("trainA", FIRST[:9]),
        ("testA", FIRST[9:12]),
        ("trainB", SECOND[:20]),
        ("testB", SECOND[20:]),
    ):
        write_folder(tmp_path / "u" / name, images)
    pairs = open_pairs(tmp_path / "u", paired=False, hold_out=0)
    assert not pairs.paired and pairs.layout == "sources: folder A, targets: folder B"
    assert [len(pairs.sources.splits[name]) for name in ("train", "test")] == [9, 3]
    assert [len(pairs.targets.splits[name]) for name in ("train", "test")] == [20, 10]
    np.testing.assert_array_equal(pairs.sources.items[pairs.sources.splits["train"]], FIRST[:9])


def test_pairs_opened_unpaired_still_hold_out_whole_pairs(location):
    paired, unpaired = open_pairs(location, hold_out=0.3), open_pairs(location, hold_out=0.3, paired=False)
    assert unpaired.fingerprint != paired.fingerprint and not unpaired.paired
    if "folder" not in unpaired.layout:
        for name, own in unpaired.sources.splits.items():
            np.testing.assert_array_equal(unpaired.targets.splits[name], own)


def test_a_pair_is_skipped_as_a_whole(tmp_path):
    folder = _two_folders(tmp_path)
    (folder / "A" / "003.png").write_bytes(encoded(FIRST[3])[:40])
    (folder / "B" / "007.png").write_bytes(b"")
    (folder / "notes.bin").write_bytes(b"no image")
    line = refusal(lambda: open_pairs(folder))
    assert "2 of 31 files" in line and "A/003.png" in line and "notes.bin" in line and "skip_unreadable" in line
    for limit in (10**9, 1):
        pairs = open_pairs(folder, skip_unreadable=True, cache=tmp_path / "cache", resident_limit=limit)
        rest = [i for i in range(30) if i not in (3, 7)]
        np.testing.assert_array_equal(pairs.sources.items, FIRST[rest])
        np.testing.assert_array_equal(pairs.targets.items, SECOND[rest])
        assert [text.split(":")[0] for text in pairs.sources.skipped] == ["notes.bin", "A/003.png", "A/007.png"]
        assert [text.split(":")[0] for text in pairs.targets.skipped] == ["B/007.png", "B/003.png"]
        assert pairs.targets.skipped[1].endswith("its partner cannot be read")


def test_no_whole_pair_is_refused(tmp_path):
    write_folder(tmp_path / "x" / "A", FIRST[:2])
    write_folder(tmp_path / "x" / "B", SECOND[:2])
    for name in ("A/000.png", "B/001.png"):
        (tmp_path / "x" / name).write_bytes(b"\x89PNG")
    assert "no pair" in refusal(lambda: open_pairs(tmp_path / "x", skip_unreadable=True))


@pytest.mark.parametrize("width", [15, 6, 4])
def test_what_does_not_halve_is_named(tmp_path, width):
    write_folder(tmp_path / "x", BOTH[:3])
    (tmp_path / "x" / "odd.png").write_bytes(encoded(BOTH[0][:, :, :width]))
    line = refusal(lambda: open_pairs(tmp_path / "x", skip_unreadable=True))
    assert f"got odd.png, {width}x6 (width x height)" in line and "side by side" in line


def test_sizes_that_differ_are_named_with_the_half(tmp_path):
    write_folder(tmp_path / "x", BOTH[:3])
    (tmp_path / "x" / "z.png").write_bytes(encoded(BOTH[0][:, :, :12]))
    line = refusal(lambda: open_pairs(tmp_path / "x"))
    assert "the left half of z.png is 6x6" in line and "data.size=6x6" in line
    write_folder(tmp_path / "y" / "A", FIRST[:3])
    write_folder(tmp_path / "y" / "B", SECOND[:2])
    (tmp_path / "y" / "B" / "002.png").write_bytes(encoded(SECOND[2][:, :, :5]))
    assert "B/002.png is 5x6" in refusal(lambda: open_pairs(tmp_path / "y"))


def test_one_folder_alone_is_refused(tmp_path):
    write_folder(tmp_path / "trainA", pixels(3, 3, 8, 8))
    assert "two folders" in refusal(lambda: open_pairs(tmp_path / "trainA"))


def test_a_table_needs_two_image_columns(tmp_path):
    one = write_parquet(tmp_path / "one.parquet", FIRST)
    assert "1 image column (image)" in refusal(lambda: open_pairs(one))
    cells = [encoded(image) for image in SECOND]
    three = write_parquet(tmp_path / "three.parquet", FIRST, other=cells, third=cells)
    assert "3 image columns (image, other, third)" in refusal(lambda: open_pairs(three))
    pairs = open_pairs(three, columns=("third", "image"))
    np.testing.assert_array_equal(pairs.sources.items, SECOND)
    np.testing.assert_array_equal(pairs.targets.items, FIRST)
    assert pairs.layout == "sources: column third, targets: column image"
    assert "columns image, other" in refusal(lambda: open_pairs(three, columns=("image", "none")))
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 no more")
    assert "bad.parquet" in refusal(lambda: open_pairs(tmp_path / "bad.parquet"))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"direction": "sideways"}, "data.direction=sideways"),
        ({"columns": ("a", "b")}, "data.columns=("),
        ({"source_channels": 2}, "data.source_channels=2"),
        ({"channels": 2}, "data.channels=2"),
        ({"hold_out": 1.0}, "data.hold_out=1.0"),
    ],
)
def test_wrong_options_are_refused(tmp_path, options, complaint):
    folder = write_folder(tmp_path / "x", BOTH[:3])
    assert complaint in refusal(lambda: open_pairs(folder, **options))


@pytest.mark.parametrize("location", ["digits", "nowhere", "shapes"])
def test_what_holds_no_pairs_is_refused(location):
    assert location in refusal(lambda: open_pairs(location))


def test_a_recipe_names_the_columns_of_a_table_with_more_than_two(tmp_path):
    cells = [{"bytes": encoded(image), "path": "x"} for image in SECOND]
    table = write_parquet(tmp_path / "three.parquet", FIRST, other=cells, third=cells)
    recipe = override(RECIPES["pix2pix-small"], [f"data.source={table}", "data.size=null", "data.columns=third,image"])
    data = open_recipe_data(recipe)
    assert isinstance(data, ImagePairs)
    np.testing.assert_array_equal(data.sources.items, SECOND)
    with pytest.raises(UserError, match=r"data\.columns = .*leave data\.columns out"):
        open_recipe_data(override(RECIPES["digits"], ["data.columns=a,b"]))
