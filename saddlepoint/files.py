"""Writing files so that a kill, a full disk or a second reader never meets half of one."""

import json
import os
from pathlib import Path
from typing import Any


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that it is there whole or not at all: aside, flushed, renamed.

    Raises:
        OSError: the disk did not take it; what was there before is untouched.
    """
    # One fixed name: what a kill leaves behind is taken by the next writing.
    aside = aside_of(path)
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    os.replace(aside, path)


def aside_of(path: Path) -> Path:
    """Where a file stands while it is being written."""
    return path.with_name(f".{path.name}.writing")


def append_line(path: Path, value: dict[str, Any]) -> None:
    """Appends one JSON line; first closes a line that a kill has torn."""
    with path.open("ab+") as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write((json.dumps(value, allow_nan=False) + "\n").encode())
