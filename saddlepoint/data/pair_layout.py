"""What the paths of a folder or an archive say about pairs of images: which file is which side, and of which split.

    train/1.jpg, val/7.jpg                side by side: each file holds both images, in its halves (pix2pix)
    A/train/1.jpg, B/train/1.jpg          two sides, of any two names, in or above folders that name a split
    trainA/1.jpg, trainB/9.jpg, testA/... two sides (CycleGAN)

The first side is the one whose name comes first in the alphabet. Partners share split, inner folders and name up to the
suffix.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from saddlepoint.data.layout import SPLIT_NAMES, without_shared
from saddlepoint.errors import UserError

_SPLIT_AND_SIDE = re.compile(f"({'|'.join(SPLIT_NAMES)})[-_]?([ab])", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, eq=False)
class Side:
    """One side of the pairs.

    Attributes:
        name: the folder's, empty for a half of each file.
        indices: into the paths, in the order of the items.
        published: positions in `indices` by split, covering all, or empty.
    """

    name: str
    indices: np.ndarray
    published: dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a path stands: its split and side (empty where it names none), and what partners have in common."""

    split: str
    side: str
    key: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TwoSides:
    """Names of two sides, and the pairs of files of the same name, as indices into the paths."""

    names: tuple[str, str]
    partners: list[tuple[int, int]]


def two_sides(paths: Sequence[str]) -> TwoSides | None:
    """Two folders that look like the sides of pairs, or None.

    They do where they are called A and B, as trainA and trainB are, whatever lies beside them; or where they are all
    there is and at least half of the smaller one's files have a partner of the same name in the other.
    """
    places = _places(paths)
    names = sorted({place.side for place in places})
    by_name = [name for name in names if name in ("A", "B")]
    chosen = by_name if len(by_name) == 2 else names
    if len(chosen) != 2 or "" in chosen:
        return None
    first, second = ({place.key: index for index, place in enumerate(places) if place.side == name} for name in chosen)
    partners = [(index, second[key]) for key, index in first.items() if key in second]
    if chosen is not by_name and 2 * len(partners) < min(len(first), len(second)):
        return None
    return TwoSides(names=(chosen[0], chosen[1]), partners=partners)


def read_pair_layout(paths: Sequence[str], *, paired: bool, where: str) -> tuple[Side, ...]:
    """The sides of image files by their relative POSIX paths: one if each file holds both images, else two.

    Args:
        paired: whether each file of one side must have its partner; the sides then have one order.
        where: names the source in a message.

    Raises:
        UserError: folders that are no two sides, a file without its partner or with several.
    """
    places = _places(paths)
    names = sorted({place.side for place in places})
    if names != [""] and (len(names) != 2 or "" in names):
        shown = ", ".join(name or "(none)" for name in names[:5]) + (" ..." if len(names) > 5 else "")
        raise UserError(
            f"images in {len(names)} folders of {where}: {shown}",
            "two folders, one for each side of the pairs, or files that hold both images side by side",
            "give a folder that holds nothing else",
        )
    sides = [np.array([i for i, place in enumerate(places) if place.side == name], dtype=np.int64) for name in names]
    if len(sides) == 2 and paired:
        sides = _matched(paths, places, sides, names)
    splits = [place.split for place in places]
    telling = "" not in splits and "train" in splits and len(set(splits)) > 1
    published = [_published([splits[i] for i in indices]) if telling else {} for indices in sides]
    return tuple(
        Side(name=name, indices=indices, published=parts)
        for name, indices, parts in zip(names, sides, published, strict=True)
    )


def _places(paths: Sequence[str]) -> list[_Place]:
    if not paths:
        return []
    folders = without_shared([PurePosixPath(path).parts[:-1] for path in paths])
    return [_place(folder, PurePosixPath(path).stem) for folder, path in zip(folders, paths, strict=True)]


def _place(folders: tuple[str, ...], stem: str) -> _Place:
    split, side, inner = "", "", []
    for folder in folders:
        both = _SPLIT_AND_SIDE.fullmatch(folder)
        if not split and folder.lower() in SPLIT_NAMES:
            split = SPLIT_NAMES[folder.lower()]
        elif not split and not side and both:
            split, side = SPLIT_NAMES[both[1].lower()], both[2].upper()
        elif not side:
            side = folder
        else:
            inner.append(folder)
    return _Place(split=split, side=side, key=(split, *inner, stem))


def _matched(paths: Sequence[str], places: list[_Place], sides: list[np.ndarray], names: list[str]) -> list[np.ndarray]:
    """Both sides in the order of the first."""
    tables: list[dict[tuple[str, ...], int]] = [{}, {}]
    for table, indices in zip(tables, sides, strict=True):
        for index in indices.tolist():
            other = table.setdefault(places[index].key, index)
            if other != index:
                raise UserError(
                    f"{paths[other]} and {paths[index]}",
                    "one file of a name on each side, whatever its suffix",
                    "remove or rename one of them",
                )
    alone = [
        (paths[index], names[1 - at])
        for at, table in enumerate(tables)
        for key, index in table.items()
        if key not in tables[1 - at]
    ]
    if alone:
        path, side = alone[0]
        have = "has" if len(alone) == 1 else "have"
        raise UserError(
            f"{path} without a partner in {side} ({len(alone)} of {len(paths)} files {have} none)",
            "a file of the same name, whatever its suffix, on the other side",
            "add the partner or remove the file; images without partners are what the recipe cyclegan learns from",
        )
    order = np.array([tables[1][places[index].key] for index in sides[0].tolist()], dtype=np.int64)
    return [sides[0], order]


def _published(splits: list[str]) -> dict[str, np.ndarray]:
    names = np.array(splits)
    return {name: np.flatnonzero(names == name) for name in sorted(set(splits))}
