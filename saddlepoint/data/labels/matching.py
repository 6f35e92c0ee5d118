"""The labels of images out of a table of files: which row is which image, and what its cell means as a class."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from saddlepoint.data.labels.numbers import observed_labels
from saddlepoint.data.labels.tables import Companion, Table
from saddlepoint.errors import UserError, counted

# A file and its table, for all files of one name, such as one in the folder of each split.
Tables = Sequence[tuple[Companion, Table]]
WITHOUT = "train without labels: --set data.labels=false"
_LONGEST_LABEL = 200
_WHOLE = re.compile(r"-?\d{1,18}")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


@dataclass(frozen=True, kw_only=True)
class TableLabels:
    """Labels int64 (n,) of all images and the classes' names; from which files of which name, and which column.

    unused: how many rows name no image.
    """

    labels: np.ndarray
    classes: tuple[str, ...]
    name: str
    column: str
    files: tuple[str, ...]
    unused: int


def columns_of(group: Tables) -> list[str]:
    """The columns that all tables of a group have, in the order of the first."""
    return [column for column in group[0][1].columns if all(column in table.columns for _, table in group)]


def table_labels(name: str, group: Tables, column: str, paths: Sequence[str]) -> TableLabels:
    """The labels of all images.

    Raises:
        UserError: not every image has one that is a class; `got` says so as a clause about "it".
    """
    values: dict[int, Any] = {}
    unused = 0
    parts = [PurePosixPath(path).parts for path in paths]
    for file, table in group:
        depth = len(file.folder)
        below = [index for index, each in enumerate(parts) if each[:depth] == file.folder]
        # A list may also lie in a folder of lists, beside that of the images.
        indices, depth = (below, depth) if below else (list(range(len(paths))), 0)
        listed = _listed(table, column)
        used = _named([parts[index][depth:] for index in indices], listed)
        values.update((index, listed[key]) for index, key in zip(indices, used, strict=True) if key in listed)
        unused += len(listed.keys() - set(used))
    if len(values) < len(paths):
        raise UserError(
            f"it lists {len(values):,} of {counted(len(paths), 'image')}", "every image", f"complete it, or {WITHOUT}"
        )
    labels, classes = _classes([values[index] for index in range(len(paths))], column)
    files = tuple(file.path for file, _ in group)
    return TableLabels(labels=labels, classes=classes, name=name, column=column, files=files, unused=unused)


def _listed(table: Table, column: str) -> dict[str, Any]:
    listed: dict[str, Any] = {}
    for file, cell in table.rows(column):
        file = file.replace("\\", "/").removeprefix("./")
        if listed.setdefault(file, cell) != cell:
            raise UserError(f"it lists {file} twice, with different labels", "one label for each image", "mend it")
    return listed


def _named(parts: Sequence[tuple[str, ...]], listed: Collection[str]) -> list[str]:
    """What the images are called in a list: by path, name or name without suffix, whichever names most of them."""
    ways = [
        ["/".join(each) for each in parts],
        [each[-1] for each in parts],
        [PurePosixPath(each[-1]).stem for each in parts],
    ]
    telling = [keys for keys in ways if len(set(keys)) == len(keys)]
    return max(telling, key=lambda keys: sum(key in listed for key in keys))


def _classes(values: list[Any], column: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Class numbers and names of cells: whole numbers, texts, or -1 and 1 for an attribute that is there or not."""
    texts = [str(value) for value in values]
    odd = next((text for text in texts if not text or len(text) > _LONGEST_LABEL), None)
    if odd is not None or not all(type(value) in (int, str) for value in values):
        shown = "an empty label" if odd == "" else "labels that are no whole numbers and no short texts"
        raise UserError(f"it has {shown}", "a class for each image", f"mend it, or {WITHOUT}")
    if "-1" in texts and set(texts) <= {"-1", "1"}:
        return np.array([text == "1" for text in texts]).astype(np.int64), (f"not {column}", column)
    if all(_WHOLE.fullmatch(text) for text in texts):
        return observed_labels(np.array([int(text) for text in texts]), f"the column {column}")
    if all(_NUMBER.fullmatch(text) for text in texts):
        raise UserError("it has numbers that are no class numbers", "a class for each image", f"mend it, or {WITHOUT}")
    return observed_labels(np.array(texts), f"the column {column}")


def same_division(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two labellings divide the images alike, whatever the classes are called."""
    together = len(np.unique(np.stack([one, other]), axis=1).T)
    return together == len(np.unique(one)) == len(np.unique(other))
