"""IDX files: MNIST's four in their spellings, and everything that may be wrong with them."""

import gzip
import shutil

import numpy as np
import pytest

from saddlepoint.data import open_data
from tests.data.examples import idx_bytes, pixels, refusal, write_idx

TRAIN, TEST = pixels(12, 1, 28, 28), pixels(5, 1, 28, 28, seed=1)
IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


@pytest.mark.parametrize("compressed", [False, True])
def test_the_four_files(tmp_path, compressed):
    packed = open_data(write_idx(tmp_path, TRAIN, TEST, compressed=compressed))
    np.testing.assert_array_equal(packed.items, np.concatenate([TRAIN, TEST]))
    assert packed.labels is not None and packed.classes == tuple("0123456789")
    np.testing.assert_array_equal(packed.labels, [*(np.arange(12) % 10), *range(5)])
    assert list(packed.splits["test"]) == list(range(12, 17)) and packed.shape == (1, 28, 28)


def test_other_spellings_and_places(tmp_path):
    plain = open_data(write_idx(tmp_path / "plain", TRAIN, TEST))
    write_idx(tmp_path / "deep" / "MNIST" / "raw", TRAIN, TEST, compressed=True)
    dotted = write_idx(tmp_path / "dotted", TRAIN, TEST)
    for file in list(dotted.iterdir()):
        file.rename(dotted / file.name.replace("-idx", ".idx"))
    prefixed = write_idx(tmp_path / "prefixed", TRAIN, TEST)
    for file in list(prefixed.iterdir()):
        file.rename(prefixed / f"emnist-{file.name.replace('t10k', 'test')}")
    for name in ("deep", "dotted", "prefixed"):
        assert open_data(tmp_path / name).fingerprint == plain.fingerprint


def test_an_uncompressed_file_goes_before_its_twin(tmp_path):
    write_idx(tmp_path, TRAIN, TEST)
    (tmp_path / f"{IMAGES}.gz").write_bytes(b"left from a download that broke off")
    assert len(open_data(tmp_path)) == 17


def test_training_files_alone_and_without_labels(tmp_path):
    write_idx(tmp_path, TRAIN, TEST)
    for file in tmp_path.glob("t10k*"):
        file.unlink()
    assert open_data(tmp_path).splits.keys() == {"train", "held_out"}
    (tmp_path / LABELS).unlink()
    assert open_data(tmp_path).labels is None


def test_labels_are_the_values_that_occur(tmp_path):
    (tmp_path / IMAGES).write_bytes(idx_bytes(TRAIN[:4, 0]))
    (tmp_path / LABELS).write_bytes(idx_bytes(np.array([7, 3, 7, 9])))
    packed = open_data(tmp_path)
    assert packed.classes == ("3", "7", "9") and packed.labels is not None and packed.labels.tolist() == [1, 0, 1, 2]


def spoil(folder, what: str) -> None:
    images = idx_bytes(TRAIN[:, 0])
    changed = {
        "magic": b"\0\0\x08\x01" + images[4:],
        "short": images[:-1],
        "long": images + b"\0",
        "header": images[:9],
        "huge": images[:4] + b"\xff" * 12 + images[16:],
        "empty": b"",
        "no pixels": images[:12] + b"\0\0\0\0",
    }
    (folder / IMAGES).write_bytes(changed[what])


@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("magic", ("magic number 2049", "2051 (IDX images of unsigned bytes)")),
        ("short", ("9407 bytes after the header", "12x28x28 = 9408 bytes")),
        ("long", ("another length after the header", "12x28x28 = 9408 bytes")),
        ("header", ("after the header", "a whole header")),
        ("huge", ("another length", "4294967295x4294967295x4294967295")),
        ("empty", ("magic number missing", "2051")),
        ("no pixels", ("an empty IDX file", "12x28x0")),
    ],
)
def test_a_wrong_file_is_named_with_what_it_should_be(tmp_path, what, says):
    write_idx(tmp_path, TRAIN, TEST)
    spoil(tmp_path, what)
    line = refusal(lambda: open_data(tmp_path))
    assert IMAGES in line and all(part in line for part in says)


def test_images_and_labels_must_be_as_many(tmp_path):
    write_idx(tmp_path, TRAIN, TEST)
    shutil.copy(tmp_path / "t10k-labels-idx1-ubyte", tmp_path / LABELS)
    assert "5 labels for 12 items in the IDX files of train" in refusal(lambda: open_data(tmp_path))


def test_labels_for_a_part_only(tmp_path):
    write_idx(tmp_path, TRAIN, TEST)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    assert "images of test without labels" in refusal(lambda: open_data(tmp_path))
    assert open_data(tmp_path, labels=False).labels is None
    write_idx(tmp_path, TRAIN, TEST)
    (tmp_path / "t10k-images-idx3-ubyte").unlink()
    assert "without the images of test" in refusal(lambda: open_data(tmp_path))


@pytest.mark.parametrize(
    "spoiled", [lambda data: data[:-20], lambda data: data[:40] + b"\xff" * 30 + data[70:], lambda _: b"no gzip"]
)
def test_a_broken_gzip_file(tmp_path, spoiled):
    write_idx(tmp_path, TRAIN, TEST, compressed=True)
    file = tmp_path / f"{IMAGES}.gz"
    file.write_bytes(spoiled(file.read_bytes()))
    line = refusal(lambda: open_data(tmp_path))
    assert "which cannot be read (" in line and file.name in line


def test_a_gzip_file_that_unpacks_to_more_than_it_says_is_not_unpacked(tmp_path):
    write_idx(tmp_path, TRAIN, TEST, compressed=True)
    data = idx_bytes(TRAIN[:, 0]) + bytes(50_000_000)
    (tmp_path / f"{IMAGES}.gz").write_bytes(gzip.compress(data))
    assert "another length" in refusal(lambda: open_data(tmp_path))


def test_two_sets_in_one_folder(tmp_path):
    write_idx(tmp_path, TRAIN, TEST)
    (tmp_path / f"emnist-{IMAGES}").write_bytes(idx_bytes(TRAIN[:, 0]))
    assert "2 sets" in refusal(lambda: open_data(tmp_path))
