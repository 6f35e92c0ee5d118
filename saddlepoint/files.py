"""Writing files so that a kill, a full disk or a second reader never meets half of one; paths; lines of JSON."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saddlepoint.arguments import place as place_of
from saddlepoint.errors import UserError, reading

# Nobody nests a record so deeply; what walks it would run out of stack.
_DEEPEST = 50


def expanded(place: str | Path) -> Path:
    """A path with ~ as the user's home.

    Raises:
        UserError: it begins with ~, and nothing says where that is.
    """
    try:
        return place_of("the path", place).expanduser()
    except RuntimeError as error:
        raise UserError(f"{place}, where no home directory is known", "a path without ~", "write it out") from error


def next_free(path: Path) -> Path:
    """The path itself, or the first of path-2, path-3, ... that does not exist."""
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that it is there whole or not at all: aside, flushed, renamed.

    Raises:
        OSError: the disk did not take it; what was there before is untouched.
    """
    # One fixed name: what a kill leaves behind is taken by the next writing.
    aside = aside_of(path)
    with _named(path):
        try:
            with aside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            with suppress(OSError):  # where a file cannot be written, one may not be removed either
                aside.unlink()
            raise
        os.replace(aside, path)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Inside, an error of the file system names the file that a person knows, or any at all: a full disk names none."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        del error.filename2  # where it was to be renamed to
        raise


def aside_of(path: Path) -> Path:
    """Where a file stands while it is being written."""
    return path.with_name(f".{path.name}.writing")


def append_line(path: Path, value: dict[str, Any]) -> None:
    """Appends one JSON line; first closes a line that a kill has torn."""
    with _named(path), path.open("ab+") as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write((json.dumps(value, allow_nan=False) + "\n").encode())


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a file of JSON objects.

    Attributes:
        number: from 1.
        content: its bytes, with the line's end.
        value: the object; None where the line is none (damaged, or blank).
    """

    number: int
    content: bytes
    value: dict[str, Any] | None

    @property
    def blank(self) -> bool:
        return not self.content.strip()

    @property
    def torn(self) -> bool:
        """Whether it lacks its end, as a last line does that a kill has torn."""
        return not self.content.endswith(b"\n")


def read_lines(path: Path) -> Iterator[Line]:
    """The lines of a .jsonl file, whatever they hold; none where there is no such file."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for number, content in enumerate(file, 1):
            yield Line(number, content, object_in(content))


def object_in(content: bytes) -> dict[str, Any] | None:
    """The JSON object that bytes from anywhere hold; None where they hold none, or one nested beyond all use."""
    try:
        with reading("a line", "JSON", "mend it"):
            value = json.loads(content)
    except UserError:
        return None
    if not isinstance(value, dict) or (content.count(b"{") + content.count(b"[") > _DEEPEST and _too_deep(value)):
        return None
    return value


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            part
            for each in level
            if isinstance(each, dict | list)
            for part in (each.values() if isinstance(each, dict) else each)
        ]
    return bool(level)
