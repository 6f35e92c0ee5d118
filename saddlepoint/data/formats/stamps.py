"""A cheap fingerprint of files: it changes when one is added, taken away, or written again, and costs no reading."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def stamp(entries: Iterable[tuple[str, int, int]], *, extra: str = "") -> str:
    """The sha256 over files' names, sizes in bytes and times of change in nanoseconds, in the order given.

    Args:
        extra: whatever else the content depends on.
    """
    digest = hashlib.sha256(extra.encode("utf-8", "surrogateescape"))
    for name, size, changed in entries:
        digest.update(f"{name}\0{size}\0{changed}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def stamp_files(paths: Iterable[Path], *, extra: str = "") -> str:
    """The stamp of a few files, by their absolute paths."""
    facts = ((path.resolve().as_posix(), path.stat()) for path in paths)
    return stamp(((name, status.st_size, status.st_mtime_ns) for name, status in facts), extra=extra)
