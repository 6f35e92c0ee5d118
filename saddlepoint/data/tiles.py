"""Photographs of any sizes as square tiles of one size, for super-resolution.

A side of L pixels has ceil(L / tile) tiles, spread evenly from border to border: they overlap where L is no multiple,
and leave nothing out. A photograph's tiles are held out together, by the photograph's fingerprint, so that what is held
out shares no pixel with what is trained on.
"""

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from saddlepoint.data.decoding import decode_in_order
from saddlepoint.data.depth import Range, refuse_without_effect
from saddlepoint.data.notes import Tally, sizes_in_words
from saddlepoint.data.opening import read_source
from saddlepoint.data.packed import Packed
from saddlepoint.data.packing import assemble, decoded_items, described, read_items
from saddlepoint.data.raster import refitted
from saddlepoint.data.source import Decoded, Options, Problem, Source, UnreadableError, named
from saddlepoint.errors import UserError, counted


def open_tiles(
    location: str | Path,
    *,
    tile: int = 192,
    channels: int = 3,
    range: Range | None = None,
    hold_out: float = 0.1,
    seed: int = 0,
    skip_unreadable: bool = False,
    cache: Path | None = None,
    resident_limit: int = Options.resident_limit,
) -> Packed:
    """Opens photographs, cut into tiles.

    Args:
        location: a set of images as `opening.open_data` takes it, of any sizes.
        tile: side of a tile, in pixels.
        channels: 1, 3 or 4, to which all are converted.
        range: as in `opening.open_data`.
        hold_out: the share of the photographs that is held out, where the source publishes no held-out part.
        seed, skip_unreadable, cache, resident_limit: as in `opening.open_data`.

    Returns:
        Unlabelled tiles uint8 (n, channels, tile, tile), photograph by photograph, row by row.

    Raises:
        UserError: a photograph smaller than a tile, one that cannot be read, or points.
        RunStopped: a packed set could not be written to the cache.
    """
    if tile < 1:
        raise UserError(f"data.tile={tile}", "a side of at least one pixel", "give one, such as 192")
    options = Options(
        channels=channels,
        range=range,
        hold_out=hold_out,
        seed=seed,
        labels=False,
        skip_unreadable=skip_unreadable,
        cache=cache,
        resident_limit=resident_limit,
    )
    source, where = read_source(location, "auto", options)
    if source.kind == "points":
        raise UserError(f"{where}, which holds points", "photographs", "give a folder of images")
    survey = _survey(source, tile, options, where)
    owners = np.repeat(np.arange(source.count), survey.counts)
    tiles = dataclasses.replace(
        source,
        count=len(owners),
        name=lambda index: f"a tile of {source.name(int(owners[index]))}",
        encoded=None,
        blocks=survey.blocks,
        published={name: np.flatnonzero(np.isin(owners, own)) for name, own in source.published.items()},
        stamp=source.stamp and hashlib.sha256(f"{source.stamp} {tile} {skip_unreadable} {range}".encode()).hexdigest(),
        problems=(),
        notes=source.notes + survey.notes,
    )
    # What the survey gives has 8 bits.
    options = dataclasses.replace(options, range=None)
    stored = read_items(tiles, options, where)
    # Every tile has its photograph's digest, by which the split is decided.
    packed = assemble(tiles, dataclasses.replace(stored, digests=survey.digests[owners]), options, where)
    skipped = tuple(f"{problem.path}: {problem.reason}" for problem in survey.problems)
    return dataclasses.replace(packed, split_rule=f"{packed.split_rule}; by photograph", skipped=skipped)


def starts(length: int, tile: int) -> list[int]:
    """Where along a side of `length` pixels its tiles start: as few as cover it, as evenly as whole pixels allow."""
    count = -(-length // tile)
    return [round(at) for at in np.linspace(0, length - tile, count).tolist()]


def cut(photograph: np.ndarray, tile: int) -> np.ndarray:
    """The tiles (n, channels, tile, tile) of (channels, height, width), row by row."""
    rows, columns = (starts(length, tile) for length in photograph.shape[1:])
    return np.stack([photograph[:, row : row + tile, column : column + tile] for row in rows for column in columns])


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class _Survey:
    """counts (n,) of tiles, digests (n, 16) by photograph, 0 and zeros for skipped ones; problems; notes; the tiles."""

    counts: np.ndarray
    digests: np.ndarray
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    kept: list[np.ndarray] | None
    again: tuple[Source, int, Options]

    def blocks(self) -> Iterator[np.ndarray]:
        """One pass over the tiles, a block for each photograph; decoded again where memory did not hold them."""
        if self.kept is not None:
            yield from self.kept
            return
        source, tile, options = self.again
        for photograph in _photographs(source, options):
            if isinstance(photograph, Decoded):
                yield cut(photograph.pixels, tile)


def _survey(source: Source, tile: int, options: Options, where: str) -> _Survey:
    """One pass over all photographs: what is wrong with any, how many tiles each has."""
    counts, digests = np.zeros(source.count, np.int64), np.zeros((source.count, 16), np.uint8)
    problems, small = list(source.problems), []
    tally, sizes = Tally(options.range), Counter[tuple[int, int]]()
    kept: list[np.ndarray] | None = []
    size = 0
    for index, photograph in enumerate(_photographs(source, options)):
        if isinstance(photograph, UnreadableError):
            problems.append(Problem(path=source.name(index), reason=str(photograph)))
            continue
        pixels = np.ascontiguousarray(photograph.pixels)
        if min(pixels.shape[1:]) < tile:
            small.append((min(pixels.shape[1:]), Problem(path=source.name(index), reason=described(pixels.shape))))
            continue
        tally.add(photograph)
        sizes[pixels.shape[1], pixels.shape[2]] += 1
        tiles = cut(pixels, tile)
        counts[index] = len(tiles)
        digests[index] = np.frombuffer(hashlib.blake2b(pixels.data, digest_size=16).digest(), np.uint8)
        size += tiles.nbytes
        if kept is not None and size <= options.resident_limit:
            kept.append(tiles)
        else:
            kept = None
    if small:
        raise UserError(
            f"{len(small)} of {source.count} photographs in {where} smaller than a tile of {tile}x{tile}: "
            f"{named([problem for _, problem in small])}",
            "both sides at least as large as a tile",
            f"take these out, or smaller tiles with --set data.tile={min(side for side, _ in small)}",
        )
    if (problems and not options.skip_unreadable) or not counts.any():
        raise UserError(
            f"{len(problems)} of {source.count} files in {where} that cannot be read: {named(problems)}",
            "photographs",
            "repair or remove them, or skip them with --set data.skip_unreadable=true",
        )
    tally.depths.settle(where)
    refuse_without_effect(options.range, [bool(tally.depths)], where)
    of_sizes = f"{counted(sizes.total(), 'photograph')} of {sizes_in_words(sizes)}"
    return _Survey(
        counts=counts,
        digests=digests,
        problems=tuple(problems),
        notes=(*tally.notes, f"{of_sizes} cut into {counted(int(counts.sum()), 'tile')} of {tile}x{tile}"),
        kept=kept,
        again=(source, tile, options),
    )


def _photographs(source: Source, options: Options) -> Iterator[Decoded | UnreadableError]:
    if source.encoded is not None:
        yield from decode_in_order(source.encoded(), channels=options.fixed_channels, range=options.range)
        return
    assert source.blocks is not None
    for block in source.blocks():
        items = decoded_items(block, options.range, "the photographs")
        yield from (refitted(item, None, options.fixed_channels) for item in items)
