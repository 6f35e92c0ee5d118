"""Archives and arrays made to hurt: small files that claim, or unpack to, gigabytes; entries that lead elsewhere."""

import gzip
import io
import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from benchmarks.hostile.pictures import encoded

_Make = Callable[[Path, Random], Path]


def _npy_header(shape: str, kind: str = "|u1", fortran: str = "False") -> bytes:
    """The beginning of a .npy that claims any shape."""
    text = f"{{'descr': '{kind}', 'fortran_order': {fortran}, 'shape': {shape}, }}".encode()
    text += b" " * (63 - (10 + len(text)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def _npy(header: bytes) -> _Make:
    def make(place: Path, random: Random) -> Path:
        path = place / "data.npy"
        path.write_bytes(header + bytes(1000))
        return path

    return make


def _npz(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> _Make:
    def make(place: Path, random: Random) -> Path:
        path = place / "data.npz"
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, content in entries.items():
                archive.writestr(name, content)
        return path

    return make


def _zip_of_zeros(place: Path, random: Random) -> Path:
    """1.8 MB that unpack to 30 images' files of 60 MB of zeros."""
    path = place / "data.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for index in range(30):
            archive.writestr(f"{index}.png", bytes(60_000_000))
    return path


def _overlapping_zip(place: Path, random: Random) -> Path:
    """Many entries of the directory point at one file."""
    path = place / "data.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.png", encoded(random))
        only = archive.infolist()[0]
        for index in range(1, 300):
            entry = zipfile.ZipInfo(f"{index}.png")
            for name in ("header_offset", "compress_size", "file_size", "CRC", "compress_type", "flag_bits"):
                setattr(entry, name, getattr(only, name))
            archive.filelist.append(entry)
            archive.NameToInfo[entry.filename] = entry
    return path


def _odd_entries(place: Path, random: Random) -> Path:
    """Names that lead out of the archive, escape sequences, one name twice, a link, an encrypted entry."""
    path = place / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in (
            "../a.png",
            "/etc/a.png",
            "C:\\a.png",
            "a/../../b.png",
            "a\x1b[31m.png",
            "a\nsaddlepoint: b.png",
            "c.png",
        ):
            archive.writestr(name, encoded(random))
        link = zipfile.ZipInfo("link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/hostname")
    if random.random() < 0.5:
        content = path.read_bytes()
        at = content.rindex(b"PK\x01\x02") + 8
        path.write_bytes(content[:at] + b"\x01\x00" + content[at + 2 :])
    return path


def _many_entries(place: Path, random: Random) -> Path:
    """20,000 entries that are no images."""
    path = place / "data.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for index in range(20_000):
            archive.writestr(f"{index}.txt", "")
    return path


def _lying_zip(place: Path, random: Random) -> Path:
    """A directory that claims other sizes than the entries have."""
    path = place / "data.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.png", encoded(random))
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 20 : at + 28] = random.choice(
        (struct.pack("<II", 2**31, 2**31), struct.pack("<II", 1, 2**32 - 1), bytes(8))
    )
    path.write_bytes(content)
    return path


def _gzipped_zeros(place: Path, random: Random) -> Path:
    """IDX files of 2 MB that claim 10 images and unpack to 2 GiB of zeros."""
    folder = place / "idx"
    folder.mkdir()
    packer = zlib.compressobj(9, wbits=31)
    head = struct.pack(">IIII", 0x803, 10, 28, 28)
    content = packer.compress(head) + b"".join(packer.compress(bytes(2**20)) for _ in range(2048)) + packer.flush()
    for name in ("train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte.gz"):
        (folder / name).write_bytes(content)
    for name in ("train-labels-idx1-ubyte.gz", "t10k-labels-idx1-ubyte.gz"):
        (folder / name).write_bytes(gzip.compress(struct.pack(">II", 0x801, 10) + bytes(10)))
    return folder


def _huge_idx(place: Path, random: Random) -> Path:
    """Four IDX files that claim 2^32 - 1 images of 2^32 - 1 squared."""
    folder = place / "idx"
    folder.mkdir()
    for part in ("train", "t10k"):
        (folder / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">IIII", 0x803, *(2**32 - 1,) * 3) + bytes(100))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, 2**32 - 1) + bytes(100))
    return folder


def _parquet_of_zeros(place: Path, random: Random) -> Path:
    """A table of some KB whose images are 40 x 20 MB of zeros, packed."""
    path = place / "data.parquet"
    image = pa.array([{"bytes": bytes(20_000_000), "path": None}] * 40)
    parquet.write_table(pa.table({"image": image}), path, compression="zstd", row_group_size=10)
    return path


def _lying_parquet(place: Path, random: Random) -> Path:
    """Metadata of Hugging Face that is none."""
    path = place / "data.parquet"
    features = random.choice(
        ("[" * 50_000, "{", "null", "[]", '{"info": 3}', '{"info": {"features": {"image": []}}}', "\x00")
    )
    images = pa.array([{"bytes": encoded(random), "path": "a\x1b[31m"}] * 4)
    table = pa.table({"image": images, "label": [0, 1, 0, 1]})
    parquet.write_table(table.replace_schema_metadata({"huggingface": features}), path)
    return path


def _long_json(text: str) -> _Make:
    def make(place: Path, random: Random) -> Path:
        path = place / "images"
        path.mkdir()
        for index in range(4):
            (path / f"{index}.png").write_bytes(encoded(random))
        (path / "dataset.json").write_text(text)
        return path

    return make


def _wrong_suffix(content: bytes, name: str) -> _Make:
    def make(place: Path, random: Random) -> Path:
        path = place / name
        path.write_bytes(content)
        return path

    return make


def _array(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


BOMBS: tuple[tuple[str, _Make], ...] = (
    ("a .npy of shape 1e23", _npy(_npy_header("(99999999999999999999999, 16, 16)"))),
    ("a .npy of shape -12", _npy(_npy_header("(-12, 16, 16)"))),
    ("a .npy of shape 1e12", _npy(_npy_header("(1000000000000, 16, 16)"))),
    ("a .npy of shape (True, 'x')", _npy(_npy_header("(True, 'x')"))),
    ("a .npy of shape 0 x 1e18", _npy(_npy_header("(0, 1000000000000000000)"))),
    ("a .npy whose header calls a function", _npy(_npy_header("(__import__('os').getpid(), 8, 8)"))),
    ("a .npy of 3,000 nested brackets", _npy(_npy_header("(" * 3_000 + ")" * 3_000))),
    ("a .npy of objects", _npy(_npy_header("(4, 8, 8)", kind="|O"))),
    ("a .npy with a header of 65,535 bytes that are not there", _npy(b"\x93NUMPY\x01\x00\xff\xff{")),
    ("a .npy of version 9", _npy(b"\x93NUMPY\x09\x00\x10\x00")),
    ("an .npz whose .npy claims 1e12 images", _npz({"images.npy": _npy_header("(1000000000000, 16, 16)") + bytes(99)})),
    ("an .npz with a text as member", _npz({"images.npy": _array(np.zeros((4, 8, 8), np.uint8)), "labels": b"text"})),
    ("an .npz with junk as images", _npz({"images.npy": b"junk", "images": b"junk"})),
    ("an .npz of 2 GB of zeros", _npz({"images.npy": _npy_header("(200, 1000, 10000)") + bytes(2_000_000)})),
    ("an .npz packed by LZMA", _npz({"images.npy": _array(np.zeros((4, 8, 8), np.uint8))}, zipfile.ZIP_LZMA)),
    ("30 images of 60 MB of zeros in 1.8 MB", _zip_of_zeros),
    ("a zip whose entries lie on each other", _overlapping_zip),
    ("a zip of names that lead elsewhere", _odd_entries),
    ("a zip of 20,000 texts", _many_entries),
    ("a zip whose directory lies", _lying_zip),
    ("IDX files of 10 images that unpack to 2 GiB", _gzipped_zeros),
    ("IDX files that claim 2^96 bytes", _huge_idx),
    ("a Parquet file of 800 MB of zeros", _parquet_of_zeros),
    ("a Parquet file with wrong metadata", _lying_parquet),
    ("a dataset.json of 1e5 brackets", _long_json("[" * 100_000)),
    ("a dataset.json of 1e6 labels", _long_json(json.dumps({"labels": [["a.png", 0]] * 200_000}))),
    ("a dataset.json of a number of 5,000 digits", _long_json('{"labels": ' + "9" * 5_000 + "}")),
    ("a Parquet file in name only", _wrong_suffix(b"PAR1" + bytes(100) + b"PAR1", "data.parquet")),
    ("a .csv of 1e6 commas", _wrong_suffix(b"," * 1_000_000, "train.csv")),
    ("a .csv of NUL bytes", _wrong_suffix(bytes(100_000), "train.csv")),
    ("xz in a name of gzip", _wrong_suffix(lzma.compress(bytes(10_000_000)), "data.tar.gz")),
    ("a .tar.gz of 100 MB of zeros", _wrong_suffix(gzip.compress(bytes(100_000_000), 1), "data.tar.gz")),
)
