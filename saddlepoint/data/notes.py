"""What reading changed on the way, counted over a data set: its notes, in words.

    24 images of 160x80 scaled and cut to 64x64 (centre; 3 enlarged)
    3 images: alpha laid over white

Sizes are width x height; where there are several, the smallest and the largest by area are named.
"""

from collections import Counter, defaultdict

import numpy as np

from saddlepoint.data.depth import Depths, Range
from saddlepoint.data.fitting import Fit, Size, is_enlarged
from saddlepoint.data.source import Decoded
from saddlepoint.errors import counted

_WITH_ALPHA = 4
# What a change from one number of channels to another does to an image.
_CHANNELS = {
    (1, 3): "grey to colour",
    (1, 4): "grey to colour with opaque alpha",
    (3, 1): "colour to grey",
    (3, 4): "opaque alpha added",
    (4, 1): "alpha laid over white, colour to grey",
    (4, 3): "alpha laid over white",
}


class Tally:
    """What was changed in the items that were added so far.

    Args:
        stated: the range that a person stated for values of more than 8 bits.
        fit: how images are brought to another size.
    """

    def __init__(self, stated: Range | None = None, fit: Fit = "crop") -> None:
        self._fit: Fit = fit
        self.depths = Depths(stated)
        self._remarks: Counter[str] = Counter()
        self._own: Counter[Size] = Counter()
        # Whether proportions differed, the channels and the size that are made; how many images of which own size.
        self._resized: defaultdict[tuple[bool, int, Size], Counter[Size]] = defaultdict(Counter)

    def add(self, item: Decoded) -> None:
        """Counts one image in."""
        (channels, *own), (made, *size) = item.own, item.pixels.shape
        before, after = (own[0], own[1]), (size[0], size[1])
        self._own[before] += 1
        self._remarks.update(item.remarks)
        self.depths.add(item.depth)
        if channels != made:
            self._remarks[_CHANNELS[channels, made]] += 1
        if before != after:
            cut = before[0] * after[1] != before[1] * after[0]
            self._resized[cut, made, after][before] += 1

    @property
    def own_size(self) -> Size | None:
        """The (height, width) that all images had in their files; None where there are several, or no image."""
        return next(iter(self._own)) if len(self._own) == 1 else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What was changed, a line for each kind, with counts."""
        remarks = [f"{counted(count, 'image')}: {remark}" for remark, count in self._remarks.items()]
        sizes = []
        for (cut, channels, size), before in sorted(self._resized.items(), reverse=True):
            crop = self._fit == "crop"
            how = "scaled" if not cut else "scaled and cut" if crop else "scaled and padded"
            border = "transparent border" if channels == _WITH_ALPHA else "border of the colour of their edge"
            enlarged = sum(count for own, count in before.items() if is_enlarged(own, size, self._fit))
            more = [("centre" if crop else border)] * cut + [f"{enlarged:,} enlarged"] * (enlarged > 0)
            # As data.size is height x width, the order is said where it makes a difference.
            more += ["width x height"] * (size[0] != size[1])
            images = counted(before.total(), "image")
            changed = f"{images} of {sizes_in_words(before)} {how} to {size_in_words(size)}"
            sizes.append(changed + (f" ({'; '.join(more)})" if more else ""))
        return (*remarks, *self.depths.notes(), *sizes)


def sizes_in_words(sizes: Counter[Size]) -> str:
    """One size, or the smallest and the largest by area, of (height, width)."""
    ordered = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    return " to ".join(dict.fromkeys(map(size_in_words, (ordered[0], ordered[-1]))))


def copies(digests: np.ndarray, kind: str) -> tuple[str, ...]:
    """What is to be said where half of the items or more are copies of others, or there is one alone.

    Args:
        digests: uint8 (n, 16), of the items' content.
        kind: "images" or "points".
    """
    count, distinct = len(digests), len(np.unique(digests.view("V16")))
    if count > 1 and 2 * distinct > count:
        return ()
    among = f" among {count:,}" if count > 1 else ""
    return (f"{counted(distinct, f'distinct {kind[:-1]}')}{among}: a generator can do little but repeat what it saw",)


def size_in_words(size: Size) -> str:
    """A (height, width) as a person reads it: width x height."""
    return f"{size[1]}x{size[0]}"
