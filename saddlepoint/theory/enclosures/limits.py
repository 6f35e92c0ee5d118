"""The limit of a tree at an end of its domain, by the rules for sums, products, powers and elementary functions.

An interval evaluation near an end bounds a function; it never shows that the function grows without bound. The rules
do, exactly, and where none applies (inf - inf, 0 * inf) the answer is that nothing is known.
"""

import math
from collections.abc import Mapping
from fractions import Fraction

from saddlepoint.objectives import elementary
from saddlepoint.objectives.interval import Interval
from saddlepoint.objectives.to_interval import to_interval
from saddlepoint.objectives.tree import Add, Call, D, Multiply, Number, Power, Tree, Variable
from saddlepoint.theory.enclosures.components import Component
from saddlepoint.theory.enclosures.enclosure import evaluate, sign

# An enclosure of a finite limit, an infinite one, or None where it is unknown.
Limit = Interval | float | None

_AT_INFINITY: Mapping[str, tuple[float, float]] = {
    "exp": (0.0, math.inf),
    "softplus": (0.0, math.inf),
    "sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, math.inf),
    "abs": (math.inf, math.inf),
    "step": (0.0, 1.0),
}
_ZERO = Interval(0.0, 0.0)


def limit_at(tree: Tree, component: Component, side: int, tail: Interval) -> Limit:
    """The limit of a tree at the upper (side = 1) or lower (-1) end of a component.

    Args:
        tail: a box of the component that reaches to that end, on which signs are looked up.
    """
    end = component.upper if side > 0 else component.lower
    vanishing = component.vanishing_above if side > 0 else component.vanishing_below
    inner = component.inner_upper if side > 0 else component.inner_lower

    def of(part: Tree) -> Limit:
        if part in vanishing or -part in vanishing:
            return _ZERO
        match part:
            case Variable():
                return end if math.isinf(end) else Interval(min(inner, end), max(inner, end))
            case Number(value):
                return Interval.around(value)
            case Add(terms):
                return _sum([of(term) for term in terms])
            case Multiply(factors):
                return _product([of(factor) for factor in factors])
            case Power(base, exponent):
                return _power(of(base), exponent, sign(evaluate(base, tail, component.known)))
            case Call("log", (argument,)):
                inside = of(argument)
                if inside is None:
                    return None
                if inside == _ZERO:
                    return -math.inf
                return inside if isinstance(inside, int | float) else _finite(part, inside)
            case Call("min" | "max", _):
                return None
            case Call(_, (argument,)):
                inside = of(argument)
                return _call(part, inside)
        return None

    return of(tree)


def _sum(limits: list[Limit]) -> Limit:
    infinite = {limit for limit in limits if isinstance(limit, float)}
    if None in limits or len(infinite) > 1:
        return None
    if infinite:
        return infinite.pop()
    total = _ZERO
    for limit in limits:
        assert isinstance(limit, Interval)
        total = total + limit
    return total


def _product(limits: list[Limit]) -> Limit:
    if None in limits:
        return None
    finite = [limit for limit in limits if isinstance(limit, Interval)]
    product = Interval(1.0, 1.0)
    for limit in finite:
        product = product * limit
    if len(finite) == len(limits):
        return product
    direction = sign(product)
    for limit in limits:
        if isinstance(limit, float):
            direction = direction if limit > 0 else -direction
    return math.copysign(math.inf, direction) if direction else None


def _power(base: Limit, exponent: Fraction, near: int) -> Limit:
    """near: the sign of the base next to the end."""
    if base is None:
        return None
    odd = exponent.denominator == 1 and exponent.numerator % 2 == 1
    if isinstance(base, float) or base == _ZERO:
        grows = isinstance(base, float) == (exponent > 0)
        if not grows:
            return _ZERO
        if odd and near == 0:
            return None
        return math.copysign(math.inf, near if odd else 1)
    assert isinstance(base, Interval)
    if exponent < 0 and 0 in base:
        return None
    return elementary.power(base, exponent)


def _call(part: Call, inside: Limit) -> Limit:
    if inside is None:
        return None
    if isinstance(inside, Interval):
        return _finite(part, inside)
    if part.function not in _AT_INFINITY:
        return None
    value = _AT_INFINITY[part.function][1 if inside > 0 else 0]
    return value if math.isinf(value) else Interval(value, value)


def _finite(part: Call, inside: Interval) -> Limit:
    if part.function in ("step", "impulse", "dipole") and 0 in inside:
        return None
    values = to_interval(Call(part.function, (D,)), inside)
    return None if values.is_empty or not (math.isfinite(values.lower) and math.isfinite(values.upper)) else values
