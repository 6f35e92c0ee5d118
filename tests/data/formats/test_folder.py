"""Folders of images: exact shapes, labels, and every way in which one is not what it should be."""

import os

import numpy as np
import pytest

from saddlepoint.data import open_data
from saddlepoint.data.layout import is_ignored, read_layout
from tests.data.examples import encoded, pixels, png_bomb, refusal, write_folder


@pytest.mark.parametrize(("channels", "height", "width"), [(1, 112, 92), (4, 23, 17), (3, 481, 321), (1, 28, 28)])
def test_images_come_back_exactly_in_their_own_shape(tmp_path, channels, height, width):
    images = pixels(4, channels, height, width)
    packed = open_data(write_folder(tmp_path, images))
    assert packed.shape == (channels, height, width) and packed.labels is None and packed.classes == ()
    np.testing.assert_array_equal(packed.items, images)


def test_class_folders_are_labels_in_the_order_of_paths(tmp_path):
    images = pixels(6)
    packed = open_data(write_folder(tmp_path, images, ("dog", "cat")))
    assert packed.classes == ("cat", "dog") and packed.labels is not None
    assert packed.labels.tolist() == [0, 0, 0, 1, 1, 1]
    np.testing.assert_array_equal(packed.items, images[[1, 3, 5, 0, 2, 4]])


def test_the_order_does_not_depend_on_threads_or_the_disk(tmp_path):
    # Sizes of files differ by a factor of a hundred, so that later ones are decoded first.
    images = np.concatenate([pixels(1, 3, 64, 64), np.zeros((80, 3, 64, 64), np.uint8), pixels(1, 3, 64, 64, seed=1)])
    images[1:81, 0, 0, 0] = np.arange(80)
    np.testing.assert_array_equal(open_data(write_folder(tmp_path, images)).items, images)


def test_a_layout_reads_classes_and_splits_from_paths():
    nested = read_layout(["set/cat/a/1.png", "set/cat/b/2.png", "set/dog/3.png"])
    assert nested.classes == ("cat", "dog") and nested.labels is not None and nested.labels.tolist() == [0, 0, 1]
    single = read_layout(["photos/1.png", "photos/2.png"])
    assert single.labels is None and single.notes == ()
    beside = read_layout(["1.png", "2019/2.png", "2020/3.png"])
    assert beside.labels is None and beside.notes == (
        "no labels: 1 image lies beside the sub-folders that hold the other 2",
    )
    divided = read_layout(["Test/cat/1.png", "Train/cat/2.png", "Train/dog/3.png"])
    assert divided.classes == ("cat", "dog") and divided.labels is not None and divided.labels.tolist() == [0, 0, 1]
    assert {name: indices.tolist() for name, indices in divided.published.items()} == {"test": [0], "train": [1, 2]}
    vehicles = read_layout(["bus/1.png", "train/2.png"])
    assert vehicles.classes == ("bus", "train") and not vehicles.published


def test_companions_of_images_are_ignored_and_nothing_else_is(tmp_path):
    write_folder(tmp_path, pixels(3))
    for name in ("README.txt", ".DS_Store", "labels.csv", "Thumbs.db", ".git/x.png", "__MACOSX/._a.png", "LICENSE"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"something else")
        assert is_ignored(name)
    assert len(open_data(tmp_path)) == 3
    (tmp_path / "weights.bin").write_bytes(b"something else")
    line = refusal(lambda: open_data(tmp_path))
    assert "1 of 4 files" in line and "weights.bin (not an image" in line


def test_missing_and_empty_folders(tmp_path):
    assert "which does not exist" in refusal(lambda: open_data(tmp_path / "nowhere"))
    assert "a folder without images" in refusal(lambda: open_data(tmp_path))
    (tmp_path / "notes.txt").write_text("nothing yet")
    assert "it holds 1 other file, such as notes.txt" in refusal(lambda: open_data(tmp_path))
    (tmp_path / "images.zip").write_bytes(b"PK")
    line = refusal(lambda: open_data(tmp_path))
    assert "it holds 2 other files, such as images.zip" in line and "images.zip itself" in line


def spoil(folder) -> None:
    """Three of the ways in which files go bad, in a folder of good images."""
    (folder / "cut.png").write_bytes(encoded(pixels(1, 3, 30, 30)[0])[:1500])
    (folder / "bomb.png").write_bytes(png_bomb(30_000))
    (folder / "text.jpg").write_text("this is a text")


def test_a_stray_file_does_not_undo_the_labels_and_an_image_may_have_any_name(tmp_path):
    write_folder(tmp_path, pixels(6), ("a", "b"))
    (tmp_path / "a" / "002.png").rename(tmp_path / "a" / "002.IMAGE")
    assert len(open_data(tmp_path)) == 6
    (tmp_path / "weights.bin").write_bytes(b"something else")
    assert open_data(tmp_path, skip_unreadable=True).classes == ("a", "b")


@pytest.mark.parametrize(
    ("name", "says"), [("cut.png", "truncated"), ("bomb.png", "limit is 89,478,485"), ("text.jpg", "not an image")]
)
def test_each_unreadable_file_is_named_with_its_reason_and_the_cure(tmp_path, name, says):
    spoil(tmp_path)
    for other in {"cut.png", "bomb.png", "text.jpg"} - {name}:
        (tmp_path / other).unlink()
    write_folder(tmp_path, pixels(3))
    line = refusal(lambda: open_data(tmp_path))
    assert "1 of 4 files" in line and f"{name} (" in line and says in line
    assert f"saddlepoint data check {tmp_path}" in line and "--set data.skip_unreadable=true" in line


def test_all_unreadable_files_are_counted_and_the_first_named(tmp_path):
    write_folder(tmp_path, pixels(10))
    for index in range(7):
        (tmp_path / f"bad{index}.png").write_bytes(b"")
    line = refusal(lambda: open_data(tmp_path))
    assert "7 of 17 files" in line and "bad2.png" in line and "bad3.png" not in line and "and 4 more" in line


def test_skipping_is_a_choice_and_is_said(tmp_path):
    images = pixels(6)
    write_folder(tmp_path, images, ("a", "b"))
    spoil(tmp_path / "a")
    packed = open_data(tmp_path, skip_unreadable=True)
    np.testing.assert_array_equal(packed.items, images[[0, 2, 4, 1, 3, 5]])
    assert packed.labels is not None and packed.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert [entry.split(":")[0] for entry in packed.skipped] == ["a/bomb.png", "a/cut.png", "a/text.jpg"]
    assert sorted(np.concatenate(list(packed.splits.values()))) == list(range(6))


def test_nothing_readable_is_refused_even_when_skipping(tmp_path):
    spoil(tmp_path)
    assert "which holds no image" in refusal(lambda: open_data(tmp_path, skip_unreadable=True))


def test_mixed_sizes_name_two_files_and_the_cure(tmp_path):
    write_folder(tmp_path, pixels(3, 3, 5, 7))
    (tmp_path / "other.png").write_bytes(encoded(pixels(1, 3, 9, 8)[0]))
    line = refusal(lambda: open_data(tmp_path))
    assert "000.png is 7x5 (width x height)" in line and "other.png is 8x9" in line and "data.size=8x8" in line
    assert open_data(tmp_path, size=(6, 4)).shape == (3, 6, 4)


def test_mixed_channels_name_two_files_and_the_cure(tmp_path):
    write_folder(tmp_path, pixels(3, 3, 5, 7))
    (tmp_path / "grey.png").write_bytes(encoded(pixels(1, 1, 5, 7)[0]))
    line = refusal(lambda: open_data(tmp_path))
    assert "with 3 channels" in line and "grey.png is 7x5 (width x height) with 1 channel;" in line
    assert "--set data.channels=3" in line and "data.size" not in line
    assert open_data(tmp_path, channels=3).shape == (3, 5, 7)


def test_links_are_followed_once(tmp_path):
    write_folder(tmp_path / "real", pixels(3))
    write_folder(tmp_path / "data", pixels(2, seed=1))
    (tmp_path / "data" / "more").symlink_to(tmp_path / "real")
    assert len(open_data(tmp_path / "data")) == 5
    (tmp_path / "data" / "self").symlink_to(tmp_path / "data")
    (tmp_path / "data" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    os.mkfifo(tmp_path / "data" / "pipe.png")
    line = refusal(lambda: open_data(tmp_path / "data"))
    assert "3 of 8 files" in line
    assert (
        "self (a link to a folder" in line and "gone.png (cannot be opened" in line and "pipe.png (no regular" in line
    )
