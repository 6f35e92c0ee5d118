"""A function of D in factors, whose sign an interval can see.

D/(1 - D)**2 + 1/(1 - D) becomes (1 - D)**-2, and exp(-D) - exp(-D/2) becomes exp(-D/2) (exp(-D/2) - 1). Factoring
cancels poles, so it is for use inside a domain that was settled on the formula as it stands.
"""

from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy

from saddlepoint.errors import UserError
from saddlepoint.objectives.derivative import differentiate
from saddlepoint.objectives.rewrite import stable
from saddlepoint.objectives.to_sympy import to_sympy
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
from saddlepoint.theory.exact import SYMBOL

# Factoring takes long beyond this, and tells little.
_HIGHEST_DEGREE = 40


@lru_cache(maxsize=1024)
def factored(tree: Tree) -> Tree:
    """The tree in factors where it is a rational function of D or a sum of exponentials; otherwise the tree itself."""
    if isinstance(tree, Add) and (product := _common_exponential(tree.terms)) is not None:
        return product
    if not _is_rational(tree) or isinstance(tree, Number | Variable):
        return tree
    numerator, denominator = sympy.fraction(sympy.cancel(sympy.together(to_sympy(tree, SYMBOL))))
    polynomials = [sympy.Poly(part, SYMBOL, domain="QQ") for part in (numerator, denominator)]
    if any(polynomial.degree() > _HIGHEST_DEGREE for polynomial in polynomials):
        return tree
    try:
        above, below = (_product(polynomial) for polynomial in polynomials)
        return multiply(*above, *[power(factor, Fraction(-1)) for factor in below])
    except UserError:  # a number outgrew what a tree can hold
        return tree


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


def _is_rational(tree: Tree) -> bool:
    match tree:
        case Number() | Variable():
            return True
        case Add(parts) | Multiply(parts):
            return all(_is_rational(part) for part in parts)
        case Power(base, exponent):
            return exponent.denominator == 1 and abs(exponent) <= _HIGHEST_DEGREE and _is_rational(base)
    return False


def _product(polynomial: sympy.Poly) -> list[Tree]:
    """The constant factor and the powers of the irreducible ones, each with a positive leading coefficient."""
    if polynomial.is_zero:
        return [number(0)]
    constant, factors = polynomial.factor_list()
    trees: list[Tree] = [number(_fraction(constant))]
    for factor, exponent in factors:
        base = _polynomial(factor)
        trees.append(power(base, Fraction(exponent)))
    return trees


def _polynomial(polynomial: sympy.Poly) -> Tree:
    """A quadratic as a square and a rest, whose sign shows at once; any other as the sum of its terms."""
    coefficients = [_fraction(value) for value in polynomial.all_coeffs()]
    if len(coefficients) == 3:
        a, b, c = coefficients
        return a * (D + b / (2 * a)) ** 2 + (c - b * b / (4 * a))
    degree = len(coefficients) - 1
    return add(
        *[number(value) * power(D, Fraction(degree - index)) for index, value in enumerate(coefficients) if value]
    )


def _fraction(value: Any) -> Fraction:
    """A rational number of sympy's."""
    return Fraction(int(value.p), int(value.q))
