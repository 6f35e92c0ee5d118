"""An independent check of a cover, as `prove --json` prints it: it knows the claims, not how the boxes were found.

A cover proves that V decreases if for each claim the boxes reach from D0 to both ends of the domain without a gap, and
each box's function or derivative, enclosed anew here, has the sign that the claim needs.
"""

import math
from fractions import Fraction
from typing import Any

import sympy

from saddlepoint.objectives import Separable, objective
from saddlepoint.objectives.derivative import differentiate
from saddlepoint.objectives.domain import conditions
from saddlepoint.objectives.interval import Interval
from saddlepoint.objectives.rewrite import stable
from saddlepoint.objectives.to_sympy import to_sympy
from saddlepoint.objectives.tree import Tree, number
from saddlepoint.theory.enclosures.enclosure import Function, evaluate, known_from
from saddlepoint.theory.enclosures.exact import SYMBOL


def check(answer: dict[str, Any]) -> None:
    """Fails unless the top certificate's cover proves what it says."""
    triple = objective(answer["objective"])
    assert isinstance(triple, Separable)
    certificate = answer["certificate"]
    assert certificate["cover"], "an empty cover proves nothing"
    if certificate["by"] == "distance":
        return _check_concave(triple, certificate)
    row = next(row for row in answer["rest_points"] if row["certificate"] == certificate)
    rest = row["D0"]
    f1, f2 = differentiate(triple.f1), differentiate(triple.f2)
    coupling = math.copysign(1, row["c"])
    functions = {"discriminator": stable(f1 + f2), "coupling": stable(f2), "generator": triple.f3}
    known = known_from([found for tree in (triple.f1, triple.f2, triple.f3, f1, f2) for found in conditions(tree)])
    lower, upper = _box(certificate["domain"])
    for claim, tree in functions.items():
        for side in (1, -1):
            wanted = {"discriminator": -side, "coupling": coupling, "generator": -side * coupling}[claim]
            at, first = rest, True
            links = [link for link in certificate["cover"] if link["claim"] == claim]
            links = [link for link in links if _far(link, side) * side > rest * side]
            for link in sorted(links, key=lambda link: side * _far(link, side)):
                low, high = _box(link["box"])
                near, far = (low, high) if side > 0 else (high, low)
                assert near * side <= at * side, f"a gap in {claim} from {at} to {near}"
                assert link["order"] <= 1 or first, "only the first box may use a higher derivative"
                assert not first or link["order"] >= 1 or claim == "coupling", "at D0 the function vanishes"
                assert not first or low <= rest <= high, "the first box holds D0"
                for order in range(1, link["order"]):
                    assert _vanishes(tree, order, row["D0_exact"]), f"derivative {order} of {claim} at D0"
                offset = evaluate(tree, _point(rest), known) if (claim, link["order"]) == ("generator", 0) else None
                box = Interval(low, high, lower_open=side < 0, upper_open=side > 0)
                values = _enclosed(tree, box, link["order"], known)
                values = values if offset is None else values - offset
                found = 1 if values.is_positive else -1 if values.is_negative else 0
                assert not values.is_empty and found * side ** link["order"] == wanted, (claim, link, values)
                at, first = far, False
            end = upper if side > 0 else lower
            assert at * side >= end * side, f"{claim} is proved up to {at} only"


def _check_concave(triple: Separable, certificate: dict[str, Any]) -> None:
    """f1'' <= 0 and f2'' <= 0 on boxes without a gap."""
    lower, upper = _box(certificate["domain"])
    for name, tree in (("f1", triple.f1), ("f2", triple.f2)):
        at = lower
        for low, high in sorted(_box(link["box"]) for link in certificate["cover"] if link["claim"] == name):
            assert low <= at
            assert _enclosed(tree, Interval(low, high), 2, known_from(conditions(tree))).is_nonpositive
            at = high
        assert at >= upper
    partners = (triple.f3 + triple.f2, triple.f3 - triple.f1)
    assert any(stable(differentiate(difference)) == number(0) for difference in partners)


def _vanishes(tree: Tree, order: int, exact: str) -> bool:
    """Whether a derivative is exactly zero at a rational D0."""
    derivative = to_sympy(tree, SYMBOL).diff(SYMBOL, order)
    value = Fraction(exact)
    return derivative.subs(SYMBOL, sympy.Rational(value.numerator, value.denominator)) == 0


def _enclosed(tree: Tree, box: Interval, order: int, known: dict[Tree, Interval]) -> Interval:
    return Function(tree, known).over(box, order)


def _point(value: float) -> Interval:
    return Interval(value, value)


def _box(ends: list[float | None]) -> tuple[float, float]:
    lower, upper = ends
    return (-math.inf if lower is None else lower, math.inf if upper is None else upper)


def _far(link: dict[str, Any], side: int) -> float:
    return _box(link["box"])[1 if side > 0 else 0]
