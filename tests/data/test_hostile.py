"""Hostile files of every format: empty, cut, with flipped bytes, with lying headers, with wrong members, bombs.

Each is one line that says what is wrong, or it is read; no other exception leaves a reader, and no claim takes memory.
"""

import gzip
import io
import json
import lzma
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from saddlepoint.data import EMBEDDED, FORMATS, Packed, check_data, open_data
from saddlepoint.errors import RunStopped, UserError
from tests.data.examples import (
    encoded,
    pixels,
    write_cifar,
    write_csv,
    write_folder,
    write_idx,
    write_parquet,
    write_tar,
    write_zip,
)

IMAGES = pixels(6, 1, 8, 8)
FLIPS, MEBIBYTE = 30, 2**20


def arrays(root: Path) -> Path:
    np.savez(root / "x.npz", images=IMAGES[:, 0], labels=np.arange(6) % 2, classes=["a", "b"])
    return root / "x.npz"


def mapped(root: Path) -> Path:
    np.save(root / "x.npy", IMAGES)
    return root / "x.npy"


def entries() -> dict[str, bytes]:
    files = {f"{index % 2}/{index}.png": encoded(image) for index, image in enumerate(IMAGES)}
    return files | {"labels.csv": b"file,label\n" + b"".join(b"%d.png,%d\n" % (i, i) for i in range(6))}


def packed_zip(root: Path) -> Path:
    with zipfile.ZipFile(root / "x.zip", "w", zipfile.ZIP_LZMA) as archive:
        for name, data in entries().items():
            archive.writestr(name, data)
    return root / "x.zip"


def column_of_hugging_face(root: Path) -> str:
    write_parquet(root / "set" / "train.parquet", IMAGES, np.arange(6) % 2, ("a", "b"))
    return f"hf:{root / 'set'}"


# Format -> what makes a small valid example; a format without one fails.
EXAMPLES: dict[str, list[Callable[[Path], Path | str]]] = {
    "idx": [
        lambda root: write_idx(root / "idx", IMAGES, IMAGES[:2]),
        lambda root: write_idx(root / "idx", IMAGES, IMAGES[:2], compressed=True),
    ],
    "folder": [lambda root: write_folder(root / "folder", IMAGES, ("a", "b"))],
    "zip": [lambda root: write_zip(root / "x.zip", entries()), packed_zip],
    "tar": [
        lambda root: write_tar(root / "x.tar", entries()),
        lambda root: write_tar(root / "x.tar.gz", entries()),
    ],
    "csv": [lambda root: write_csv(root / "x.csv", IMAGES.reshape(6, -1), np.arange(6) % 2)],
    "cifar": [lambda root: write_cifar(root / "cifar", pixels(6, 3, 32, 32), np.arange(6) % 2, parts=(3, 3))],
    "parquet": [lambda root: write_parquet(root / "x.parquet", IMAGES, np.arange(6) % 2, ("a", "b"))],
    "arrays": [arrays, mapped],
    "hugging-face": [column_of_hugging_face],
}
MADE = [(name, at) for name, makers in EXAMPLES.items() for at in range(len(makers))]


def ends_well(place: Path | str) -> Packed | UserError:
    """What opening gives, and fails on any other exception, of the check too."""
    try:
        opened = open_data(place, hold_out=0)
    except UserError as error:
        opened = error
        assert "\n" not in str(error) and error.cure
    try:
        report = check_data(place)
        assert json.dumps(report) and (not report["ok"] or isinstance(opened, Packed))
    except UserError as error:
        assert isinstance(opened, UserError), error
    return opened


def damaged(data: bytes, flips: int) -> Iterator[bytes]:
    """Cut at several places, and with bytes changed one at a time, most of them near both ends, where headers are."""
    yield b""
    for part in (0.02, 0.3, 0.7, 0.98):
        yield data[: int(part * len(data))]
    draw = np.random.default_rng(0)
    for index in range(flips):
        near = int(draw.integers(0, min(200, len(data))))
        at = (near, len(data) - 1 - near, int(draw.integers(0, len(data))))[index % 3]
        yield data[:at] + bytes([data[at] ^ int(draw.integers(1, 256))]) + data[at + 1 :]


def test_every_format_that_reads_files_has_an_example():
    assert set(EXAMPLES) | set(EMBEDDED) == set(FORMATS)


@pytest.mark.parametrize(("name", "at"), MADE, ids=[f"{name}-{at}" for name, at in MADE])
def test_damaged_files(name, at, tmp_path, monkeypatch):
    if name == "hugging-face":
        monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "hugging-face")
    place = EXAMPLES[name][at](tmp_path)
    assert isinstance(ends_well(place), Packed), "the example is no valid one"
    files = (
        [Path(place)]
        if Path(place).is_file()
        else sorted(path for path in Path(str(place).removeprefix("hf:")).rglob("*") if path.is_file())
    )
    # The library of Hugging Face takes long for each new file.
    flips = 2 if name == "hugging-face" else FLIPS // min(len(files), 3)
    refused = 0
    for file in files[:3]:
        whole = file.read_bytes()
        for data in damaged(whole, flips):
            file.write_bytes(data)
            refused += isinstance(ends_well(place), UserError)
        file.write_bytes(whole)
    assert refused >= 4


# Files that lie


def npy(shape: str, kind: str = "|u1", data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    header = f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    length = struct.pack("<H" if version[0] == 1 else "<I", len(header))
    return b"\x93NUMPY" + version + length + header + data


def members(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("_npy", ".npy"), data)
    return stream.getvalue()


def declaring(data: bytes, size: int) -> bytes:
    """A zip file whose last entry declares another size, in both its headers."""
    changed = bytearray(data)
    for mark, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        start = changed.rfind(mark) + at
        changed[start : start + 4] = struct.pack("<I", size)
    return bytes(changed)


def flipped_lzma() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.png", encoded(IMAGES[0]) * 20)
    data = bytearray(stream.getvalue())
    data[60] ^= 0xFF
    return bytes(data)


def parquet_of(root: Path, features: object) -> bytes:
    import pyarrow.parquet as pq

    path = write_parquet(root / "made.parquet", IMAGES, np.arange(6) % 2)
    table = pq.read_table(path)
    text = features if isinstance(features, bytes) else json.dumps({"info": {"features": features}}).encode()
    pq.write_table(table.replace_schema_metadata({"huggingface": text}), path)
    return path.read_bytes()


ONE = {"a.png": encoded(IMAGES[0])}
VALID = npy("(6, 8, 8)", data=IMAGES.tobytes())
LIES: dict[str, tuple[str, Callable[[Path], bytes]]] = {
    "a shape of 24 digits": ("x.npy", lambda _: npy("(99999999999999999999999, 16, 16)")),
    "a shape of 24 digits in an archive": (
        "x.npz",
        lambda _: members(images_npy=npy("(99999999999999999999999,16,16)")),
    ),
    "a negative shape": ("x.npz", lambda _: members(images_npy=npy("(-12, 16, 16)", data=bytes(99)))),
    "two negative sides": ("x.npy", lambda _: npy("(-1, -1, 16)", data=bytes(99))),
    "terabytes": ("x.npz", lambda _: members(images_npy=npy("(1000000000000, 16, 16)"))),
    "terabytes in a member": ("x.npz", lambda _: declaring(members(images_npy=npy("(16000000, 16, 16)")), 2**32 - 2)),
    "a member that is no .npy": ("x.npz", lambda _: members(images_npy=VALID, notes=b"a text")),
    "junk under a double name": ("x.npz", lambda _: members(images_npy=VALID, **{"images.npy_npy": b"junk"})),
    "a shape that is no tuple": ("x.npy", lambda _: npy("[6, 8, 8]", data=IMAGES.tobytes())),
    "a header that calls": ("x.npy", lambda _: npy("__import__('os').abort()", data=IMAGES.tobytes())),
    "nested without end": ("x.npy", lambda _: npy("(" * 3000)),
    "an unknown version": ("x.npy", lambda _: npy("(6, 8, 8)", data=IMAGES.tobytes(), version=b"\x09\x00")),
    "fields": ("x.npz", lambda _: members(images_npy=npy("(6, 8, 8)", "[('a', '<i4')]", data=bytes(2000)))),
    "no array": ("x.npz", lambda _: members()),
    "labels of many axes": (
        "x.npz",
        lambda _: members(images_npy=VALID, labels_npy=npy("(6, 1, 1, 1)", data=bytes(6))),
    ),
    "labels without an axis": ("x.npz", lambda _: members(images_npy=VALID, labels_npy=npy("()", data=bytes(1)))),
    "classes of numbers": ("x.npz", lambda _: members(images_npy=VALID, labels_npy=VALID, classes_npy=VALID)),
    "LZMA with a flipped byte": ("x.zip", lambda _: flipped_lzma()),
    "an entry that declares 4 GiB": ("x.zip", lambda _: declaring(members(**ONE), 2**32 - 2)),
    "an entry that declares 500 MB": (
        "x.zip",
        lambda _: declaring(members(**ONE), 500 * 10**6),
    ),
    "a name that is a dot": ("x.zip", lambda _: members(**{".": b"x", "./": b""} | ONE)),
    "deep features": ("x.parquet", lambda root: parquet_of(root, b'{"info":' * 5000)),
    "features of numbers": ("x.parquet", lambda root: parquet_of(root, {"label": {"_type": "ClassLabel", "names": 5}})),
    "features of lists": ("x.parquet", lambda root: parquet_of(root, [1, 2])),
    "names that are numbers": (
        "x.parquet",
        lambda root: parquet_of(root, {"label": {"_type": "ClassLabel", "names": [1, None]}}),
    ),
    "features that are no text": ("x.parquet", lambda root: parquet_of(root, b"\xff\xfe")),
    "deep JSON beside images": ("x.zip", lambda _: members(**entries() | {"dataset.json": b"[" * 100_000})),
    "a number of 5000 digits beside images": (
        "x.zip",
        lambda _: members(**entries() | {"dataset.json": b'{"labels": ' + b"9" * 5000 + b"}"}),
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_files_that_lie(name, tmp_path):
    file, make = LIES[name]
    data = make(tmp_path)
    place = tmp_path / "set" / file
    place.parent.mkdir()
    place.write_bytes(data)
    tracemalloc.start()
    try:
        ends_well(place)
        assert tracemalloc.get_traced_memory()[1] < 16 * MEBIBYTE
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("shape", "data"), [((10**6, 10**3, 10**3), bytes(100)), ((60_000, 28, 28), bytes(100)), ((2**32 - 1,) * 3, b"")]
)
@pytest.mark.parametrize("compressed", [False, True])
def test_idx_headers_that_lie(tmp_path, shape, data, compressed):
    content = struct.pack(">I3I", 2051, *shape) + data
    suffix = ".gz" if compressed else ""
    (tmp_path / f"train-images-idx3-ubyte{suffix}").write_bytes(gzip.compress(content) if compressed else content)
    tracemalloc.start()
    try:
        assert isinstance(ends_well(tmp_path), UserError)
        assert tracemalloc.get_traced_memory()[1] < 16 * MEBIBYTE
    finally:
        tracemalloc.stop()


def test_what_takes_more_than_the_machine_has_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("psutil.virtual_memory", lambda: type("Memory", (), {"total": 100}))
    for place in (arrays(tmp_path), write_idx(tmp_path / "idx", IMAGES, IMAGES)):
        with pytest.raises(UserError, match="at most 0 MiB, all there is"):
            open_data(place)


@pytest.mark.parametrize("file", ["facts.json", "items.npy", "digests.npy", "kept.npy"])
def test_damaged_entries_of_the_cache_are_written_anew(tmp_path, file):
    place, cache = write_folder(tmp_path / "set", IMAGES), tmp_path / "cache"

    def opened() -> Packed:
        return open_data(place, cache=cache, resident_limit=1)

    first = opened()
    (entry,) = (path for path in cache.iterdir() if path.is_dir())
    whole = (entry / file).read_bytes()
    texts = [b"[" * 100_000, b"5", b"{}", b'{"sha256": 9}', whole.replace(b'"notes": []', b'"notes": [7]')]
    for data in [*damaged(whole, 12), *(texts if file == "facts.json" else [])]:
        (entry / file).write_bytes(data)
        try:
            again = opened()
        except RunStopped as stopped:
            pytest.fail(str(stopped))
        assert len(again) == len(first)


def test_lzma_itself_says_what_is_tested():
    with pytest.raises(lzma.LZMAError), zipfile.ZipFile(io.BytesIO(flipped_lzma())) as archive:
        archive.read("a.png")
