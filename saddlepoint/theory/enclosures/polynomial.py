"""Polynomials in D over a box: by Taylor's formula about its middle, where the sum of the terms is far too wide.

D**16 - 136 D**15 + ... has terms of 1e18 and values of 1e10 next to D = -15: term by term only boxes of 1e-8 keep a
sign. About the middle c of a box of radius r, p lies within p(c) +- sum |p^(k)(c)| / k! r**k, and the c_k are exact.
"""

import math
from collections.abc import Callable
from fractions import Fraction

import flint
from flint import arb, arb_poly, fmpq, fmpq_poly

from saddlepoint.objectives.elementary import power
from saddlepoint.objectives.interval import Interval, ends_of, make
from saddlepoint.objectives.tree import Add, D, Number, Power, Tree, coefficient

# Below this degree the terms do as well.
_LOWEST_DEGREE = 3
_BITS = 200


def polynomial(tree: Tree) -> Callable[[Interval], Interval] | None:
    """The enclosure of a sum of powers of D over a box; None for other trees, and where the terms do as well."""
    terms = _terms(tree)
    if terms is None or max(terms) < _LOWEST_DEGREE:
        return None
    exact = fmpq_poly([fmpq(*terms.get(degree, Fraction(0)).as_integer_ratio()) for degree in range(max(terms) + 1)])
    weighted = [(Interval.around(value), degree) for degree, value in terms.items()]

    def by_terms(box: Interval) -> Interval:
        total = Interval(0.0, 0.0)
        for value, degree in weighted:
            total = total + (value * power(box, Fraction(degree)) if degree else value)
        return total

    def over(box: Interval) -> Interval:
        if not (math.isfinite(box.lower) and math.isfinite(box.upper)):
            return by_terms(box)
        with flint.ctx.workprec(_BITS):
            centre = (arb(box.lower) + arb(box.upper)) / 2
            reach = arb(0, (arb(box.upper) - centre).upper())
            low, high = ends_of(arb_poly(exact)(arb_poly([centre.mid(), 1]))(reach + (centre - centre.mid())))
        values = make(low, high)
        # Next to D = 0, and over it, the terms may know better: they see that an even power has a sign.
        near = min(abs(box.lower), abs(box.upper)) <= 2 * box.width or box.lower <= 0 <= box.upper
        return values.intersect(by_terms(box)) if near and 0 in values else values

    return over


def _terms(tree: Tree) -> dict[int, Fraction] | None:
    """The coefficients of a sum of powers of D by their degree; None for other trees."""
    if not isinstance(tree, Add):
        return None
    terms: dict[int, Fraction] = {}
    for term in tree.terms:
        value, rest = coefficient(term)
        match rest:
            case Number():
                degree = 0
            case _ if rest == D:
                degree = 1
            case Power(base, exponent) if base == D and exponent.denominator == 1 and exponent > 0:
                degree = int(exponent)
            case _:
                return None
        terms[degree] = terms.get(degree, Fraction(0)) + value
    return terms
