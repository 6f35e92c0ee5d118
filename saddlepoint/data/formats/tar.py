"""A .tar of image files, plain or packed by gzip or bzip2, read in place: nothing is ever extracted to the disk.

A packed archive can only be read from its beginning on, so items stand in the order of the archive, plain ones too, and
a pass over them is a pass over the file. What only an attack or a mistake would contain (links, devices, paths that
lead out, sizes above any use) is a problem like an unreadable image. Folders in it mean what they mean on disk, see
`layout`. CIFAR's binary archives are read as CIFAR.
"""

import bz2
import gzip
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

from saddlepoint.data.formats.archive import archive_source, leads_out
from saddlepoint.data.formats.cifar import find_batches, read_batches
from saddlepoint.data.formats.foreign import without_images
from saddlepoint.data.formats.stamps import stamp_files
from saddlepoint.data.labels.tables import Companion
from saddlepoint.data.layout import has_image_suffix, is_ignored, may_hold_labels
from saddlepoint.data.raster import FORMATS, refuse_unless_image
from saddlepoint.data.source import FILE_LIMIT, Options, Problem, Source, UnreadableError
from saddlepoint.errors import UserError, reading

SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz")
# What a header with its long names takes; a larger one is no header.
_LARGEST_HEADER = 2**16
# So many times its size a packed archive may unpack to, beside one file of the largest size: zeros pack a thousandfold.
_MOST_EXPANSION = 100
_AT_ONCE = 2**20


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A file in the archive: its path, and where its bytes stand in the unpacked stream."""

    path: str
    offset: int
    size: int


def is_tar(path: Path, head: bytes) -> bool:
    """Whether a file is a tar archive, by its name or its first 512 bytes."""
    return path.name.lower().endswith(SUFFIXES) or head[257:262] == b"ustar"


def read_tar(location: str, options: Options) -> Source:
    """The images of a tar file, in its order."""
    path = Path(location)
    entries, problems, others = [], [], []
    for entry, reason in _listed(path):
        if reason is None and not is_ignored(entry.path):
            entries.append(entry)
            continue
        others.append(entry)
        if reason is not None:
            problems.append(Problem(path=entry.path, reason=reason))
    if not entries:
        if (batches := find_batches([entry.path for entry in others])) is not None:
            wanted = {entry.path: entry for entry in others}
            chosen = [name for _, name in batches.files] + ([batches.class_names] if batches.class_names else [])
            read = _whole(path, [wanted[name] for name in chosen])
            return read_batches(batches, read.__getitem__, location, options, format="tar", stamp=stamp_files([path]))
        if not any(has_image_suffix(problem.path) for problem in problems):
            raise without_images(
                path,
                "a tar file",
                [entry.path for entry in others],
                f"image files ({', '.join(FORMATS)}) in it",
                unpack=f"tar xf {path.name}",
            )
    companions = [
        Companion(path=entry.path, read=partial(_alone, path, entry)) for entry in others if may_hold_labels(entry.path)
    ]
    names = [entry.path for entry in entries]
    return archive_source("tar", path, names, lambda: _loaders(path, entries), companions, problems, options)


class _Forward:
    """What `tarfile` reads headers from, and we the files' bytes: forwards only, and never more than makes sense."""

    def __init__(self, file: BinaryIO, path: Path, most: int | None):
        self._file, self._path, self._most = file, path, most
        self._at = 0
        self.last = b""

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int) -> int:
        if offset < self._at:
            raise self._wrong("its entries overlap")
        if self._most is None:
            self._at = self._file.seek(offset)
        while self._at < offset and self._take(min(_AT_ONCE, offset - self._at)):
            pass
        return self._at

    def read(self, size: int) -> bytes:
        """Of a header."""
        if not 0 <= size <= _LARGEST_HEADER:
            raise self._wrong(f"a header of {size:,} bytes at byte {self._at:,}")
        self.last = self._take(size)
        return self.last

    def content(self, offset: int, size: int) -> bytes:
        """Of a file."""
        if size > FILE_LIMIT:
            raise self._wrong(f"a file of {size:,} bytes, the limit is {FILE_LIMIT:,}")
        self.seek(offset)
        return self._take(size)

    def _take(self, size: int) -> bytes:
        data = self._file.read(size)
        self._at += len(data)
        if self._most is not None and self._at > self._most:
            raise self._wrong(f"it unpacks to more than {self._most:,} bytes")
        return data

    def _wrong(self, why: str) -> UserError:
        return UserError(f"{self._path}, which is no sound tar file ({why})", "a tar file", "get or make it again")


@contextmanager
def _opened(path: Path) -> Iterator[_Forward]:
    with path.open("rb") as raw:
        head = raw.read(3)
        raw.seek(0)
        most = path.stat().st_size * _MOST_EXPANSION + FILE_LIMIT
        if head[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=raw) as file:
                yield _Forward(cast(BinaryIO, file), path, most)
        elif head == b"BZh":
            with bz2.BZ2File(raw) as file:
                yield _Forward(cast(BinaryIO, file), path, most)
        else:
            yield _Forward(raw, path, None)


def _listed(path: Path) -> Iterator[tuple[_Entry, str | None]]:
    """Every file of the archive in order, and why it is not to be read, or None."""
    known: set[str] = set()
    with _opened(path) as stream:
        door = partial(reading, f"{path}, which is no whole tar file", "a tar file", "get or make it again")
        with door():
            archive = tarfile.TarFile(fileobj=stream, mode="r", encoding="utf-8")  # pyright: ignore
        while True:
            with door():
                member = archive.next()
            if member is None:
                break
            archive.members.clear()  # pyright: ignore  # it would keep all of them
            if member.isdir():
                continue
            entry = _Entry(path=member.name, offset=member.offset_data, size=member.size)
            reason = _refusal(member, known)
            known.add(member.name)
            if reason is None and not is_ignored(entry.path) and not has_image_suffix(entry.path):
                with door():
                    head = stream.content(entry.offset, min(12, entry.size))
                reason = _no_image(head)
            yield entry, reason
        if stream.last.strip(b"\0"):
            # `tarfile` takes a broken header for the end.
            raise UserError(
                f"{path}, which is broken at byte {stream.tell() - len(stream.last):,}",
                "a whole tar file",
                "get or make it again",
            )


def _refusal(member: tarfile.TarInfo, known: set[str]) -> str | None:
    if leads_out(member.name):
        return "its path leads out of the archive"
    if member.issym() or member.islnk():
        return "a link"
    if not member.isreg() or member.issparse():
        return "no ordinary file"
    if member.size > FILE_LIMIT:
        return f"{member.size:,} bytes, the limit is {FILE_LIMIT:,}"
    return "a second file of this name" if member.name in known else None


def _no_image(head: bytes) -> str | None:
    try:
        refuse_unless_image(head)
    except UnreadableError as reason:
        return str(reason)
    return None


def _loaders(path: Path, entries: list[_Entry]) -> Iterator[Callable[[], bytes]]:
    """Each file's bytes are read as the pass comes to it; a loader holds them until it is dropped."""
    with _opened(path) as stream:
        for entry in entries:
            yield partial(_given, _content(stream, path, entry), entry)


def _content(stream: _Forward, path: Path, entry: _Entry) -> bytes:
    with reading(f"{path}, which breaks off", "a whole tar file", "get or make it again"):
        return stream.content(entry.offset, entry.size)


def _given(data: bytes, entry: _Entry) -> bytes:
    if len(data) < entry.size:
        raise UnreadableError(f"{len(data):,} of its {entry.size:,} bytes are there")
    return data


def _alone(path: Path, entry: _Entry, limit: int) -> bytes:
    """One file; `UnreadableError` if it is larger, or broken."""
    if entry.size > limit:
        raise UnreadableError(f"more than {limit:,} bytes")
    return next(_loaders(path, [entry]))()


def _whole(path: Path, entries: list[_Entry]) -> dict[str, bytes]:
    ordered = sorted(entries, key=lambda entry: entry.offset)
    return {entry.path: load() for entry, load in zip(ordered, _loaders(path, ordered), strict=True)}
