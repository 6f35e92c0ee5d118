"""The distance test: whether plain squared distance to the rest point never grows on p_g >= 0.

    d/dt ((D - D0)^2 + (p_g - p_d)^2) / 2 = p_d A(D) + p_g B(D)
    A = (D - D0) f1' - (f3 - f3(D0)),     B = (D - D0) f2' + (f3 - f3(D0))

so A <= 0 and B <= 0 suffice. Both follow from concave f1 and f2 if f3 = -f2 or f3 = f1, up to a constant: a concave
function lies below its tangents. Near D0, A = -(c + k)(D - D0) + ..., so c + k = 0 is necessary.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

from saddlepoint.objectives.budget import Exhausted
from saddlepoint.objectives.interval import Interval
from saddlepoint.objectives.rewrite import stable
from saddlepoint.objectives.tree import Number, Tree
from saddlepoint.theory.enclosures.components import Component
from saddlepoint.theory.enclosures.enclosure import Function, middle, point, sign
from saddlepoint.theory.enclosures.exact import vanishes
from saddlepoint.theory.enclosures.rational import factored
from saddlepoint.theory.pointwise import PointwiseField
from saddlepoint.theory.proof.chain import Link
from saddlepoint.theory.proof.verdict import Local

_MOST_BOXES = 400
_PROBES = (-2.3, -0.7, 0.3, 0.6, 1.7)
_PLACES = (1e-6, 1e-3, 0.1, 0.3, 1.0, 3.0, 10.0)


@dataclass(frozen=True, kw_only=True)
class Distance:
    """What the test says on the component of D0.

    Attributes:
        verdict: "strict" (the distance falls: attracting), "weak" (it never grows), "fails", "undecided".
        reason: one sentence.
        links: the boxes on which f1'' and f2'' were enclosed.
        witness: a D at which A or B is positive, for "fails".
    """

    verdict: str
    reason: str
    links: tuple[Link, ...] = ()
    witness: float | None = None


def distance_test(field: PointwiseField, local: Local) -> Distance:
    """The test on the whole component of the natural domain, as far as the budget lasts."""
    try:
        return _tested(field, local)
    except Exhausted:
        return Distance(verdict="undecided", reason="The budget was used up while it was made.")


def _tested(field: PointwiseField, local: Local) -> Distance:
    partner = _partner(field)
    if partner is not None:
        proved = _concave(field, local.rest.component, partner)
        if proved is not None:
            return proved
    c, k = local.c, local.k
    if c.exact is not None and k.exact is not None:
        apart = (c.exact + k.exact).is_zero is False
    else:
        apart = abs(c.value + k.value) > 1e-9 * (abs(c.value) + abs(k.value))
    witness = _witness(field, local)
    if apart or witness is not None:
        why = "c + k is not zero, so that next to D0 it grows on one side" if apart else "A or B is positive somewhere"
        return Distance(verdict="fails", reason=f"The distance can grow: {why}.", witness=witness)
    return Distance(
        verdict="undecided", reason="Neither proved nor refuted: f1 and f2 are not both shown to be concave."
    )


@lru_cache(maxsize=64)
def _partner(field: PointwiseField) -> str | None:
    """Which of f1 and -f2 the generator's function is, up to a constant."""
    for name, difference in (("f2", field.f3_slope + field.f2_slope), ("f1", field.f3_slope - field.f1_slope)):
        simple = factored(stable(difference))
        # Where it is certainly not zero, sympy need not be asked.
        if isinstance(simple, Number):
            if simple.value == 0:
                return name
        elif not any(sign(Function(simple).at(point(place))) for place in _PROBES) and vanishes(simple):
            return name
    return None


def _concave(field: PointwiseField, component: Component, partner: str) -> Distance | None:
    first, second = (
        _curvature(slope, component, name) for name, slope in (("f1", field.f1_slope), ("f2", field.f2_slope))
    )
    if first is None or second is None:
        return None
    (first_strict, first_links), (second_strict, second_links) = first, second
    links = (*first_links, *second_links)
    shape = f"f1 and f2 are concave and f3 = {'-f2' if partner == 'f2' else 'f1'} up to a constant"
    if first_strict or (partner == "f2" and second_strict):
        return Distance(verdict="strict", reason=f"The distance falls: {shape}, one of them strictly.", links=links)
    # B < 0 strictly, A = 0: it stands still on p_g = 0 only, where D moves by p_d f1' and never stops.
    if second_strict and _nonzero(field.f1_slope, component):
        return Distance(verdict="strict", reason=f"The distance falls: {shape}, f2 strictly.", links=links)
    return Distance(verdict="weak", reason=f"The distance never grows: {shape}.", links=links)


def _curvature(slope: Tree, component: Component, name: str) -> tuple[bool, list[Link]] | None:
    """Whether the second derivative is <= 0 on the component, strictly or not, with the boxes that show it."""
    function = Function(slope, component.known)
    curvature = function.derivative(1)
    if curvature is None:
        return None
    links: list[Link] = []
    stack, strict = [component.box], True
    for _ in range(_MOST_BOXES):
        if not stack:
            return strict, links
        box = stack.pop()
        values = function.over(box, 1)
        if not values.is_empty and values.is_nonpositive:
            strict = strict and values.is_negative
            links.append(Link(claim=name, box=box, order=2, bound=values))
            continue
        cut = middle(box)
        if sign(function.over(point(cut), 1)) > 0 or not box.lower < cut < box.upper:
            return None
        stack += [_part(cut, box.upper, box), _part(box.lower, cut, box)]
    return None


def _part(lower: float, upper: float, box: Interval) -> Interval:
    return Interval(
        lower, upper, lower_open=box.lower_open and lower == box.lower, upper_open=box.upper_open and upper == box.upper
    )


def _nonzero(slope: Tree, component: Component) -> bool:
    return sign(Function(slope, component.known).over(component.box)) != 0


def _witness(field: PointwiseField, local: Local) -> float | None:
    """A D at which A > 0 or B > 0, rigorously."""
    rest, component = local.rest, local.rest.component
    f1, f2, f3 = (Function(tree, component.known) for tree in (field.f1_slope, field.f2_slope, field.f3))
    at_rest = f3.at(rest.ball)
    for step in _PLACES:
        for side in (1, -1):
            room = (component.inner_upper - rest.value) if side > 0 else (rest.value - component.inner_lower)
            place = rest.value + side * step * (min(room, 1.0) if math.isfinite(room) else 1.0)
            if not component.inner_lower < place < component.inner_upper:
                continue
            box = point(place)
            away, moved = box - rest.ball, f3.at(box) - at_rest
            if any(sign(values) > 0 for values in (away * f1.at(box) - moved, away * f2.at(box) + moved)):
                return place
    return None
