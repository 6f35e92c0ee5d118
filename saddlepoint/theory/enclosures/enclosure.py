"""Enclosures of functions over boxes of D inside a domain, sharpened by what the domain and the derivatives tell.

Two facts make plain interval evaluation sharp enough for proofs. Inside the domain the argument of a logarithm is
positive, also in a box that reaches a little over an edge that is no float (2 - exp(D) up to log 2). And an increasing
function lies between its values at the ends of a box, which settles half-lines where intervals alone give inf - inf.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache, reduce

from saddlepoint.errors import UserError
from saddlepoint.objectives import elementary
from saddlepoint.objectives.budget import check
from saddlepoint.objectives.derivative import differentiate
from saddlepoint.objectives.domain import Condition, defined_on
from saddlepoint.objectives.interval import ENTIRE, Interval
from saddlepoint.objectives.rewrite import stable
from saddlepoint.objectives.to_interval import to_interval
from saddlepoint.objectives.tree import Add, Call, D, Multiply, Number, Power, Tree, children, size
from saddlepoint.theory.enclosures.polynomial import polynomial
from saddlepoint.theory.enclosures.rational import factored

_POSITIVE = Interval(0.0, math.inf, lower_open=True)
_NONNEGATIVE = Interval(0.0, math.inf)
# A derivative with more nodes than this costs more than it tells.
_LARGEST_DERIVATIVE = 600

Known = Mapping[Tree, Interval]


def evaluate(tree: Tree, box: Interval, known: Known) -> Interval:
    """An interval that holds tree(D) for every D of the box at which the tree is defined and `known` is true.

    Args:
        known: subtrees with an interval in which they lie wherever the caller's domain meets the box.
    """
    return Program(tree, known).over(box)


class Program:
    """A tree unrolled for many evaluations: each distinct subtree is enclosed once.

    Args:
        tree: the function.
        known: as in `evaluate`.
    """

    def __init__(self, tree: Tree, known: Known):
        self._operations: list[tuple[Callable[..., Interval], tuple[int, ...], Interval | None]] = []
        self._places: dict[Tree, int] = {D: 0}
        self._known = known
        self._result = self._place(tree)

    def over(self, box: Interval) -> Interval:
        """The enclosure over a box.

        Raises:
            Exhausted: no time is left.
        """
        check()
        inside = self._known.get(D)
        values = [box if inside is None else box.intersect(inside)]
        for operation, operands, limits in self._operations:
            value = operation(*[values[operand] for operand in operands])
            values.append(value if limits is None else value.intersect(limits))
        return values[self._result]

    def _place(self, tree: Tree) -> int:
        if tree not in self._places:
            # D itself stands at place 0.
            of_D = polynomial(tree)
            operands = (0,) if of_D is not None else tuple(self._place(part) for part in children(tree))
            self._operations.append((of_D or _operation(tree), operands, self._known.get(tree)))
            self._places[tree] = len(self._operations)
        return self._places[tree]


def _operation(tree: Tree) -> Callable[..., Interval]:
    match tree:
        case Number(value):
            constant = Interval.around(value)
            return lambda: constant
        case Add():
            return lambda *terms: reduce(Interval.__add__, terms)
        case Multiply():
            return lambda *factors: reduce(Interval.__mul__, factors)
        case Power(_, exponent):
            return lambda base: elementary.power(base, exponent)
        case Call("min", _):
            return elementary.minimum
        case Call("max", _):
            return elementary.maximum
        case Call(function, _):
            # One function of an interval, by the printer that knows them all.
            of_one = Call(function, (D,))
            return lambda argument: to_interval(of_one, argument)
    raise AssertionError(f"no interval for {tree!r}")


def known_from(conditions: list[Condition]) -> dict[Tree, Interval]:
    """What the conditions of a domain say about subtrees, also in the form in which a derivative holds them."""
    known: dict[Tree, Interval] = {}
    for condition in conditions:
        if condition.sign == "nonzero" or isinstance(condition.argument, Number):
            continue
        values = _POSITIVE if condition.sign == "positive" else _NONNEGATIVE
        for form in (condition.argument, stable(condition.argument)):
            if not isinstance(form, Number):
                known[form] = values.intersect(known.get(form, ENTIRE))
                known[-form] = -known[form]
    return known


@dataclass
class Function:
    """A function of D with as many derivatives as are asked for.

    Attributes:
        tree: the function.
        known: what its domain tells about subtrees.
    """

    tree: Tree
    known: Known = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._derivatives: list[Tree | None] = [factored(self.tree)]
        self._programs: dict[int, Program] = {}

    def derivative(self, order: int) -> Tree | None:
        """The derivative of that order in stable form; None where it grew too large to be of use."""
        while len(self._derivatives) <= order:
            last = self._derivatives[-1]
            self._derivatives.append(None if last is None else _derivative(last))
        return self._derivatives[order]

    def at(self, box: Interval, order: int = 0) -> Interval:
        """An enclosure of the derivative of that order over a box, by one evaluation; ENTIRE where there is none."""
        if order not in self._programs:
            tree = self.derivative(order)
            if tree is None:
                return ENTIRE
            self._programs[order] = Program(tree, self.known)
        return self._programs[order].over(box)

    def signed(self, box: Interval, order: int = 0) -> Interval:
        """The same, sharpened only if it has no sign yet."""
        values = self.at(box, order)
        return values if sign(values) else self.over(box, order)

    def over(self, box: Interval, order: int = 0, depth: int = 3) -> Interval:
        """The same, sharpened by the monotonicity that the next `depth` derivatives show."""
        slope = ENTIRE
        for current in range(order + depth, order - 1, -1):
            tree = self.derivative(current)
            if tree is None:
                slope = ENTIRE
                continue
            values = self.at(box, current)
            monotone = not slope.is_empty and (slope.is_nonnegative or slope.is_nonpositive)
            # A kink's jump is in the enclosure of the slope; a pole's is not, so it must lie outside the box.
            if monotone and (math.isfinite(box.lower) or math.isfinite(box.upper)) and defined_on(tree, box):
                left, right = self._end(current, box.lower), self._end(current, box.upper)
                first, last = (left, right) if slope.is_nonnegative else (right, left)
                sharper = _between(first, last)
                values = values if sharper is None else values.intersect(sharper)
            slope = values
        return slope

    def _end(self, order: int, end: float) -> Interval:
        values = ENTIRE if math.isinf(end) else self.at(Interval(end, end), order)
        return ENTIRE if values.is_empty else values


def point(value: float | Fraction) -> Interval:
    """The narrowest box around a number."""
    return Interval.around(value)


def sign(values: Interval) -> int:
    """1 or -1 where every number has that strict sign, 0 where that is not shown (or there is none)."""
    if values.is_empty:
        return 0
    return 1 if values.is_positive else -1 if values.is_negative else 0


def middle(box: Interval) -> float:
    """Where to cut: inside the box, at doubling distances on half-lines, off the round numbers where roots like to be.

    A root at a cut would have no sign there.
    """
    lower, upper = box.lower, box.upper
    if math.isinf(lower) and math.isinf(upper):
        return 0.0173
    if math.isinf(upper):
        return min(max(1.0137, 2.0137 * lower), 1e308)
    if math.isinf(lower):
        return -min(max(1.0137, -2.0137 * upper), 1e308)
    return min(max(lower + (upper - lower) * 0.4931, math.nextafter(lower, upper)), math.nextafter(upper, lower))


def _between(first: Interval, last: Interval) -> Interval | None:
    if math.isinf(first.lower) and math.isinf(last.upper):
        return None
    return Interval(first.lower, last.upper) if first.lower <= last.upper else None


@lru_cache(maxsize=1024)
def _derivative(tree: Tree) -> Tree | None:
    try:
        derivative = factored(stable(differentiate(tree)))
    except UserError:  # a number in it outgrew what a tree can hold
        return None
    return derivative if size(derivative) <= _LARGEST_DERIVATIVE else None
