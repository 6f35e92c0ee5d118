"""Pairs of images, and two unpaired sets of images: each side is an ordinary packed set.

    side by side     a folder, .zip or .tar of files that hold both images, the left half is the first side
    two folders      in a folder, .zip or .tar, matched by file name if paired: see `pair_layout`
    two columns      of a .parquet file

"forward" learns from the first side to the second, "backward" the other way round: the published facades task, label
map (right) to photo (left), is backward. Where items of the two sides belong together, a pair is held out as a whole,
by the fingerprint of both its images, the first side's first; so the split does not depend on the direction.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from saddlepoint.data.depth import Range, refuse_without_effect
from saddlepoint.data.fitting import Fit, Size
from saddlepoint.data.formats.columns import image_columns
from saddlepoint.data.formats.parquet import find_parquet
from saddlepoint.data.opening import read_source, recognise
from saddlepoint.data.packed import Packed
from saddlepoint.data.packing import assemble, read_items
from saddlepoint.data.pair_layout import Side, read_pair_layout
from saddlepoint.data.raster import MODES, decode
from saddlepoint.data.source import Decoded, Loader, Options, Source
from saddlepoint.data.storing import Stored
from saddlepoint.errors import UserError, counted, reading
from saddlepoint.files import expanded

Direction = Literal["forward", "backward"]
_NO_PARTNER = ": its partner cannot be read"
_FORMATS = ("folder", "zip", "tar", "parquet")


@dataclass(frozen=True, kw_only=True, eq=False)
class ImagePairs:
    """Two packed sets of images, between which a map is learnt.

    Attributes:
        sources, targets: what is given, and what is to be made of it.
        paired: item i of the one belongs to item i of the other, in the same split; otherwise the sides are unrelated
            and their counts may differ.
        layout: where the two sides were found, in words.
        fingerprint: sha256 of "paired" or "unpaired" and the two sides' fingerprints, hexadecimal.
        source: what a person gave.
        split_rule: how the splits came about, in words.
    """

    sources: Packed
    targets: Packed
    paired: bool
    layout: str
    fingerprint: str
    source: str
    split_rule: str

    def __post_init__(self) -> None:
        if self.paired:
            one, other = self.sources.splits, self.targets.splits
            assert len(self.sources) == len(self.targets)
            assert all(np.array_equal(one[name], other[name]) for name in {*one, *other})

    @property
    def notes(self) -> tuple[str, ...]:
        """What reading changed on the way, as in `Packed`; what holds for both sides is said once."""
        one, other = self.sources.notes, self.targets.notes
        both = [f"sources and targets: {note}" for note in one if note in other]
        of_sources = [f"sources: {note}" for note in one if note not in other]
        return (*both, *of_sources, *(f"targets: {note}" for note in other if note not in one))

    @property
    def skipped(self) -> tuple[str, ...]:
        """What was left out, as in `Packed`; of pairs, what could not be read and not its partners."""
        every = (*self.sources.skipped, *self.targets.skipped)
        return tuple(each for each in every if not each.endswith(_NO_PARTNER))


def open_pairs(
    location: str | Path,
    *,
    paired: bool = True,
    direction: Direction = "forward",
    size: Size | None = None,
    channels: int | None = None,
    fit: Fit = "crop",
    source_channels: int | None = None,
    columns: tuple[str, str] | None = None,
    range: Range | None = None,
    hold_out: float = 0.1,
    seed: int = 0,
    skip_unreadable: bool = False,
    cache: Path | None = None,
    resident_limit: int = Options.resident_limit,
) -> ImagePairs:
    """Opens pairs of images, or two sets of unpaired ones.

    Args:
        location: a folder, a .zip, a .tar or a .parquet.
        paired: False reads two folders without matching their files, and makes nothing of the order of pairs.
        direction: from which side to which, see above.
        size: (height, width) to which every image is brought, each half by itself; None keeps the images' own.
        fit: by cutting or on a border, as in `opening.open_data`.
        channels: 1, 3 or 4 to which images are converted; None keeps the images' own.
        source_channels: the same for the sources, where it is to be another number; None: as `channels`.
        columns: of a table, the first side's and the second's; None: its only two image columns, in order.
        range, hold_out, seed, skip_unreadable, cache, resident_limit: as in `opening.open_data`; a pair of which one
            side cannot be read is left out as a whole.

    Raises:
        UserError: what was given, what was expected, what to do; for anything wrong in the data or the options.
        RunStopped: a packed set could not be written to the cache.
    """
    if direction not in ("forward", "backward"):
        raise UserError(f"data.direction={direction}", "forward or backward", "choose one")
    if source_channels not in (None, *MODES):
        raise UserError(f"data.source_channels={source_channels}", "1 (grey), 3 (colour) or 4 (with alpha)", "give one")
    options = Options(
        size=size,
        channels=channels,
        fit=fit,
        range=range,
        hold_out=hold_out,
        seed=seed,
        labels=False,
        skip_unreadable=skip_unreadable,
        cache=cache,
        resident_limit=resident_limit,
    )
    of_sources = replace(options, channels=channels if source_channels is None else source_channels)
    sides, names, aligned = _two_sides(location, options, columns, paired=paired)
    forward = direction == "forward"
    each = (of_sources, options) if forward else (options, of_sources)
    where = str(location)
    if aligned:
        sides, stored, skipped = _read_aligned(sides, each, where)
        joint = _joint_digests(stored[0].digests, stored[1].digests)
        stored = [replace(side, digests=joint) for side in stored]
    else:
        stored, skipped = [read_items(side, option, where) for side, option in zip(sides, each, strict=True)], None
    refuse_without_effect(range, [side.facts.deep for side in stored], where)
    packed = [assemble(*both, where) for both in zip(sides, stored, each, strict=True)]
    if skipped is not None:
        packed = [replace(side, skipped=left_out) for side, left_out in zip(packed, skipped, strict=True)]
    sources, targets = packed if forward else packed[::-1]
    text = f"{'paired' if paired else 'unpaired'}\n{sources.fingerprint}\n{targets.fingerprint}\n"
    rules = dict.fromkeys((sources.split_rule, targets.split_rule))
    return ImagePairs(
        sources=sources,
        targets=targets,
        paired=paired,
        layout="sources: {}, targets: {}".format(*(names if forward else names[::-1])),
        fingerprint=hashlib.sha256(text.encode()).hexdigest(),
        source=where,
        split_rule="; ".join(rules),
    )


def _two_sides(
    location: str | Path, options: Options, columns: tuple[str, str] | None, *, paired: bool
) -> tuple[list[Source], list[str], bool]:
    """The first and the second side, what to call them, and whether their items belong together in order."""
    kind = recognise(location)
    if kind not in _FORMATS:
        raise UserError(
            f"{location}, which is read as {kind}",
            "pairs of images: side by side or in two folders, in a folder, .zip or .tar, or a .parquet of two columns",
            "give one of these",
        )
    if kind == "parquet":
        names = columns or paired_columns(expanded(location))
        sides = [read_source(location, kind, replace(options, image_column=name))[0] for name in names]
        return sides, [f"column {name}" for name in names], True
    if columns is not None:
        raise UserError(f"data.columns={columns} for {location}, a {kind}", "a .parquet file", "leave it out")
    source, where = read_source(location, kind, options)
    found = read_pair_layout([source.name(i) for i in range(source.count)], paired=paired, where=where)
    if len(found) == 1:
        halves = [_half(source, found[0], options.range, second=second) for second in (False, True)]
        return halves, ["left halves", "right halves"], True
    sides = [_chosen(source, side.indices, side.published) for side in found]
    sides[1] = replace(sides[1], problems=())
    return sides, [f"folder {side.name}" for side in found], paired


def paired_columns(path: Path) -> tuple[str, str]:
    """The two image columns of a table, in its order.

    Raises:
        UserError: it has fewer or more, or cannot be read.
    """
    import pyarrow.parquet as pq

    file = find_parquet(path)[0] if path.is_dir() else path
    with reading(f"{file}, which cannot be read", "a whole .parquet file", "get or make it again"):
        schema = pq.read_schema(file)
    names = image_columns(schema)
    if len(names) != 2:
        raise UserError(
            f"{path} with {counted(len(names), 'image column')} ({', '.join(names) or 'none'})",
            "two",
            "name both with --set data.columns=FIRST,SECOND" if len(names) > 2 else "give a file of pairs",
        )
    return names[0], names[1]


def _chosen(source: Source, indices: np.ndarray, published: dict[str, np.ndarray]) -> Source:
    """Some items of a source of encoded images, in the order of the indices."""
    encoded, wanted = source.encoded, indices.tolist()
    assert encoded is not None

    def loaders() -> Iterator[Loader]:
        # A table or a packed archive gives its items as it is read: none is kept longer than needed.
        chosen = set(wanted)
        found = ((index, loader) for index, loader in enumerate(encoded()) if index in chosen)
        if wanted == sorted(wanted):
            return (loader for _, loader in found)
        kept = dict(found)
        return (kept.pop(index) for index in wanted)

    return replace(
        source,
        count=len(wanted),
        name=lambda index: source.name(wanted[index]),
        encoded=loaders,
        published=published,
        stamp=_stamp(source, indices.astype("<i8").tobytes()),
    )


def _half(source: Source, both: Side, stated: Range | None, *, second: bool) -> Source:
    """One half of every file, as a source of its own; what is wrong with the files is said by the first half."""
    encoded, name = source.encoded, source.name
    assert encoded is not None
    return replace(
        source,
        name=lambda index: f"the {'right' if second else 'left'} half of {name(index)}",
        encoded=lambda: (partial(_cut, loader, name(i), stated, second) for i, loader in enumerate(encoded())),
        published=both.published,
        stamp=_stamp(source, b"right" if second else b"left"),
        problems=() if second else source.problems,
    )


def _cut(loader: Loader, name: str, stated: Range | None, second: bool) -> Decoded:
    """A half's own pixels: what is done to them later does not mix those on both sides of the seam."""
    loaded = loader()
    whole = loaded if isinstance(loaded, Decoded) else decode(loaded, range=stated)
    pixels = whole.pixels
    refuse_unless_halves(name, pixels.shape)
    width = pixels.shape[-1]
    half = pixels[..., width // 2 :] if second else pixels[..., : width // 2]
    return Decoded(pixels=np.ascontiguousarray(half), remarks=whole.remarks, depth=whole.depth)


def refuse_unless_halves(name: str, shape: tuple[int, ...]) -> None:
    """Refuses an image (channels, height, width) that is not two side by side."""
    _, height, width = shape
    if width % 2 or width <= height:
        raise UserError(
            f"{name}, {width}x{height} (width x height)",
            "two images of one size side by side: an even width, larger than the height",
            "repair the file, or give a folder that holds two folders, one for each side",
        )


def _stamp(source: Source, part: bytes) -> str | None:
    return None if source.stamp is None else hashlib.sha256(source.stamp.encode() + part).hexdigest()


def _read_aligned(
    sides: list[Source], each: tuple[Options, Options], where: str
) -> tuple[list[Source], list[Stored], list[tuple[str, ...]]]:
    """Both sides' items without the pairs of which one side cannot be read, and what was left out of each side."""
    stored = [read_items(side, option, where) for side, option in zip(sides, each, strict=True)]
    skipped = [side.facts.skipped for side in stored]
    first, second = kept = [side.facts.kept for side in stored]
    if np.array_equal(first, second):
        return sides, stored, skipped
    common = np.intersect1d(first, second)
    if not len(common):
        raise UserError(f"{where}, where no pair can be read on both sides", "whole pairs", "repair the files")
    partners = [
        tuple(f"{side.name(i)}{_NO_PARTNER}" for i in np.setdiff1d(own, common).tolist())
        for side, own in zip(sides, kept, strict=True)
    ]
    left = [_chosen(side, common, _among(side.published, common)) for side in sides]
    stored = [read_items(side, option, where) for side, option in zip(left, each, strict=True)]
    return left, stored, [own + others for own, others in zip(skipped, partners, strict=True)]


def _among(published: dict[str, np.ndarray], kept: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.flatnonzero(np.isin(kept, indices)) for name, indices in published.items()}


def _joint_digests(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    joined = np.concatenate([first, second], axis=1)
    digests = b"".join(hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in joined)
    return np.frombuffer(digests, np.uint8).reshape(-1, 16)
