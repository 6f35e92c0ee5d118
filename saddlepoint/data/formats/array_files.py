"""The arrays in a .npy or .npz file, without pickled objects; what a header claims is held against the bytes there.

A .npy is mapped, so that a set larger than memory is only ever held in blocks. The arrays of an .npz are read into
memory, one after the other.
"""

import math
import os
import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from saddlepoint.errors import UserError, reading
from saddlepoint.process.room import refuse_without_room

_EXPECTED = "plain arrays of numbers"
_CURE = "save the images with np.savez(FILE, images=..., labels=...) as uint8 and whole numbers"
# Deflate cannot do better than this; an entry that declares more is wrong.
_MOST_COMPRESSION = 1100
# Version 3 of the format differs in field names alone, of which plain arrays have none.
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_array_file(path: Path) -> dict[str, np.ndarray]:
    """The arrays by name; that of a .npy is called `images`.

    Raises:
        UserError: no such file, pickled objects, a broken file, or a header that claims more than there is.
    """
    cannot = f"{path}, which cannot be read"
    with reading(cannot, _EXPECTED, _CURE):
        file = path.open("rb")
    with file:
        if file.read(2) == b"PK":
            with reading(cannot, _EXPECTED, _CURE):
                archive = zipfile.ZipFile(file)
            return _members(archive, path)
        file.seek(0)
        _check_claims(file, os.fstat(file.fileno()).st_size, str(path))
    with reading(cannot, _EXPECTED, _CURE):
        return {"images": np.load(path, mmap_mode="r", allow_pickle=False)}


def _members(archive: zipfile.ZipFile, path: Path) -> dict[str, np.ndarray]:
    entries = archive.infolist()
    cure = "save fewer images in each file, or give a folder of image files"
    refuse_without_room(sum(entry.file_size for entry in entries), str(path), cure)
    arrays = {}
    for entry in entries:
        where = f"{entry.filename} in {path}"
        if not entry.filename.endswith(".npy") or entry.file_size > entry.compress_size * _MOST_COMPRESSION:
            what = "which declares more than its bytes can hold" if entry.filename.endswith(".npy") else "no .npy"
            raise UserError(f"{where}, {what}", _EXPECTED, _CURE)
        with reading(f"{where}, which cannot be read", _EXPECTED, _CURE):
            member = archive.open(entry)
        with member:
            _check_claims(member, entry.file_size, where)
        with reading(f"{where}, which cannot be read", _EXPECTED, _CURE), archive.open(entry) as member:
            arrays[entry.filename.removesuffix(".npy")] = np.lib.format.read_array(member, allow_pickle=False)
    return arrays


def _check_claims(file: IO[bytes], size: int, where: str) -> None:
    """Refuses a .npy of `size` bytes whose header claims what they cannot hold."""
    with reading(f"{where}, which cannot be read", _EXPECTED, _CURE):
        shape, _, kind = _HEADERS[np.lib.format.read_magic(file)](file)
        start = file.tell()
    if kind.hasobject:
        raise UserError(f"{where}, which holds pickled objects", _EXPECTED, _CURE)
    claimed = math.prod(shape) * kind.itemsize
    if min(shape, default=0) < 0 or claimed > size - start:
        raise UserError(
            f"{where}, which cannot be read: its header claims {claimed:,} bytes for {shape}, and {size - start:,} are"
            " there",
            _EXPECTED,
            _CURE,
        )
