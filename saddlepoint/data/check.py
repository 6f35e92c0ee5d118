"""`saddlepoint data check`: everything there is to say about a data set, also one that training would refuse."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from saddlepoint.data.decoding import decode_in_order
from saddlepoint.data.idx import find_idx, read_idx_file
from saddlepoint.data.opening import read_source, recognise
from saddlepoint.data.packing import size_cure
from saddlepoint.data.source import Options, Problem, Source, UnreadableError
from saddlepoint.data.splits import make_splits
from saddlepoint.errors import UserError

_EXAMPLES = 5


def check_data(
    location: str | Path,
    *,
    format: str = "auto",
    image_column: str | None = None,
    label_column: str | None = None,
) -> dict[str, Any]:
    """Reads all of a data set and reports on it; nothing is kept, and no problem ends the reading of the others.

    Args:
        location, format, image_column, label_column: as in `opening.open_data`.

    Returns:
        Plain values, ready for JSON:
        ok: whether training would take it as it is;
        kind: "images" or "points", null where that cannot be told; format; count: items that can be read;
        shape: [channels, height, width] or [dimensions], null unless all items share it;
        channels: {"3": how many}; sizes: {"92x112": how many}, width x height; classes: {name: how many};
        splits: {"train": how many, ...} by the default rule; notes: what reading converts;
        duplicates: items whose content occurred before; duplicate_examples: at most 5 groups of names;
        problems: [{"path", "reason"}]; suggestion: what to do, null where nothing is to be done.

    Raises:
        UserError: nothing is there, or nothing of a known kind.
    """
    name = recognise(location) if format == "auto" else format
    problems: list[Problem] = []
    source = _source(location, name, image_column, label_column, problems)
    items = _Items()
    if source is not None:
        items.notes += source.notes
        problems += source.problems
        items.read(source, problems)
    return _report(location, name, source, items, problems)


def _source(
    location: str | Path, name: str, image_column: str | None, label_column: str | None, problems: list[Problem]
) -> Source | None:
    """The source; where its labels are what is wrong, the source without them."""
    for labels in (True, False):
        options = Options(image_column=image_column, label_column=label_column if labels else None, labels=labels)
        try:
            return read_source(location, name, options)[0]
        except UserError as error:
            if not Path(location).expanduser().exists():
                raise
            if labels:
                problems.append(Problem(path=str(location), reason=str(error)))
    if name == "idx":
        problems += _idx_problems(Path(location).expanduser(), problems)
    return None


def _idx_problems(folder: Path, known: list[Problem]) -> Iterator[Problem]:
    """Each IDX file on its own: reading the set stops at the first bad one, which is known already."""
    reasons = {problem.reason for problem in known}
    try:
        files = find_idx(folder)
    except UserError:
        return
    for file in files:
        try:
            read_idx_file(file)
        except UserError as error:
            if str(error) not in reasons:
                yield Problem(path=str(file.path), reason=str(error))


class _Items:
    """What a pass over all items found."""

    def __init__(self) -> None:
        self.kept: list[int] = []
        self.shapes: Counter[tuple[int, ...]] = Counter()
        self.digests: list[bytes] = []
        self.notes: tuple[str, ...] = ()

    def read(self, source: Source, problems: list[Problem]) -> None:
        remarks: Counter[str] = Counter()
        try:
            if source.encoded is not None:
                for index, result in enumerate(decode_in_order(source.encoded())):
                    if isinstance(result, UnreadableError):
                        problems.append(Problem(path=source.name(index), reason=str(result)))
                    else:
                        self._add(index, result.pixels)
                        remarks.update(result.remarks)
            elif source.blocks is not None:
                for block in source.blocks():
                    for item in block:
                        self._add(len(self.kept), item)
        except UserError as error:  # pixels outside their range, or a file that breaks off
            problems.append(Problem(path=source.name(len(self.kept)), reason=str(error)))
        self.notes += tuple(f"{count} images: {remark}" for remark, count in remarks.items())

    def _add(self, index: int, item: np.ndarray) -> None:
        self.kept.append(index)
        self.shapes[item.shape] += 1
        # The pixels alone, as in packing, so that the splits that are reported are those of training.
        self.digests.append(hashlib.blake2b(np.ascontiguousarray(item).data, digest_size=16).digest())

    def duplicate_groups(self) -> list[list[int]]:
        groups: defaultdict[bytes, list[int]] = defaultdict(list)
        for index, digest in zip(self.kept, self.digests, strict=True):
            groups[digest].append(index)
        return [group for group in groups.values() if len(group) > 1]


def _report(
    location: str | Path, name: str, source: Source | None, items: _Items, problems: list[Problem]
) -> dict[str, Any]:
    kept, shapes = np.array(items.kept, dtype=np.int64), items.shapes
    images = [shape for shape in shapes if len(shape) == 3]
    sizes, channels = Counter[str](), Counter[str]()
    for shape in images:
        sizes[f"{shape[2]}x{shape[1]}"] += shapes[shape]
        channels[str(shape[0])] += shapes[shape]
    classes: dict[str, int] = {}
    if source is not None and source.labels is not None:
        counted = np.bincount(source.labels[kept], minlength=len(source.classes))
        classes = {label: int(count) for label, count in zip(source.classes, counted, strict=True)}
    splits: dict[str, int] = {}
    if source is not None and len(kept):
        published = {split: np.flatnonzero(np.isin(kept, indices)) for split, indices in source.published.items()}
        digests = np.frombuffer(b"".join(items.digests), np.uint8).reshape(-1, 16)
        options = Options()
        try:
            made, _ = make_splits(digests, published, hold_out=options.hold_out, first=None, seed=options.seed)
            splits = {split: len(indices) for split, indices in made.items()}
        except UserError as error:
            problems.append(Problem(path=str(location), reason=str(error)))
    groups = items.duplicate_groups()
    call = source.name if source is not None else str
    return {
        "ok": not problems and len(shapes) == 1,
        "kind": source.kind if source is not None else None,
        "format": name,
        "count": len(kept),
        "shape": list(next(iter(shapes))) if len(shapes) == 1 else None,
        "channels": dict(channels),
        "sizes": dict(sizes),
        "classes": classes,
        "splits": splits,
        "notes": list(items.notes),
        "duplicates": sum(len(group) - 1 for group in groups),
        "duplicate_examples": [[call(index) for index in group[:_EXAMPLES]] for group in groups[:_EXAMPLES]],
        "problems": [{"path": problem.path, "reason": problem.reason} for problem in problems],
        "suggestion": _suggestion(images, problems, source is not None and source.encoded is not None),
    }


def _suggestion(shapes: list[tuple[int, ...]], problems: list[Problem], files: bool) -> str | None:
    parts = []
    if problems:
        skip = "; or leave unreadable images out with --set data.skip_unreadable=true" if files else ""
        parts.append(f"repair or remove what `problems` names{skip}")
    if len({shape[1:] for shape in shapes}) > 1:
        parts.append(f"bring all images to one size with {size_cure(min(min(shape[1:]) for shape in shapes))}")
    if len({shape[0] for shape in shapes}) > 1:
        parts.append("bring all images to one number of channels with --set data.channels=3")
    return "; ".join(parts) or None
