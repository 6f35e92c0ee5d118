"""What images are brought to where a recipe leaves it open (`auto`): a size that suits the machine, one channel count.

channels  4 where half of the images or more have alpha, else 3 where a tenth or more have colour, else 1: a colour that
          is lost is lost, and a border that is cut out is not worth a channel for photographs
size      images of one size stay as they are, up to 8 times the machine's side (as the root of their area); above twice
          that side a smaller size is suggested. Otherwise the short side is the lesser of the machine's and of the
          images' median, down to a multiple of 8; the long side follows from their proportions where all have the same,
          and equals it where they have several

A small image among large ones decides nothing: it is enlarged, and counted by the notes.
"""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from saddlepoint.data.fitting import Size
from saddlepoint.data.notes import size_in_words, sizes_in_words
from saddlepoint.data.raster import outline
from saddlepoint.data.source import AUTO, Decoded, Options, Source, UnreadableError
from saddlepoint.errors import counted

Shape = tuple[int, ...]
# The networks halve a side three times and more.
_MULTIPLE = 8
# Images of one size are kept up to so many times the machine's side, and without a word up to so many.
_KEPT, _LARGE = 8, 2
# Images are of one proportion if the largest is no more than so many times the smallest.
_ALIKE = 1.05
# No image gets more than so many times the area of the machine's square, however long it is.
_LARGEST_AREA = 2
# Shares of the images.
_ALPHA, _COLOUR = 1 / 2, 1 / 10
_KINDS = {1: "of grey", 3: "of colour", 4: "with alpha"}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What was chosen: size and channels as in `Options`, nothing open any more; and what is to be said of it."""

    size: Size | None = None
    channels: int | None = None
    notes: tuple[str, ...] = ()

    def keeps(self, shapes: Iterable[Shape]) -> bool:
        """Whether images of these shapes stay as they are."""
        return all(self.channels in (None, shape[0]) and self.size in (None, shape[1:]) for shape in shapes)


def choose(shapes: Counter[Shape], options: Options) -> Choice:
    """What images of these shapes are brought to.

    Args:
        shapes: (channels, height, width), how many of each; at least one.
        options: size and channels as they were given.
    """
    size, channels, notes = options.size, options.channels, []
    if channels == AUTO:
        channels = chosen_channels(shapes)
        notes += _of_channels(shapes, channels)
    if size == AUTO:
        sizes = _sizes(shapes)
        size = chosen_size(sizes, options.auto_side)
        notes += _of_size(sizes, size, options)
    assert size != AUTO and channels != AUTO
    return Choice(size=size, channels=channels, notes=tuple(notes))


def chosen_size(sizes: Counter[Size], side: int) -> Size:
    """The (height, width) for images of these sizes.

    Args:
        side: the machine's, in pixels.
    """
    if len(sizes) == 1 and math.prod(only := next(iter(sizes))) <= (_KEPT * side) ** 2:
        return only
    return _suiting(sizes, side)


def _suiting(sizes: Counter[Size], side: int) -> Size:
    """What the machine trains in minutes, of the images' proportions."""
    ratios = [width / height for height, width in sizes.elements()]
    ratio = statistics.median_low(ratios) if max(ratios) <= _ALIKE * min(ratios) else 1.0
    stretch = max(ratio, 1 / ratio)
    short = min(_median_side(sizes), side, math.sqrt(_LARGEST_AREA / stretch) * side)
    one = math.floor(short / _MULTIPLE) * _MULTIPLE or math.floor(short) or 1
    other = max(one, round(one * stretch / _MULTIPLE) * _MULTIPLE) if stretch > _ALIKE else one
    return (one, other) if ratio > 1 else (other, one)


def chosen_channels(shapes: Counter[Shape]) -> int:
    """The number of channels for images of these shapes."""
    alpha, colour = (sum(n for shape, n in shapes.items() if shape[0] >= channels) for channels in (4, 3))
    if alpha >= _ALPHA * shapes.total():
        return 4
    return 3 if colour and colour >= _COLOUR * shapes.total() else 1


def shapes_of(source: Source, *, first_block: bool) -> Counter[Shape]:
    """The shapes (channels, height, width) of a source's images, without decoding them; of what cannot be read nothing.

    Args:
        first_block: where the images come as arrays, look at the first alone.
    """
    return Counter(_encoded(source) if source.encoded is not None else _blocks(source, first_block=first_block))


def _encoded(source: Source) -> Iterator[Shape]:
    assert source.encoded is not None
    for loader in source.encoded():
        try:
            loaded = loader()
            yield loaded.own if isinstance(loaded, Decoded) else outline(loaded)
        except UnreadableError:  # which reading will say
            continue


def _blocks(source: Source, *, first_block: bool) -> Iterator[Shape]:
    assert source.blocks is not None
    for block in source.blocks():
        yield from [block.own] if isinstance(block, Decoded) else [tuple(block.shape[1:])] * len(block)
        if first_block:
            return


def _sizes(shapes: Counter[Shape]) -> Counter[Size]:
    sizes = Counter[Size]()
    for shape, count in shapes.items():
        sizes[shape[1], shape[2]] += count
    return sizes


def _median_side(sizes: Counter[Size]) -> int:
    return statistics.median_low(min(size) for size in sizes.elements())


def _of_channels(shapes: Counter[Shape], channels: int) -> list[str]:
    found = Counter[int]()
    for shape, count in shapes.items():
        found[shape[0]] += count
    if len(found) == 1:
        return []
    several = [f"{counted(count, 'image')} {_KINDS[each]}" for each, count in sorted(found.items())]
    # What would lose nothing, if there is such a number, else what most are.
    other = max((each for each in found if each != channels), key=lambda each: (each > channels, found[each]))
    return [
        f"{', '.join(several[:-1])} and {several[-1]}: trained with {counted(channels, 'channel')} "
        f"(--set data.channels={other} chooses otherwise)"
    ]


def _of_size(sizes: Counter[Size], size: Size, options: Options) -> list[str]:
    if sizes.keys() == {size}:
        if math.prod(size) <= (_LARGE * options.auto_side) ** 2:
            return []
        height, width = _suiting(sizes, options.auto_side)
        return [
            f"{size_in_words(size)} is more than this machine trains in minutes: "
            f"--set data.size={height}x{width} suits it"
        ]
    made, found = size_in_words(size), sizes_in_words(sizes)
    pad = "" if options.fit == "pad" else ", --set data.fit=pad keeps whole pictures"
    if len(sizes) == 1:
        why = "more than this machine trains in minutes"
        return [f"{found} is {why}: trained at {made} (--set data.size=native keeps {found}{pad})"]
    median = _median_side(sizes)
    why = "which suits this machine" if median >= options.auto_side else f"half have a shorter side of {median} or less"
    other = f"--set data.size={2 * size[0]}x{2 * size[1]} chooses otherwise"
    return [f"{len(sizes):,} sizes, {found}: trained at {made}, {why} ({other}{pad})"]
