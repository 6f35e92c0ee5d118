"""The natural domain of an objective: the open intervals of D on which all its functions are defined.

The line, or the range of the link if there is one, is cut until each piece is shown to be inside (every condition of
`objectives.domain` holds), outside (one of them fails), or is as narrow as floats allow: then an edge stands in it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from saddlepoint.objectives.budget import Exhausted, grace
from saddlepoint.objectives.domain import Condition, conditions
from saddlepoint.objectives.interval import ENTIRE, Interval
from saddlepoint.objectives.to_interval import to_interval
from saddlepoint.objectives.tree import Tree
from saddlepoint.theory.enclosures.enclosure import Function, Known, known_from
from saddlepoint.theory.pointwise import PointwiseField

_MOST_PIECES = 6000
# A piece that is wider than this and undecided is no edge, but a part of the line about which nothing is known.
_EDGE = 1e-12


@dataclass(frozen=True, kw_only=True)
class Component:
    """One open interval of the natural domain.

    Attributes:
        lower, upper: floats at its ends, outside or on them (+-inf where there is none).
        inner_lower, inner_upper: floats at its ends, inside or on them; the outer ones where an end is a float.
        vanishing_below, vanishing_above: arguments of conditions that are zero exactly at the end.
        known: what its conditions tell about subtrees inside it.
        certain: False where the functions' domain could not be settled somewhere: there may be more of it.
    """

    lower: float
    upper: float
    inner_lower: float
    inner_upper: float
    vanishing_below: tuple[Tree, ...]
    vanishing_above: tuple[Tree, ...]
    known: Known
    certain: bool

    @property
    def box(self) -> Interval:
        """The component, with its outer ends left out."""
        return Interval(self.lower, self.upper, lower_open=True, upper_open=True)

    @property
    def inner_box(self) -> Interval:
        """What is inside without doubt, as an open interval."""
        return Interval(self.inner_lower, self.inner_upper, lower_open=True, upper_open=True)


def natural_domain(field: PointwiseField) -> list[Component]:
    """The components, from left to right, of the D at which f1, f2, f3, f1' and f2' exist, in the link's range.

    Where the budget is used up, the rest of the line counts as undecided.
    """
    objective = field.objective
    trees = (objective.f1, objective.f2, objective.f3, field.f1_slope, field.f2_slope)
    needed = list(dict.fromkeys(condition for tree in trees for condition in conditions(tree)))
    reach = to_interval(objective.link, ENTIRE)
    within = Interval(reach.lower, reach.upper, lower_open=True, upper_open=True)
    pieces = _pieces(needed, within)
    # What was found is put together, also where no time is left.
    with grace(math.inf):
        return _joined(pieces, needed)


def _pieces(needed: Sequence[Condition], within: Interval) -> list[tuple[Interval, bool | None]]:
    """Open pieces from left to right: inside (True), outside (False), undecided (None)."""
    functions = [(Function(condition.argument), condition.sign) for condition in needed]
    stack, found = [within], []
    for _ in range(_MOST_PIECES):
        if not stack:
            break
        box = stack.pop()
        try:
            decided = _decided(functions, box)
        except Exhausted:
            stack.append(box)
            break
        cut = _cut(box)
        if decided is not None or not box.lower < cut < box.upper:
            found.append((box, decided))
        else:
            stack.append(Interval(cut, box.upper, lower_open=True, upper_open=True))
            stack.append(Interval(box.lower, cut, lower_open=True, upper_open=True))
    return found + [(box, None) for box in reversed(stack)]


def _decided(functions: Sequence[tuple[Function, str]], box: Interval) -> bool | None:
    inside = True
    for function, wanted in functions:
        values = function.over(box)
        if values.is_empty:
            return False
        if wanted == "positive":
            holds, fails = values.is_positive, values.is_nonpositive
        elif wanted == "nonnegative":
            holds, fails = values.is_nonnegative, values.is_negative
        else:
            holds, fails = 0 not in values, values.lower == values.upper == 0
        if fails:
            return False
        inside = inside and holds
    return True if inside else None


def _joined(pieces: list[tuple[Interval, bool | None]], needed: Sequence[Condition]) -> list[Component]:
    """Neighbouring inside pieces as one component, where the functions are defined at the cut as well."""
    functions = [(Function(condition.argument), condition.sign) for condition in needed]
    known = known_from(list(needed))
    runs: list[list[Interval]] = []
    previous: Interval | None = None
    for box, inside in pieces:
        if inside:
            joins = previous is not None and _decided(functions, Interval(box.lower, box.lower)) is True
            runs.append([box]) if not (joins and runs) else runs[-1].append(box)
        previous = box if inside else None
    unknown = [box for box, inside in pieces if inside is None]
    settled = all(box.width <= _EDGE * max(1e-300, abs(box.lower), abs(box.upper)) for box in unknown)
    edges = {box.lower: box for box in unknown}
    edges_by_upper = {box.upper: box for box in unknown}
    made = []
    for run in runs:
        inner_lower, inner_upper = run[0].lower, run[-1].upper
        below, above = edges_by_upper.get(inner_lower), edges.get(inner_upper)
        lower = inner_lower if below is None else below.lower
        upper = inner_upper if above is None else above.upper
        made.append(
            Component(
                lower=lower,
                upper=upper,
                inner_lower=inner_lower,
                inner_upper=inner_upper,
                vanishing_below=_vanishing(needed, Interval(lower, inner_lower)) if math.isfinite(lower) else (),
                vanishing_above=_vanishing(needed, Interval(inner_upper, upper)) if math.isfinite(upper) else (),
                known=known,
                certain=settled,
            )
        )
    return made


def _vanishing(needed: Sequence[Condition], edge: Interval) -> tuple[Tree, ...]:
    """The arguments that are zero at an end: all that vanish at a float, or the only one that can elsewhere."""
    values = {condition.argument: to_interval(condition.argument, edge) for condition in needed}
    if edge.lower == edge.upper:
        return tuple(tree for tree, value in values.items() if value.lower == value.upper == 0)
    straddling = [tree for tree, value in values.items() if 0 in value]
    return tuple(straddling) if len(straddling) == 1 else ()


def _cut(box: Interval) -> float:
    """Round numbers first: the ends of domains like to be there."""
    lower, upper = box.lower, box.upper
    if math.isinf(lower) and math.isinf(upper):
        return 0.0
    if math.isinf(upper):
        return min(max(1.0, 2.0 * lower), 1e308)
    if math.isinf(lower):
        return -min(max(1.0, -2.0 * upper), 1e308)
    return lower + (upper - lower) / 2
