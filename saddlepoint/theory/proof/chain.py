"""A proof that a function keeps its sign on each side of D0, as a chain of boxes that leads away from it.

The first box holds D0, where the function may vanish; each further one begins where the last one ended. A box of

    order 0     encloses the function, and the enclosure has the sign;
    order 1     encloses its derivative: the function has the sign where the box begins, and moves on away from zero;
    order n     the first box only: the function and its first n - 1 derivatives vanish at D0, and the n-th one has a
                sign (Taylor's formula with remainder).

Half-lines are boxes like any other: [x, inf) has an enclosure on the extended reals.
"""

import math
from dataclasses import dataclass

from saddlepoint.objectives.interval import Interval
from saddlepoint.theory.enclosures.enclosure import Function, point, sign

_MOST_BOXES = 300
# A half-line that cannot be proved from here on is given up.
_FARTHEST = 1e9
_FINEST = 1e-13
_WITNESS_STEPS = 90
_PLAIN = 0.1


@dataclass(frozen=True, kw_only=True)
class Claim:
    """That a function minus its value at D0 has one sign above D0 and one below.

    Attributes:
        name: what is claimed to have a sign, for the cover.
        function: with its derivatives.
        offset: what is subtracted: the function's value at D0, or zero.
        above, below: the claimed sign for D > D0 and for D < D0.
        order: of its zero at D0, at least what the first box has to be; 0: it has none.
    """

    name: str
    function: Function
    offset: Interval
    above: int
    below: int
    order: int

    def wanted(self, side: int) -> int:
        """The claimed sign on a side (1: above D0, -1: below)."""
        return self.above if side > 0 else self.below

    def values(self, box: Interval) -> Interval:
        """An enclosure over a box."""
        values = self.function.at(box) - self.offset
        return values if sign(values) else self.function.over(box) - self.offset

    def proof(self, box: Interval, side: int, *, first: bool) -> "Link | None":
        """The box as a link of the chain, if its enclosures show the claim there."""
        wanted = self.wanted(side)
        if first and self.order:
            values = self.function.signed(box, self.order)
            return self._link(box, self.order, values) if sign(values) * side**self.order == wanted else None
        values = self.values(box)
        if sign(values) == wanted:
            return self._link(box, 0, values)
        if not first:
            slope = self.function.signed(box, 1)
            if sign(slope) * side == wanted:
                return self._link(box, 1, slope)
        return None

    def broken_at(self, place: float, side: int) -> Interval | None:
        """The function's enclosure at a point where the claim is certainly false; None where it is not."""
        values = self.values(point(place))
        broken = not values.is_empty and (sign(values) == -self.wanted(side) or values.lower == values.upper == 0)
        return values if broken else None

    def _link(self, box: Interval, order: int, bound: Interval) -> "Link":
        return Link(claim=self.name, box=box, order=order, bound=bound)


@dataclass(frozen=True, kw_only=True)
class Link:
    """One box of a chain: over it, the claim's derivative of that order lies within the bound."""

    claim: str
    box: Interval
    order: int
    bound: Interval


@dataclass(frozen=True, kw_only=True)
class Chain:
    """How far a claim was proved on one side.

    Attributes:
        links: from D0 outwards.
        reached: the far end of the last box; D0's own ball if there is none.
        complete: whether that is the end of the domain.
    """

    links: tuple[Link, ...]
    reached: float
    complete: bool


def march(
    claim: Claim, ball: Interval, end: float, side: int, *, begun: Chain | None = None, most: int = _MOST_BOXES
) -> Chain:
    """The longest chain from D0 towards an end of the domain.

    Args:
        claim: what is to be proved.
        ball: floats around D0.
        end: the end of the domain, itself left out (+-inf where there is none).
        side: 1 towards larger D, -1 towards smaller.
        begun: its first box, if that is known.
        most: boxes at most.
    """
    near = ball.lower if side > 0 else ball.upper
    start = ball.upper if side > 0 else ball.lower
    if begun is None:
        links: list[Link] = []
        at, step = start, max(1.0, abs(start))
    else:
        links = list(begun.links)
        at, step = begun.reached, 2 * abs(begun.reached - start)
    for _ in range(most - len(links)):
        if at == end:
            break
        origin = at if links else near
        link = claim.proof(_box(origin, end, side, is_end=True), side, first=not links)
        target = end
        while link is None and step > _FINEST * max(abs(at), 1e-3):
            target = at + side * step
            if (end - target) * side > 0:
                link = claim.proof(_box(origin, target, side, is_end=False), side, first=not links)
            if link is None:
                step /= 2
        if link is None or (math.isinf(end) and abs(target) > _FARTHEST and target != end):
            break
        links.append(link)
        at, step = target, step * 2
    return Chain(links=tuple(links), reached=at, complete=at == end)


def violation(claim: Claim, start: float, end: float, side: int) -> tuple[float, Interval] | None:
    """A point beyond `start` at which the claim is certainly false, with the enclosure that shows it."""
    room = abs(end - start)
    step = _FINEST / 8 * max(abs(start), 1e-3)
    last: tuple[float, Interval] | None = None
    for _ in range(_WITNESS_STEPS):
        place = start + side * step
        if not (end - place) * side > 0 or not math.isfinite(place):
            break
        found = claim.broken_at(place, side)
        # A point that shows it plainly is easier to check than the first one next to the edge.
        if last is not None and (found is None or step > _PLAIN):
            return last
        if found is not None:
            last = place, found
        step *= 2
    if last is not None:
        return last
    if math.isfinite(room):
        for part in (0.9, 0.99, 0.999, 0.5, 0.25):
            place = start + (end - start) * part
            found = claim.broken_at(place, side)
            if found is not None:
                return place, found
    return None


def _box(origin: float, target: float, side: int, *, is_end: bool) -> Interval:
    if side > 0:
        return Interval(origin, target, upper_open=is_end)
    return Interval(target, origin, lower_open=is_end)
