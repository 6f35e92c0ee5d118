"""Tables of files and what is known of each: a CSV or TSV with a header, JSON lines, CelebA's list of attributes.

    labels.csv              a header, filename,label; then a row for each file
    metadata.jsonl          an object for each file, {"file_name": "a.png", "label": 3}
    list_attr_celeba.txt    a line with the count, one with the attributes' names, a row for each file: 1.jpg -1 1 ...

A table says by the usual names of its columns which of them holds the files. Only the columns that are asked for are
kept, for a list of forty attributes has eight million cells.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from saddlepoint.data.source import UnreadableError
from saddlepoint.errors import UserError, reading

# Of a file of labels: the labels of a million images, and not what would fill the memory.
LABEL_FILE_LIMIT = 64 * 2**20
# Usual names of the column of files, the more telling ones first.
_FILE_COLUMNS = (
    *("file_name", "filename", "file", "image", "image_id", "image_name", "imageid", "img", "path", "filepath"),
    *("file_path", "image_path", "img_path", "images", "filenames", "image_file", "img_name", "fname", "name", "id"),
)
_CURE = "mend or complete it, or move it away from the images"


@dataclass(frozen=True, kw_only=True)
class Companion:
    """A file that lies beside images: its relative POSIX path; `read(limit)` gives its bytes, up to so many.

    `read` raises `UnreadableError` for a file that is larger or cannot be read.
    """

    path: str
    read: Callable[[int], bytes]

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def folder(self) -> tuple[str, ...]:
        return PurePosixPath(self.path).parts[:-1]


@dataclass(frozen=True, kw_only=True)
class Table:
    """The columns of a table but that of the files, and its rows: the file, and the cell of the column asked for."""

    columns: tuple[str, ...]
    rows: Callable[[str], Iterator[tuple[str, Any]]]


def is_table(name: str) -> bool:
    """Whether a file may be a table by its name."""
    name = name.lower()
    return name.endswith((".csv", ".tsv", ".jsonl")) or (name.startswith("list_attr") and name.endswith(".txt"))


def read_table(file: Companion) -> Table:
    """The table in a file.

    Raises:
        UserError: it is none; `got` says why, as a clause about "it".
    """
    text, suffix = text_of(file), PurePosixPath(file.name.lower()).suffix
    if suffix == ".jsonl":
        return _of_objects(text)
    if suffix == ".txt":
        return _of_attributes(text)
    header = text.partition("\n")[0]
    delimiter = "\t" if suffix == ".tsv" else ";" if ";" in header and "," not in header else ","
    return _of_rows(lambda: _csv(text, delimiter))


def text_of(file: Companion) -> str:
    """A file's text; raises what `read_table` raises."""
    try:
        data = file.read(LABEL_FILE_LIMIT)
    except UnreadableError as reason:
        raise UserError(f"it cannot be read: {reason}", "a readable file", _CURE) from reason
    with reading("it is no text in UTF-8", "text in UTF-8", _CURE):
        return data.decode("utf-8-sig")


def _csv(text: str, delimiter: str) -> Iterator[list[str]]:
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        with reading("it is no whole table", "comma-separated values with a header", _CURE):
            row = next(rows, None)
        if row is None:
            return
        if row:
            yield row


def _of_rows(rows: Callable[[], Iterator[list[str]]]) -> Table:
    header = [name.strip() for name in next(rows(), [])]
    at = _file_column(header)

    def cells(column: str) -> Iterator[tuple[str, Any]]:
        wanted = header.index(column)
        every = rows()
        next(every)
        for row in every:
            if len(row) != len(header):
                raise UserError(
                    f"it has a row of {len(row)} cells ({', '.join(row)[:60]}) under {len(header)} columns",
                    "rows as long as the header",
                    _CURE,
                )
            yield row[at].strip(), row[wanted].strip()

    return Table(columns=tuple(name for index, name in enumerate(header) if index != at), rows=cells)


def _of_attributes(text: str) -> Table:
    lines = text.splitlines()
    if len(lines) < 2 or not lines[0].strip().isdecimal() or not lines[1].split():
        raise UserError("it does not begin with a count and the attributes' names", "CelebA's form", _CURE)

    def rows() -> Iterator[list[str]]:
        yield ["image_id", *lines[1].split()]
        yield from (line.split() for line in lines[2:] if line)

    return _of_rows(rows)


def _of_objects(text: str) -> Table:
    def objects() -> Iterator[dict[str, Any]]:
        # Not by splitlines, which breaks at characters that may stand inside a JSON text.
        for line in filter(None, map(str.strip, text.split("\n"))):
            with reading("it has a line that is no JSON", "a JSON object on each line", _CURE):
                row = json.loads(line)
            if not isinstance(row, dict):
                raise UserError(f"it has the line {line[:60]}", "a JSON object on each line", _CURE)
            yield row

    header = list(next(objects(), {}))
    files = header[_file_column(header)]

    def cells(column: str) -> Iterator[tuple[str, Any]]:
        for row in objects():
            cell = row.get(column)
            yield str(row.get(files, "")), "" if cell is None else cell

    return Table(columns=tuple(name for name in header if name != files), rows=cells)


def plain_name(column: str) -> str:
    """A column's name as it is compared with usual ones: "Image Name" and "image-name" are image_name."""
    return re.sub(r"[\s-]+", "_", column.strip().lower())


def _file_column(header: list[str]) -> int:
    lower = [plain_name(name) for name in header]
    found = [lower.index(name) for name in _FILE_COLUMNS if lower.count(name) == 1]
    if not found or len(header) < 2:
        shown = ", ".join(header)[:80] or "none"
        raise UserError(f"its columns are {shown}", "one of file names, such as file_name, and one of labels", _CURE)
    return found[0]
