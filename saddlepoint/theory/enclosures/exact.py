"""Closed forms: a root found numerically is recognised and then proved by sympy; what has none stays a number.

A candidate is a rational, the logarithm of one, or a square root of one; guessing is harmless, because only an exact
zero counts. Sympy cannot be interrupted, so it is asked only about short expressions without kinks whose parts are
numbers of ordinary size: everything else is computed from the trees themselves.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import mpmath
import sympy

from saddlepoint.objectives.budget import left
from saddlepoint.objectives.interval import Interval
from saddlepoint.objectives.to_interval import to_interval
from saddlepoint.objectives.to_mpmath import NoValue, Real, to_mpmath
from saddlepoint.objectives.to_sympy import to_sympy
from saddlepoint.objectives.tree import Call, Tree, call, children, number, size

SYMBOL = sympy.Symbol("D", real=True)
# Numerical values are computed with so many digits, and are good to all but a few of them.
DIGITS = 40
_LARGEST_DENOMINATOR = 10**9
# What sympy is asked about: so many nodes of a tree, so many operations of what is simplified, parts below this.
_MOST_NODES = 150
_MOST_OPERATIONS = 80
_LARGEST_PART = 1e100
# And numbers up to this one beside logarithms: of n log(2) sympy makes log(2**n), however many digits that has.
_LARGEST_FACTOR = 10**5


@dataclass(frozen=True, kw_only=True)
class Exact:
    """A number in closed form.

    Attributes:
        expression: for sympy.
        tree: the same as a tree without D, where there is one.
    """

    expression: sympy.Expr = field(compare=False)
    tree: Tree | None


def ball(exact: Exact | None, near: Real) -> Interval:
    """Floats around a number that is known to DIGITS digits, the float itself where it is one."""
    if exact is not None and exact.expression.is_Rational:
        return Interval.around(Fraction(str(exact.expression)))
    value = float(near)
    return Interval(math.nextafter(value, -math.inf), math.nextafter(value, math.inf))


def closed_form(function: Tree, near: Real) -> Exact | None:
    """The root of a function of D next to `near` in closed form, proved; None if none is recognised."""
    around = ball(None, near)
    for candidate in _candidates(near):
        if vanishes_at(function, candidate, around):
            return candidate
    return None


def vanishes_at(function: Tree, root: Exact, around: Interval) -> bool:
    """Whether a function of D is exactly zero at a number, proved; False also where that is not known, or not soon.

    Args:
        function: of D.
        root: the number.
        around: floats around it.
    """
    with mpmath.workdps(DIGITS + 10):
        # The number first: a proof is only worth its time where it can succeed.
        try:
            size_there = abs(to_mpmath(function)(mpmath.mpf(root.expression.evalf(DIGITS + 10))))
        except NoValue:
            return False
        if size_there > mpmath.mpf(10) ** (-DIGITS // 2):
            return False
    return _is_plain(function, around) and is_zero(to_sympy(function, root.expression))


def value_at(tree: Tree, root: Exact | None, near: Real, around: Interval) -> tuple[sympy.Expr | None, Real | None]:
    """A tree's value at a root: in closed form where the root has one, and as a number of DIGITS digits.

    Neither where the number is out of reach.

    Args:
        tree: of D.
        root: in closed form.
        near: the root as a number.
        around: floats around it.
    """
    if root is not None and _is_plain(tree, around):
        exact = _simplified(to_sympy(tree, root.expression))
        if exact.is_real and exact.is_finite:
            return exact, mpmath.mpf(sympy.re(exact.evalf(DIGITS)))
    with mpmath.workdps(DIGITS):
        try:
            return None, to_mpmath(tree)(near)
        except NoValue:
            return None, None


def refined(function: Tree, lower: float, upper: float) -> Real:
    """The root of a function that changes its sign between two floats, to DIGITS digits if its values are in reach."""
    with mpmath.workdps(DIGITS + 10):
        evaluate = to_mpmath(function)
        below, above = mpmath.mpf(lower), mpmath.mpf(upper)
        try:
            rising = evaluate(above) > 0
            for _ in range(int(DIGITS * 3.4)):
                middle = (below + above) / 2
                if (evaluate(middle) > 0) == rising:
                    above = middle
                else:
                    below = middle
        except NoValue:
            pass  # as near as it came
        return (below + above) / 2


def is_zero(expression: sympy.Expr) -> bool:
    """Whether an expression without D is exactly zero; False also where sympy cannot tell, or not soon."""
    if expression.count_ops() > _MOST_OPERATIONS:
        return False
    if expression.is_zero is not None:
        return bool(expression.is_zero)
    if expression.has(sympy.nan, sympy.zoo, sympy.oo):
        return False
    # The number first: a proof is only worth its time where it can succeed.
    approximate = expression.evalf(30)
    if not approximate.is_number or abs(approximate) > 1e-20:
        return False
    return _simplified(expression) == 0


def vanishes(function: Tree) -> bool:
    """Whether a function of D is the zero function; False also where sympy cannot tell, or not soon."""
    return size(function) <= _MOST_NODES and left() > 0 and _simplified(to_sympy(function, SYMBOL)) == 0


def _is_plain(tree: Tree, around: Interval) -> bool:
    """Whether sympy may be asked about a tree at a number: it is short, and no part of it is huge or has a kink."""
    return left() > 0 and size(tree) <= _MOST_NODES and _parts_are_plain(tree, around)


def _parts_are_plain(tree: Tree, around: Interval) -> bool:
    values = to_interval(tree, around)
    if values.is_empty or not (values.lower > -_LARGEST_PART and values.upper < _LARGEST_PART):
        return False
    if isinstance(tree, Call) and tree.function in ("step", "impulse", "dipole"):
        return False
    return all(_parts_are_plain(part, around) for part in children(tree))


def _simplified(expression: sympy.Expr) -> sympy.Expr:
    """Simplified, where that takes no time to speak of."""
    if expression.count_ops() > _MOST_OPERATIONS:
        return expression
    if expression.has(sympy.log) and any(
        max(abs(each.p), each.q) > _LARGEST_FACTOR for each in expression.atoms(sympy.Rational)
    ):
        return expression
    return sympy.simplify(expression)


def _candidates(near: Real) -> Iterator[Exact]:
    with mpmath.workdps(DIGITS):
        ratio = _rational(near)
        if ratio is not None:
            yield Exact(expression=_sympy(ratio), tree=number(ratio))
        if abs(near) < 100 and (ratio := _rational(mpmath.exp(near))) is not None and ratio > 0:
            yield Exact(expression=sympy.log(_sympy(ratio)), tree=call("log", number(ratio)))
        if (ratio := _rational(near * near)) is not None and ratio > 0:
            root = sympy.sqrt(_sympy(ratio))
            tree = call("sqrt", number(ratio))
            yield Exact(expression=root if near > 0 else -root, tree=tree if near > 0 else -tree)


def _rational(value: Real) -> Fraction | None:
    """The simple fraction that agrees with a number to thirty digits."""
    exact = Fraction(*_ratio(value))
    simple = exact.limit_denominator(_LARGEST_DENOMINATOR)
    return simple if abs(simple - exact) <= abs(exact) * Fraction(1, 10**30) + Fraction(1, 10**32) else None


def _ratio(value: Real) -> tuple[int, int]:
    sign, mantissa, exponent, _ = value._mpf_
    mantissa = -int(mantissa) if sign else int(mantissa)
    return (mantissa << exponent, 1) if exponent >= 0 else (mantissa, 1 << -exponent)


def _sympy(value: Fraction) -> sympy.Expr:
    return sympy.Rational(value.numerator, value.denominator)
