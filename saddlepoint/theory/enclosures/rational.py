"""A function of D in factors, whose sign an interval can see; and the roots of a rational function, all of them.

D/(1 - D)**2 + 1/(1 - D) becomes (1 - D)**-2, and exp(-D) - exp(-D/2) becomes exp(-D/2) (exp(-D/2) - 1). Factoring
cancels poles, so it is for use inside a domain that was settled on the formula as it stands.

Polynomials are FLINT's (python-flint), exact and fast; its roots come with rigorous bounds, and real ones are known so.
"""

from fractions import Fraction
from functools import lru_cache
from typing import Any

import flint
import mpmath
import sympy
from flint import fmpq, fmpq_poly

from saddlepoint.errors import UserError
from saddlepoint.objectives.derivative import differentiate
from saddlepoint.objectives.rewrite import stable
from saddlepoint.objectives.to_mpmath import Real
from saddlepoint.objectives.tree import (
    Add,
    Call,
    D,
    Multiply,
    Number,
    Power,
    Tree,
    Variable,
    add,
    call,
    coefficient,
    multiply,
    number,
    power,
)
from saddlepoint.theory.enclosures.exact import DIGITS, Exact

# Factors of a higher degree tell an interval little.
_HIGHEST_DEGREE = 100
# Roots of a higher degree, or of longer numbers (bits of the largest, times the degree), take seconds.
_HIGHEST_ROOTS = 100
_MOST_BITS = 500_000

_Quotient = tuple[fmpq_poly, fmpq_poly]
_ONE = fmpq_poly([1])


@lru_cache(maxsize=1024)
def factored(tree: Tree) -> Tree:
    """The tree in factors where it is a rational function of D or a sum of exponentials; otherwise the tree itself."""
    if isinstance(tree, Add) and (product := _common_exponential(tree.terms)) is not None:
        return product
    if isinstance(tree, Number | Variable):
        return tree
    quotient = _quotient(tree)
    if quotient is None or any(polynomial.degree() > _HIGHEST_DEGREE for polynomial in quotient):
        return tree
    try:
        above, below = (_product(polynomial) for polynomial in quotient)
        return multiply(*above, *[power(factor, Fraction(-1)) for factor in below])
    except UserError:  # a number outgrew what a tree can hold
        return tree


def rational_roots(tree: Tree) -> list[tuple[Exact | None, Real, int]] | None:
    """All real roots of a rational function, from left to right: closed form (rational or with square roots), number,
    multiplicity. None where the function is not rational, or of too high a degree.
    """
    quotient = _quotient(tree)
    if quotient is None or quotient[0].degree() < 0:
        return None
    found = []
    _, factors = quotient[0].factor()
    for factor, multiplicity in factors:
        found += [(exact, near, int(multiplicity)) for exact, near in _roots(factor)]
    return sorted(found, key=lambda entry: entry[1])


def _roots(factor: fmpq_poly) -> list[tuple[Exact | None, Real]]:
    """The real roots of an irreducible polynomial."""
    coefficients = _coefficients(factor)
    with mpmath.workdps(DIGITS):
        if len(coefficients) == 2:
            root = -coefficients[1] / coefficients[0]
            expression = sympy.Rational(root.numerator, root.denominator)
            return [(Exact(expression=expression, tree=number(root)), mpmath.mpf(root.numerator) / root.denominator)]
        if len(coefficients) == 3:
            a, b, c = (sympy.Rational(value.numerator, value.denominator) for value in coefficients)
            if b * b < 4 * a * c:
                return []
            both = [(-b + side * sympy.sqrt(b * b - 4 * a * c)) / (2 * a) for side in (-1, 1)]
            both = [sympy.expand(root) for root in both]
            return [(Exact(expression=root, tree=None), mpmath.mpf(root.evalf(DIGITS))) for root in both]
    with flint.ctx.workdps(DIGITS + 10):
        every: list[Any] = factor.numer().complex_roots()  # pairs (root, multiplicity), whatever the stub says
        roots = [root.real.mid().man_exp() for root, _ in every if root.imag == 0]
    return [(None, mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))) for mantissa, exponent in roots]


def _common_exponential(terms: tuple[Tree, ...]) -> Tree | None:
    """A sum of exponentials that all grow, or all fall, with the slowest of them in front."""
    slopes: list[tuple[Fraction, Tree]] = []
    for term in terms:
        _, rest = coefficient(term)
        if not (isinstance(rest, Call) and rest.function == "exp"):
            return None
        slope = stable(differentiate(rest.arguments[0]))
        if not isinstance(slope, Number):
            return None
        slopes.append((slope.value, rest.arguments[0]))
    if len({value > 0 for value, _ in slopes}) > 1:
        return None
    _, slowest = min(slopes, key=lambda entry: abs(entry[0]))
    parts = [
        number(coefficient(term)[0]) * stable(call("exp", argument - slowest))
        for term, (_, argument) in zip(terms, slopes, strict=True)
    ]
    return call("exp", slowest) * add(*parts)


@lru_cache(maxsize=1024)
def _quotient(tree: Tree) -> _Quotient | None:
    """A rational function as (numerator, denominator) without a common factor; None for others, and very large ones."""
    quotient: _Quotient | None = None
    match tree:
        case Number(value):
            return fmpq_poly([fmpq(value.numerator, value.denominator)]), _ONE
        case Variable():
            return fmpq_poly([0, 1]), _ONE
        case Add(parts) | Multiply(parts):
            for part in parts:
                other = _quotient(part)
                if other is None:
                    return None
                if quotient is None:
                    quotient = other
                elif isinstance(tree, Add):
                    below = quotient[1] * other[1]
                    quotient = _bounded(quotient[0] * other[1] + other[0] * quotient[1], below)
                else:
                    quotient = _bounded(quotient[0] * other[0], quotient[1] * other[1])
                if quotient is None:
                    return None
        case Power(base, exponent) if exponent.denominator == 1 and abs(exponent) <= _HIGHEST_ROOTS:
            inside = _quotient(base)
            size = abs(int(exponent))
            if inside is None or max(part.degree() for part in inside) * size > _HIGHEST_ROOTS:
                return None
            above, below = inside[0] ** size, inside[1] ** size
            if exponent < 0:
                above, below = below, above
            quotient = None if below.degree() < 0 else _bounded(above, below)
    return quotient


def _bounded(above: fmpq_poly, below: fmpq_poly) -> _Quotient | None:
    """A quotient without its common factor; None where roots and factors would take too long."""
    common = above.gcd(below)
    if common.degree() > 0:
        above, below = above // common, below // common
    for polynomial in (above, below):
        degree = polynomial.degree()
        numbers = [int(value) for value in polynomial.numer().coeffs()]
        if degree > _HIGHEST_ROOTS or degree * max((value.bit_length() for value in numbers), default=0) > _MOST_BITS:
            return None
    return above, below


def _product(polynomial: fmpq_poly) -> list[Tree]:
    """The constant factor and the powers of the irreducible ones, each with a positive leading coefficient."""
    if polynomial.degree() < 0:
        return [number(0)]
    constant, factors = polynomial.factor()
    trees: list[Tree] = [number(_fraction(constant))]
    for base, exponent in sorted(((_coefficients(factor), exponent) for factor, exponent in factors), key=_order):
        trees.append(power(_polynomial(base), Fraction(exponent)))
    return trees


def _order(factor: tuple[list[Fraction], int]) -> tuple[int, int, list[Fraction]]:
    """Simple factors first, so that equal functions become equal trees."""
    return factor[1], len(factor[0]), factor[0]


def _polynomial(coefficients: list[Fraction]) -> Tree:
    """A quadratic as a square and a rest, whose sign shows at once; any other as the sum of its terms."""
    if len(coefficients) == 3:
        a, b, c = coefficients
        return a * (D + b / (2 * a)) ** 2 + (c - b * b / (4 * a))
    degree = len(coefficients) - 1
    return add(
        *[number(value) * power(D, Fraction(degree - index)) for index, value in enumerate(coefficients) if value]
    )


def _coefficients(polynomial: fmpq_poly) -> list[Fraction]:
    """From the highest power down."""
    return [_fraction(value) for value in reversed(polynomial.coeffs())]


def _fraction(value: Any) -> Fraction:
    """A rational number of FLINT's."""
    return Fraction(int(value.p), int(value.q))
