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

from saddlepoint.data.arrays import channel_axis, item_name, to_bytes
from saddlepoint.data.labels import declared_labels, observed_labels
from saddlepoint.data.notes import Tally
from saddlepoint.data.packed import Packed
from saddlepoint.data.packing import assemble, read_items
from saddlepoint.data.raster import from_pillow
from saddlepoint.data.source import Decoded, Options, Source, UnreadableError
from saddlepoint.errors import UserError


def from_torch_dataset(
    dataset: Any,
    *,
    value_range: tuple[float, float] = (0.0, 1.0),
    classes: Sequence[str] | None = None,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    hold_out: float = 0.1,
    first: int | None = None,
    seed: int = 0,
    cache: Path | None = None,
    resident_limit: int = Options.resident_limit,
) -> Packed:
    """Packs a torch Dataset.

    Args:
        value_range: what black and white are in floating-point images, for example (-1, 1).
        classes: the names of the classes 0, 1, ...; None takes `dataset.classes` where it exists, else the labels that
            occur.
        size, channels, hold_out, first, seed, cache, resident_limit: as in `opening.open_data`.

    Raises:
        UserError: no length, an item of another kind, images of different sizes or channels, values outside the range.
    """
    options = Options(
        size=size,
        channels=channels,
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
    if not value_range[0] < value_range[1]:
        raise UserError(f"value_range={value_range}", "(black, white), in rising order", "give e.g. (-1.0, 1.0)")
    labels: list[Any] = []
    tally = Tally()

    def blocks() -> Iterator[np.ndarray]:
        for index in range(len(dataset)):
            image, label = _image_and_label(dataset[index], f"item {index} of {where}")
            labels.append(label)
            item = _packed_item(image, value_range, channels, f"item {index} of {where}")
            if isinstance(item, Decoded):
                tally.add(item)
            yield (item.pixels if isinstance(item, Decoded) else item)[None]

    first_image, _ = _image_and_label(dataset[0], f"item 0 of {where}")
    points = not isinstance(_packed_item(first_image, value_range, channels, f"item 0 of {where}"), Decoded)
    source = Source(
        format="torch",
        count=len(dataset),
        name=item_name(where),
        kind="points" if points else "images",
        blocks=blocks,
    )
    stored = read_items(source, options, where)
    numbers, names = _labels(labels, classes or getattr(dataset, "classes", None), where)
    source = dataclasses.replace(source, labels=numbers, classes=names, notes=tally.notes)
    return assemble(source, stored, options, where)


def _image_and_label(item: Any, where: str) -> tuple[Any, Any]:
    if not isinstance(item, (tuple, list)):
        return item, None
    if len(item) not in (1, 2):
        raise UserError(f"{len(item)} values as {where}", "an image, or an image and its label", "leave out the others")
    return item[0], item[1] if len(item) == 2 else None


def _packed_item(
    image: Any, value_range: tuple[float, float], channels: int | None, where: str
) -> Decoded | np.ndarray:
    """An image, or a point float32 (dimensions,)."""
    if isinstance(image, Image.Image):
        try:
            return from_pillow(image)
        except UnreadableError as reason:
            raise UserError(f"{where}: {reason}", "an 8-bit or 16-bit image", "convert it") from reason
    # A tensor may live on another device and want gradients; as an array it does neither.
    array = np.asarray(image.detach().cpu() if hasattr(image, "detach") else image)
    if array.ndim == 1 and array.dtype.kind in "fiu":
        return array.astype(np.float32)
    if array.ndim == 3 and array.shape[0] in (1, 3, 4) and hasattr(image, "detach"):
        axis = 0  # torch's own order, also where the last axis could count channels too
    else:
        axis = channel_axis(array.shape, channels, where)
    pixels = to_bytes(array, value_range, where)
    return Decoded(pixels=pixels[None] if axis is None else np.ascontiguousarray(np.moveaxis(pixels, axis, 0)))


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
