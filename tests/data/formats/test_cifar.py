"""CIFAR's binary version, as a folder and in its archive; of the Python version what to do instead."""

import numpy as np
import pytest

from saddlepoint.data import check_data, open_data
from tests.data.examples import cifar_files, pixels, refusal, write_cifar, write_tar

IMAGES, LABELS = pixels(30, 3, 32, 32), np.arange(30) % 6


@pytest.mark.parametrize("fine", [False, True])
@pytest.mark.parametrize("place", ["folder", "above", "tar"])
def test_pixels_labels_names_and_splits(tmp_path, fine, place):
    parts = (24, 6) if fine else (8, 8, 4, 2, 2, 6)
    inside = "cifar-100-binary" if fine else "cifar-10-batches-bin"
    if place == "tar":
        files = cifar_files(IMAGES, LABELS, parts, fine=fine)
        # In the archive the test batch may come first.
        location = write_tar(tmp_path / "x.tar.gz", {f"{inside}/{name}": files[name] for name in sorted(files)[::-1]})
    else:
        location = write_cifar(tmp_path / inside, IMAGES, LABELS, parts, fine=fine)
        location = location.parent if place == "above" else location
    packed = open_data(location, hold_out=0)
    np.testing.assert_array_equal(packed.items, IMAGES)
    assert packed.labels is not None and packed.labels.tolist() == LABELS.tolist()
    assert packed.classes == tuple(f"class{at}" for at in range(6))
    assert {name: len(own) for name, own in packed.splits.items()} == {"train": 24, "held_out": 0, "test": 6}
    assert ("of the two labels the fine one is read" in packed.notes) == fine
    assert check_data(location)["ok"]


def test_what_is_missing_is_said(tmp_path):
    place = write_cifar(tmp_path / "x", IMAGES, LABELS, (20, 4, 6))
    assert "2 training batches of 5 are there" in open_data(place).notes
    (place / "batches.meta.txt").unlink()
    assert open_data(place).classes == tuple("012345")


@pytest.mark.parametrize(
    ("file", "change", "says"),
    [
        ("data_batch_1.bin", lambda data: data[:-1], "records of 3073 bytes (CIFAR-10: 1 label and 3x32x32 pixels)"),
        ("test_batch.bin", lambda data: b"", "test_batch.bin of 0 bytes"),
        ("batches.meta.txt", lambda data: b"only\nthree\nnames\n", "0..2, because 3 classes are declared"),
    ],
)
def test_files_that_do_not_fit(tmp_path, file, change, says):
    place = write_cifar(tmp_path / "x", IMAGES, LABELS, (24, 6))
    (place / file).write_bytes(change((place / file).read_bytes()))
    assert says in refusal(lambda: open_data(place))


@pytest.mark.parametrize(
    ("names", "number"),
    [(("data_batch_1", "data_batch_2", "test_batch", "batches.meta"), 10), (("train", "test", "meta"), 100)],
)
@pytest.mark.parametrize("place", ["folder", "tar", "file"])
def test_the_python_version_is_named_with_what_to_give_instead(tmp_path, names, number, place):
    entries = {f"cifar/{name}": b"\x80\x02}q\x01" for name in names}
    if place == "tar":
        location = write_tar(tmp_path / "cifar-python.tar.gz", entries)
    else:
        (tmp_path / "cifar").mkdir()
        for name, data in entries.items():
            (tmp_path / name).write_bytes(data)
        location = tmp_path / "cifar" if place == "folder" else tmp_path / "cifar" / names[0]
    line = refusal(lambda: open_data(location))
    if place == "file" and number == 100:
        assert "a pickle, which may run any program" in line
    else:
        assert f"the Python version of CIFAR-{number}: pickled batches" in line
        assert f"cifar-{number}-binary.tar.gz" in line and f"hf:uoft-cs/cifar{number}" in line


def test_a_single_batch_names_its_folder(tmp_path):
    place = write_cifar(tmp_path / "x", IMAGES, LABELS, (24, 6))
    assert f"give the folder that holds it, {place}" in refusal(lambda: open_data(place / "data_batch_1.bin"))
