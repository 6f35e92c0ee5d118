"""Where a tree is defined: the conditions that its functions put on their arguments, and their rigorous decision.

log(u) needs u > 0; u**p needs u >= 0 for a broken p > 0, u > 0 for a broken p < 0, u != 0 for a negative integer p.
A tree is defined at D exactly if all its conditions hold there.
"""

import math
from collections import deque
from dataclasses import dataclass

from saddlepoint.errors import UserError
from saddlepoint.objectives.budget import Exhausted, left
from saddlepoint.objectives.derivative import differentiate
from saddlepoint.objectives.interval import ENTIRE, Interval
from saddlepoint.objectives.to_interval import to_interval
from saddlepoint.objectives.tree import Call, Power, Tree, children, size

# An argument that needs more boxes than this, or boxes finer than this, stays undecided near some D.
_MOST_BOXES = 1000
_FINEST = 1e-6
_HIGHEST_DERIVATIVE = 4
_LARGEST_DERIVATIVE = 400


@dataclass(frozen=True)
class Condition:
    """argument(D) must be "positive", "nonnegative" or "nonzero"."""

    argument: Tree
    sign: str


@dataclass(frozen=True, kw_only=True)
class Gap:
    """A place where a tree is undefined (certain), or where it was not shown to be defined (not certain)."""

    where: Interval
    certain: bool


def conditions(tree: Tree) -> list[Condition]:
    """What must hold at D for the tree to have a value there, inner conditions before outer ones."""
    found = [condition for part in children(tree) for condition in conditions(part)]
    match tree:
        case Call("log", (argument,)):
            found.append(Condition(argument, "positive"))
        case Power(base, exponent) if exponent.denominator != 1:
            found.append(Condition(base, "nonnegative" if exponent > 0 else "positive"))
        case Power(base, exponent) if exponent < 0:
            found.append(Condition(base, "nonzero"))
    return list(dict.fromkeys(found))


def defined_on(tree: Tree, interval: Interval) -> bool:
    """Whether the tree is shown to be defined at every D of the interval, by one evaluation (False: not shown)."""
    return all(_holds(condition.sign, to_interval(condition.argument, interval)) for condition in conditions(tree))


def gap_on_the_line(tree: Tree) -> Gap | None:
    """A place on the real line where the tree is undefined or not shown to be defined; None: it is defined everywhere.

    Boxes of D are bisected, infinite ones at doubling distances, until each is decided. An argument's enclosure is
    sharpened by the sign of its derivatives (an increasing function lies between its values at the ends), which also
    decides half-lines where intervals alone give inf - inf. Where the budget is used up nothing more is shown.
    """
    todo = [(condition, _with_derivatives(condition.argument)) for condition in conditions(tree)]
    undecided: Interval | None = None
    boxes = deque([ENTIRE]) if todo else deque()
    for _ in range(_MOST_BOXES):
        if not boxes:
            return None if undecided is None else Gap(where=undecided, certain=False)
        if left() < 0:
            break
        box = boxes.popleft()
        if all(_shown(condition.sign, derivatives, box) for condition, derivatives in todo):
            continue
        middle = _middle(box)
        point = Interval(middle, middle)
        if any(_fails(condition.sign, to_interval(condition.argument, point)) for condition, _ in todo):
            return Gap(where=point, certain=True)
        if box.width < _FINEST * max(1.0, abs(middle)):
            undecided = undecided or box
        else:
            boxes += [Interval(box.lower, middle), Interval(middle, box.upper)]
    return Gap(where=undecided or boxes[0], certain=False)


def _holds(sign: str, values: Interval) -> bool:
    match sign:
        case "positive":
            return values.is_positive and not values.is_empty
        case "nonnegative":
            return values.is_nonnegative and not values.is_empty
    return 0 not in values and not values.is_empty


def _fails(sign: str, values: Interval) -> bool:
    """Whether the condition is certainly broken (an argument without a value counts as broken)."""
    match sign:
        case "positive":
            return values.is_nonpositive
        case "nonnegative":
            return values.is_negative
    return values.is_empty or values.lower == values.upper == 0


def _with_derivatives(tree: Tree) -> list[Tree]:
    """The tree and its derivatives, as far as they stay small enough to be of use."""
    derivatives = [tree]
    try:
        while len(derivatives) <= _HIGHEST_DERIVATIVE:
            derivative = differentiate(derivatives[-1])
            if size(derivative) > _LARGEST_DERIVATIVE:
                break
            derivatives.append(derivative)
    except (UserError, Exhausted):
        pass  # a number outgrew its limit, or there is no time: the derivatives found so far serve
    return derivatives


def _shown(sign: str, derivatives: list[Tree], box: Interval) -> bool:
    """Whether a condition is shown to hold over a box, plainly or by monotonicity from the highest derivative down."""
    if _holds(sign, to_interval(derivatives[0], box)):
        return True
    slope = ENTIRE
    for function in reversed(derivatives):
        values = to_interval(function, box)
        # Across a pole a function may fall everywhere and yet jump up: no conclusion there.
        if not slope.is_empty and defined_on(function, box):
            left, right = _at(function, box.lower), _at(function, box.upper)
            if slope.is_nonnegative:
                values = values.intersect(Interval(left.lower, right.upper))
            elif slope.is_nonpositive:
                values = values.intersect(Interval(right.lower, left.upper))
        slope = values
    return _holds(sign, slope)


def _at(tree: Tree, end: float) -> Interval:
    """The tree at an end of a box; at an infinite one nothing is known, and at a pole nothing holds."""
    values = ENTIRE if math.isinf(end) else to_interval(tree, Interval(end, end))
    return ENTIRE if values.is_empty else values


def _middle(box: Interval) -> float:
    """Where to cut: the middle, zero for the whole line, and doubling distances on half-lines."""
    if math.isinf(box.lower) and math.isinf(box.upper):
        return 0.0
    if math.isinf(box.upper):
        return min(max(1.0, 2.0 * box.lower), 1e308)
    if math.isinf(box.lower):
        return -min(max(1.0, -2.0 * box.upper), 1e308)
    return box.lower + (box.upper - box.lower) / 2
