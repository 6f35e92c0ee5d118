"""`saddlepoint data check`: everything there is to say about a data set, also one that training would refuse."""

import hashlib
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from saddlepoint.data.choosing import Choice, choose, shapes_of
from saddlepoint.data.decoding import decode_in_order
from saddlepoint.data.formats.idx import find_idx, read_idx_file
from saddlepoint.data.notes import Tally
from saddlepoint.data.opening import read_source, recognise
from saddlepoint.data.packing import decoded_items, size_cure
from saddlepoint.data.pair_check import check_columns, check_pairs
from saddlepoint.data.raster import refit
from saddlepoint.data.source import AUTO, AUTO_SIDE, AUTO_SIDE_OF_GPU, Options, Problem, Source, UnreadableError
from saddlepoint.data.splits import make_splits
from saddlepoint.errors import UserError
from saddlepoint.files import expanded

_EXAMPLES = 5
# What the recipe images asks for, on a CPU.
_OPEN = Options(size=AUTO, channels=AUTO)


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
        ok: whether the recipe images would take it as it is;
        kind: "images" or "points", null where that cannot be told; format; count: items that can be read;
        shape: [channels, height, width] or [dimensions], null unless all items share it;
        trained: the [channels, height, width] that the recipe images would train on, {"cpu": ..., "gpu": ...}, null for
        points; trained_notes: why, where it is not what the images are;
        channels: {"3": how many}; sizes: {"92x112": how many}, width x height; classes: {name: how many};
        splits: {"train": how many, ...} by the default rule, of the images as a CPU would train on them;
        notes: what reading converts;
        pairs: what the recipes of pairs would make of the place, as `pair_check.check_pairs` says, null where it does
        not look like pairs;
        duplicates: items whose content occurred before; duplicate_examples: at most 5 groups of names;
        problems: [{"path", "reason"}]; suggestion: what to do, null where nothing is to be done.

    Raises:
        UserError: nothing is there, or nothing of a known kind.
    """
    name = recognise(location) if format == "auto" else format
    check = _Check(location, name)
    source = check.open(name, image_column, label_column)
    if source is not None:
        check.read(source)
    return {"format": name, **check.report(source)}


def _trained(images: Counter[tuple[int, ...]]) -> dict[str, Any]:
    """What the recipe images makes of images of these shapes, on either kind of machine."""
    if not images:
        return {"trained": None, "trained_notes": []}
    (on_cpu, notes), (on_gpu, _) = _chosen(images, AUTO_SIDE), _chosen(images, AUTO_SIDE_OF_GPU)
    return {"trained": {"cpu": on_cpu, "gpu": on_gpu}, "trained_notes": notes}


def _chosen(images: Counter[tuple[int, ...]], side: int) -> tuple[list[int], list[str]]:
    choice = choose(images, replace(_OPEN, auto_side=side))
    assert choice.size is not None and choice.channels is not None
    return [choice.channels, *choice.size], list(choice.notes)


def _digest(item: np.ndarray) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(item).data, digest_size=16).digest()


class _Check:
    """What has been found so far: problems with their cures, and facts of each item that could be read."""

    def __init__(self, location: str | Path, format: str):
        self._location, self._format = location, format
        self._problems: list[Problem] = []
        self._cures: list[str] = []
        self._notes: list[str] = []
        self._kept: list[int] = []
        self._each: list[tuple[int, ...]] = []
        self._shapes, self._made = Counter[tuple[int, ...]](), Choice()
        self._known: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._digests: list[bytes] = []
        # Of the images as they would be trained on, by which they are divided.
        self._trained_digests: list[bytes] = []

    def open(self, name: str, image_column: str | None, label_column: str | None) -> Source | None:
        """The source; where its labels are what is wrong, the source without them."""
        place = expanded(self._location)
        for labels in (True, False):
            options = Options(image_column=image_column, label_column=label_column if labels else None, labels=labels)
            try:
                return read_source(self._location, name, options)[0]
            except UserError as error:
                if not place.exists():
                    raise
                self._refused(self._location, error)
        if name == "idx":
            # Reading the set stops at the first bad file; each is read on its own for the others.
            for file in find_idx(place):
                try:
                    read_idx_file(file)
                except UserError as error:
                    self._refused(file.path, error)
        return None

    def read(self, source: Source) -> None:
        """One pass over all items."""
        self._notes += source.notes
        self._problems += source.problems
        tally = Tally()
        try:
            if source.kind == "images" and (shapes := shapes_of(source, first_block=source.even)):
                self._shapes, self._made = shapes, choose(shapes, _OPEN)
            if source.encoded is not None:
                for index, result in enumerate(decode_in_order(source.encoded())):
                    if isinstance(result, UnreadableError):
                        self._problems.append(Problem(path=source.name(index), reason=str(result)))
                    else:
                        self._add(index, result.pixels)
                        tally.add(result)
            elif source.blocks is not None:
                for block in source.blocks():
                    if source.kind == "images":
                        for image in decoded_items(block, None, str(self._location)):
                            self._add(len(self._kept), image.pixels)
                            tally.add(image)
                    elif isinstance(block, np.ndarray):
                        for point in block:
                            self._add(len(self._kept), point)
            tally.depths.settle(str(self._location))
        except UserError as error:  # values whose range is not known, or a file that breaks off
            self._refused(self._location, error)
        self._notes += tally.notes

    def report(self, source: Source | None) -> dict[str, Any]:
        """All that `check_data` promises but the format."""
        shapes = Counter(self._each)
        images = Counter({shape: count for shape, count in shapes.items() if len(shape) == 3})
        sizes, channels = Counter[str](), Counter[str]()
        for shape in images:
            sizes[f"{shape[2]}x{shape[1]}"] += shapes[shape]
            channels[str(shape[0])] += shapes[shape]
        splits = self._splits(source)
        groups = self._duplicates()
        call = source.name if source is not None else str
        return {
            "ok": not self._problems and bool(shapes) and len(images) in (len(shapes), 0),
            "kind": source.kind if source is not None else None,
            "count": len(self._kept),
            "shape": list(next(iter(shapes))) if len(shapes) == 1 else None,
            **_trained(self._shapes),
            "channels": dict(channels),
            "sizes": dict(sizes),
            "classes": self._classes(source),
            "splits": splits,
            "notes": self._notes,
            "pairs": self._pairs(source),
            "duplicates": sum(len(group) - 1 for group in groups),
            "duplicate_examples": [[call(index) for index in group[:_EXAMPLES]] for group in groups[:_EXAMPLES]],
            "problems": [{"path": problem.path, "reason": problem.reason} for problem in self._problems],
            "suggestion": self._suggestion(),
        }

    def _refused(self, path: str | Path, error: UserError) -> None:
        reason = f"got {error.got}; expected {error.expected}"
        if all(problem.reason != reason for problem in self._problems):
            self._problems.append(Problem(path=str(path), reason=reason))
            self._cures += [error.cure] if error.cure not in self._cures else []

    def _add(self, index: int, item: np.ndarray) -> None:
        self._kept.append(index)
        # One object for each shape: there may be a million items.
        self._each.append(self._known.setdefault(item.shape, item.shape))
        # The pixels alone, as in packing, so that the splits that are reported are those of training.
        self._digests.append(digest := _digest(item))
        kept = self._made.keeps([item.shape])
        made = digest if kept else _digest(refit(item, self._made.size, self._made.channels))
        self._trained_digests.append(made)

    def _pairs(self, source: Source | None) -> dict[str, Any] | None:
        place = expanded(self._location)
        if source is not None and source.format in ("folder", "zip", "tar"):
            names = [source.name(index) for index in range(source.count)]
            return check_pairs(names, self._kept, self._each, str(self._location))
        if self._format == "parquet":
            return check_columns(place)
        return None

    def _classes(self, source: Source | None) -> dict[str, int]:
        if source is None or source.labels is None:
            return {}
        counts = np.bincount(source.labels[self._kept], minlength=len(source.classes))
        return {name: int(count) for name, count in zip(source.classes, counts, strict=True)}

    def _splits(self, source: Source | None) -> dict[str, int]:
        if source is None or not self._kept:
            return {}
        kept, options = np.array(self._kept), Options()
        published = {name: np.flatnonzero(np.isin(kept, indices)) for name, indices in source.published.items()}
        digests = np.frombuffer(b"".join(self._trained_digests), np.uint8).reshape(-1, 16)
        try:
            splits, _ = make_splits(digests, published, hold_out=options.hold_out, first=None, seed=options.seed)
        except UserError as error:
            self._refused(self._location, error)
            return {}
        return {name: len(indices) for name, indices in splits.items()}

    def _duplicates(self) -> list[list[int]]:
        groups: defaultdict[bytes, list[int]] = defaultdict(list)
        for index, digest in zip(self._kept, self._digests, strict=True):
            groups[digest].append(index)
        return [group for group in groups.values() if len(group) > 1]

    def _suggestion(self) -> str | None:
        shapes = self._shapes
        parts = list(self._cures)
        if len(self._problems) > len(parts):
            parts.append("repair or remove what `problems` names, or leave it out with --set data.skip_unreadable=true")
        one = []
        if len({shape[1:] for shape in shapes}) > 1:
            _, height, width = _chosen(shapes, AUTO_SIDE)[0]
            one.append(size_cure(min(height, width)))
        if len({shape[0] for shape in shapes}) > 1:
            one.append(f"--set data.channels={_chosen(shapes, AUTO_SIDE)[0][0]}")
        if one:
            parts.append(f"the recipe images chooses a size by itself; to another give {' '.join(one)}")
        # The settings are not this verb's.
        if any("--set" in part for part in parts):
            parts.append("--set goes behind `saddlepoint train RECIPE --data PATH`")
        return "; ".join(parts) or None
