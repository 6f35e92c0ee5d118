"""Intervals with float64 end points on the extended reals, and their arithmetic, rounded outward.

An interval is a set of real numbers, so an infinite end is never attained and 0 * inf is 0 (IEEE 1788's convention).
An end is open where it is known not to be attained: exp over [-inf, 0] is (0, 1], so its sign is settled there.
An operation is evaluated where it is defined: log over [-1, 1] is that of (0, 1], 1/[0, 1] is [1, inf), and the result
is empty where no point has a value. `domain.py` decides separately whether an expression is defined everywhere.

An end point is computed as an Arb ball (python-flint, rigorous error bounds) and then rounded outward to a float.
"""

import math
from dataclasses import dataclass, field
from fractions import Fraction

from flint import arb

from saddlepoint.errors import UserError

# Within these sizes the error of a rounded sum or product is itself an exact float.
_SMALL, _LARGE = 1e-250, 1e280
# Cuts a float of 53 bits into halves.
_SPLIT = 2.0**27 + 1

# An end point: its value, and whether it is open (not attained).
End = tuple[float, bool]


@dataclass(frozen=True, slots=True)
class Interval:
    """The real numbers between `lower` and `upper`.

    Args:
        lower, upper: the ends; +-inf where there is none.
        lower_open, upper_open: the end itself is left out (always so for an infinite one).

    Raises:
        UserError: an end is not a number, or no real number lies between them (`EMPTY` is the empty set).
    """

    lower: float
    upper: float
    lower_open: bool = field(default=False, kw_only=True)
    upper_open: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        lower, upper = float(self.lower), float(self.upper)
        # + 0.0 turns -0.0 into 0.0, so that equal intervals print alike.
        object.__setattr__(self, "lower", lower + 0.0)
        object.__setattr__(self, "upper", upper + 0.0)
        object.__setattr__(self, "lower_open", self.lower_open or lower == -math.inf)
        object.__setattr__(self, "upper_open", self.upper_open or upper == math.inf)
        is_empty = (lower, upper) == (math.inf, -math.inf)
        if not (is_empty or lower <= upper) or (math.isinf(lower) and lower == upper):
            raise UserError(
                f"the interval from {lower} to {upper}", "lower <= upper, with a real number between", "swap the ends"
            )
        if lower == upper and (self.lower_open or self.upper_open):
            raise UserError(f"an open interval from {lower} to {upper}", "lower < upper", "use EMPTY for the empty set")

    @staticmethod
    def around(value: int | float | Fraction) -> "Interval":
        """The narrowest interval of floats that holds an exact number."""
        exact = Fraction(value)
        try:
            nearest = float(exact)
        except OverflowError:
            nearest = math.inf if exact > 0 else -math.inf
        if math.isfinite(nearest) and Fraction(nearest) == exact:
            return Interval(nearest, nearest)
        beyond = math.nextafter(nearest, math.inf if exact > nearest else -math.inf)
        return Interval(min(nearest, beyond), max(nearest, beyond), lower_open=True, upper_open=True)

    @property
    def is_empty(self) -> bool:
        """Whether no number is in it."""
        return self.lower > self.upper

    @property
    def is_positive(self) -> bool:
        """Whether every number in it is > 0 (as all four: true of the empty set)."""
        return self.lower > 0 or (self.lower == 0 and self.lower_open)

    @property
    def is_negative(self) -> bool:
        """Whether every number in it is < 0."""
        return self.upper < 0 or (self.upper == 0 and self.upper_open)

    @property
    def is_nonnegative(self) -> bool:
        """Whether every number in it is >= 0."""
        return self.lower >= 0

    @property
    def is_nonpositive(self) -> bool:
        """Whether every number in it is <= 0."""
        return self.upper <= 0

    @property
    def width(self) -> float:
        """upper - lower, as a float (not rounded outward); -inf for the empty set."""
        return self.upper - self.lower

    def __contains__(self, value: int | float | Fraction) -> bool:
        above = self.lower < value or (self.lower == value and not self.lower_open)
        return above and (value < self.upper or (value == self.upper and not self.upper_open))

    def encloses(self, other: "Interval") -> bool:
        """Whether every number of `other` is in it."""
        return other.is_empty or (_lower(self) <= _lower(other) and _upper_key(other) <= _upper_key(self))

    def intersect(self, other: "Interval") -> "Interval":
        """The numbers in both."""
        lower, upper = max(_lower(self), _lower(other)), min(_upper_key(self), _upper_key(other))
        if lower[0] > upper[0] or (lower[0] == upper[0] and (lower[1] or not upper[1])):
            return EMPTY
        return make(lower, (upper[0], not upper[1]))

    def hull(self, other: "Interval") -> "Interval":
        """The narrowest interval that holds both."""
        if self.is_empty or other.is_empty:
            return other if self.is_empty else self
        lower, upper = min(_lower(self), _lower(other)), max(_upper_key(self), _upper_key(other))
        return make(lower, (upper[0], not upper[1]))

    def __neg__(self) -> "Interval":
        return self if self.is_empty else make((-self.upper, self.upper_open), (-self.lower, self.lower_open))

    def __add__(self, other: "Interval") -> "Interval":
        if self.is_empty or other.is_empty:
            return EMPTY
        lower, upper = _add(_lower(self), _lower(other)), _add(_upper(self), _upper(other))
        return make(lower[0], upper[1])

    def __sub__(self, other: "Interval") -> "Interval":
        return self + -other

    def __mul__(self, other: "Interval") -> "Interval":
        if self.is_empty or other.is_empty:
            return EMPTY
        if self.lower >= 0 and other.lower >= 0:
            return make(_times(_lower(self), _lower(other))[0], _times(_upper(self), _upper(other))[1])
        # A product is extreme at corners; at a tie an attained corner beats one that is only approached.
        corners = [_times(a, b) for a in (_lower(self), _upper(self)) for b in (_lower(other), _upper(other))]
        return make(min(corner[0] for corner in corners), _largest([corner[1] for corner in corners]))

    def reciprocal(self) -> "Interval":
        """1/x for the x in it that are not zero; empty for [0, 0]."""
        if self.is_empty or self.lower == self.upper == 0:
            return EMPTY
        if self.lower < 0 < self.upper:
            return ENTIRE
        if self.upper <= 0:
            return -((-self).reciprocal())
        upper = (math.inf, True) if self.lower == 0 else _over(_lower(self))[1]
        lower = (0.0, True) if self.upper == math.inf else _over(_upper(self))[0]
        return make(lower, upper)

    def __truediv__(self, other: "Interval") -> "Interval":
        return self * other.reciprocal()


def make(lower: End, upper: End) -> Interval:
    """An interval from its two ends, which are known to be in order, infinite ones open.

    It goes past the checks of the constructor, which would take most of the time of every operation.
    """
    interval = object.__new__(Interval)
    _SET_LOWER(interval, lower[0] + 0.0)
    _SET_UPPER(interval, upper[0] + 0.0)
    _SET_LOWER_OPEN(interval, lower[1])
    _SET_UPPER_OPEN(interval, upper[1])
    return interval


_SET_LOWER, _SET_UPPER = Interval.lower.__set__, Interval.upper.__set__  # type: ignore[attr-defined]
_SET_LOWER_OPEN, _SET_UPPER_OPEN = Interval.lower_open.__set__, Interval.upper_open.__set__  # type: ignore[attr-defined]


def ends_of(ball: arb) -> tuple[End, End]:
    """Two floats around a number known to lie in a finite ball, each open where it is certainly not the number."""
    below, above = ball.lower(), ball.upper()
    low, high = float(below), float(above)
    # float(arb) rounds as it likes; the comparison of exact balls says where it went too far.
    while not arb(low) <= below:
        low = math.nextafter(low, -math.inf)
    while not arb(high) >= above:
        high = math.nextafter(high, math.inf)
    return (low, bool(arb(low) < below)), (high, bool(arb(high) > above))


def _lower(interval: Interval) -> End:
    return interval.lower, interval.lower_open


def _upper(interval: Interval) -> End:
    return interval.upper, interval.upper_open


def _upper_key(interval: Interval) -> tuple[float, bool]:
    """Ordered so that a closed upper end counts as further up than an open one of the same value."""
    return interval.upper, not interval.upper_open


def _largest(ends: list[End]) -> End:
    value, attained = max((value, not is_open) for value, is_open in ends)
    return value, not attained


def _add(first: End, second: End) -> tuple[End, End]:
    """The sum of two ends rounded down and rounded up."""
    is_open = first[1] or second[1]
    if math.isinf(first[0]) or math.isinf(second[0]):
        value = first[0] if math.isinf(first[0]) else second[0]
        return (value, True), (value, True)
    x, y = first[0], second[0]
    total = x + y
    if abs(total) > _LARGE:
        return _opened(ends_of(arb(x) + arb(y)), is_open)
    # What rounding took away, exactly (Knuth's two-sum).
    part = total - x
    return _around(total, (x - (total - part)) + (y - part), is_open)


def _times(first: End, second: End) -> tuple[End, End]:
    """The product of two ends rounded down and rounded up."""
    (x, x_open), (y, y_open) = first, second
    if x == 0 or y == 0:
        # 0 * y is attained with any y, also where y's own end is not.
        attained = (x == 0 and not x_open) or (y == 0 and not y_open)
        return (0.0, not attained), (0.0, not attained)
    if math.isinf(x) or math.isinf(y):
        value = math.copysign(math.inf, math.copysign(1.0, x) * math.copysign(1.0, y))
        return (value, True), (value, True)
    product = x * y
    if not (_SMALL < abs(product) < _LARGE and abs(x) < _LARGE and abs(y) < _LARGE):
        return _opened(ends_of(arb(x) * arb(y)), x_open or y_open)
    # What rounding took away, exactly (Dekker's product of halves).
    high_x, high_y = _SPLIT * x, _SPLIT * y
    high_x, high_y = high_x - (high_x - x), high_y - (high_y - y)
    low_x, low_y = x - high_x, y - high_y
    error = ((high_x * high_y - product) + high_x * low_y + low_x * high_y) + low_x * low_y
    return _around(product, error, x_open or y_open)


def _around(nearest: float, error: float, is_open: bool) -> tuple[End, End]:
    """The floats around nearest + error, where the error is less than their distance."""
    if error == 0:
        return (nearest, is_open), (nearest, is_open)
    if error > 0:
        return (nearest, True), (math.nextafter(nearest, math.inf), True)
    return (math.nextafter(nearest, -math.inf), True), (nearest, True)


def _over(end: End) -> tuple[End, End]:
    """1 / end rounded down and rounded up, for a finite end that is not zero."""
    return _opened(ends_of(1 / arb(end[0])), end[1])


def _opened(ends: tuple[End, End], is_open: bool) -> tuple[End, End]:
    (low, low_open), (high, high_open) = ends
    return (low, low_open or is_open), (high, high_open or is_open)


ENTIRE = Interval(-math.inf, math.inf)
EMPTY = Interval(math.inf, -math.inf)
