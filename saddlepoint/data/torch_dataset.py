"""A person's own torch Dataset (anything with a length and items by index) to the packed form.

An item is an image, or a pair (image, label). An image is a PIL image; a tensor or array (height, width), (channels,
height, width) or (height, width, channels), uint8 or floating point; a 1-D one is a point. The data set is read once
(a second time where its images are of several sizes, and one is to be chosen), in order: what it draws at random when
an item is asked for is drawn once and kept; augmentation belongs into the recipe.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from saddlepoint.data.depth import Range, refuse_without_effect
from saddlepoint.data.fitting import Fit, Size
from saddlepoint.data.formats.arrays import channel_axis, item_name
from saddlepoint.data.labels.numbers import declared_labels, observed_labels
from saddlepoint.data.notes import copies
from saddlepoint.data.packed import Packed
from saddlepoint.data.packing import assemble, read_settled
from saddlepoint.data.raster import from_pillow
from saddlepoint.data.source import AUTO_SIDE, Block, Options, Source, UnreadableError
from saddlepoint.errors import RunStopped, UserError, reason_of

_IMAGE = "an image (of PIL, or a tensor or array of numbers), a point, or either with its label"


def from_torch_dataset(
    dataset: Any,
    *,
    classes: Sequence[str] | None = None,
    size: Size | Literal["auto"] | None = None,
    channels: int | Literal["auto"] | None = None,
    fit: Fit = "crop",
    auto_side: int = AUTO_SIDE,
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
            occur: whole numbers, or texts, which are names.
        range: what black and white are in images that are not uint8, for example (-1, 1); None: 0 and 1 of
            floating-point numbers, 0 and 255 of integers.
        size, channels, fit, auto_side, hold_out, first, seed, cache, resident_limit: as in `opening.open_data`.

    Raises:
        UserError: no length, an item of another kind, images of different sizes or channels, values outside the range.
    """
    options = Options(
        size=size,
        channels=channels,
        fit=fit,
        auto_side=auto_side,
        range=range,
        hold_out=hold_out,
        first=first,
        seed=seed,
        cache=cache,
        resident_limit=resident_limit,
    )
    where = f"the {type(dataset).__name__}"
    count = _count(dataset, where)
    labels: list[Any] = []

    def blocks() -> Iterator[Block]:
        # A pass that met images of several sizes is followed by another.
        labels.clear()
        for item, label in _items(dataset, count, options, where):
            labels.append(label)
            yield item

    first_item, _ = next(_items(dataset, count, options, where))
    points = isinstance(first_item, np.ndarray) and first_item.ndim == 2
    source = Source(
        format="torch",
        count=count,
        name=item_name(where),
        kind="points" if points else "images",
        blocks=blocks,
        even=False,
    )
    source, stored = read_settled(source, options, where)
    refuse_without_effect(options.range, [stored.facts.deep], where)
    numbers, names = _labels(labels, classes or getattr(dataset, "classes", None), where)
    packed = assemble(dataclasses.replace(source, labels=numbers, classes=names), stored, options, where)
    notes = packed.notes + copies(stored.digests, source.kind)
    if any(isinstance(label, str) for label in labels):
        notes += (f"labels are texts, taken as the names of {len(names)} classes",)
    return dataclasses.replace(packed, notes=notes)


def _items(dataset: Any, count: int, options: Options, where: str) -> Iterator[tuple[Block, Any]]:
    """Each item as a block of one, and its label."""
    for index in range(count):
        name = f"item {index} of {where}"
        image, label = _image_and_label(_item(dataset, index, count, where), name)
        yield _block(image, options, name), label


def _count(dataset: Any, where: str) -> int:
    """How many items a data set says that it has."""
    expected, reason = "a data set with a length and items by index, not empty", ""
    if isinstance(dataset, type):
        raise UserError(f"{dataset.__name__}, a class", expected, f"call it: data={dataset.__name__}(...)")
    try:
        count = len(dataset) if hasattr(dataset, "__getitem__") and not isinstance(dataset, str | bytes) else 0
    except Exception as error:  # whatever the person's own __len__ raises, and a negative length
        count, reason = 0, f" ({reason_of(error)})"
    if count == 0:
        raise UserError(
            f"{where}, which has no items that can be counted{reason}",
            expected,
            "give a torch.utils.data.Dataset (a loader's is loader.dataset), or pack what it streams into an .npz",
        )
    return count


def _item(dataset: Any, index: int, count: int, where: str) -> Any:
    """One item of a person's own data set, whose failures are told with the item's number."""
    try:
        return dataset[index]
    except (UserError, RunStopped, MemoryError):
        raise
    except Exception as error:
        cure = "mend its __getitem__, or leave that item out"
        if isinstance(error, IndexError | KeyError):
            cure = "let its __len__ give the number of items that there are, and its __getitem__ take 0, 1, 2, ..."
        raise UserError(
            f"item {index} of {where}, which raised {reason_of(error)}",
            f"an image for each of 0..{count - 1}, because its length is {count}",
            cure,
        ) from error


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
    array = _array(image, where)
    if array.ndim == 1 and array.dtype.kind in "fiu":
        if not np.isfinite(array).all():
            raise UserError(f"{where}, a point that is no finite number", "finite coordinates", "take it out")
        return array.astype(np.float32)[None]
    if array.ndim == 3 and array.shape[0] in (1, 3, 4) and hasattr(image, "detach"):
        axis = 0  # torch's own order, also where the last axis could count channels too
    else:
        axis = channel_axis(array.shape, options.fixed_channels, where)
    return array[None, None] if axis is None else np.ascontiguousarray(np.moveaxis(array, axis, 0))[None]


def _array(image: Any, where: str) -> np.ndarray:
    """Whatever holds numbers as an array of them."""
    try:
        # A tensor may live on another device and want gradients, and numpy knows no bfloat16.
        if hasattr(image, "detach"):
            image = image.detach().cpu()
            image = image.float() if image.is_floating_point() else image
        array = np.asarray(image)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UserError(
            f"{where}, {_typed(image)} that is no array ({reason_of(error)})", _IMAGE, "convert it"
        ) from error
    if array.dtype.kind not in "biuf" or array.ndim == 0:
        key = next((key for key in ("image", "img", "pixel_values") if isinstance(image, dict) and key in image), None)
        cure = "let its __getitem__ return that" if key is None else f"return item[{key!r}], or (item[{key!r}], label)"
        raise UserError(f"{where}, {_typed(image)}", _IMAGE, cure)
    return array


def _typed(value: Any) -> str:
    """A value's type, for a message: a dict, an array of type complex64."""
    dtype = getattr(value, "dtype", None)
    name = type(value).__name__
    article = "an" if name[0] in "aeiou" else "a"
    return f"{article} {name}" if dtype is None else f"{article} {name} of type {dtype} and shape {tuple(value.shape)}"


def _labels(labels: list[Any], classes: Sequence[str] | None, where: str) -> tuple[np.ndarray | None, tuple[str, ...]]:
    missing = sum(label is None for label in labels)
    if missing == len(labels):
        return None, ()
    if missing:
        raise UserError(f"{missing} of {len(labels)} items of {where} without a label", "all or none", "label them")
    try:
        plain = [label.item() if hasattr(label, "item") else label for label in labels]
        values = np.asarray(plain)
    except (ValueError, RuntimeError) as error:
        raise UserError(
            f"labels of {where} that are no single numbers", "one integer for each item", "give that"
        ) from error
    texts = sum(isinstance(label, str) for label in plain)
    if 0 < texts < len(plain):
        raise UserError(
            f"{texts} of {len(plain)} labels of {where} that are texts",
            "class numbers, or names, for all",
            "choose one",
        )
    where = f"the labels of {where}"
    if texts and classes is not None:
        numbers = {str(name): number for number, name in enumerate(classes)}
        if unknown := [label for label in plain if label not in numbers]:
            raise UserError(
                f"{unknown[0]!r} among {where}", f"one of {', '.join(numbers)}, the classes that it declares", "mend it"
            )
        values = np.asarray([numbers[label] for label in plain])
    return observed_labels(values, where) if classes is None else declared_labels(values, classes, where)
