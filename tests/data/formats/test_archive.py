"""Zip files: the same as folders, and what only an attack or a mistake would contain."""

import stat
import zipfile

import numpy as np
import pytest

from saddlepoint.data import open_data
from tests.data.examples import encoded, pixels, refusal, write_folder, write_zip

IMAGES = pixels(6)


def entries(images: np.ndarray = IMAGES, classes=("cat", "dog")) -> dict[str, bytes]:
    return {f"set/{classes[i % len(classes)]}/{i}.png": encoded(image) for i, image in enumerate(images)}


def test_a_zip_is_the_folder_that_was_put_into_it(tmp_path):
    archive = write_zip(tmp_path / "set.zip", dict(reversed(entries().items())) | {"set/README.txt": b"read me"})
    packed = open_data(archive)
    folder = open_data(write_folder(tmp_path / "set", IMAGES, ("cat", "dog")))
    assert packed.fingerprint == folder.fingerprint and packed.classes == ("cat", "dog")


def test_many_entries_are_read_whole(tmp_path):
    images = pixels(300, 1, 28, 28)
    archive = write_zip(tmp_path / "set.zip", {f"{i:03d}.png": encoded(image) for i, image in enumerate(images)})
    np.testing.assert_array_equal(open_data(archive).items, images)


@pytest.mark.parametrize("name", ["../x.png", "a/../../x.png", "/x.png", "C:\\x.png", "..\\x.png"])
def test_entries_that_lead_out_of_the_archive_are_refused(tmp_path, name):
    archive = write_zip(tmp_path / "set.zip", entries() | {name: encoded(IMAGES[0])})
    line = refusal(lambda: open_data(archive))
    assert "1 of 7 files" in line and "its path leads out of the archive" in line
    assert not list(tmp_path.parent.glob("x.png"))


def test_a_stray_file_does_not_undo_the_labels_and_an_image_may_have_any_name(tmp_path):
    stray = entries() | {"set/weights.bin": b"something else", "set/dog/more": encoded(pixels(1, seed=1)[0])}
    archive = write_zip(tmp_path / "set.zip", stray)
    assert "set/weights.bin (not an image of a known kind" in refusal(lambda: open_data(archive))
    packed = open_data(archive, skip_unreadable=True)
    assert len(packed) == 7 and packed.classes == ("cat", "dog")


def test_links_and_encrypted_entries_are_refused(tmp_path):
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/hostname")
        archive.writestr("secret.png", encoded(IMAGES[0]))
    data = bytearray(path.read_bytes())
    # The flag "encrypted" in the entry of the central directory.
    at = data.rfind(b"PK\x01\x02")
    data[at + 8] |= 1
    path.write_bytes(data)
    line = refusal(lambda: open_data(path))
    assert "link.png (a symbolic link)" in line and "secret.png (encrypted)" in line


def test_an_entry_with_a_wrong_checksum_is_named(tmp_path):
    archive = write_zip(tmp_path / "set.zip", entries())
    data = bytearray(archive.read_bytes())
    data[data.find(b"IDAT") + 6] ^= 0xFF
    archive.write_bytes(data)
    assert "set/cat/0.png (broken in the archive (BadZipFile: Bad CRC-32" in refusal(lambda: open_data(archive))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"PK\x03\x04 and no more", "no whole zip file"),
        (None, "without images (it holds 1 other file, such as README.txt)"),
    ],
)
def test_archives_without_images(tmp_path, data, says):
    path = write_zip(tmp_path / "set.zip", {"README.txt": b"nothing else"})
    if data is not None:
        path.write_bytes(data)
    assert says in refusal(lambda: open_data(path))
