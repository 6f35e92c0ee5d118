"""Why no trajectory runs out of the domain, one end at a time: what leads from a decreasing V to convergence.

V bounds p_g by its value at the start. An end of the domain is then out of reach if one of these holds next to it:

    proper          |W'| stays above a positive number on a half-line, so V grows without bound
    inward          f1' and f2' both push away from the end, whatever p_g >= 0 is
    real_repels     f1' pushes away without bound and f2' pulls with bounded strength, and p_g is bounded
    fake_repels     f2' pushes away without bound, f1' pulls with bounded strength, and there p_g grows: on the way to
                    the end p_g has become positive, and p_g f2' outweighs p_d f1'
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from saddlepoint.objectives.interval import Interval
from saddlepoint.theory.enclosures.components import Component
from saddlepoint.theory.enclosures.enclosure import Function, evaluate, point
from saddlepoint.theory.enclosures.limits import limit_at
from saddlepoint.theory.pointwise import PointwiseField
from saddlepoint.theory.proof.chain import Claim

_TAILS = 24


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the ends of a domain are judged by.

    Attributes:
        field: the game.
        component: of the natural domain.
        generator: the claim about f3 - f3(D0).
        start: D0.
    """

    field: PointwiseField
    component: Component
    generator: Claim
    start: float

    def guard(self, end: float, side: int) -> str | None:
        """The reason why an end (side 1: upper, -1: lower) is out of reach, by name; None if none was found."""
        if end != (self.component.upper if side > 0 else self.component.lower):
            return self._guard_inside(end, side)
        for tail in _tails(self.start, end, side):
            reason = self._guard_on(tail, end, side)
            if reason is not None:
                return reason
        return None

    def _guard_inside(self, end: float, side: int) -> str | None:
        """At an end inside the natural domain the field itself must point inwards."""
        real, fake = self._pushes(point(end), side)
        return "inward" if real.is_negative and fake.is_nonpositive else None

    def _guard_on(self, tail: Interval, end: float, side: int) -> str | None:
        field, component = self.field, self.component
        real, fake = self._pushes(tail, side)
        if real.is_empty or fake.is_empty:
            return None
        generator = self.generator.function.over(tail) - self.generator.offset
        if math.isinf(end) and not generator.is_empty:
            smallest = max(generator.lower, -generator.upper)
            if smallest > 0 and max(abs(fake.lower), abs(fake.upper)) < math.inf:
                return "proper"
        if real.is_nonpositive and fake.is_nonpositive:
            return "inward"
        if fake.upper < math.inf and limit_at(field.f1_slope, component, side, tail) == -side * math.inf:
            return "real_repels"
        grows = generator.lower > 0
        if grows and real.upper < math.inf and limit_at(field.f2_slope, component, side, tail) == -side * math.inf:
            return "fake_repels"
        return None

    def _pushes(self, box: Interval, side: int) -> tuple[Interval, Interval]:
        """f1' and f2' towards the end: negative values push away from it."""
        known = self.component.known
        real = Function(self.field.f1_slope, known).over(box)
        fake = Function(self.field.f2_slope, known).over(box)
        return (real, fake) if side > 0 else (-real, -fake)


def proper_by_ratio(surroundings: Surroundings, slope: Function, end: float, side: int) -> bool:
    """Whether W', as one tree, stays away from zero on a half-line."""
    if math.isfinite(end):
        return False
    for tail in _tails(surroundings.start, end, side):
        values = evaluate(slope.tree, tail, slope.known)
        if not values.is_empty and max(values.lower, -values.upper) > 0:
            return True
    return False


def _tails(start: float, end: float, side: int) -> Iterator[Interval]:
    """Boxes that reach to the end, shorter and shorter."""
    for index in range(_TAILS):
        edge = start + side * 2.0**index if math.isinf(end) else end - (end - start) * 2.0 ** (-index - 1)
        if side > 0 and edge < end:
            yield Interval(edge, end, upper_open=True)
        elif side < 0 and edge > end:
            yield Interval(end, edge, lower_open=True)
