"""All rest points: the solutions D0 of f1'(D0) + f2'(D0) = 0 on the natural domain, none missed and none invented.

Boxes of D are excluded where the balance f1' + f2' has a sign, and hold exactly one root where it is monotone and its
ends differ in sign (interval Newton then narrows it to neighbouring floats). A root of higher order never looks so: it
is recognised in closed form and counted by its first derivative that does not vanish.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import mpmath
import sympy

from saddlepoint.errors import UserError
from saddlepoint.objectives.interval import Interval
from saddlepoint.objectives.to_interval import to_interval
from saddlepoint.objectives.to_sympy import to_sympy
from saddlepoint.objectives.tree import Number
from saddlepoint.theory.components import Component
from saddlepoint.theory.enclosure import Function, kinks, middle, point, sign
from saddlepoint.theory.exact import (
    DIGITS,
    SYMBOL,
    Exact,
    Real,
    ball,
    closed_form,
    is_zero,
    rational_roots,
    refined,
    vanishes,
)
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
        undecided: places too fine or too flat to settle.
    """

    points: tuple[RestPoint, ...]
    flat: tuple[tuple[Interval, Component], ...]
    undecided: tuple[Interval, ...]


@dataclass(frozen=True, kw_only=True)
class _Isolated:
    roots: list[Interval]
    clusters: list[Interval]
    flat: list[Interval]
    left: list[Interval]


def find_rest_points(field: PointwiseField, domain: Sequence[Component]) -> RestPoints:
    """The rest points on every component of the natural domain.

    Raises:
        UserError: f1' + f2' has a kink or a jump at a rest point, where h does not exist.
    """
    points: list[RestPoint] = []
    flat: list[tuple[Interval, Component]] = []
    undecided: list[Interval] = []
    expression: sympy.Expr | None = None
    for component in domain:
        if field.balance == Number(Fraction(0)):
            flat.append((component.box, component))
            continue
        expression = to_sympy(field.balance, SYMBOL) if expression is None else expression
        rational = rational_roots(expression)
        if rational is not None:
            points += [
                RestPoint(ball=ball(exact, near), number=near, exact=exact, order=order, component=component)
                for exact, near, order in rational
                if component.inner_lower < near < component.inner_upper
            ]
            continue
        function = Function(field.balance, component.known)
        found = _isolate(function, component)
        if len(found.left) + len(found.clusters) > 50 and vanishes(expression):
            flat.append((component.box, component))
            continue
        flat += [(_rounded(function, box), component) for box in found.flat]
        undecided += found.left
        for root in found.roots:
            root = _narrowed(function, root)
            near = refined(expression, root.lower, root.upper) if root.width else mpmath.mpf(root.lower)
            exact = closed_form(expression, near)
            # The exact zero, not a number 1e-50 beside it.
            near = near if exact is None else mpmath.mpf(exact.expression.evalf(DIGITS))
            around = root if exact is None else ball(exact, near)
            points.append(RestPoint(ball=around, number=near, exact=exact, order=1, component=component))
        for cluster in found.clusters:
            resolved = _resolved(function, expression, cluster, component)
            if resolved is None and not _excluded(function, cluster):
                undecided.append(cluster)
            elif resolved is not None:
                points.append(resolved)
    points.sort(key=lambda rest: rest.ball.lower)
    return RestPoints(points=tuple(points), flat=tuple(flat), undecided=tuple(undecided))


def rest_point_at(value: Fraction, component: Component) -> RestPoint:
    """A chosen D0 inside an interval of rest points."""
    exact = Exact(expression=sympy.Rational(value.numerator, value.denominator), tree=Number(value))
    with mpmath.workdps(DIGITS):
        near = mpmath.mpf(value.numerator) / value.denominator
    return RestPoint(ball=ball(exact, near), number=near, exact=exact, order=0, component=component)


def _isolate(function: Function, component: Component) -> _Isolated:
    roots: list[Interval] = []
    clusters: list[Interval] = []
    flat: list[Interval] = []
    left: list[Interval] = []
    stack = [component.box]
    for _ in range(_MOST_BOXES):
        if not stack:
            break
        box = stack.pop()
        values = function.signed(box)
        if sign(values):
            continue
        if values.lower == values.upper == 0:
            _join(flat, box)
            continue
        slope = sign(function.signed(box, 1))
        if slope:
            low, high = (_sign_at(function, end, component) for end in (box.lower, box.upper))
            if low * high == -1:
                roots.append(box)
                continue
            if low * high == 1 or low == slope or high == -slope:
                continue
        cut = middle(box)
        narrow = math.isfinite(box.width) and box.width <= _FINEST * max(abs(box.lower), abs(box.upper), 1e-3)
        if any(math.isfinite(end) and abs(end) > _FARTHEST for end in (box.lower, box.upper)):
            left.append(box)
            continue
        if narrow or not box.lower < cut < box.upper:
            _join(clusters, box)
            continue
        stack += [Interval(cut, box.upper), Interval(box.lower, cut)]
    # The ends of a flat interval are kinks, no further rest points.
    clusters = [box for box in clusters if not any(_touch(box, other) for other in flat)]
    return _Isolated(roots=roots, clusters=clusters, flat=flat, left=left + stack)


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


def _resolved(function: Function, expression: sympy.Expr, cluster: Interval, component: Component) -> RestPoint | None:
    """The only root of a tiny box, if it has a closed form."""
    margin = 4 * _FINEST * max(abs(cluster.lower), 1e-3)
    wide = Interval(cluster.lower - margin, cluster.upper + margin).intersect(component.inner_box)
    _check_kinks(function, wide)
    simple = _simple_in(wide)
    with mpmath.workdps(DIGITS):
        near = mpmath.mpf(simple.numerator) / simple.denominator
    exact = closed_form(expression, near)
    if exact is None:
        return None
    number = mpmath.mpf(exact.expression.evalf(DIGITS))
    derivative = expression
    for order in range(1, _HIGHEST_ORDER + 1):
        derivative = sympy.diff(derivative, SYMBOL)
        if sign(function.over(wide, order)):
            return RestPoint(ball=ball(exact, number), number=number, exact=exact, order=order, component=component)
        if not is_zero(derivative.subs(SYMBOL, exact.expression)):
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


def _check_kinks(function: Function, box: Interval) -> None:
    bent = [tree for tree in kinks(function.tree) if 0 in to_interval(tree, box)]
    if not bent:
        return
    left, right = sign(function.at(point(box.lower))), sign(function.at(point(box.upper)))
    if left == right != 0:
        return
    raise UserError(
        f"f1' + f2' with a kink or a jump at its zero D = {float(_simple_in(box)):.6g}",
        "functions with a second derivative at the rest point, so that h exists",
        "write functions that are smooth there, as softplus in place of relu",
    )


def _excluded(function: Function, box: Interval) -> bool:
    """Whether a tiny box beside a jump holds no root after all."""
    return sign(function.at(point(box.lower))) == sign(function.at(point(box.upper))) != 0 and bool(
        [tree for tree in kinks(function.tree) if 0 in to_interval(tree, box)]
    )
