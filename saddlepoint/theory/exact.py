"""Closed forms: a root found numerically is recognised and then proved by sympy; what has none stays a number.

The roots of a rational function are sympy's, with their multiplicities. Elsewhere a candidate is a rational, the
logarithm of one, or a square root of one; guessing is harmless, because only an exact zero counts.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import mpmath
import sympy

from saddlepoint.objectives.interval import Interval
from saddlepoint.objectives.to_sympy import to_sympy
from saddlepoint.objectives.tree import Tree, call, number

SYMBOL = sympy.Symbol("D", real=True)
# A number of mpmath's, which has no types.
Real = Any
# Numerical values are computed with so many digits, and are good to all but a few of them.
DIGITS = 40
_LARGEST_DENOMINATOR = 10**9
_HIGHEST_DEGREE = 60
_MOST_OPERATIONS = 150


@dataclass(frozen=True, kw_only=True)
class Exact:
    """A number in closed form.

    Attributes:
        expression: for sympy.
        tree: the same as a tree without D, where there is one.
    """

    expression: sympy.Expr = field(compare=False)
    tree: Tree | None


def rational_roots(function: sympy.Expr) -> list[tuple[Exact | None, Real, int]] | None:
    """All real roots of a rational function, from left to right: closed form (rational or with square roots), number,
    multiplicity. None where the function is not rational.
    """
    if not function.is_rational_function(SYMBOL):
        return None
    numerator, denominator = sympy.fraction(sympy.together(function))
    if not (numerator.is_polynomial(SYMBOL) and denominator.is_polynomial(SYMBOL)):
        return None
    polynomial = sympy.Poly(numerator, SYMBOL)
    if (
        not polynomial.domain.is_Exact
        or polynomial.domain.is_Composite
        or not 0 <= polynomial.degree() <= _HIGHEST_DEGREE
    ):
        return None
    if not (polynomial.domain.is_ZZ or polynomial.domain.is_QQ):
        return None  # log(2) * D: a coefficient without exact arithmetic
    found = []
    for root, multiplicity in sympy.real_roots(polynomial, multiple=False):
        exact = None
        if root.is_Rational:
            exact = Exact(expression=root, tree=number(Fraction(int(root.p), int(root.q))))
        elif not root.has(sympy.CRootOf) and sympy.minimal_polynomial(root, polys=True).degree() == 2:
            exact = Exact(expression=root, tree=None)
        found.append((exact, mpmath.mpf(root.evalf(DIGITS)), int(multiplicity)))
    return sorted(found, key=lambda entry: entry[1])


def ball(exact: Exact | None, near: Real) -> Interval:
    """Floats around a number that is known to DIGITS digits, the float itself where it is one."""
    if exact is not None and exact.expression.is_Rational:
        return Interval.around(Fraction(str(exact.expression)))
    value = float(near)
    return Interval(math.nextafter(value, -math.inf), math.nextafter(value, math.inf))


def closed_form(function: sympy.Expr, near: Real) -> Exact | None:
    """The root of a function of SYMBOL next to `near` in closed form, proved; None if none is recognised."""
    for candidate in _candidates(function, near):
        if is_zero(function.subs(SYMBOL, candidate.expression)):
            return candidate
    return None


def value_at(tree: Tree, root: Exact | None, near: Real) -> tuple[sympy.Expr | None, Real]:
    """A tree's value at a root: in closed form where the root has one, and as a number of DIGITS digits."""
    expression = to_sympy(tree, SYMBOL)
    if root is not None and expression.count_ops() <= _MOST_OPERATIONS:
        exact = _simplified(expression.subs(SYMBOL, root.expression))
        if exact.is_real and exact.is_finite:
            return exact, mpmath.mpf(sympy.re(exact.evalf(DIGITS)))
    with mpmath.workdps(DIGITS):
        return None, mpmath.re(numeric(expression)(near))


def refined(function: sympy.Expr, lower: float, upper: float) -> Real:
    """The root of a function that changes its sign between two floats, to DIGITS digits."""
    with mpmath.workdps(DIGITS + 10):
        evaluate = numeric(function)
        below, above = mpmath.mpf(lower), mpmath.mpf(upper)
        rising = evaluate(above) > 0
        for _ in range(int(DIGITS * 3.4)):
            middle = (below + above) / 2
            if (evaluate(middle) > 0) == rising:
                above = middle
            else:
                below = middle
        return (below + above) / 2


def numeric(function: sympy.Expr) -> Callable[[Real], Any]:
    """The function for mpmath, at whatever precision is in force."""
    return sympy.lambdify(SYMBOL, function, modules="mpmath")


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


def vanishes(expression: sympy.Expr) -> bool:
    """Whether an expression in SYMBOL is the zero function; False also where sympy cannot tell."""
    return _simplified(expression) == 0


def _simplified(expression: sympy.Expr) -> sympy.Expr:
    """Simplified, where that takes no time to speak of."""
    return sympy.simplify(expression) if expression.count_ops() <= _MOST_OPERATIONS else expression


def _candidates(function: sympy.Expr, near: Real) -> Iterator[Exact]:
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
