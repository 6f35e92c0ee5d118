"""Labels in a file that lies beside the images of a folder or an archive, where its form is known.

    dataset.json      {"labels": [["00000/a.png", 3], ...]}, or null (StyleGAN): the classes are these, folders are none
    metadata.csv, metadata.jsonl, labels.csv and other tables, see `tables`: a column with a usual name for
                      labels, or the column that data.label_column names, as of CelebA's attributes

Paths count from the folder of the file, so that a split may have its own; a table may also give names without folders,
or without the suffix, where that tells the images apart. dataset.json must fit the images. A table that was not asked
for is read if it lists every image and does not contradict the classes of folders. Everything else that could hold
labels is named in a note.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from saddlepoint.data.labels.matching import WITHOUT, TableLabels, Tables, columns_of, same_division, table_labels
from saddlepoint.data.labels.numbers import observed_labels
from saddlepoint.data.labels.tables import Companion, Table, is_table, plain_name, read_table, text_of
from saddlepoint.data.layout import Layout, may_hold_labels
from saddlepoint.data.source import Options
from saddlepoint.errors import UserError, counted, reading

STYLEGAN = "dataset.json"
_METADATA = ("metadata.csv", "metadata.jsonl")
# Usual names of a column of labels.
_LABEL_COLUMNS = (
    *("label", "labels", "class", "target", "category", "y"),
    *("class_name", "label_name", "class_id", "label_id", "category_id", "category_name"),
)
# More tables than these beside images are no labels of all of them, but something about each; it bounds the memory.
_MOST_TABLES = 6
_SHOWN = 3


def labels_beside(
    layout: Layout,
    paths: Sequence[str],
    companions: Sequence[Companion],
    options: Options,
    where: str,
    broken: Collection[str] = (),
) -> Layout:
    """A layout with the labels of a file beside the images, and notes on that file and on those that were not read.

    Args:
        layout: what the paths say.
        paths: of the images, relative POSIX paths.
        companions: the other files there.
        where: names the place in a message.
        broken: paths that are there and are no images that can be read.

    Raises:
        UserError: a dataset.json that does not fit the images, or no labels in the column that was asked for.
    """
    if not options.labels:
        return replace(layout, labels=None, classes=(), notes=())
    files = [file for file in companions if may_hold_labels(file.path)]
    if options.label_column is not None:
        tables, unread = _tables(files)
        given = _asked_for(options.label_column, tables, paths, where)
        return _with(layout, given, _notes([*unread, *(_Unread(name=name) for name in tables if name != given.name)]))
    stylegan = {file.path: listed for file in files if (listed := _stylegan(file, where)) is not None}
    tables, unread = _tables([file for file in files if file.path not in stylegan])
    if stylegan:
        unread += [_Unread(name=name) for name in tables]
        return _with_stylegan(layout, stylegan, paths, broken, _notes(unread), where)
    given, more = _found(layout, tables, paths)
    notes = _notes([*more, *unread])
    return _with(layout, given, notes) if given is not None else replace(layout, notes=(*layout.notes, *notes))


def _with(layout: Layout, given: TableLabels, notes: list[str]) -> Layout:
    name = "name" if given.unused > 1 else "names"
    unused = f"; {counted(given.unused, 'row')} {name} no image" if given.unused else ""
    said = f"labels from {given.name}, column {given.column}{unused}"
    return replace(layout, labels=given.labels, classes=given.classes, notes=(said, *notes), read=given.files)


@dataclass(frozen=True, kw_only=True)
class _Unread:
    """A file, or all files of a name, that are not read as labels; why, where there is more to say."""

    name: str
    why: str = ""


def _notes(unread: Sequence[_Unread]) -> list[str]:
    """What is said of files that are not read: a line for each with a reason, and one for all others."""
    others = sorted({file.name for file in unread if not file.why})
    notes = [f"{file.name} lies beside the images and is not read: {file.why}" for file in unread if file.why]
    if len(others) > _SHOWN:
        shown = ", ".join(others[:_SHOWN])
        notes.append(f"{len(others):,} files lie beside the images and are not read, such as {shown}")
    elif others:
        lie = "lies beside the images and is" if len(others) == 1 else "lie beside the images and are"
        notes.append(f"{', '.join(others)} {lie} not read")
    return notes


# StyleGAN


def _stylegan(file: Companion, where: str) -> Mapping[str, Any] | None:
    """The labels of a dataset.json by path, empty where it says that there are none; None for any other file."""
    if file.name != STYLEGAN:
        return None
    named = f"{where}: {file.path}"
    mended = f"mend it, or {WITHOUT}"
    try:
        text = text_of(file)
    except UserError as error:
        raise UserError(f"{named}: {error.got}", error.expected, mended) from error
    with reading(f"{named}, which is no JSON", "a whole file", mended):
        content = json.loads(text)
    if not isinstance(content, dict) or "labels" not in content:
        return None
    entries = content["labels"]
    if entries is None:
        return {}
    for entry in entries if isinstance(entries, list) else [entries]:
        pair = isinstance(entry, list) and len(entry) == 2 and isinstance(entry[0], str)
        if not pair or type(entry[1]) is not int:
            vector = pair and isinstance(entry[1], list)
            raise UserError(
                f"{named} with the entry {json.dumps(entry)[:80]}" + (", a label of several numbers" if vector else ""),
                '"labels": [["00000/img00000000.png", 0], ...], a class number for each image',
                WITHOUT,
            )
    listed = dict(entries)
    if len(listed) < len(entries):
        twice = f"{named}, which lists {counted(len(entries) - len(listed), 'image')} twice"
        raise UserError(twice, "one label for each image", mended)
    return listed


def _with_stylegan(
    layout: Layout,
    files: Mapping[str, Mapping[str, Any]],
    paths: Sequence[str],
    broken: Collection[str],
    notes: list[str],
    where: str,
) -> Layout:
    named = " and ".join(files)
    folders = "" if layout.labels is None else "; folders are no classes"
    if not any(files.values()):
        said = f"no labels, says {named}{folders}"
        return replace(layout, labels=None, classes=(), notes=(said, *notes), read=tuple(files))
    listed: dict[str, Any] = {}
    for path, labels in files.items():
        folder = path[: -len(STYLEGAN)]
        listed.update((folder + name.replace("\\", "/"), label) for name, label in labels.items())
    without, problems = [path for path in paths if path not in listed], []
    if without:
        problems.append(f"no label for {len(without):,} of {counted(len(paths), 'image')}, such as {without[0]}")
    if missing := sorted(listed.keys() - {*paths, *broken}):
        problems.append(f"a label for {counted(len(missing), 'image')} not there, such as {missing[0]}")
    if problems:
        mended = f"mend it, or {WITHOUT}"
        raise UserError(f"{where}: {named} with {' and '.join(problems)}", "one label for each image", mended)
    labels, classes = observed_labels(np.array([listed[path] for path in paths]), f"{where}: {named}")
    said = f"labels from {named}{folders}"
    return replace(layout, labels=labels, classes=classes, notes=(said, *notes), read=tuple(files))


# Tables


def _tables(files: Sequence[Companion]) -> tuple[dict[str, Tables], list[_Unread]]:
    """The tables among files, by the files' name, and all that is none."""
    many = sum(is_table(file.name) for file in files) > _MOST_TABLES
    tables: dict[str, list[tuple[Companion, Table]]] = {}
    unread = {}
    for file in files:
        if is_table(file.name) and not many:
            try:
                tables.setdefault(file.name, []).append((file, read_table(file)))
            except UserError as error:
                unread[file.name] = _Unread(name=file.name, why=error.got)
        else:
            unread[file.path] = _Unread(name=file.path)
    return {name: group for name, group in tables.items() if name not in unread}, list(unread.values())


def _asked_for(column: str, tables: dict[str, Tables], paths: Sequence[str], where: str) -> TableLabels:
    having = [name for name, group in tables.items() if all(column in table.columns for _, table in group)]
    if len(having) != 1:
        known = {name: columns_of(group) for name, group in tables.items()}
        shown = "; ".join(f"{name}: {', '.join(names)}"[:300] for name, names in known.items())
        raise UserError(
            f"data.label_column={column} for {where}, where "
            + (f"{' and '.join(having)} have it" if having else "no table beside the images has such a column"),
            f"a column of one of {shown}" if shown else "a table of file names and labels beside the images",
            "move the others away" if having else "choose such a column" if shown else "leave data.label_column out",
        )
    try:
        return table_labels(having[0], tables[having[0]], column, paths)
    except UserError as error:
        raise UserError(
            f"data.label_column={column} of {having[0]} in {where}: {error.got}", error.expected, error.cure
        ) from error


def _found(layout: Layout, tables: dict[str, Tables], paths: Sequence[str]) -> tuple[TableLabels | None, list[_Unread]]:
    """The one table that gives all labels, though nobody asked for it, and why the others do not."""
    fitting: dict[str, TableLabels] = {}
    unread = []
    for name, group in tables.items():
        columns = columns_of(group)
        usual = [column for column in columns if plain_name(column) in _LABEL_COLUMNS]
        column = min(usual, key=lambda column: _LABEL_COLUMNS.index(plain_name(column)), default=None)
        if column is None:
            more = ", ..." if len(columns) > _SHOWN else ""
            choice = f"{', '.join(name[:40] for name in columns[:_SHOWN])}{more}"
            unread.append(_Unread(name=name, why=f"--set data.label_column=NAME takes a column as labels ({choice})"))
            continue
        try:
            fitting[name] = table_labels(name, group, column, paths)
        except UserError as error:
            unread.append(_Unread(name=name, why=error.got))
    first = next((name for name in _METADATA if name in fitting), None)
    chosen = fitting.get(first or "", next(iter(fitting.values())) if len(fitting) == 1 else None)
    for name, given in fitting.items():
        if layout.labels is None and given is not chosen:
            unread.append(_Unread(name=name, why="other files give labels too; leave one of them there"))
        elif layout.labels is not None and not same_division(layout.labels, given.labels):
            why = f"the folders give other classes; --set data.label_column={given.column} takes those of the file"
            unread.append(_Unread(name=name, why=why))
    return (chosen if layout.labels is None else None), unread
