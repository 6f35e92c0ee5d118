"""Where a tree has kinks, and what it is between them: abs, relu, min, max and steps as the branch that is in force.

On a box without a kink abs(D - 1) is D - 1 or 1 - D, with all its derivatives; a step is a number, and the impulse that
a second derivative brings along is 0. What is left is smooth, and exact arithmetic can take it from there.
"""

import itertools
import math

from saddlepoint.objectives.interval import Interval
from saddlepoint.objectives.to_interval import to_interval
from saddlepoint.objectives.tree import Call, Tree, children, is_constant, number, rebuild
from saddlepoint.theory.enclosures.enclosure import sign

# Of one tree in one box.
_MOST_BRANCHES = 64


def kinks(tree: Tree) -> list[Tree]:
    """The arguments at whose zeros the tree has a kink or a jump."""
    found = [kink for part in children(tree) for kink in kinks(part)]
    if (kink := _kink(tree)) is not None and not is_constant(kink):
        found.append(kink)
    return list(dict.fromkeys(found))


def branch(tree: Tree, box: Interval) -> Tree:
    """What the tree is on a box: equal wherever it is defined there; kinks that may lie in the box are left in it."""
    parts = [branch(part, box) for part in children(tree)]
    kink = _kink(tree)
    side = 0 if kink is None else sign(to_interval(kink, box))
    return _on_side(tree, parts, side) if side else rebuild(tree, parts)


def branches(tree: Tree, box: Interval) -> list[Tree] | None:
    """All that the tree may be on the sides of the kinks in a box; None where there are too many."""
    found: list[Tree] = []
    choices: list[list[Tree]] = [branches(part, box) or [] for part in children(tree)]
    if any(not choice for choice in choices) or math.prod(len(choice) for choice in choices) > _MOST_BRANCHES:
        return None
    kink = _kink(tree)
    side = 0 if kink is None else sign(to_interval(kink, box))
    sides = (0,) if kink is None else (side,) if side else (-1, 1)
    for parts in itertools.product(*choices):
        found += [_on_side(tree, list(parts), each) if each else rebuild(tree, parts) for each in sides]
    return list(dict.fromkeys(found))


def _kink(tree: Tree) -> Tree | None:
    """The argument at whose zeros the root of the tree has a kink or a jump."""
    match tree:
        case Call("min" | "max", (first, second)):
            return first - second
        case Call("abs" | "relu" | "step" | "impulse" | "dipole", (argument,)):
            return argument
    return None


def _on_side(tree: Tree, parts: list[Tree], side: int) -> Tree:
    """A kinked function of `parts` where the kink's argument is positive (side = 1) or negative."""
    assert isinstance(tree, Call)
    match tree.function:
        case "max" | "min" as function:
            return parts[0] if (side > 0) == (function == "max") else parts[1]
        case "abs":
            return side * parts[0]
        case "relu":
            return parts[0] if side > 0 else number(0)
        case "step":
            return number(1 if side > 0 else 0)
    return number(0)  # impulses are zero off zero
