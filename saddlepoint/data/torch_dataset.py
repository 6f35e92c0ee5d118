"""A person's own torch Dataset (anything with a length and items by index) to the packed form.

An item is an image, or a pair (image, label). An image is a PIL image; a tensor or array (height, width), (channels,
height, width) or (height, width, channels), uint8 or floating point; a 1-D one is a point. The data set is read once,
in order: what it draws at random when an item is asked for is drawn once and kept; augmentation belongs into the
recipe.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from saddlepoint.data.arrays import channel_axis, item_name
from saddlepoint.data.depth import Range, refuse_without_effect
from saddlepoint.data.labels import declared_labels, observed_labels
from saddlepoint.data.packed import Packed
from saddlepoint.data.packing import assemble, read_items
from saddlepoint.data.raster import from_pillow
from saddlepoint.data.source import Block, Options, Source, UnreadableError
from saddlepoint.errors import UserError


def from_torch_dataset(
    dataset: Any,
    *,
    classes: Sequence[str] | None = None,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    range: Range | None = None,
    hold_out: float = 0.1,
    first: int | None = None,
    seed: int = 0,
    cache: Path | None = None,
    resident_limit: int = Options.resident_limit,
) -> Packed:
    """Packs a torch Dataset.

    Args:
        classes: the names of the classes 0, 1, ...; None takes `dataset.classes` where it exists, else the labels that
            occur.
        range: what black and white are in images that are not uint8, for example (-1, 1); None: 0 and 1 of
            floating-point numbers, 0 and 255 of integers.
        size, channels, hold_out, first, seed, cache, resident_limit: as in `opening.open_data`.

    Raises:
        UserError: no length, an item of another kind, images of different sizes or channels, values outside the range.
    """
    options = Options(
        size=size,
        channels=channels,
        range=range,
        hold_out=hold_out,
        first=first,
        seed=seed,
        cache=cache,
        resident_limit=resident_limit,
    )
    where = f"the {type(dataset).__name__}"
    if not (hasattr(dataset, "__len__") and hasattr(dataset, "__getitem__")) or len(dataset) == 0:
        raise UserError(
            f"{where}, which has no items that can be counted",
            "a data set with a length and items by index, not empty",
            "give a torch.utils.data.Dataset, or pack what it streams into an .npz",
        )
    labels: list[Any] = []

    def blocks() -> Iterator[Block]:
        for item, label in _items(dataset, options, where):
            labels.append(label)
            yield item

    first_item, _ = next(_items(dataset, options, where))
    points = isinstance(first_item, np.ndarray) and first_item.ndim == 2
    source = Source(
        format="torch",
        count=len(dataset),
        name=item_name(where),
        kind="points" if points else "images",
        blocks=blocks,
    )
    stored = read_items(source, options, where)
    refuse_without_effect(options.range, [stored.facts.deep], where)
    numbers, names = _labels(labels, classes or getattr(dataset, "classes", None), where)
    return assemble(dataclasses.replace(source, labels=numbers, classes=names), stored, options, where)


def _items(dataset: Any, options: Options, where: str) -> Iterator[tuple[Block, Any]]:
    """Each item as a block of one, and its label."""
    for index in range(len(dataset)):
        name = f"item {index} of {where}"
        image, label = _image_and_label(dataset[index], name)
        yield _block(image, options, name), label


def _image_and_label(item: Any, where: str) -> tuple[Any, Any]:
    if not isinstance(item, (tuple, list)):
        return item, None
    if len(item) not in (1, 2):
        raise UserError(f"{len(item)} values as {where}", "an image, or an image and its label", "leave out the others")
    return item[0], item[1] if len(item) == 2 else None


def _block(image: Any, options: Options, where: str) -> Block:
    """(1, channels, height, width) of any numeric type, float32 (1, dimensions), or a picture decoded."""
    if isinstance(image, Image.Image):
        try:
            return from_pillow(image, options.range)
        except UnreadableError as reason:
            raise UserError(f"{where}: {reason}", "an 8-bit or 16-bit image", "convert it") from reason
    # A tensor may live on another device and want gradients; as an array it does neither.
    array = np.asarray(image.detach().cpu() if hasattr(image, "detach") else image)
    if array.ndim == 1 and array.dtype.kind in "fiu":
        return array.astype(np.float32)[None]
    if array.ndim == 3 and array.shape[0] in (1, 3, 4) and hasattr(image, "detach"):
        axis = 0  # torch's own order, also where the last axis could count channels too
    else:
        axis = channel_axis(array.shape, options.channels, where)
    return array[None, None] if axis is None else np.ascontiguousarray(np.moveaxis(array, axis, 0))[None]


def _labels(labels: list[Any], classes: Sequence[str] | None, where: str) -> tuple[np.ndarray | None, tuple[str, ...]]:
    missing = sum(label is None for label in labels)
    if missing == len(labels):
        return None, ()
    if missing:
        raise UserError(f"{missing} of {len(labels)} items of {where} without a label", "all or none", "label them")
    try:
        values = np.asarray([label.item() if hasattr(label, "item") else label for label in labels])
    except (ValueError, RuntimeError) as error:
        raise UserError(
            f"labels of {where} that are no single numbers", "one integer for each item", "give that"
        ) from error
    where = f"the labels of {where}"
    return observed_labels(values, where) if classes is None else declared_labels(values, classes, where)
