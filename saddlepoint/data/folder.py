"""A folder of image files, searched recursively; sub-folders give classes and splits as `layout` says."""

import os
import stat
from functools import partial
from pathlib import Path

from saddlepoint.data.layout import is_ignored, read_layout
from saddlepoint.data.raster import FILE_LIMIT, FORMATS
from saddlepoint.data.source import Options, Problem, Source, UnreadableError
from saddlepoint.data.stamps import stamp
from saddlepoint.errors import UserError


def read_folder(location: str, options: Options) -> Source:
    """The images of a folder, sorted by their relative POSIX paths."""
    root = Path(location)
    paths, ignored, problems = _walk(root)
    if not paths:
        held = f" (it holds {len(ignored)} other files, such as {ignored[0]})" if ignored else ""
        raise UserError(
            f"{root}, a folder without images{held}",
            f"image files ({', '.join(FORMATS)}) in it or its sub-folders, IDX files, or .parquet files",
            "give another folder, or an archive or array file itself",
        )
    layout = read_layout(paths)
    return Source(
        format="folder",
        count=len(paths),
        name=paths.__getitem__,
        encoded=lambda: (partial(read_file, root / path) for path in paths),
        labels=layout.labels,
        classes=layout.classes,
        published=layout.published,
        stamp=stamp([root / path for path in paths], root=root, extra=root.resolve().as_posix()),
        problems=tuple(problems),
        notes=layout.notes,
    )


def _walk(root: Path) -> tuple[list[str], list[str], list[Problem]]:
    """Files that ought to be images, files that are ignored, and what is neither; links are followed, once."""
    paths, ignored, problems, seen = [], [], [], set()

    def refused(error: OSError) -> None:
        problems.append(
            Problem(path=_relative(root, Path(error.filename)), reason=f"cannot be listed: {error.strerror}")
        )

    for folder, subfolders, files in os.walk(root, followlinks=True, onerror=refused):
        subfolders[:] = [name for name in subfolders if not is_ignored(f"{name}/folder")]
        # A link to a folder above would never end.
        if (real := os.path.realpath(folder)) in seen:
            problems.append(
                Problem(path=_relative(root, Path(folder)), reason="a link to a folder that is read already")
            )
            subfolders.clear()
            continue
        seen.add(real)
        for file in files:
            path = Path(folder, file)
            relative = _relative(root, path)
            if is_ignored(file):
                ignored.append(relative)
                continue
            try:
                regular = stat.S_ISREG(path.stat().st_mode)
            except OSError as error:
                problems.append(Problem(path=relative, reason=f"cannot be opened: {error.strerror}"))
                continue
            if regular:
                paths.append(relative)
            else:
                problems.append(Problem(path=relative, reason="no regular file"))
    return sorted(paths), sorted(ignored), sorted(problems, key=str)


def _relative(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def read_file(path: Path) -> bytes:
    """A file's bytes, or `UnreadableError`: it is above the limit of one image, or cannot be opened."""
    try:
        if (size := path.stat().st_size) > FILE_LIMIT:
            raise UnreadableError(f"{size:,} bytes, the limit is {FILE_LIMIT:,}")
        return path.read_bytes()
    except OSError as error:
        raise UnreadableError(f"cannot be opened: {error.strerror}") from error
