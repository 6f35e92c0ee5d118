"""A .csv (or .csv.gz) with a row for each image and a column for each pixel, as Kaggle's MNIST, and at most one label.

The pixels are a square number of columns (grey), or three times one (colour: of the two usual orders that in which
neighbouring pixels differ less). Without a header the first column is the label where the others alone make a square.
Numbers mean what they mean in arrays, see `arrays`; 0 and 1 alone are black and white.
"""

import csv
import gzip
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from saddlepoint.data.formats.arrays import array_blocks, item_name
from saddlepoint.data.formats.columns import LABEL_NAMES, Columns, column_labels
from saddlepoint.data.formats.stamps import stamp_files
from saddlepoint.data.source import Options, Source
from saddlepoint.errors import UserError, counted, reading

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = (".csv", ".csv.gz")
# A smaller square is a table of some other kind: iris has four columns.
_SMALLEST = 8
_LONGEST_LINE = 2**24
# Columns that number or name the rows.
_OF_ROWS = frozenset(("", "id", "index", "unnamed: 0", "name", "image_id", "imageid"))
# Rows that tell the order of colours; a few hundred images are certain.
_LOOKED_AT = 256


@dataclass(frozen=True, kw_only=True)
class _Table:
    """What the first line tells: how many rows to skip, the separator, and which columns hold what, by position."""

    header: int
    separator: str
    names: tuple[str, ...]
    pixels: tuple[int, ...]
    label: int | None
    side: int
    channels: int


def read_csv(location: str, options: Options) -> Source:
    """The images of one table of pixels."""
    path = Path(location)
    table = _table(path, options)
    images, labels, notes = _images(path, table, options.labels)
    numbers, classes = None, ()
    if labels is not None and table.label is not None:
        known = Columns(image="", label=table.names[table.label], class_names=None, split=None)
        numbers, classes = column_labels(labels, known, location)
    return Source(
        format="csv",
        count=len(images),
        name=item_name(location),
        blocks=array_blocks([images], None, str(path)),
        labels=numbers,
        classes=classes,
        stamp=stamp_files([path]),
        notes=tuple(notes),
    )


def _table(path: Path, options: Options) -> _Table:
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    wanted = "a table of numbers", "get or make it again"
    with reading(f"{path}, which cannot be read", *wanted), opener(path, "rb") as file:
        line = file.readline(_LONGEST_LINE).decode("utf-8-sig")
    separator = max(",;\t", key=line.count)
    with reading(f"{path}, which cannot be read", *wanted):
        names = tuple(next(csv.reader([line], delimiter=separator), ()))
    header = not all(_is_number(name) for name in names)
    label = _label(path, names, header, options)
    pixels = [at for at, name in enumerate(names) if at != label and not (header and name.lower() in _OF_ROWS)]
    shape = _square(len(pixels))
    if shape is None and not header and label is None:
        label, pixels = 0, pixels[1:]
        shape = _square(len(pixels))
    if shape is None:
        raise _no_pixels(path, names if header else (), pixels)
    return _Table(
        header=int(header),
        separator=separator,
        names=names if header else tuple(f"column {at}" for at in range(len(names))),
        pixels=tuple(pixels),
        label=label,
        side=shape[0],
        channels=shape[1],
    )


def _label(path: Path, names: Sequence[str], header: bool, options: Options) -> int | None:
    if options.label_column is not None:
        if not header or options.label_column not in names:
            raise UserError(
                f"data.label_column={options.label_column} for {path}",
                f"one of its columns {', '.join(names[:5])} ..." if header else "a table with a header",
                "name one of them, or leave it out",
            )
        return names.index(options.label_column)
    usual = [at for at, name in enumerate(names) if name.strip().lower() in LABEL_NAMES] if header else []
    return usual[0] if usual else None


def _square(count: int) -> tuple[int, int] | None:
    """Side and channels of the square image that so many columns are, or None."""
    for channels in (1, 3):
        side = math.isqrt(max(count, 0) // channels)
        if side >= _SMALLEST and channels * side * side == count:
            return side, channels
    return None


def _no_pixels(path: Path, names: Sequence[str], pixels: Sequence[int]) -> UserError:
    shown = f" ({', '.join(names[:4])}{' ...' if len(names) > 4 else ''})" if names else ""
    one_too_many = bool(names) and _square(len(pixels) - 1) is not None
    return UserError(
        f"{path}, a table of {counted(len(pixels), 'column')}{shown} that are no square image",
        "a column for each pixel, as 784 for 28x28 (three times as many for colour), and at most one for labels",
        "name the one that holds the labels with --set data.label_column=NAME"
        if one_too_many
        else "give the folder or archive of the images, or the table in which the pixels stand",
    )


def _images(path: Path, table: _Table, labels: bool) -> "tuple[np.ndarray, pa.ChunkedArray | None, list[str]]":
    """Images (n, side, side) or with an axis of colours, the label column or None, and notes."""
    wanted = {f"{at}": at for at in table.pixels}
    of_labels = f"{table.label}" if labels and table.label is not None else None
    columns = [*wanted, *([of_labels] if of_labels is not None else [])]
    read = _read(path, table, columns, "uint8")
    if read is None:
        read = _read(path, table, columns, "float64")
    assert read is not None
    empty = [name for name in wanted if read[name].null_count]
    if empty or not len(read):
        raise UserError(
            f"{path} with {f'empty cells in column {table.names[wanted[empty[0]]]}' if empty else 'no row'}",
            "a number in each cell of each image",
            "get the table again, or fill the cells" if empty else "give another table",
        )
    values = np.stack([read[name].to_numpy() for name in wanted], axis=1)
    notes = [] if table.header or table.label is None else ["no header: the first column is read as the label"]
    most = values.max()
    whole = values.dtype != np.uint8 and bool((values == np.floor(values)).all())
    # Beyond that not every whole number is a float64; such values are asked about as they are.
    if whole and 1 < most <= 2**53 and values.min() >= -(2**53):
        values = values.astype(np.int64)
    elif values.dtype == np.uint8 and most == 1:
        values = values.astype(np.bool_)
        notes.append("0 and 1 are read as black and white")
    images = values.reshape(-1, table.side, table.side)
    if table.channels == 3:
        images, order = _coloured(values, table.side)
        notes.append(order)
    return images, read[of_labels] if of_labels is not None else None, notes


def _read(path: Path, table: _Table, columns: list[str], kind: str) -> "pa.Table | None":
    """Some columns, named by their position; None where a pixel is no number of that type."""
    import pyarrow as pa
    import pyarrow.csv as pc

    pixels = {f"{at}": getattr(pa, kind)() for at in table.pixels}
    with reading(f"{path}, which cannot be read as a table", "a number in each cell", "get or make it again"):
        try:
            return pc.read_csv(
                path,
                read_options=pc.ReadOptions(
                    column_names=[f"{at}" for at in range(len(table.names))], skip_rows=table.header
                ),
                parse_options=pc.ParseOptions(delimiter=table.separator),
                convert_options=pc.ConvertOptions(column_types=pixels, include_columns=columns),
            )
        except pa.ArrowInvalid:
            # Not bytes; the next type is asked, and the last one says what is wrong.
            if kind == "float64":
                raise
            return None


def _coloured(values: np.ndarray, side: int) -> tuple[np.ndarray, str]:
    """The images in the order of colours in which neighbours differ less, and what it is."""
    together = values.reshape(-1, side, side, 3)
    apart = values.reshape(-1, 3, side, side)

    def roughness(images: np.ndarray, axis: int) -> float:
        few = images[:_LOOKED_AT].astype(np.float64)
        return sum(float(np.abs(np.diff(few, axis=each)).mean()) for each in (axis, axis + 1))

    if roughness(apart, 2) < roughness(together, 1):
        return apart, "colours read as three planes, red, green, blue"
    return together, "colours read pixel by pixel, red, green, blue"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
