"""A cheap fingerprint of files: it changes when one is added, taken away, or written again, and costs no reading."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def stamp(files: Iterable[Path], *, root: Path | None = None, extra: str = "") -> str:
    """The sha256 over each file's path, size and time of change, in the order given.

    Args:
        root: paths are taken relative to it, so that a folder may be moved; None takes them absolute.
        extra: whatever else the content depends on.
    """
    digest = hashlib.sha256(extra.encode())
    for path in files:
        facts = path.stat()
        name = path.relative_to(root).as_posix() if root else path.resolve().as_posix()
        digest.update(f"{name}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()
