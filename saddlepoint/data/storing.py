"""Items put into one array: in memory, or above a bound in a memory-mapped file that later calls use again.

An entry of the cache is a folder `items.npy`, `digests.npy`, `kept.npy`, `facts.json`. It is written aside and renamed,
so an entry that exists is complete; one process writes it while others wait for it (several ranks open the same data at
once).
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from saddlepoint.data.source import GIBIBYTE
from saddlepoint.errors import RunStopped, UserError, reading


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a pass over the items found beside the pixels: source indices that were kept, what was skipped, notes.

    own_size: the (height, width) that all images had before they were scaled; None where that is not one size.
    deep: whether any values were of more than 8 bits.
    """

    kept: np.ndarray
    skipped: tuple[str, ...]
    notes: tuple[str, ...]
    own_size: tuple[int, int] | None = None
    deep: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Stored:
    """items (n, ...); digests uint8 (n, 16), a content hash of each; the sha256 of all items' bytes in order; facts."""

    items: np.ndarray
    digests: np.ndarray
    sha256: str
    facts: Facts


class _Hashing:
    """Passes blocks on and hashes them on the way, so that no second pass over a large file is needed."""

    def __init__(self, blocks: Iterable[np.ndarray]):
        self._blocks, self._sha256, self._digests = blocks, hashlib.sha256(), bytearray()

    def __iter__(self) -> Iterator[np.ndarray]:
        for block in self._blocks:
            block = np.ascontiguousarray(block)
            self._sha256.update(block.data)
            for item in block:
                self._digests += hashlib.blake2b(item.data, digest_size=16).digest()
            yield block

    def results(self) -> tuple[np.ndarray, str]:
        return np.frombuffer(bytes(self._digests), np.uint8).reshape(-1, 16), self._sha256.hexdigest()


def in_memory(
    blocks: Iterable[np.ndarray], *, capacity: int, shape: tuple[int, ...], facts: Callable[[], Facts]
) -> Stored:
    """The items as one array in memory.

    Args:
        blocks: (k, *shape) each; fewer than `capacity` items in all where some were skipped.
        facts: asked after the last block.
    """
    items: np.ndarray | None = None
    count, hashing = 0, _Hashing(blocks)
    for block in hashing:
        items = np.empty((capacity, *shape), block.dtype) if items is None else items
        items[count : count + len(block)] = block
        count += len(block)
    assert items is not None
    digests, sha256 = hashing.results()
    return Stored(items=items[:count], digests=digests, sha256=sha256, facts=facts())


def in_file(
    blocks: Callable[[], Iterator[np.ndarray]],
    *,
    capacity: int,
    shape: tuple[int, ...],
    cache: Path,
    key: str | None,
    facts: Callable[[], Facts],
) -> Stored:
    """The items as a memory-mapped file in the cache, written there unless an entry of that key exists.

    Args:
        blocks: starts the pass; not called where the entry exists.
        key: of the source and all options that change its pixels; None is replaced by the content's own hash.

    Raises:
        UserError: the disk has no room for it.
        RunStopped: writing failed all the same.
    """
    from filelock import FileLock

    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"{key or f'process-{os.getpid()}'}.lock"):
            stored = reuse(cache, key)
            if stored is None:
                aside = cache / f"{key or 'content'}.writing-{os.getpid()}"
                for left in [aside, *cache.glob(f"{key}.writing-*")]:  # what a killed process left; we hold the lock
                    shutil.rmtree(left, ignore_errors=True)
                try:
                    key = _write(blocks, aside, capacity, shape, facts, key)
                    if not (cache / key).exists():
                        os.replace(aside, cache / key)
                finally:
                    shutil.rmtree(aside, ignore_errors=True)
                stored = reuse(cache, key)
    except OSError as error:
        raise RunStopped(
            f"packing the data into {cache} failed ({error.strerror or error})",
            "nothing of it is kept",
            "make room there, or choose another place with --set data.cache=DIR",
        ) from error
    assert stored is not None
    return stored


def reuse(cache: Path, key: str | None) -> Stored | None:
    """The entry of that key, mapped; None if there is none (or it was damaged and is to be written anew)."""
    if key is None or not (cache / key / "facts.json").exists():
        return None
    stored = _entry(cache / key)
    if stored is None:
        shutil.rmtree(cache / key, ignore_errors=True)
    return stored


def _entry(folder: Path) -> Stored | None:
    """What the files of an entry hold; None if any of them is not as `_write` writes it."""
    try:
        with reading(f"the packed data {folder}", "a whole entry", "it is written anew"):
            said = json.loads((folder / "facts.json").read_text("utf-8"))
            items = np.load(folder / "items.npy", mmap_mode="r", allow_pickle=False)
            digests, kept = (np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("digests", "kept"))
    except UserError:
        return None
    if not _is_whole(said, items, digests, kept):
        return None
    facts = Facts(
        kept=kept,
        skipped=tuple(said["skipped"]),
        notes=tuple(said["notes"]),
        own_size=tuple(said["own_size"]) if said["own_size"] else None,
        deep=said["deep"],
    )
    return Stored(items=items, digests=digests, sha256=said["sha256"], facts=facts)


def _is_whole(said: Any, items: Any, digests: Any, kept: Any) -> bool:
    """Whether that is what `_write` writes."""
    arrays = all(isinstance(array, np.ndarray) and array.ndim for array in (items, digests, kept))
    if not arrays or not isinstance(said, dict) or not len(items) == len(digests) == len(kept):
        return False
    texts = [said.get("skipped"), said.get("notes")]
    own_size = said.get("own_size")
    return (
        isinstance(said.get("sha256"), str)
        and all(isinstance(each, list) and all(isinstance(text, str) for text in each) for each in texts)
        and (own_size is None or (isinstance(own_size, list) and [type(side) for side in own_size] == [int, int]))
        and isinstance(said.get("deep"), bool)
        and (digests.dtype, digests.shape[1:], kept.dtype) == (np.uint8, (16,), np.int64)
    )


def default_cache() -> Path:
    """The user's cache directory by the platform's convention, and `saddlepoint` in it.

    Where there is no home (a container with a user of no name) it is the place for temporary files.
    """
    try:
        return _users_cache()
    except RuntimeError:
        user = os.getuid() if hasattr(os, "getuid") else "cache"
        return Path(tempfile.gettempdir()) / f"saddlepoint-{user}"


def _users_cache() -> Path:
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA")
        return (Path(base) if base else Path.home() / "AppData" / "Local") / "saddlepoint" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "saddlepoint"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "saddlepoint"


def _write(
    blocks: Callable[[], Iterator[np.ndarray]],
    aside: Path,
    capacity: int,
    shape: tuple[int, ...],
    facts: Callable[[], Facts],
    key: str | None,
) -> str:
    aside.mkdir(parents=True)
    hashing, count, dtype = _Hashing(blocks()), 0, np.dtype(np.uint8)
    with open(aside / "items.npy", "w+b") as file:
        for block in hashing:
            if count == 0:
                dtype = block.dtype
                _check_room(aside, capacity * block[0].nbytes)
                _write_header(file, (capacity, *shape), dtype)
            file.write(block.data)
            count += len(block)
        # numpy pads the header for a first axis that grows, so it can be replaced when some items were skipped.
        file.seek(0)
        _write_header(file, (count, *shape), dtype)
        file.flush()
        os.fsync(file.fileno())
    found = facts()
    digests, sha256 = hashing.results()
    np.save(aside / "digests.npy", digests)
    np.save(aside / "kept.npy", found.kept)
    said = {"skipped": found.skipped, "notes": found.notes, "own_size": found.own_size, "deep": found.deep}
    (aside / "facts.json").write_text(json.dumps({"sha256": sha256, **said}), "utf-8")
    if key is None:
        # The same pixels may have come about in another way, and then other things are to be said of them.
        key = f"content-{hashlib.sha256(f'{sha256} {said}'.encode()).hexdigest()[:32]}"
    return key


def _write_header(file, shape: tuple[int, ...], dtype: np.dtype) -> None:
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


def _check_room(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(
            f"{free / GIBIBYTE:.1f} GiB free in {folder.parent}",
            f"{needed / GIBIBYTE:.1f} GiB for the packed data",
            "make room, choose another place with --set data.cache=DIR, or a smaller --set data.size=64x64",
        )
