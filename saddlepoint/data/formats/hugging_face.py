"""A Hugging Face data set by name, `hf:owner/name` or `hf:owner/name:config`, through the `datasets` library.

The library comes with the extra `data`. This is the one source that may use the network, and only because the person
named a data set; with HF_HUB_OFFLINE=1 it reads what is already on the machine. A local repository folder works as a
name too.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from saddlepoint.data.formats.columns import choose_columns, column_labels, split_indices
from saddlepoint.data.formats.parquet import image_cells
from saddlepoint.data.layout import SPLIT_NAMES
from saddlepoint.data.source import Options, Source
from saddlepoint.errors import UserError, reading

if TYPE_CHECKING:
    import pyarrow as pa

PREFIX = "hf:"
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
_ROWS_AT_ONCE = 256
_WHOLE = "a whole data set", "load it again"


def read_hugging_face(location: str, options: Options) -> Source:
    """The data set's train, validation and test splits; other splits are left out and noted.

    Raises:
        UserError: the extra is not installed, or no such data set can be loaded.
    """
    name, config = _name_and_config(location.removeprefix(PREFIX))
    parts = _load(name, config, location, options.cache)
    known = {split: part for split, part in parts.items() if split.lower() in SPLIT_NAMES}
    chosen = known if any(SPLIT_NAMES[split.lower()] == "train" for split in known) else dict(list(parts.items())[:1])
    left_out = [split for split in parts if split not in chosen]
    first = next(iter(chosen.values()))
    columns = choose_columns(first.features.arrow_schema, options, location)
    labels, classes = None, ()
    if columns.label is not None:
        with reading(f"column {columns.label} of {location}, which cannot be read", *_WHOLE):
            cells = [part.with_format("arrow")[:][columns.label] for part in _only(chosen, columns.label)]
        labels, classes = column_labels(_joined(cells), columns, location)
    names = np.repeat(list(chosen), [len(part) for part in chosen.values()])
    return Source(
        format="hugging-face",
        count=len(names),
        name=lambda index: f"row {index} of {location}",
        encoded=lambda: _loaders(_only(chosen, columns.image)),
        labels=labels,
        classes=classes,
        published=split_indices(names, location) if len(chosen) > 1 else {},
        stamp=" ".join((location, columns.image, *(part._fingerprint for part in chosen.values()))),
        notes=(f"splits left out: {', '.join(left_out)}",) if left_out else (),
    )


def _load(name: str, config: str | None, location: str, cache: Path | None) -> dict[str, Any]:
    try:
        import datasets
    except ImportError as error:
        raise UserError(
            f"{location}, a data set by name, without the library that loads it",
            "the extra `data`",
            "install it with: pip install 'saddlepoint[data]'",
        ) from error
    with reading(
        f"{location}, which cannot be loaded",
        "a local folder or file, or a Hugging Face data set with images, as hf:owner/name or hf:owner/name:config",
        "check the spelling and the connection",
    ):
        loaded = datasets.load_dataset(name, config, cache_dir=str(cache / "hugging-face") if cache else None)
    assert isinstance(loaded, datasets.DatasetDict)
    return {str(split): part for split, part in loaded.items()}


def _name_and_config(text: str) -> tuple[str, str | None]:
    name, colon, config = text.rpartition(":")
    return (name, config) if colon and re.fullmatch(r"[\w.-]+", config) and len(name) > 1 else (text, None)


def _only(parts: dict[str, Any], column: str) -> Iterator[Any]:
    """The splits with one column, so that the others are not read."""
    return (part.select_columns([column]) for part in parts.values())


def _joined(columns: "list[pa.ChunkedArray]") -> "pa.ChunkedArray":
    import pyarrow as pa

    return pa.chunked_array([chunk for column in columns for chunk in column.chunks])


def _loaders(parts: Iterator[Any]) -> Iterator[Callable[[], bytes]]:
    for part in parts:
        # As arrow tables the images stay encoded; the library's own decoding would skip our rules.
        tables = part.with_format("arrow").iter(batch_size=_ROWS_AT_ONCE)
        while True:
            with reading("a data set that breaks off", *_WHOLE):
                table = next(tables, None)
            if table is None:
                break
            for chunk in table.column(0).chunks:
                yield from image_cells(getattr(chunk, "storage", chunk), follow_paths=True)
