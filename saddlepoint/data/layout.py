"""What the paths of a folder or an archive say: which files are no data, the split, the class.

After the folders that all files share are taken off: if the top folders are train and some of validation and test
(under their usual names), they are the splits. Then, if every file lies in a folder, its first folder is its class; if
all lie at the top, there are no labels; a mixture gives no labels and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

# Companions of images that are expected in a data folder; any other file that is no image is named as a problem.
IGNORED_SUFFIXES = frozenset(
    (
        *(".txt", ".md", ".rst", ".html", ".htm", ".pdf", ".log", ".py", ".sha256", ".md5"),
        *(".json", ".jsonl", ".csv", ".tsv", ".xml", ".yaml", ".yml", ".toml", ".ini", ".mat"),
    )
)
# Of these, the kinds in which labels come, but for files that by their names are something else.
LABEL_SUFFIXES = frozenset((".json", ".jsonl", ".csv", ".tsv", ".txt", ".mat", ".xml"))
_NO_LABELS = (
    *("readme", "read_me", "license", "licence", "copying", "copyright", "notice", "terms", "citation", "credits"),
    *("attribution", "authors", "changelog", "changes", "requirements", "checksums", "sha256", "md5"),
)
IGNORED_NAMES = frozenset(("thumbs.db", "desktop.ini", "readme", "license", "licence", "sha256sums", "md5sums"))
IMAGE_SUFFIXES = frozenset(
    (
        *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp"),
        *(".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"),
    )
)
SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "held_out"), "held_out"),
    **dict.fromkeys(("test", "testing"), "test"),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """labels int64 (n,) or None, the class names, indices by published split (empty without), notes, files read."""

    labels: np.ndarray | None
    classes: tuple[str, ...]
    published: dict[str, np.ndarray]
    notes: tuple[str, ...]
    read: tuple[str, ...] = ()


def is_ignored(path: str) -> bool:
    """Whether a file is left out without a word: hidden, a resource fork, or of an expected kind that is no image."""
    parts = PurePosixPath(path.lower()).parts
    hidden = any(part.startswith(".") or part == "__macosx" for part in parts)
    return hidden or parts[-1] in IGNORED_NAMES or PurePosixPath(parts[-1]).suffix in IGNORED_SUFFIXES


def may_hold_labels(path: str) -> bool:
    """Whether an ignored file could be one of labels, which must not be left out without a word."""
    parts = PurePosixPath(path.lower()).parts
    hidden = any(part.startswith(".") or part == "__macosx" for part in parts)
    of_kind = PurePosixPath(parts[-1]).suffix in LABEL_SUFFIXES
    return of_kind and not hidden and not parts[-1].startswith(_NO_LABELS)


def has_image_suffix(path: str) -> bool:
    """Whether a file is an image by its name; the content of others decides."""
    return PurePosixPath(path.lower()).suffix in IMAGE_SUFFIXES


def read_layout(paths: Sequence[str]) -> Layout:
    """Labels and splits of images by their relative POSIX paths; the classes are the sorted folder names."""
    if not paths:
        return Layout(labels=None, classes=(), published={}, notes=())
    folders = without_shared([PurePosixPath(path).parts[:-1] for path in paths])
    published: dict[str, np.ndarray] = {}
    tops = {folder[0] if folder else "" for folder in folders}
    splits = [SPLIT_NAMES.get(top.lower(), "") for top in tops]
    if len(tops) > 1 and "train" in splits and "" not in splits:
        names = np.array([SPLIT_NAMES[folder[0].lower()] for folder in folders])
        published = {name: np.flatnonzero(names == name) for name in sorted(set(splits))}
        folders = without_shared([folder[1:] for folder in folders])
    at_top = sum(not folder for folder in folders)
    if at_top:
        aside = len(folders) - at_top
        lie = "1 image lies" if at_top == 1 else f"{at_top} images lie"
        note = f"no labels: {lie} beside the sub-folders that hold the other {aside}"
        return Layout(labels=None, classes=(), published=published, notes=(note,) if aside else ())
    classes, labels = np.unique([folder[0] for folder in folders], return_inverse=True)
    return Layout(labels=labels.astype(np.int64), classes=tuple(map(str, classes)), published=published, notes=())


def without_shared(folders: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Each path's folders after those at the top that all of them share."""
    shared, last = min(folders), max(folders)
    depth = 0
    while depth < min(len(shared), len(last)) and shared[depth] == last[depth]:
        depth += 1
    return [folder[depth:] for folder in folders]
