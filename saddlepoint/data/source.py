"""What a reader of one format hands over before a pixel is decoded, and what a person may ask of reading.

A source gives its items in one of two ways: `encoded` (image files, still to be decoded unless the source has had to
do it) or `blocks` (arrays of numbers, still to be brought to 8 bits, a size and channels).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from saddlepoint.arguments import real_number, whole_number, whole_numbers
from saddlepoint.data.depth import Depth, Range, check_range
from saddlepoint.data.fitting import FITS, Fit, Size
from saddlepoint.data.packed import Kind
from saddlepoint.errors import UserError, reason_of

GIBIBYTE = 2**30
# In the place of a size or a number of channels: see `choosing`.
AUTO = "auto"
# The shorter side, in pixels, that a CPU trains in minutes, and a GPU.
AUTO_SIDE, AUTO_SIDE_OF_GPU = 64, 128
# Pillow's own bound of a harmless image. Above it Pillow warns, above twice as much it refuses; here both are refused.
PIXEL_LIMIT = 89_478_485
FILE_LIMIT = 512 * 2**20


class UnreadableError(Exception):
    """One item cannot be used, and why; packing decides whether that ends everything."""


@contextmanager
def reading_item(broken: str) -> Iterator[None]:
    """`errors.reading` for one item of a data set: whatever a library raises on its bytes is said of it alone.

    Args:
        broken: what is to be said; the library's reason is added to it.
    """
    try:
        yield
    except Exception as error:
        raise UnreadableError(f"{broken} ({reason_of(error)})") from error


@dataclass(frozen=True, kw_only=True, eq=False)
class Decoded:
    """One image: uint8 (channels, height, width); its own shape before a size or channels were asked for; remarks.

    A remark says in words what else was changed on the way; depth is what was more than 8 bits.
    """

    pixels: np.ndarray
    remarks: tuple[str, ...] = ()
    depth: Depth | None = None
    own: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.own:
            object.__setattr__(self, "own", self.pixels.shape)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One file or row that cannot be used, by name and reason."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path} ({self.reason})"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a person may ask of reading, checked where it is built. `opening.open_data` describes each."""

    size: Size | Literal["auto"] | None = None
    channels: int | Literal["auto"] | None = None
    fit: Fit = "crop"
    auto_side: int = AUTO_SIDE
    range: Range | None = None
    hold_out: float = 0.1
    first: int | None = None
    seed: int = 0
    count: int | None = None
    image_column: str | None = None
    label_column: str | None = None
    labels: bool = True
    skip_unreadable: bool = False
    cache: Path | None = None
    resident_limit: int = 2 * GIBIBYTE

    def __post_init__(self) -> None:
        if self.size not in (None, AUTO) and (len(whole_numbers("size", self.size)) != 2 or min(self.size) < 1):
            raise UserError(
                f"data.size={self.size}", "two positive numbers, height and width", "give it as --set data.size=64x64"
            )
        if self.fixed_size is not None and self.fixed_size[0] * self.fixed_size[1] > PIXEL_LIMIT:
            raise UserError(
                f"data.size={self.fixed_size[0]}x{self.fixed_size[1]}, "
                f"{self.fixed_size[0] * self.fixed_size[1]:,} pixels an image",
                f"at most {PIXEL_LIMIT:,} pixels",
                "give a smaller size",
            )
        if self.range is not None:
            check_range(self.range)
        if self.fit not in FITS:
            raise UserError(f"data.fit={self.fit}", f"one of {', '.join(FITS)}", "choose one of these")
        if self.fit == "pad" and self.size is None:
            raise UserError("data.fit=pad without data.size", "both", "add --set data.size=64x64")
        if whole_number("auto_side", self.auto_side) < 1:
            raise UserError(f"auto_side {self.auto_side}", "a positive number of pixels", "give one, such as 64")
        if self.channels not in (None, AUTO, 1, 3, 4):
            raise UserError(
                f"data.channels={self.channels}", "1 (grey), 3 (colour) or 4 (colour and alpha)", "give one"
            )
        if not 0 <= real_number("hold_out", self.hold_out) < 1:
            raise UserError(f"data.hold_out={self.hold_out}", "a share from 0 up to, not including, 1", "give e.g. 0.1")
        for name in ("first", "count"):
            value = getattr(self, name)
            if value is not None and whole_number(name, value) < 1:
                raise UserError(f"data.{name}={value}", "a positive number", "give one, or leave it out")
        if whole_number("seed", self.seed) < 0:
            raise UserError(f"seed {self.seed}", "a number that is not negative", "give one")

    @property
    def fixed_size(self) -> Size | None:
        """The size, where one was given."""
        return None if self.size == AUTO else self.size

    @property
    def fixed_channels(self) -> int | None:
        """The number of channels, where one was given."""
        return None if self.channels == AUTO else self.channels

    @property
    def given(self) -> "Options":
        """The same with what is left open as it is in the files."""
        fit = self.fit if self.fixed_size is not None else "crop"
        return replace(self, size=self.fixed_size, channels=self.fixed_channels, fit=fit)


Loader = Callable[[], bytes | Decoded]
Block = np.ndarray | Decoded


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """Everything known about a data set before its items are read.

    Attributes:
        format: the name of the format, as in `opening.FORMATS`.
        count: how many items there are.
        name: how messages call item i.
        encoded: starts one pass over the items in order, as functions that give a file's bytes, or pixels where these
            are known already, and may raise `UnreadableError`; safe to call in threads.
        blocks: starts one pass over the items in order, as arrays (k, channels, height, width) of numbers or (k,
            dimensions) float32, or one image decoded. Exactly one of `encoded` and `blocks` is set.
        even: whether all blocks hold items of one shape, as arrays do.
        labels, classes: as in `Packed`, for all items.
        published: indices by split, as far as the source says; covers all items if it is not empty.
        stamp: changes when the source does; None where that cannot be told without reading everything.
        problems: entries that are no item and cannot be ignored silently.
        notes: what the person should know, in words.
    """

    format: str
    count: int
    name: Callable[[int], str]
    kind: Kind = "images"
    encoded: Callable[[], Iterator[Loader]] | None = None
    blocks: Callable[[], Iterator[Block]] | None = None
    even: bool = True
    labels: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    published: dict[str, np.ndarray] = field(default_factory=dict)
    stamp: str | None = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    attributes: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert (self.encoded is None) != (self.blocks is None)
        assert self.labels is None or len(self.labels) == self.count
        assert not self.published or sum(map(len, self.published.values())) == self.count


def named(problems: list[Problem] | tuple[Problem, ...], most: int = 3) -> str:
    """The first few problems, and how many more there are."""
    more = len(problems) - most
    return ", ".join(map(str, problems[:most])) + (f" and {more} more" if more > 0 else "")
