"""CIFAR-10 and CIFAR-100 in their binary version: records of the label(s) and 3x32x32 bytes, red, green, blue.

    data_batch_1.bin ... data_batch_5.bin, test_batch.bin, batches.meta.txt           CIFAR-10, 3073 bytes a record
    train.bin, test.bin, fine_label_names.txt, coarse_label_names.txt                 CIFAR-100, 3074 bytes a record

The Python version of both is pickled and therefore not read; `of_pickles` tells it. Source: the page of A. Krizhevsky.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from saddlepoint.data.formats.arrays import item_name
from saddlepoint.data.formats.stamps import stamp_files
from saddlepoint.data.labels.numbers import declared_labels, observed_labels
from saddlepoint.data.source import Options, Source
from saddlepoint.errors import UserError, counted

_SHAPE = (3, 32, 32)
_PIXELS = 3072
_BLOCK = 1024
# Where a download lies that was unpacked beside it.
_FOLDERS = ("", "cifar-10-batches-bin", "cifar-100-binary")
_TRAINING_BATCHES = 5


@dataclass(frozen=True, kw_only=True)
class Batches:
    """The files of a set by their paths: (split, path) in order; how many labels a record has; where names stand."""

    name: str
    labels: int
    files: tuple[tuple[str, str], ...]
    class_names: str | None


@dataclass(frozen=True, kw_only=True)
class Pickles:
    """What to say of the Python version."""

    what: str
    expected: str
    cure: str


def find_batches(paths: Sequence[str]) -> Batches | None:
    """The binary batches among files, or None.

    Args:
        paths: relative POSIX paths.
    """
    there = set(paths)
    for path in sorted(paths):
        folder, name = PurePosixPath(path).parent, PurePosixPath(path).name

        def beside(other: str, folder: PurePosixPath = folder) -> str | None:
            place = (folder / other).as_posix()
            return place if place in there else None

        if re.fullmatch(r"data_batch_\d\.bin", name):
            names = [f"data_batch_{number}.bin" for number in range(1, _TRAINING_BATCHES + 1)]
            files = [("train", found) for each in names if (found := beside(each)) is not None]
            files += [("test", found)] if (found := beside("test_batch.bin")) is not None else []
            return Batches(name="CIFAR-10", labels=1, files=tuple(files), class_names=beside("batches.meta.txt"))
        if name == "fine_label_names.txt":
            files = [(split, found) for split in ("train", "test") if (found := beside(f"{split}.bin")) is not None]
            return Batches(name="CIFAR-100", labels=2, files=tuple(files), class_names=path) if files else None
    return None


def find_cifar(folder: Path) -> Path | None:
    """Where the binary batches of a folder stand: in it, or in the folder that the archive unpacks to."""
    for name in _FOLDERS:
        place = folder / name
        if (place / "data_batch_1.bin").is_file() or (
            (place / "train.bin").is_file() and (place / "fine_label_names.txt").is_file()
        ):
            return place
    return None


def read_cifar(location: str, options: Options) -> Source:
    """A folder of the binary version."""
    place = find_cifar(Path(location))
    paths = sorted(path.name for path in place.iterdir() if path.is_file()) if place is not None else []
    batches = find_batches(paths)
    if place is None or batches is None:
        raise UserError(
            f"{location}, a folder without CIFAR's binary batches",
            "data_batch_1.bin and its kin, or train.bin, test.bin and fine_label_names.txt",
            "give the folder that holds them",
        )
    files = [place / path for _, path in batches.files]
    return read_batches(
        batches, lambda path: (place / path).read_bytes(), location, options, format="cifar", stamp=stamp_files(files)
    )


def read_batches(
    batches: Batches, read: Callable[[str], bytes], location: str, options: Options, *, format: str, stamp: str
) -> Source:
    """The images of binary batches, wherever their files stand.

    Args:
        read: gives a file's bytes by its path in `batches`.

    Raises:
        UserError: a file that is no whole number of records, or a label that has no name.
    """
    parts = [(split, _records(read(path), batches, path, location)) for split, path in batches.files]
    labels, classes = None, ()
    if options.labels:
        # Of CIFAR-100's two the fine one, which comes second.
        values = np.concatenate([records[:, batches.labels - 1] for _, records in parts])
        where = f"the labels in {location}"
        names = _names(read(batches.class_names)) if batches.class_names is not None else []
        labels, classes = declared_labels(values, names, where) if names else observed_labels(values, where)
    splits = np.repeat([split for split, _ in parts], [len(records) for _, records in parts])
    training = sum(split == "train" for split, _ in parts)
    notes = ["of the two labels the fine one is read"] if options.labels and batches.labels == 2 else []
    if batches.labels == 1 and training < _TRAINING_BATCHES:
        notes.append(f"{counted(training, 'training batch', 'training batches')} of {_TRAINING_BATCHES} are there")

    def blocks() -> Iterator[np.ndarray]:
        for _, records in parts:
            for start in range(0, len(records), _BLOCK):
                pixels = records[start : start + _BLOCK, batches.labels :]
                yield np.ascontiguousarray(pixels).reshape(-1, *_SHAPE)

    return Source(
        format=format,
        count=len(splits),
        name=item_name(location),
        blocks=blocks,
        labels=labels,
        classes=classes,
        published={name: np.flatnonzero(splits == name) for name in ("train", "test")}
        if {"train", "test"} <= set(splits.tolist())
        else {},
        stamp=stamp,
        notes=tuple(notes),
    )


def of_pickles(paths: Sequence[str]) -> Pickles | None:
    """What to say where the files of the Python version stand among others, or None."""
    names = {PurePosixPath(path).name for path in paths}
    ten = any(re.fullmatch(r"data_batch_\d", name) for name in names)
    if not ten and not {"train", "test", "meta"} <= names:
        return None
    number = 10 if ten else 100
    return Pickles(
        what=f"the Python version of CIFAR-{number}: pickled batches",
        expected="data that is read without unpickling, because a pickle may run any program",
        cure=f"give its binary version, cifar-{number}-binary.tar.gz of the same page, as it is, or "
        f"hf:uoft-cs/cifar{number}",
    )


def _records(data: bytes, batches: Batches, path: str, location: str) -> np.ndarray:
    width = batches.labels + _PIXELS
    if not data or len(data) % width:
        raise UserError(
            f"{path} of {len(data):,} bytes in {location}",
            f"records of {width} bytes ({batches.name}: {counted(batches.labels, 'label')} and 3x32x32 pixels)",
            "get the file again from its source",
        )
    return np.frombuffer(data, np.uint8).reshape(-1, width)


def _names(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").split()
