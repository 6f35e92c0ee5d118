"""A source to the packed form: one pass over its items in order, all problems counted, one size and channel count.

Nothing is skipped silently: what cannot be read ends the pass with a count and the first names, unless the person chose
`skip_unreadable`, and then the packed set says what was skipped.
"""

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import PIL

from saddlepoint.data.choosing import Choice, choose, shapes_of
from saddlepoint.data.decoding import decode_in_order
from saddlepoint.data.depth import Range, array_to_8_bits, refuse_without_effect
from saddlepoint.data.notes import Tally, copies
from saddlepoint.data.packed import Packed, fingerprint
from saddlepoint.data.raster import FORMATS, refitted
from saddlepoint.data.source import (
    AUTO_SIDE,
    PIXEL_LIMIT,
    Block,
    Decoded,
    Options,
    Problem,
    Source,
    UnreadableError,
    named,
)
from saddlepoint.data.splits import make_splits
from saddlepoint.data.storing import Facts, Stored, default_cache, in_file, in_memory, reuse
from saddlepoint.errors import UserError


def pack(source: Source, options: Options, location: str) -> Packed:
    """Reads a source into the packed form.

    Args:
        location: what the person gave; named in messages and kept in the result.

    Raises:
        UserError: items that cannot be read, that differ in size or channels, or nothing to train on.
    """
    source, stored = read_settled(source, options, location)
    refuse_without_effect(options.range, [stored.facts.deep], location)
    packed = assemble(source, stored, options, location)
    return replace(packed, notes=packed.notes + copies(stored.digests, source.kind))


def assemble(source: Source, stored: Stored, options: Options, location: str) -> Packed:
    """The packed form of a source and its items that were read: labels of what was kept, splits, fingerprint."""
    kept = stored.facts.kept
    labels = None if source.labels is None else source.labels[kept]
    published = {name: np.flatnonzero(np.isin(kept, indices)) for name, indices in source.published.items()}
    splits, rule = make_splits(
        stored.digests, published, hold_out=options.hold_out, first=options.first, seed=options.seed
    )
    shape = tuple(stored.items.shape[1:])
    return Packed(
        items=stored.items,
        labels=labels,
        classes=source.classes,
        kind=source.kind,
        shape=shape,
        fingerprint=fingerprint(source.kind, shape, len(stored.items), stored.sha256, labels),
        splits=splits,
        split_rule=rule,
        source=location,
        skipped=stored.facts.skipped,
        notes=source.notes + stored.facts.notes,
        own_size=stored.facts.own_size,
        attributes={name: values[kept] for name, values in source.attributes.items()},
    )


def read_settled(source: Source, options: Options, location: str) -> tuple[Source, Stored]:
    """A source's items with what the options leave open chosen, and the source, which notes what was chosen."""
    if options.given == options or source.kind == "points":
        return source, read_items(source, options.given, location)
    if not source.even:
        # A pass over all shapes costs as much as reading: the first is believed until another one is met.
        shapes = shapes_of(source, first_block=True)
        if (choice := choose(shapes, options)).keeps(shapes):
            try:
                return replace(source, notes=source.notes + choice.notes), read_items(source, options.given, location)
            except MixedError:
                pass
    shapes = shapes_of(source, first_block=source.even)
    # Where nothing can be read, reading says why.
    choice = choose(shapes, options) if shapes else Choice()
    settled = replace(options.given, size=choice.size, channels=choice.channels)
    settled = replace(settled, fit=options.fit) if choice.size is not None else settled
    return replace(source, notes=source.notes + choice.notes), read_items(source, settled, location)


def read_items(source: Source, options: Options, location: str) -> Stored:
    """The one pass over a source's items; raises what `pack` raises.

    Args:
        options: with nothing left open.
    """
    if source.kind == "points" and (options.size or options.channels or options.range):
        raise UserError(
            f"data.size, data.channels or data.range for {location}, which holds points", "images", "leave them out"
        )
    key = _cache_key(source, options)
    # Asked for only where something may lie there.
    if key is not None and (stored := reuse(options.cache or default_cache(), key)) is not None:
        return stored
    reading = _Reading(source, options, location)
    blocks = reading.blocks()
    first = next(blocks, None)
    if first is None:
        reading.facts()  # says why
        raise UserError(f"{location}, which holds no image", "at least one image", "give another folder or file")
    shape = tuple(first.shape[1:])
    if source.count * first[0].nbytes <= options.resident_limit:
        every = itertools.chain([first], blocks)
        return in_memory(every, capacity=source.count, shape=shape, facts=reading.facts)
    return in_file(
        lambda: itertools.chain([first], blocks),
        capacity=source.count,
        shape=shape,
        cache=options.cache or default_cache(),
        key=key,
        facts=reading.facts,
    )


def _cache_key(source: Source, options: Options) -> str | None:
    if source.stamp is None:
        return None
    # The leading number changes with the rules of decoding and of notes; a new Pillow may decode differently by itself.
    chosen = (options.size, options.channels, options.fit, options.range, options.skip_unreadable)
    parts = (4, PIL.__version__, source.stamp, source.problems, *chosen)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


class _Reading:
    """One pass over a source: its blocks, and what was met on the way."""

    def __init__(self, source: Source, options: Options, location: str):
        self._source, self._options, self._location = source, options, location
        self._problems: list[Problem] = list(source.problems)
        self._kept: list[int] = []
        self._tally = Tally(options.range, options.fit)
        self._shape: tuple[int, ...] | None = None

    def blocks(self) -> Iterator[np.ndarray]:
        size, channels, stated = self._options.fixed_size, self._options.fixed_channels, self._options.range
        if self._source.blocks is not None:
            for block in map(self._packed, self._source.blocks()):
                self._check_same(block[0], len(self._kept))
                self._kept.extend(range(len(self._kept), len(self._kept) + len(block)))
                yield block
            return
        assert self._source.encoded is not None
        decoded = decode_in_order(
            self._source.encoded(), size=size, channels=channels, fit=self._options.fit, range=stated
        )
        for index, result in enumerate(decoded):
            if isinstance(result, UnreadableError):
                self._problems.append(Problem(path=self._source.name(index), reason=str(result)))
                continue
            self._check_same(result.pixels, index)
            self._kept.append(index)
            self._tally.add(result)
            # After a problem that ends the pass the rest is only counted.
            if not self._problems or self._options.skip_unreadable:
                yield result.pixels[None]

    def _packed(self, block: Block) -> np.ndarray:
        """A block as it is packed; what was changed in its items is counted."""
        if self._source.kind == "points":
            assert isinstance(block, np.ndarray)
            return block
        size, channels = self._options.fixed_size, self._options.fixed_channels
        if isinstance(block, np.ndarray) and size in (None, block.shape[2:]) and channels in (None, block.shape[1]):
            pixels, depth = array_to_8_bits(block, self._options.range, self._location)
            self._tally.depths.add(depth)
            return pixels
        decoded = decoded_items(block, self._options.range, self._location)
        fitted = [refitted(item, size, channels, self._options.fit) for item in decoded]
        for item in fitted:
            self._tally.add(item)
        return np.stack([item.pixels for item in fitted])

    def _check_same(self, item: np.ndarray, index: int) -> None:
        self._shape = item.shape if self._shape is None else self._shape
        if item.shape != self._shape:
            first = self._source.name(self._kept[0])
            raise _mixed(self._location, first, self._shape, self._source.name(index), item.shape)

    def facts(self) -> Facts:
        """What the pass found; raises for problems that the person did not choose to skip."""
        if self._problems and not self._options.skip_unreadable:
            total = self._source.count + len(self._source.problems)
            raise UserError(
                f"{len(self._problems)} of {total} files in {self._location} that cannot be read: "
                f"{named(self._problems)}",
                f"only images ({', '.join(FORMATS)}; at most {PIXEL_LIMIT:,} pixels)",
                f"list all with `saddlepoint data check {self._location}` and repair or remove them, "
                "or skip them with --set data.skip_unreadable=true",
            )
        self._tally.depths.settle(self._location)
        return Facts(
            kept=np.array(self._kept, dtype=np.int64),
            skipped=tuple(f"{problem.path}: {problem.reason}" for problem in self._problems),
            notes=self._tally.notes,
            own_size=self._tally.own_size,
            deep=bool(self._tally.depths),
        )


def decoded_items(block: Block, stated: Range | None, where: str) -> list[Decoded]:
    """The images of a block, each by itself.

    Args:
        stated: what black and white are in values of more than 8 bits.
        where: names the source in a message.
    """
    if isinstance(block, Decoded):
        return [block]
    each = (array_to_8_bits(item[None], stated, where) for item in block)
    return [Decoded(pixels=pixels[0], depth=depth) for pixels, depth in each]


class MixedError(UserError):
    """Images of several sizes or channel counts, where one is wanted."""


def _mixed(location: str, first: str, one: tuple[int, ...], second: str, other: tuple[int, ...]) -> UserError:
    if len(one) != 3 or len(other) != 3:
        return UserError(
            f"items of shape {one} ({first}) and {other} ({second})", "items of one shape", f"repair {location}"
        )
    different, cures = [], []
    if one[1:] != other[1:]:
        different.append("size")
        cures.append(size_cure(max(min(one[1:]), min(other[1:]))))
    if one[0] != other[0]:
        different.append("channels")
        cures.append("--set data.channels=3")
    return MixedError(
        f"images of different {' and '.join(different)} in {location}: "
        f"{first} is {described(one)}, {second} is {described(other)}",
        "one size and number of channels",
        f"bring all to one with {' '.join(cures)}",
    )


def size_cure(side: int) -> str:
    """The option that brings images to one size; square, so that height and width cannot be confused.

    Args:
        side: the shorter one of the images themselves, or of most of them.
    """
    side = min(side, AUTO_SIDE)
    return f"--set data.size={side}x{side}"


def described(shape: tuple[int, ...]) -> str:
    channels, height, width = shape
    return f"{width}x{height} (width x height) with {channels} channel{'s' if channels > 1 else ''}"
