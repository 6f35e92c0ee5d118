"""Tar files, plain and packed: the same images as the folder, and what only an attack or a mistake would contain."""

import gzip
import io
import tarfile

import numpy as np
import pytest

from saddlepoint.data import check_data, open_data, open_pairs
from tests.data.examples import encoded, pixels, refusal, write_folder, write_tar

IMAGES = pixels(6)


def entries(images: np.ndarray = IMAGES, classes=("cat", "dog")) -> dict[str, bytes]:
    return {f"set/{classes[i % len(classes)]}/{i}.png": encoded(image) for i, image in enumerate(images)}


@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz", "x.tgz", "x.tar.bz2", "without_suffix"])
def test_a_tar_holds_the_images_of_the_folder_in_its_own_order(tmp_path, name):
    path = write_tar(tmp_path / name, {**dict(reversed(entries().items())), "set/README.txt": b"read me"})
    packed = open_data(path, hold_out=0)
    np.testing.assert_array_equal(packed.items, IMAGES[::-1])
    assert packed.classes == ("cat", "dog") and packed.labels is not None
    assert packed.labels.tolist() == [1, 0, 1, 0, 1, 0]


def test_sorted_it_is_the_folder_to_the_fingerprint(tmp_path):
    path = write_tar(tmp_path / "x.tar.gz", dict(sorted(entries().items())))
    folder = open_data(write_folder(tmp_path / "set", IMAGES, ("cat", "dog")))
    assert open_data(path).fingerprint == folder.fingerprint


def test_splits_and_many_entries(tmp_path):
    images = pixels(300, 1, 9, 9)
    parts = {f"{'train' if i < 200 else 'test'}/{i:03d}.png": encoded(image) for i, image in enumerate(images)}
    packed = open_data(write_tar(tmp_path / "x.tgz", parts), hold_out=0)
    np.testing.assert_array_equal(packed.items, images)
    assert {name: len(own) for name, own in packed.splits.items()} == {"train": 200, "held_out": 0, "test": 100}


@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz"])
def test_pairs_stand_in_a_tar(tmp_path, name):
    # The partners come in another order than their own.
    order = [3, 0, 2, 1]
    sides = {f"A/{i}.png": encoded(IMAGES[i]) for i in range(4)} | {f"B/{i}.png": encoded(IMAGES[5 - i]) for i in order}
    pairs = open_pairs(write_tar(tmp_path / name, sides))
    np.testing.assert_array_equal(pairs.sources.items, IMAGES[:4])
    np.testing.assert_array_equal(pairs.targets.items, IMAGES[5 - np.arange(4)])


def odd(name: str, kind: bytes = tarfile.REGTYPE, *, size: int = 0, target: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.size, entry.linkname = kind, size, target
    return entry


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (odd("../x.png"), "its path leads out of the archive"),
        (odd("/x.png"), "its path leads out of the archive"),
        (odd("C:\\x.png"), "its path leads out of the archive"),
        (odd("x.png", tarfile.SYMTYPE, target="/etc/hostname"), "a link"),
        (odd("x.png", tarfile.LNKTYPE, target="set/cat/0.png"), "a link"),
        (odd("x.png", tarfile.CHRTYPE), "no ordinary file"),
        (odd("x.png", tarfile.FIFOTYPE), "no ordinary file"),
        (odd("set/cat/0.png"), "a second file of this name"),
        (odd("weights"), "the file is empty"),
    ],
)
@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz"])
def test_entries_that_are_no_images_are_named(tmp_path, name, entry, says):
    path = write_tar(tmp_path / name, entries())
    with tarfile.open(path) as archive:
        members = [(each, archive.extractfile(each)) for each in archive]
        contents = [(each, held.read() if held else b"") for each, held in members]
    with tarfile.open(path, "w:gz" if name.endswith("gz") else "w") as archive:
        for each, data in [*contents, (entry, b"")]:
            archive.addfile(each, io.BytesIO(data))
    line = refusal(lambda: open_data(path))
    assert f"1 of 7 files in {path}" in line and says in line
    assert len(open_data(path, skip_unreadable=True)) == 6


def raw(path, data: bytes):
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def broken(kind: str) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in entries().items():
            archive.addfile(odd(name, size=len(data)), io.BytesIO(data))
    whole = bytearray(stream.getvalue())
    if kind == "cut off":
        return bytes(whole[:1800])
    if kind == "a broken header":
        whole[2 * 1024 + 5] ^= 0xFF
        return bytes(whole)
    if kind == "a huge header":
        return odd("x", tarfile.XHDTYPE, size=2**30).tobuf() + bytes(2**17)
    if kind == "a size below 0":
        entry = bytearray(odd("x.png").tobuf())
        # Base 256, two's complement: -1024.
        entry[124:136] = (2**96 - 1024).to_bytes(12, "big")
        entry[148:156] = b" " * 8
        entry[148:156] = b"%06o\0 " % sum(entry)
        return bytes(entry) + bytes(4096)
    assert kind == "text"
    return b"no tar at all" * 100


@pytest.mark.parametrize("kind", ["cut off", "a broken header", "a huge header", "a size below 0", "text"])
@pytest.mark.parametrize("name", ["x.tar", "x.tar.gz"])
def test_a_broken_archive_is_never_taken_for_a_shorter_one(tmp_path, kind, name):
    line = refusal(lambda: open_data(raw(tmp_path / name, broken(kind))))
    assert "tar file" in line and "get or make it again" in line


def test_what_unpacks_without_end_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr("saddlepoint.data.formats.tar.FILE_LIMIT", 2**20)
    bomb = odd("x.bin", size=2**24).tobuf() + bytes(2**24 + 1024)
    line = refusal(lambda: open_data(raw(tmp_path / "x.tar.gz", bomb)))
    assert "it unpacks to more than" in line
    # A plain archive cannot: its sizes are those of the file.
    path = raw(tmp_path / "x.tar", odd("x.png", size=2**40).tobuf() + bytes(512))
    assert "tar file" in refusal(lambda: open_data(path))


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("data_batch_1", "data_batch_2", "batches.meta"), "the Python version of CIFAR-10: pickled batches"),
        (("x/a.npz",), "unpack it (`tar xf x.tar`) and give the file x/a.npz itself"),
        (("x/a.csv", "x/b.csv"), "give the file x/a.csv itself, or another of the 2 .csv files"),
        (("x/a.h5",), "unpack it (`tar xf x.tar`); of x/a.h5, save its arrays with"),
        (("README.txt",), "it holds 1 other file, such as README.txt"),
    ],
)
def test_an_archive_of_other_things_says_what_to_do(tmp_path, names, says):
    path = write_tar(tmp_path / "x.tar", dict.fromkeys(names, b"something"))
    assert says in refusal(lambda: open_data(path))
    report = check_data(path)
    assert not report["ok"] and report["format"] == "tar"
