"""A folder of image files, searched recursively; sub-folders give classes and splits as `layout` says."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from saddlepoint.data.formats.foreign import without_images
from saddlepoint.data.formats.stamps import stamp
from saddlepoint.data.labels.files import labels_beside
from saddlepoint.data.labels.tables import Companion
from saddlepoint.data.layout import has_image_suffix, is_ignored, may_hold_labels, read_layout
from saddlepoint.data.raster import FORMATS, refuse_unless_image
from saddlepoint.data.source import FILE_LIMIT, Options, Problem, Source, UnreadableError


def read_folder(location: str, options: Options) -> Source:
    """The images of a folder, sorted by their relative POSIX paths."""
    root = Path(location)
    found = _walk(root)
    if not found.images:
        raise without_images(
            root,
            "a folder",
            [*found.ignored, *(problem.path for problem in found.problems)],
            f"image files ({', '.join(FORMATS)}) in it or its sub-folders, IDX files, or .parquet files",
        )
    images = sorted(found.images)
    paths = [path for path, _, _ in images]
    companions = [
        Companion(path=path, read=partial(read_file, root / path)) for path in found.ignored if may_hold_labels(path)
    ]
    broken = [problem.path for problem in found.problems]
    layout = labels_beside(read_layout(paths), paths, companions, options, str(root), broken)
    return Source(
        format="folder",
        count=len(paths),
        name=paths.__getitem__,
        encoded=lambda: (partial(read_file, root / path) for path in paths),
        labels=layout.labels,
        classes=layout.classes,
        published=layout.published,
        stamp=stamp([*images, *_facts(root, layout.read)], extra=root.resolve().as_posix()),
        problems=tuple(sorted(found.problems, key=str)),
        notes=layout.notes,
    )


@dataclass(frozen=True, kw_only=True)
class _Found:
    """images (relative path, size, time of change); relative paths of ignored files; what is neither."""

    images: list[tuple[str, int, int]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def _walk(root: Path) -> _Found:
    """All files below a folder; links are followed, once."""
    found, seen = _Found(), set()

    def relative(path: str) -> str:
        # By the characters: pathlib would take most of the time for a million files.
        return path[len(str(root)) :].replace(os.sep, "/").lstrip("/")

    def unusable(path: str, reason: str) -> None:
        found.problems.append(Problem(path=relative(path), reason=reason))

    def refused(error: OSError) -> None:
        unusable(error.filename, f"cannot be listed: {error.strerror}")

    for folder, subfolders, files in os.walk(str(root), followlinks=True, onerror=refused):
        subfolders[:] = [name for name in subfolders if not is_ignored(f"{name}/file")]
        # A link to a folder above would never end.
        if (real := os.path.realpath(folder)) in seen:
            unusable(folder, "a link to a folder that is read already")
            subfolders.clear()
            continue
        seen.add(real)
        for file in files:
            path = os.path.join(folder, file)
            if is_ignored(file):
                found.ignored.append(relative(path))
                continue
            try:
                status = os.stat(path)
                if not stat.S_ISREG(status.st_mode):
                    raise UnreadableError("no regular file")
                if not has_image_suffix(file):
                    with open(path, "rb") as opened:
                        refuse_unless_image(opened.read(12))
            except OSError as error:
                unusable(path, f"cannot be opened: {error.strerror}")
            except UnreadableError as reason:
                unusable(path, str(reason))
            else:
                found.images.append((relative(path), status.st_size, status.st_mtime_ns))
    return found


def _facts(root: Path, paths: Iterable[str]) -> Iterator[tuple[str, int, int]]:
    """Name, size and time of change of files, for a stamp."""
    for path in paths:
        status = (root / path).stat()
        yield path, status.st_size, status.st_mtime_ns


def read_file(path: Path, limit: int = FILE_LIMIT) -> bytes:
    """A file's bytes, or `UnreadableError`: it is above the limit (of one image), or cannot be opened."""
    try:
        if (size := path.stat().st_size) > limit:
            raise UnreadableError(f"{size:,} bytes, the limit is {limit:,}")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableError(f"cannot be opened: {error.strerror}") from error
