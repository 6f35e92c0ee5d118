"""numpy's .npy and .npz files of images or points.

Which array holds what is told by its name: see `array_names`. Class names stand under `classes`. (n, height, width) is
grey; (n, h, w, c) and (n, c, h, w) are told apart by the channel count, 1, 3 or 4; (n, dimensions) are points. Pixels:
uint8, truth values, or any numbers in a range, see `depth`. Pickled objects are never loaded.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from saddlepoint.data.formats.array_files import read_array_file
from saddlepoint.data.formats.array_names import CLASSES, parts_of
from saddlepoint.data.formats.stamps import stamp_files
from saddlepoint.data.labels.numbers import check_count, declared_labels, observed_labels
from saddlepoint.data.source import Options, Source
from saddlepoint.errors import UserError

_BLOCK = 1024


def read_arrays(location: str, options: Options) -> Source:
    """A .npy or .npz file."""
    path = Path(location)
    arrays = read_array_file(path)
    parts = parts_of(list(arrays), path)
    images = [_images(arrays[part.images], path) for part in parts]
    ranks = {array.ndim for array in images}
    if len({array.shape[1:] for array in images}) > 1:
        shown = " and ".join(f"{part.images} of {array.shape}" for part, array in zip(parts, images, strict=True))
        raise UserError(f"{shown} in {path}", "one shape of item", "repair it")
    wanted = [(part.labels, len(array)) for part, array in zip(parts, images, strict=True) if part.labels is not None]
    if options.labels and 0 < len(wanted) < len(parts):
        raise UserError(
            f"labels of {len(wanted)} of the {len(parts)} parts in {path}",
            "labels for all or none",
            "add the others, or leave all out with --set data.labels=false",
        )
    numbers, classes = None, ()
    if options.labels and wanted:
        every = np.concatenate([_labels(arrays[name], name, length, path) for name, length in wanted])
        names = [str(name) for name in np.atleast_1d(arrays[CLASSES])] if CLASSES in arrays else None
        where = f"the labels in {path}"
        numbers, classes = observed_labels(every, where) if names is None else declared_labels(every, names, where)
    count = sum(map(len, images))
    boundaries = np.arange(count), np.cumsum([len(array) for array in images])[:-1]
    return Source(
        format="arrays",
        count=count,
        name=item_name(location),
        kind="points" if ranks == {2} else "images",
        blocks=array_blocks(images, options.fixed_channels, str(path)),
        labels=numbers,
        classes=classes,
        published=_published([part.split for part in parts], np.split(*boundaries)),
        stamp=stamp_files([path]),
    )


def item_name(location: str) -> Callable[[int], str]:
    """How messages call an item that has no file of its own."""
    return lambda index: f"item {index} of {location}"


def array_blocks(arrays: list[np.ndarray], channels: int | None, where: str) -> Callable[[], Iterator[np.ndarray]]:
    """Passes over arrays of one layout, in blocks of images with channels first; (n, d) becomes float32 points.

    Args:
        channels: settles a layout that could be read in two ways.
    """
    axis = None if arrays[0].ndim == 2 else channel_axis(arrays[0].shape[1:], channels, where)

    def blocks() -> Iterator[np.ndarray]:
        for array in arrays:
            for start in range(0, len(array), _BLOCK):
                block = np.asarray(array[start : start + _BLOCK])
                if array.ndim == 2:
                    yield _points(block, start, where)
                    continue
                yield np.ascontiguousarray(block[:, None] if axis is None else np.moveaxis(block, axis + 1, 1))

    return blocks


def channel_axis(shape: tuple[int, ...], channels: int | None, where: str) -> int | None:
    """Which axis of an image's shape counts channels: 0, 2, or None for (height, width).

    Raises:
        UserError: no axis can, or both could.
    """
    if len(shape) == 2:
        return None
    if len(shape) != 3:
        raise UserError(
            f"items of shape {shape} in {where}",
            "(height, width), (height, width, channels) or (channels, height, width)",
            "save one image per item",
        )
    possible = [axis for axis in (0, 2) if shape[axis] in (1, 3, 4)]
    if len(possible) > 1 and channels is not None:
        possible = [axis for axis in possible if shape[axis] == channels]
    if len(possible) == 1:
        return possible[0]
    either = shape[0] in (1, 3, 4) and shape[2] in (1, 3, 4)
    raise UserError(
        f"items of shape {shape} in {where}, where {'the first and the last' if either else 'no'} axis "
        "may count channels",
        "one axis, first or last, of 1, 3 or 4 channels",
        f"say which it is with --set data.channels={shape[0]} or data.channels={shape[2]}"
        if either and shape[0] != shape[2]
        else "save one image per item as PNG files in a folder; of a volume, its slices",
    )


def _points(block: np.ndarray, start: int, where: str) -> np.ndarray:
    points = block.astype(np.float32) if block.dtype.kind in "fiu" else np.full(block.shape, np.nan, np.float32)
    if not np.isfinite(points).all():
        at = start + int(np.argmin(np.isfinite(points).all(axis=1)))
        raise UserError(f"point {at} of {where}, which is no finite number", "finite coordinates", "take it out")
    return points


def _published(splits: list[str], indices: list[np.ndarray]) -> dict[str, np.ndarray]:
    """The parts by split; none where one part is all there is, or where nothing would be trained on."""
    return dict(zip(splits, indices, strict=True)) if len(splits) > 1 and "train" in splits else {}


def _images(array: np.ndarray, path: Path) -> np.ndarray:
    if array.ndim < 2 or not array.size:
        raise UserError(
            f"an array of shape {array.shape} in {path}", "(n, height, width, channels) or its kin", "save images there"
        )
    if array.ndim == 2 and array.dtype == np.uint8:
        raise UserError(
            f"bytes of shape {array.shape} in {path}",
            "images as (n, height, width), or points as floating-point numbers",
            "reshape flattened images, or convert the points to float32",
        )
    return array


def _labels(labels: np.ndarray, name: str, count: int, path: Path) -> np.ndarray:
    """(n,) labels; those of (n, 1) are flattened."""
    if labels.ndim == 2 and labels.shape[1] > 1:
        raise UserError(
            f"{name} of shape {labels.shape} in {path}, several numbers for each item",
            "one class number for each item",
            "train without labels with --set data.labels=false, or save one class number for each item",
        )
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    labels = np.atleast_1d(labels)
    check_count(labels, count, str(path))
    return labels
