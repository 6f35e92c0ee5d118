"""What `data check` says of a place that looks like pairs: what the recipes pix2pix and cyclegan would make of it.

A place looks like pairs where its folders are sides by their names (A and B, trainA and trainB), where two folders hold
files of the same names, where most images are at least twice as wide as high, as two side by side are, or where a table
has two columns of images.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from saddlepoint.data.formats.parquet import find_parquet
from saddlepoint.data.packing import size_cure
from saddlepoint.data.pair_layout import read_pair_layout, two_sides
from saddlepoint.data.pairs import paired_columns, refuse_unless_halves
from saddlepoint.errors import UserError, counted, reading

Shape = tuple[int, ...]
# The recipes, and whether each wants partners.
RECIPES = {"pix2pix": True, "cyclegan": False}


def check_pairs(
    paths: Sequence[str], kept: Sequence[int], shapes: Sequence[Shape], where: str
) -> dict[str, Any] | None:
    """The place as pairs, or None where it does not look like them.

    Args:
        paths: of all image files, relative POSIX paths.
        kept: which of them could be read.
        shapes: (channels, height, width) of these.
        where: names the place in a message.

    Returns:
        layout, in words; count: how many pairs there are; sizes: {side: {"64x64": how many}}, width x height; pix2pix,
        cyclegan: what the recipe would refuse, {problem, cure}, null where it would take the place; notes.
    """
    found = two_sides(paths)
    if found is not None:
        return _of_folders(found.names, found.partners, paths, dict(zip(kept, shapes, strict=True)), where)
    wide = sum(shape[2] >= 2 * shape[1] for shape in shapes)
    if 2 * wide > len(shapes) and _refusal(lambda: read_pair_layout(paths, paired=True, where=where)) is None:
        return _of_halves([paths[index] for index in kept], shapes)
    return None


def check_columns(path: Path) -> dict[str, Any] | None:
    """The same of a table with two columns of images, whose cells are not read."""
    import pyarrow.parquet as pq

    try:
        names = paired_columns(path)
    except UserError:
        return None
    files = find_parquet(path) if path.is_dir() else [path]
    with reading(f"{path}, which cannot be read", "whole .parquet files", "get or make them again"):
        count = sum(pq.read_metadata(file).num_rows for file in files)
    return {
        "layout": f"columns {names[0]} and {names[1]}",
        "count": count,
        "sizes": {},
        **dict.fromkeys(RECIPES),
        "notes": [],
    }


def described(found: dict[str, Any]) -> list[str]:
    """What `check_pairs` found, in lines for a person."""
    sides = [
        f"{side}: " + ", ".join(f"{size} {count}" for size, count in sizes.items())
        for side, sizes in found["sizes"].items()
    ]
    lines = [f"{counted(found['count'], 'pair')}, {found['layout']}" + (f" ({'; '.join(sides)})" if sides else "")]
    for name in RECIPES:
        refused = found[name]
        lines.append(f"{name} " + ("would take them" if refused is None else f"refuses: {refused['problem']}"))
        lines += [] if refused is None else [f"{name}, what to do: {refused['cure']}"]
    return [*lines, *found["notes"]]


def _of_folders(
    names: tuple[str, str],
    partners: Sequence[tuple[int, int]],
    paths: Sequence[str],
    shapes: dict[int, Shape],
    where: str,
) -> dict[str, Any]:
    sides: list[Counter[str]] = [Counter(), Counter()]
    refused = {
        name: _refusal(lambda paired=paired: read_pair_layout(paths, paired=paired, where=where))
        for name, paired in RECIPES.items()
    }
    if refused["cyclegan"] is None:
        for side, own in zip(read_pair_layout(paths, paired=False, where=where), sides, strict=True):
            own.update(_size(shapes[index]) for index in side.indices.tolist() if index in shapes)
    other = [
        (one, two)
        for one, two in partners
        if one in shapes and two in shapes and shapes[one][1] * shapes[two][2] != shapes[one][2] * shapes[two][1]
    ]
    notes = _of_sizes(list(shapes.values()))
    if other:
        one, two = other[0]
        notes.append(
            f"{counted(len(other), 'pair')} of different proportions, such as {paths[one]} ({_size(shapes[one])}) and "
            f"{paths[two]} ({_size(shapes[two])}): cut to one size, they do not lie on each other"
        )
    return {
        "layout": f"in the folders {names[0]} and {names[1]}, matched by file name",
        "count": len(partners),
        "sizes": {name: dict(own) for name, own in zip(names, sides, strict=True)},
        **refused,
        "notes": notes,
    }


def _of_halves(names: Sequence[str], shapes: Sequence[Shape]) -> dict[str, Any]:
    refused, halves = None, []
    for name, shape in zip(names, shapes, strict=True):
        found = _refusal(lambda name=name, shape=shape: refuse_unless_halves(name, shape))
        refused = refused or found
        if found is None:
            halves.append((shape[0], shape[1], shape[2] // 2))
    return {
        "layout": "side by side, if that is what they are: the images are at least twice as wide as high",
        "count": len(halves),
        "sizes": {"each half": dict(Counter(map(_size, halves)))},
        **dict.fromkeys(RECIPES, refused),
        "notes": _of_sizes(halves),
    }


def _of_sizes(shapes: Sequence[Shape]) -> list[str]:
    """What the recipes make of these sizes, where it is not what they are."""
    sizes = {shape[1:] for shape in shapes}
    if len(sizes) > 1:
        cure = size_cure(min(min(size) for size in sizes))
        return [f"{len(sizes)} sizes: pix2pix and cyclegan want {cure}, the small recipes cut to their own"]
    if any(height != width for height, width in sizes):
        return [
            "not square: the small recipes cut the middle out to their data.size; --set data.size=native keeps all, "
            "--set data.fit=pad the whole on a border"
        ]
    return []


def _refusal(read: Any) -> dict[str, str] | None:
    try:
        read()
    except UserError as error:
        return {"problem": f"got {error.got}; expected {error.expected}", "cure": error.cure}
    return None


def _size(shape: Shape) -> str:
    return f"{shape[2]}x{shape[1]}"
