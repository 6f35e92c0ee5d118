"""Values that 8 bits do not hold as they are: how they become 0..255, and when a person is asked for the range.

v in [a, b] becomes round(255 (v - a) / (b - a)), where [a, b] is `data.range` as a person states it. Without it, it is
the natural range of the kind: 0..65535 of 16-bit files, if the whole set uses at least half of it; 0..1 of
floating-point numbers; 0..255 of integers, which then stay as they are. Only the whole set tells whether that is right:
a pass scales each item as it comes, counts what it meets, and at its end either notes or refuses it. Integers and
floating-point numbers that use less than half of their range may be right (dark pictures), and are noted.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from saddlepoint.errors import UserError, counted

# What black and white are.
Range = tuple[float, float]
# A set that uses less of its natural range than this share may have meant another.
_DARK = 0.5


def check_range(given: Range) -> None:
    """Refuses a range from black to white that is none."""
    if len(given) != 2 or not all(map(math.isfinite, given)) or not given[0] < given[1]:
        raise UserError(
            f"data.range={','.join(format(value, 'g') for value in given)}",
            "what black and white are, two finite numbers in rising order",
            "give it as --set data.range=0,4095",
        )


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of values.

    Attributes:
        name: what messages call it.
        natural: what black and white are unless a person says otherwise.
        share: how much of the natural range a data set must use for that to be believed.
        slack: the share of a range by which values may lie outside: rounding in whoever made the file.
    """

    name: str
    natural: Range
    share: float = 0.0
    slack: float = 0.0


GREY_16 = Kind(name="16-bit grey", natural=(0, 65535), share=0.5)
COLOUR_16 = Kind(name="16-bit colour", natural=(0, 65535), share=0.5)


def whole_numbers(name: str) -> Kind:
    """Integers of more than 8 bits, which are pixels as they stand where all are in 0..255."""
    return Kind(name=name, natural=(0, 255))


def floating_point(name: str) -> Kind:
    """Floating-point numbers, 0..1 unless told otherwise."""
    return Kind(name=name, natural=(0.0, 1.0), slack=1e-3)


@dataclass(frozen=True, kw_only=True)
class Depth:
    """What was met of one kind: the least and the largest value, in how many images."""

    kind: Kind
    least: float
    most: float
    count: int = 1

    def __or__(self, other: "Depth") -> "Depth":
        least, most = min(self.least, other.least), max(self.most, other.most)
        return Depth(kind=self.kind, least=least, most=most, count=self.count + other.count)


def to_8_bits(values: np.ndarray, kind: Kind, stated: Range | None, *, count: int = 1) -> tuple[np.ndarray, Depth]:
    """uint8 of values of any numeric type, and what they were; what lies outside the range is cut to it.

    Args:
        stated: the range that a person stated, in place of the kind's own.
        count: of images in the values.

    Raises:
        ValueError: values that are no finite numbers.
    """
    least, most = values.min().item(), values.max().item()
    if not (math.isfinite(least) and math.isfinite(most)):
        raise ValueError(f"values {least}..{most}, which are not all finite numbers")
    low, high = stated or kind.natural
    with np.errstate(over="ignore"):  # float32 near its end; what is cut to 255 may have been infinite on the way
        scaled = np.clip(np.round((values - low) * (255 / (high - low))), 0, 255).astype(np.uint8)
    return scaled, Depth(kind=kind, least=least, most=most, count=count)


def array_to_8_bits(values: np.ndarray, stated: Range | None, where: str) -> tuple[np.ndarray, Depth | None]:
    """uint8 of an array (k, ...) of k images of any numeric type, and what it held beyond uint8 and truth values.

    Raises:
        UserError: a type that holds no real numbers, or values that are no finite numbers.
    """
    if values.dtype == np.uint8:
        return values, None
    if values.dtype == np.bool_:
        return values.astype(np.uint8) * np.uint8(255), None
    if values.dtype.kind not in "iuf":
        raise UserError(f"pixels of type {values.dtype} in {where}", "uint8, or floating-point numbers", "convert them")
    kind = (floating_point if values.dtype.kind == "f" else whole_numbers)(str(values.dtype))
    try:
        pixels, depth = to_8_bits(values.astype(np.float64), kind, stated, count=len(values))
    except ValueError as error:
        raise UserError(f"{error}, in {where}", "finite numbers", "mend what made them, and save it again") from error
    return pixels, depth


class Depths:
    """What a pass over a whole data set has met beyond 8 bits.

    Args:
        stated: the range that a person stated, or None.
    """

    def __init__(self, stated: Range | None):
        self._stated = stated
        self._met: dict[str, Depth] = {}

    def __bool__(self) -> bool:
        """Whether anything was met."""
        return bool(self._met)

    def add(self, depth: Depth | None) -> None:
        """Counts what an item held; None for 8 bits."""
        if depth is not None:
            met = self._met.get(depth.kind.name)
            self._met[depth.kind.name] = depth if met is None else met | depth

    def notes(self) -> tuple[str, ...]:
        """What was done, in words; nothing is said of values that 8 bits hold as they are, and of 0..1, if the set uses
        half of that or more.
        """
        rule = "by round(v / 257)" if self._stated is None else f"from data.range={_written(*self._stated, ',')}"
        return tuple(
            f"{counted(depth.count, 'image')}: {depth.kind.name}, "
            + (f"scaled to 8 bits {rule}; values {_found(depth)}" if self._says_rule(depth) else _dark(depth))
            for depth in self._met.values()
            if (self._says_rule(depth) or _used(depth) < _DARK) and self._complaint(depth) is None
        )

    def _says_rule(self, depth: Depth) -> bool:
        return self._stated is not None or bool(depth.kind.share)

    def settle(self, where: str) -> None:
        """At the end of the pass: whether the range in use was right for all.

        Raises:
            UserError: it was not; with the range that was found, and the setting that states it.
        """
        for depth in self._met.values():
            if (complaint := self._complaint(depth)) is not None:
                low, high = self._stated or depth.kind.natural
                half = " that use at least half of it" if depth.kind.share else ""
                raise UserError(
                    f"{depth.kind.name} values {_found(depth)} in {where}{complaint}",
                    f"values in {_written(low, high)}"
                    + (f"{half}, or the range from black to white" if self._stated is None else ", as data.range says"),
                    self._cure(),
                )

    def _complaint(self, depth: Depth) -> str | None:
        """None where the range in use is right; otherwise what there is to say of the values beside themselves."""
        low, high = self._stated or depth.kind.natural
        slack = depth.kind.slack * (high - low)
        if depth.least < low - slack or depth.most > high + slack:
            return ""
        used = (depth.most - depth.least) / (high - low)
        if self._stated is not None or used >= depth.kind.share:
            return None
        return f", {100 * used:.2g} % of {_written(low, high)}"

    def _cure(self) -> str:
        least, most = min(depth.least for depth in self._met.values()), max(depth.most for depth in self._met.values())
        ranges = [(least, most)] if least < most else []
        ranges += [each for each in [_rounded(least, most)] if each not in ranges]
        settings = [f"--set data.range={_written(low, high, ',')}" for low, high in ranges]
        floating = all(depth.kind.slack for depth in self._met.values())
        undo = "leave out the Normalize that made them, or " if least < 0 and floating else ""
        return f"{undo}state it with {' (what was found) or '.join(settings)}, or save the values as 8 bits yourself"


def refuse_without_effect(stated: Range | None, met: Iterable[bool], where: str) -> None:
    """Refuses a stated range where nothing was met that it could apply to.

    Args:
        met: of each pass over the data, whether anything was.
    """
    if stated is not None and not any(met):
        raise UserError(
            f"data.range={_written(*stated, ',')} for {where}, where all values are of 8 bits",
            "values that 8 bits do not hold",
            "leave data.range out",
        )


def _rounded(least: float, most: float) -> Range:
    """The smallest range that people use (-1..1, or 0 to 2^k - 1) around what was found; that itself where none is."""
    most = most if least < most else least + max(1, abs(least))
    if least < 0:
        return (-1, 1) if -1 <= least and most <= 1 else (least, most)
    bits = next((bits for bits in range(8, 33) if most <= 2**bits - 1), None)
    return (0, 2**bits - 1) if bits is not None else (least, most)


def _used(depth: Depth) -> float:
    """The share of the natural range that lies between the least and the largest value."""
    low, high = depth.kind.natural
    return (depth.most - depth.least) / (high - low)


def _dark(depth: Depth) -> str:
    """What is said of values that may have meant another range, which only a person can know."""
    low, _ = depth.kind.natural
    given = f"; --set data.range={_written(low, depth.most, ',')} makes the largest white" if depth.most > low else ""
    return f"values {_found(depth)} use {100 * _used(depth):.2g} % of {_written(*depth.kind.natural)}{given}"


def _found(depth: Depth) -> str:
    return _written(depth.least, depth.most)


def _written(low: float, high: float, between: str = "..") -> str:
    values = (str(int(value)) if abs(value) < 1e15 and value == int(value) else f"{value:.9g}" for value in (low, high))
    return between.join(values)
