"""All rest points: the solutions D0 of f1'(D0) + f2'(D0) = 0 on the natural domain, none missed and none invented.

Boxes of D are excluded where the balance f1' + f2' has a sign, and hold exactly one root where it is monotone and its
ends differ in sign (interval Newton then narrows it to neighbouring floats). A root of higher order never looks so: it
is recognised in closed form and counted by its first derivative that does not vanish.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import mpmath
import sympy

from saddlepoint.errors import UserError
from saddlepoint.objectives.budget import Exhausted
from saddlepoint.objectives.interval import EMPTY, Interval
from saddlepoint.objectives.to_interval import to_interval
from saddlepoint.objectives.to_mpmath import Real
from saddlepoint.objectives.tree import Number, Tree
from saddlepoint.theory.enclosures.branches import branch, branches, kinks
from saddlepoint.theory.enclosures.components import Component
from saddlepoint.theory.enclosures.enclosure import Function, evaluate, middle, point, sign
from saddlepoint.theory.enclosures.exact import DIGITS, Exact, ball, closed_form, refined, vanishes, vanishes_at
from saddlepoint.theory.enclosures.rational import rational_roots
from saddlepoint.theory.pointwise import PointwiseField

_MOST_BOXES = 1500
# A half-line that is undecided from here on stays so.
_FARTHEST = 1e9
_FINEST = 1e-13
_HIGHEST_ORDER = 8


@dataclass(frozen=True, kw_only=True)
class RestPoint:
    """One D0.

    Attributes:
        ball: floats around D0.
        number: D0 to forty digits.
        exact: its closed form, if it has one.
        order: of the root; h = 0 from 2 on. 0: the balance vanishes on a whole interval around it.
        component: the part of the natural domain it lies in.
    """

    ball: Interval
    number: Real
    exact: Exact | None
    order: int
    component: Component

    @property
    def value(self) -> float:
        """D0 as a float."""
        return float(self.number)

    @property
    def text(self) -> str:
        """D0 for people: exact where it can be."""
        return str(self.exact.expression) if self.exact is not None else str(mpmath.nstr(self.number, 15))


@dataclass(frozen=True, kw_only=True)
class RestPoints:
    """What was found.

    Attributes:
        points: from left to right.
        flat: intervals on which every D0 is a rest point.
        undecided: places too fine or too flat to settle, or that were not searched.
        exhausted: whether the budget was used up: all that was not searched is undecided.
    """

    points: tuple[RestPoint, ...]
    flat: tuple[tuple[Interval, Component], ...]
    undecided: tuple[Interval, ...]
    exhausted: bool = False


@dataclass(frozen=True, kw_only=True)
class _Isolated:
    roots: list[Interval] = field(default_factory=list)
    clusters: list[Interval] = field(default_factory=list)
    flat: list[Interval] = field(default_factory=list)
    left: list[Interval] = field(default_factory=list)
    # Boxes that were not looked at for want of time.
    unsearched: list[Interval] = field(default_factory=list)


def find_rest_points(field: PointwiseField, domain: Sequence[Component]) -> RestPoints:
    """The rest points on every component of the natural domain, as far as the budget lasts.

    Raises:
        UserError: f1' + f2' has a kink or a jump at a rest point, where h does not exist.
    """
    points: list[RestPoint] = []
    flat: list[tuple[Interval, Component]] = []
    undecided: list[Interval] = []
    exhausted = False
    for component in domain:
        try:
            unsearched = _search(field, component, points, flat, undecided)
        except Exhausted:
            unsearched = [component.box]
        undecided += unsearched
        exhausted = exhausted or bool(unsearched)
    points.sort(key=lambda rest: rest.ball.lower)
    return RestPoints(points=tuple(points), flat=tuple(flat), undecided=tuple(undecided), exhausted=exhausted)


def _search(
    field: PointwiseField,
    component: Component,
    points: list[RestPoint],
    flat: list[tuple[Interval, Component]],
    undecided: list[Interval],
) -> list[Interval]:
    """Adds what one component holds, and gives the boxes of it that there was no time for.

    Raises:
        Exhausted: nothing of it was searched.
    """
    if field.balance == Number(Fraction(0)):
        flat.append((component.box, component))
        return []
    rational = rational_roots(branch(field.balance, component.box))
    if rational is not None:
        points += [
            RestPoint(ball=ball(exact, near), number=near, exact=exact, order=order, component=component)
            for exact, near, order in rational
            if component.inner_lower < near < component.inner_upper
        ]
        return []
    function = Function(field.balance, component.known)
    found = _isolate(function, component)
    if len(found.left) + len(found.clusters) > 50 and vanishes(field.balance):
        flat.append((component.box, component))
        return []
    unsearched = list(found.unsearched)
    undecided += found.left
    for boxes, settle in ((found.flat, _settle_flat), (found.roots, _settle_root), (found.clusters, _settle_cluster)):
        for box in boxes:
            try:
                settled = settle(function, box, component)
            except Exhausted:
                unsearched.append(box)
                continue
            match settled:
                case RestPoint():
                    points.append(settled)
                case Interval() if not settled.is_empty:
                    flat.append((settled, component))
                case None:
                    undecided.append(box)
    return unsearched


def _settle_flat(function: Function, box: Interval, component: Component) -> Interval:
    return _rounded(function, box)


def _settle_root(function: Function, box: Interval, component: Component) -> RestPoint:
    """The simple root of a box."""
    box = _narrowed(function, box)
    near = refined(function.tree, box.lower, box.upper) if box.width else mpmath.mpf(box.lower)
    exact = closed_form(branch(function.tree, box), near)
    # The exact zero, not a number 1e-50 beside it.
    near = near if exact is None else mpmath.mpf(exact.expression.evalf(DIGITS))
    around = box if exact is None else ball(exact, near)
    return RestPoint(ball=around, number=near, exact=exact, order=1, component=component)


def joined(boxes: Sequence[Interval]) -> list[Interval]:
    """Boxes from left to right, those that touch as one."""
    whole: list[Interval] = []
    for box in sorted(boxes, key=lambda box: box.lower):
        _join(whole, box)
    return whole


def rest_point_at(value: Fraction, component: Component) -> RestPoint:
    """A chosen D0 inside an interval of rest points."""
    exact = Exact(expression=sympy.Rational(value.numerator, value.denominator), tree=Number(value))
    with mpmath.workdps(DIGITS):
        near = mpmath.mpf(value.numerator) / value.denominator
    return RestPoint(ball=ball(exact, near), number=near, exact=exact, order=0, component=component)


def _isolate(function: Function, component: Component) -> _Isolated:
    found = _Isolated()
    stack = [component.box]
    for _ in range(_MOST_BOXES):
        if not stack:
            break
        box = stack.pop()
        try:
            stack += _looked_at(function, component, box, found)
        except Exhausted:
            found.unsearched.extend([box, *stack])
            stack = []
    # The ends of a flat interval are kinks, no further rest points.
    found.clusters[:] = [box for box in found.clusters if not any(_touch(box, other) for other in found.flat)]
    found.left.extend(stack)
    return found


def _looked_at(function: Function, component: Component, box: Interval, found: _Isolated) -> list[Interval]:
    """Puts a box where it belongs, or gives its halves."""
    values = function.signed(box)
    if sign(values):
        return []
    if values.lower == values.upper == 0:
        _join(found.flat, box)
        return []
    slope = sign(function.signed(box, 1))
    if slope:
        low, high = (_sign_at(function, end, component) for end in (box.lower, box.upper))
        if low * high == -1:
            found.roots.append(box)
            return []
        if low * high == 1 or low == slope or high == -slope:
            return []
    cut = middle(box)
    narrow = math.isfinite(box.width) and box.width <= _FINEST * max(abs(box.lower), abs(box.upper), 1e-3)
    if any(math.isfinite(end) and abs(end) > _FARTHEST for end in (box.lower, box.upper)):
        found.left.append(box)
        return []
    if narrow or not box.lower < cut < box.upper:
        _join(found.clusters, box)
        return []
    return [Interval(cut, box.upper), Interval(box.lower, cut)]


def _sign_at(function: Function, end: float, component: Component) -> int:
    if not component.inner_lower < end < component.inner_upper:
        return 0
    return sign(function.at(point(end)))


def _join(boxes: list[Interval], box: Interval) -> None:
    """Boxes come from left to right; neighbours become one."""
    if boxes and _touch(boxes[-1], box):
        boxes[-1] = Interval(boxes[-1].lower, box.upper)
    else:
        boxes.append(box)


def _touch(first: Interval, second: Interval) -> bool:
    gap = max(first.lower, second.lower) - min(first.upper, second.upper)
    return gap <= 4 * _FINEST * max(1.0, abs(first.lower) if abs(first.lower) < 1e300 else 1.0)


def _narrowed(function: Function, box: Interval) -> Interval:
    """Interval Newton: the root stays in m - F(m) / F'(box)."""
    for _ in range(200):
        cut = box.lower + (box.upper - box.lower) / 2
        if not box.lower < cut < box.upper:
            break
        at = function.at(point(cut))
        newton = point(cut) - at / function.over(box, 1)
        narrower = box.intersect(newton)
        side = sign(at)
        if side:
            rising = sign(function.over(box, 1)) > 0
            half = Interval(box.lower, cut) if (side > 0) == rising else Interval(cut, box.upper)
            narrower = narrower.intersect(half)
        if narrower.is_empty or not narrower.width < box.width:
            break
        box = Interval(narrower.lower, narrower.upper)
    return box


def _settle_cluster(function: Function, cluster: Interval, component: Component) -> RestPoint | Interval | None:
    """The only root of a tiny box, if it has a closed form; the empty interval where it holds no root after all."""
    margin = 4 * _FINEST * max(abs(cluster.lower), 1e-3)
    wide = Interval(cluster.lower - margin, cluster.upper + margin).intersect(component.inner_box)
    _check_kinks(function, wide)
    simple = _simple_in(wide)
    with mpmath.workdps(DIGITS):
        near = mpmath.mpf(simple.numerator) / simple.denominator
    if _bent(function, wide):
        # Both neighbours have the same sign: a kink that touches zero, or a jump that never was there.
        smooth = branches(function.tree, wide) or []
        if smooth and _excluded(function, smooth, wide):
            return EMPTY
        exact = closed_form(smooth[0], near) if smooth else None
        if exact is not None and all(vanishes_at(tree, exact, wide) for tree in smooth):
            raise _kinked(wide)
        return None
    exact = closed_form(branch(function.tree, wide), near)
    order = None if exact is None else _order(function, exact, wide)
    if exact is None or order is None:
        return None
    number = mpmath.mpf(exact.expression.evalf(DIGITS))
    return RestPoint(ball=ball(exact, number), number=number, exact=exact, order=order, component=component)


def _order(function: Function, root: Exact, wide: Interval) -> int | None:
    """Of a root that is the only one of a box: the first derivative that does not vanish there, and has a sign."""
    smooth = Function(branch(function.tree, wide), function.known)
    for order in range(1, _HIGHEST_ORDER + 1):
        if sign(function.over(wide, order)):
            return order
        derivative = smooth.derivative(order)
        if derivative is None or not vanishes_at(derivative, root, wide):
            return None
    return None


def _simple_in(box: Interval) -> Fraction:
    """The simplest fraction of a tiny box, found by refusing larger denominators for as long as possible."""
    centre = Fraction(box.lower) + (Fraction(box.upper) - Fraction(box.lower)) / 2
    largest = 1
    while largest < 10**12:
        simple = centre.limit_denominator(largest)
        if simple in box:
            return simple
        largest *= 4
    return centre


def _rounded(function: Function, box: Interval) -> Interval:
    """An interval of zeros, open, up to the round numbers at its ends if it reaches them."""
    ends = []
    for end in (box.lower, box.upper):
        if math.isinf(end):
            ends.append(end)
            continue
        margin = 1e-11 * max(1.0, abs(end))
        ends.append(float(_simple_in(Interval(end - margin, end + margin))))
    wider = Interval(min(ends), max(ends), lower_open=True, upper_open=True)
    values = function.at(wider)
    return wider if values.lower == values.upper == 0 else box


def _bent(function: Function, box: Interval) -> bool:
    """Whether a kink may lie in a box."""
    return any(0 in to_interval(tree, box) for tree in kinks(function.tree))


def _check_kinks(function: Function, box: Interval) -> None:
    left, right = sign(function.at(point(box.lower))), sign(function.at(point(box.upper)))
    if _bent(function, box) and not left == right != 0:
        raise _kinked(box)


def _kinked(box: Interval) -> UserError:
    return UserError(
        f"f1' + f2' with a kink or a jump at its zero D = {float(_simple_in(box)):.6g}",
        "functions with a second derivative at the rest point, so that h exists",
        "write functions that are smooth there, as softplus in place of relu",
    )


def _excluded(function: Function, smooth: Sequence[Tree], box: Interval) -> bool:
    """Whether a tiny box beside a jump holds no root after all: the branches that meet there have one sign."""
    return abs(sum(sign(evaluate(tree, box, function.known)) for tree in smooth)) == len(smooth)
