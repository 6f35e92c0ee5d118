"""A .zip of image files, read in place: nothing is ever extracted to the disk.

Entries that only an attack or a mistake would contain (paths that lead out of the archive, links, encryption, sizes
above the limit of a file) are problems like unreadable images. Folders in it mean what they mean on disk, see `layout`.
"""

import stat
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from saddlepoint.data.formats.foreign import without_images
from saddlepoint.data.formats.stamps import stamp_files
from saddlepoint.data.labels.files import labels_beside
from saddlepoint.data.labels.tables import Companion
from saddlepoint.data.layout import has_image_suffix, is_ignored, may_hold_labels, read_layout
from saddlepoint.data.raster import FORMATS, refuse_unless_image
from saddlepoint.data.source import FILE_LIMIT, Options, Problem, Source, UnreadableError, reading_item
from saddlepoint.errors import reading

_BROKEN = "broken in the archive"


def read_zip(location: str, options: Options) -> Source:
    """The images of a zip file, sorted by their paths in it."""
    path = Path(location)
    with _opened(path) as archive:
        files = [entry for entry in archive.infolist() if not entry.filename.endswith("/")]
        listed = sorted(files, key=lambda entry: entry.filename)
        reasons = [_refusal(archive, entry) for entry in listed]
    entries, problems, companions = [], [], []
    for entry, reason in zip(listed, reasons, strict=True):
        if reason is not None:
            problems.append(Problem(path=entry.filename, reason=reason))
        elif not is_ignored(entry.filename):
            entries.append(entry)
        elif may_hold_labels(entry.filename):
            companions.append(Companion(path=entry.filename, read=partial(_read_alone, path, entry)))
    if not entries and not any(has_image_suffix(problem.path) for problem in problems):
        raise without_images(
            path,
            "a zip file",
            [entry.filename for entry in listed],
            f"image files ({', '.join(FORMATS)}) in it",
            unpack=f"unzip {path.name}",
        )
    names = [entry.filename for entry in entries]
    return archive_source("zip", path, names, lambda: _loaders(path, entries), companions, problems, options)


def archive_source(
    format: str,
    path: Path,
    names: Sequence[str],
    loaders: Callable[[], Iterator[Callable[[], bytes]]],
    companions: Sequence[Companion],
    problems: Sequence[Problem],
    options: Options,
) -> Source:
    """The source of an archive of images, of whichever kind: classes, splits and labels are read from it alike.

    Args:
        format: a key of `opening.FORMATS`.
        path: of the archive.
        names: of the images in it.
        loaders: starts a pass over these, in order.
        companions: the other files that may hold labels.
        problems: entries that are none of these.
    """
    layout = labels_beside(
        read_layout(names), names, companions, options, str(path), [problem.path for problem in problems]
    )
    return Source(
        format=format,
        count=len(names),
        name=names.__getitem__,
        encoded=loaders,
        labels=layout.labels,
        classes=layout.classes,
        published=layout.published,
        stamp=stamp_files([path]),
        problems=tuple(problems),
        notes=layout.notes,
    )


def leads_out(path: str) -> bool:
    """Whether the path of an entry leads out of the archive, on any system."""
    posix, windows = PurePosixPath(path), PureWindowsPath(path)
    outside = ".." in (*posix.parts, *windows.parts) or posix.is_absolute() or windows.drive or windows.root
    return bool(outside)


def _refusal(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str | None:
    """Why an entry is not to be read, or None."""
    if not PurePosixPath(entry.filename).name:
        return "an entry without a name"
    if leads_out(entry.filename):
        return "its path leads out of the archive"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "a symbolic link"
    if entry.flag_bits & 1:
        return "encrypted"
    if entry.file_size > FILE_LIMIT:
        return f"{entry.file_size:,} bytes, the limit is {FILE_LIMIT:,}"
    if not is_ignored(entry.filename) and not has_image_suffix(entry.filename):
        try:
            with _entry(archive, entry) as file:
                _refuse_unless_image(file)
        except UnreadableError as reason:
            return str(reason)
    return None


def _opened(path: Path) -> zipfile.ZipFile:
    with reading(f"{path}, which is no whole zip file", "a zip file", "get or make it again"):
        return zipfile.ZipFile(path)


@contextmanager
def _entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
    with reading_item(_BROKEN):
        file = archive.open(entry)
    with file:
        yield file


def _refuse_unless_image(file: IO[bytes]) -> bytes:
    """How an entry begins, if it may be an image: no more is read of what is none."""
    with reading_item(_BROKEN):
        beginning = file.read(12)
    refuse_unless_image(beginning)
    return beginning


def _loaders(path: Path, entries: list[zipfile.ZipInfo]) -> Iterator[Callable[[], bytes]]:
    # One open file serves all threads: zipfile locks it around each read. The last loader that is dropped closes it:
    # some of them are still waiting for a thread when the last one has been handed out.
    archive = _opened(path)
    return (partial(_image, archive, entry) for entry in entries)


def _read_alone(path: Path, entry: zipfile.ZipInfo, limit: int) -> bytes:
    """One entry of an archive that is not open; `UnreadableError` if it is larger, or broken."""
    with _opened(path) as archive, _entry(archive, entry) as file:
        return _read(file, limit)


def _image(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    with _entry(archive, entry) as file:
        return _refuse_unless_image(file) + _read(file, FILE_LIMIT)


def _read(file: IO[bytes], limit: int) -> bytes:
    """What is left of an entry; `UnreadableError` if it is more than the limit, whatever size the entry declares."""
    with reading_item(_BROKEN):
        data = file.read(limit + 1)
    if len(data) > limit:
        raise UnreadableError(f"more than {limit:,} bytes")
    return data
