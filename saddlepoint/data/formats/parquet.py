"""A .parquet file, or a folder of them as Hugging Face data set repositories keep them.

A column `split` gives the splits; without it the files' paths do (`data/train-00000-of-00002.parquet`,
`default/test/0.parquet`).
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from saddlepoint.data.formats.columns import Columns, choose_columns, column_labels, split_indices
from saddlepoint.data.formats.folder import read_file
from saddlepoint.data.formats.stamps import stamp_files
from saddlepoint.data.labels.numbers import check_count
from saddlepoint.data.layout import SPLIT_NAMES
from saddlepoint.data.source import FILE_LIMIT, Options, Source, UnreadableError
from saddlepoint.errors import UserError, reading
from saddlepoint.process.room import refuse_without_room

if TYPE_CHECKING:
    import pyarrow as pa

# Rows that are held at once, fewer where they are large.
_ROWS_AT_ONCE, _BYTES_AT_ONCE = 256, 64 * 2**20
# What is known of a row beside its image takes at least so much memory.
_BYTES_PER_ROW = 64
_WORDS = re.compile(r"[^a-z]+")


def find_parquet(folder: Path) -> list[Path]:
    """The .parquet files under a folder, sorted, hidden ones left out."""
    files = (path for path in folder.rglob("*.parquet") if path.is_file())
    return sorted(
        (path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts)),
        key=lambda path: path.relative_to(folder).as_posix(),
    )


def read_parquet(location: str, options: Options) -> Source:
    """One file or a folder of them; all must have the same schema."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    root = Path(location)
    files = find_parquet(root) if root.is_dir() else [root]
    if not files:
        raise UserError(f"{root}, a folder without .parquet files", "at least one", "give another folder")
    broken = f"{root}, which cannot be read as parquet", "whole .parquet files", "get or make them again"
    with reading(*broken):
        schemas = [pq.read_schema(path) for path in files]
        counts = [pq.read_metadata(path).num_rows for path in files]
        names_of = [", ".join(schema.names) for schema in schemas]
    refuse_without_room(sum(counts) * _BYTES_PER_ROW, str(root), "give a part of it")
    for path, schema, names in zip(files, schemas, names_of, strict=True):
        if not schema.equals(schemas[0]):
            raise UserError(
                f"{path} with the columns {names}",
                f"those of {files[0]}: {names_of[0]}",
                "give a folder, or one file, of one data set",
            )
    columns = choose_columns(schemas[0], options, location)
    wanted = [name for name in (columns.label, columns.split) if name is not None]
    with reading(*broken):
        tables = [pq.ParquetFile(path).read(columns=wanted) for path in files]
    labels, classes = None, ()
    if columns.label is not None:
        chunks = [chunk for table in tables for chunk in table[columns.label].chunks]
        labels, classes = column_labels(
            pa.chunked_array(chunks, schemas[0].field(columns.label).type), columns, location
        )
        check_count(labels, sum(counts), location)
    if columns.split is not None:
        with reading(*broken):
            cells = [cell for table in tables for cell in table[columns.split].to_pylist()]
        names = np.array([str(cell) for cell in cells])
    else:
        names = np.repeat(_splits_of_paths(root, files), counts)
    ends = np.cumsum(counts)

    def name(index: int) -> str:
        at = int(np.searchsorted(ends, index, side="right"))
        return f"row {index - (ends[at] - counts[at])} of {files[at].name}"

    return Source(
        format="parquet",
        count=sum(counts),
        name=name,
        encoded=lambda: _loaders(files, counts, columns),
        labels=labels,
        classes=classes,
        published=split_indices(names, location),
        stamp=stamp_files(files, extra=f"{columns}"),
    )


def image_cells(cells: "pa.Array", *, follow_paths: bool) -> Iterator[Callable[[], bytes]]:
    """The files in a column of images, as functions that give their bytes.

    Args:
        follow_paths: whether a cell that holds a path instead of the bytes is read from there. A file from elsewhere
            could point at anything on this machine; the library of Hugging Face data sets points at what it has put
            there.
    """
    import pyarrow as pa

    with reading("a column of images that cannot be read", "whole cells", "get or make the file again"):
        if pa.types.is_struct(cells.type):
            valid, data = cells.is_valid().to_pylist(), cells.field("bytes").to_pylist()
            has_paths = cells.type.get_field_index("path") >= 0
            paths = cells.field("path").to_pylist() if has_paths else [None] * len(cells)
        else:
            data, follow_paths = cells.to_pylist(), False
            valid, paths = [True] * len(data), [None] * len(data)
    for is_valid, cell, path in zip(valid, data, paths, strict=True):
        yield partial(_cell, cell if is_valid else None, path if is_valid else None, follow_paths)


def _cell(data: bytes | None, path: str | None, follow_path: bool) -> bytes:
    if data is not None:
        return data
    if path is None or not follow_path:
        raise UnreadableError(f"a path without the bytes ({path})" if path else "an empty cell")
    return read_file(Path(path))


def _loaders(files: list[Path], counts: list[int], columns: Columns) -> Iterator[Callable[[], bytes]]:
    import pyarrow.parquet as pq

    for path, count in zip(files, counts, strict=True):
        broken = f"{path}, which breaks off", "a whole .parquet file", "get or make it again"
        with reading(*broken):
            file = pq.ParquetFile(path)
            groups = [file.metadata.row_group(index).total_byte_size for index in range(file.metadata.num_row_groups)]
            rows_of = [file.metadata.row_group(index).num_rows for index in range(file.metadata.num_row_groups)]
        for size, number in zip(groups, rows_of, strict=True):
            # Before anything is unpacked: the limit of one image holds for what is packed, too.
            if size > max(number, 1) * FILE_LIMIT:
                raise UserError(
                    f"{path} with rows of {size / max(number, 1) / 2**20:,.0f} MiB",
                    f"at most {FILE_LIMIT // 2**20:,} MiB an image",
                    "write smaller images",
                )
        # A dictionary may hold one large cell that each row names again: any row may be as large as its group.
        at_once = min(_ROWS_AT_ONCE, max(_BYTES_AT_ONCE // max(*groups, 1), 1))
        with file:
            batches, rows = file.iter_batches(batch_size=at_once, columns=[columns.image]), 0
            while True:
                with reading(*broken):
                    batch = next(batches, None)
                if batch is None:
                    break
                rows += len(batch)
                yield from image_cells(batch.column(0), follow_paths=False)
        if rows != count:
            raise UserError(f"{path} of {rows} rows, which claims {count}", *broken[1:])


def _splits_of_paths(root: Path, files: list[Path]) -> list[str]:
    """A split for each file, "train" for all unless every path names exactly one."""
    found = []
    for path in files:
        words = _WORDS.split(path.relative_to(root).with_suffix("").as_posix().lower()) if path != root else []
        found.append({SPLIT_NAMES[word] for word in words if word in SPLIT_NAMES})
    telling = all(len(splits) == 1 for splits in found) and any("train" in splits for splits in found)
    return [min(splits) if telling else "train" for splits in found]
