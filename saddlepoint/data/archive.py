"""A .zip of image files, read in place: nothing is ever extracted to the disk.

Entries that only an attack or a mistake would contain (paths that lead out of the archive, links, encryption, sizes
above the limit of a file) are problems like unreadable images. Folders in it mean what they mean on disk, see `layout`.
"""

import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath

from saddlepoint.data.foreign import without_images
from saddlepoint.data.label_files import labels_beside
from saddlepoint.data.label_tables import Companion
from saddlepoint.data.layout import has_image_suffix, is_ignored, may_hold_labels, read_layout
from saddlepoint.data.raster import FORMATS, refuse_unless_image
from saddlepoint.data.source import FILE_LIMIT, Options, Problem, Source, UnreadableError
from saddlepoint.data.stamps import stamp_files
from saddlepoint.errors import UserError


def read_zip(location: str, options: Options) -> Source:
    """The images of a zip file, sorted by their paths in it."""
    path = Path(location)
    try:
        with zipfile.ZipFile(path) as archive:
            listed = sorted(
                (entry for entry in archive.infolist() if not entry.is_dir()), key=lambda entry: entry.filename
            )
            reasons = [_refusal(archive, entry) for entry in listed]
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise UserError(
            f"{path}, which is no whole zip file ({error})", "a zip file", "get or make it again"
        ) from error
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
            f"{path}, a zip file",
            [entry.filename for entry in listed],
            f"image files ({', '.join(FORMATS)}) in it",
            unpack=f"unzip {path.name}",
        )
    paths, broken = [entry.filename for entry in entries], [problem.path for problem in problems]
    layout = labels_beside(read_layout(paths), paths, companions, options, str(path), broken)
    return Source(
        format="zip",
        count=len(entries),
        name=lambda index: entries[index].filename,
        encoded=lambda: _loaders(path, entries),
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
            refuse_unless_image(_read(archive, entry, 12))
        except UnreadableError as reason:
            return str(reason)
    return None


def _loaders(path: Path, entries: list[zipfile.ZipInfo]) -> Iterator[Callable[[], bytes]]:
    # One open file serves all threads: zipfile locks it around each read. The last loader that is dropped closes it:
    # some of them are still waiting for a thread when the last one has been handed out.
    archive = zipfile.ZipFile(path)
    return (partial(_read, archive, entry) for entry in entries)


def _read_alone(path: Path, entry: zipfile.ZipInfo, limit: int) -> bytes:
    """One entry of an archive that is not open; `UnreadableError` if it is larger, or broken."""
    with zipfile.ZipFile(path) as archive:
        data = _read(archive, entry, limit + 1)
    if len(data) > limit:
        raise UnreadableError(f"more than {limit:,} bytes")
    return data


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int = FILE_LIMIT + 1) -> bytes:
    try:
        with archive.open(entry) as file:
            data = file.read(most)  # the size that the entry declares need not be true
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise UnreadableError(f"broken in the archive: {error}") from error
    if len(data) > FILE_LIMIT:
        raise UnreadableError(f"more than {FILE_LIMIT:,} bytes")
    return data
