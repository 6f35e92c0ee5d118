"""The IDX format of MNIST and its kin, gzip-compressed or not, in their usual spellings.

Big-endian: 0, 0, type (8: unsigned byte), number of dimensions; the dimensions as 32-bit numbers; the bytes, row-major.
Images have magic number 2051 = 0x803, labels 2049 = 0x801. Source: Y. LeCun's page of MNIST.
"""

import gzip
import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from saddlepoint.data.formats.arrays import item_name
from saddlepoint.data.formats.stamps import stamp_files
from saddlepoint.data.labels.numbers import check_count, observed_labels
from saddlepoint.data.source import Options, Source
from saddlepoint.errors import UserError, reading
from saddlepoint.process.room import refuse_without_room

_NAME = re.compile(
    r"^(?P<set>.*[-_.])?(?P<part>train|t10k|test)[-_.](?P<what>images|labels)[-_.]idx[13][-_.]ubyte(\.gz)?$"
)
_MAGIC = {"images": 2051, "labels": 2049}
# Deflate cannot do better than this; a file that declares more is wrong, and its reading need not be tried.
_MOST_COMPRESSION = 1100


@dataclass(frozen=True, kw_only=True)
class IdxFile:
    """One file by its name: part is "train" or "test", what is "images" or "labels"."""

    path: Path
    part: str
    what: str


def find_idx(folder: Path) -> list[IdxFile]:
    """The IDX files of a folder, or of its `raw` or `MNIST/raw`; uncompressed ones before their compressed twins."""
    for place in (folder, folder / "raw", folder / "MNIST" / "raw"):
        found: dict[tuple[str, str, str], IdxFile] = {}
        for path in sorted(place.iterdir()) if place.is_dir() else []:
            if (match := _NAME.match(path.name)) and path.is_file():
                part = "train" if match["part"] == "train" else "test"
                file = IdxFile(path=path, part=part, what=match["what"])
                found.setdefault((match["set"] or "", part, match["what"]), file)
        if found:
            sets = sorted({key[0] for key in found})
            if len(sets) > 1:
                raise UserError(
                    f"IDX files of {len(sets)} sets in {place} ({', '.join(name or 'no prefix' for name in sets)})",
                    "the files of one set",
                    "put each set into a folder of its own",
                )
            return list(found.values())
    return []


def read_idx(location: str, options: Options) -> Source:
    """A folder with IDX files: train and t10k are the splits as published; labels may be absent altogether."""
    files = find_idx(Path(location))
    parts = [part for part in ("train", "test") if any(file.part == part for file in files)]
    if not parts:
        raise UserError(
            f"no IDX file in {location}",
            "train-images-idx3-ubyte and its kin, .gz or not",
            "give the folder that holds them",
        )
    images, labels = {}, {}
    for file in files:
        if file.what == "images":
            images[file.part] = read_idx_file(file)
        elif options.labels:
            labels[file.part] = read_idx_file(file)
    for part in parts:
        if part not in images:
            raise UserError(
                f"IDX labels without the images of {part} in {location}", "both files", "add the images' file"
            )
        if (part in labels) != bool(labels):
            raise UserError(
                f"IDX images of {part} without labels in {location}", "labels for all or none", "add the labels"
            )
        if part in labels:
            check_count(labels[part], len(images[part]), f"the IDX files of {part} in {location}")
        if images[part].shape[1:] != images[parts[0]].shape[1:]:
            raise UserError(
                f"IDX images of {images['train'].shape[1:]} and {images['test'].shape[1:]} pixels in {location}",
                "one size",
                "give files that belong together",
            )
    count = sum(len(images[part]) for part in parts)
    numbers, classes = None, ()
    if labels:
        values = np.concatenate([labels[part] for part in parts])
        numbers, classes = observed_labels(values, f"the labels in {location}")
    boundaries = np.arange(count), np.cumsum([len(images[part]) for part in parts])[:-1]
    return Source(
        format="idx",
        count=count,
        name=item_name(location),
        blocks=lambda: (images[part][:, None] for part in parts),
        labels=numbers,
        classes=classes,
        published=dict(zip(parts, np.split(*boundaries), strict=True)) if len(parts) == 2 else {},
        stamp=stamp_files([file.path for file in files]),
    )


def read_idx_file(file: IdxFile) -> np.ndarray:
    """One file: uint8 (n, height, width) images or (n,) labels.

    Raises:
        UserError: a wrong magic number, a length that does not fit the header, or a broken compression.
    """
    path, dimensions = file.path, 3 if file.what == "images" else 1
    cure = "get the file again from its source"
    opener = gzip.open if path.suffix == ".gz" else open
    broken, whole = f"{path}, which cannot be read", "a whole file"
    with reading(broken, whole, cure):
        stream = opener(path, "rb")
    with stream:
        with reading(broken, whole, cure):
            head = stream.read(4 + 4 * dimensions)
        magic = int.from_bytes(head[:4], "big")
        if len(head) < 4 or magic != _MAGIC[file.what]:
            raise UserError(
                f"magic number {magic if len(head) >= 4 else 'missing'} in {path}",
                f"{_MAGIC[file.what]} (IDX {file.what} of unsigned bytes)",
                cure,
            )
        shape = struct.unpack(f">{(len(head) - 4) // 4}I", head[4 : len(head) // 4 * 4])
        length = math.prod(shape) if len(shape) == dimensions else None
        largest = path.stat().st_size * (_MOST_COMPRESSION if path.suffix == ".gz" else 1)
        data = b""
        if length is not None and length <= largest:
            refuse_without_room(length, str(path), "train on a part of it")
            with reading(broken, whole, cure):
                # One byte more than declared is asked for, to see that there is none.
                data = stream.read(length + 1)
    if length is None or len(data) != length:
        has = (
            f"{len(data)} bytes"
            if length is not None and length <= largest and len(data) <= length
            else "another length"
        )
        raise UserError(
            f"{has} after the header of {path}",
            f"{'x'.join(map(str, shape))} = {length} bytes" if length is not None else "a whole header",
            cure,
        )
    if length == 0:
        raise UserError(f"an empty IDX file {path} ({'x'.join(map(str, shape))})", "at least one item", cure)
    return np.frombuffer(data, np.uint8).reshape(shape)
