"""What people have and what is not read: each is named with what can be done, and no advice goes in a circle."""

import re

import numpy as np
import pytest

from saddlepoint.data import open_data
from saddlepoint.data.formats.foreign import KINDS
from tests.data.examples import encoded, pixels, refusal, write_csv, write_folder, write_tar, write_zip

# name, beginning, what it is called
FILES = [
    ("x.rar", b"Rar!\x1a\x07\x01\0", "a RAR archive"),
    ("x.7z", b"7z\xbc\xaf\x27\x1c\0\x04", "a 7z archive"),
    ("x.tar.xz", b"\xfd7zXZ\0\0\x04", "packed by xz or zstd"),
    ("x.tar.zst", b"\x28\xb5\x2f\xfd", "packed by xz or zstd"),
    ("x.pkl", b"\x80\x04\x95", "a pickle"),
    ("no_suffix", b"\x80\x02}q\x01", "a pickle"),
    ("x.pt", b"PK\x03\x04", "a file of PyTorch"),
    ("x.pth", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "a pickle"),
    ("x.safetensors", b"\x40\0\0\0\0\0\0\0{", "a file of weights"),
    ("x.h5", b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    ("x.hdf5", b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    ("x.mat", b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "a MATLAB file"),
    ("v73.mat", b"MATLAB 7.3 MAT-file, Platform: GLNXA64", "an HDF5 file"),
    ("x.tfrecord", b"\x18\0\0\0", "TensorFlow's records"),
    ("train.tfrecord-00000-of-00005", b"\x18\0\0\0", "TensorFlow's records"),
    ("data.mdb", b"\0\0\0\0", "an LMDB database"),
    ("x.arrow", b"ARROW1\0\0", "an Arrow file"),
    ("x.xlsx", b"PK\x03\x04", "a spreadsheet"),
    ("x.mp4", b"\0\0\0 ftyp", "a video"),
    ("x.txt.gz", b"\x1f\x8b\x08", "a gzip file"),
    ("x.json", b"{}", "a table or a list"),
    ("x.bin", b"something", "a file of no known kind (it begins with b'something')"),
    ("x.dat", b"", "which is empty"),
    ("x.png", encoded(pixels(1)[0]), "one image"),
]


def test_every_kind_has_an_example():
    assert not [kind.what for kind in KINDS if not any(what in kind.what for _, _, what in FILES)]


@pytest.mark.parametrize(("name", "data", "what"), FILES, ids=[name for name, _, _ in FILES])
def test_a_file_alone_is_named_with_a_cure(tmp_path, name, data, what):
    path = tmp_path / name
    path.write_bytes(data)
    line = refusal(lambda: open_data(path))
    assert what in line and str(path) in line and "FILE" not in line
    if "give the folder that holds it" in line:
        # The folder is really taken.
        assert len(open_data(tmp_path, hold_out=0)) == 1


@pytest.mark.parametrize(("name", "data", "what"), FILES, ids=[name for name, _, _ in FILES])
def test_a_folder_of_such_a_file_never_sends_back_to_it(tmp_path, name, data, what):
    if name == "x.png":
        return
    (tmp_path / name).write_bytes(data)
    line = refusal(lambda: open_data(tmp_path))
    assert "a folder without images (it holds 1 other file, such as" in line and "FILE" not in line
    assert "itself" not in line and "give the folder that holds" not in line


@pytest.mark.parametrize("kind", ["npz", "zip", "tar", "csv"])
def test_a_folder_of_a_file_that_is_read_names_it(tmp_path, kind):
    images = pixels(4, 1, 8, 8)
    files = {f"{at}.png": encoded(image) for at, image in enumerate(images)}
    place = tmp_path / "set"
    place.mkdir()
    if kind == "npz":
        np.savez(place / "x.npz", images=images)
    else:
        writers = {"zip": write_zip, "tar": write_tar}
        if kind in writers:
            writers[kind](place / f"x.{kind}", files)
        else:
            write_csv(place / "x.csv", images.reshape(4, -1))
    line = refusal(lambda: open_data(place))
    named = re.search(r"give the file (\S+) itself", line)
    assert named is not None
    # What it says to give is taken.
    np.testing.assert_array_equal(open_data(place / named[1], hold_out=0).items, images)


def test_a_zip_of_other_things_says_what_to_do(tmp_path):
    path = write_zip(tmp_path / "digit-recognizer.zip", {"train.csv": b"", "test.csv": b"", "x.bin": b"none"})
    line = refusal(lambda: open_data(path))
    assert "unpack it (`unzip digit-recognizer.zip`) and give the file test.csv itself, or another of the 2" in line
    assert "give a place that holds images" in refusal(lambda: open_data(write_zip(tmp_path / "x.zip", {})))


def test_an_empty_folder_and_companions(tmp_path):
    (tmp_path / "empty").mkdir()
    assert "a folder without images; expected image files" in refusal(lambda: open_data(tmp_path / "empty"))
    write_folder(tmp_path / "images", pixels(2))
    (tmp_path / "images" / "labels.csv").write_text("000.png,1\n")
    assert len(open_data(tmp_path / "images")) == 2
