"""The catalogue against published values: rest points, h, c, k and f''(1), found by sympy from the trees alone."""

from typing import Any

import pytest
import sympy

from saddlepoint.objectives import Paired, Separable, objective
from saddlepoint.objectives.members import DIVERGENCES, FORMS, MEMBERS, member
from saddlepoint.objectives.to_sympy import to_sympy
from saddlepoint.objectives.tree import Tree

D = sympy.Symbol("D", real=True)
HALF = sympy.Rational(1, 2)


def factors(chosen: Separable, rest: sympy.Expr) -> tuple[sympy.Expr, ...]:
    """f1'(D0) + f2'(D0), which is to vanish, then h, c, k."""
    f1, f2, f3 = (to_sympy(tree, D) for tree in (chosen.f1, chosen.f2, chosen.f3))
    wanted = (sympy.diff(f1 + f2, D), sympy.diff(f1 + f2, D, 2), sympy.diff(f2, D), sympy.diff(f3, D))
    return tuple(sympy.simplify(expression.subs(D, rest)) for expression in wanted)


@pytest.mark.parametrize(
    ("name", "rest", "h", "c", "k"),
    [
        ("minimax", HALF, -8, -2, 2),
        ("non_saturating", HALF, -8, -2, 2),
        ("minimax@logit", 0, -HALF, -HALF, HALF),
        ("non_saturating@logit", 0, -HALF, -HALF, HALF),
        ("wasserstein", sympy.Rational(7, 3), 0, -1, 1),
        ("least_squares", HALF, -2, -HALF, HALF),
        ("least_squares(-1,1,0)", 0, -2, -1, 0),
        ("least_squares(-1,2,3)", HALF, -2, -3 * HALF, 5 * HALF),
        ("quadratic", 1, -1, 1, -1),
        ("fgan_jeffrey:minimax", 0, -2, -2, 2),
        ("fgan_jeffrey:non_saturating", 0, -2, -2, 2),
    ],
)
def test_rest_points_and_factors(name, rest, h, c, k):
    chosen = objective(name)
    assert isinstance(chosen, Separable)
    assert factors(chosen, sympy.sympify(rest, strict=True)) == (0, h, c, k)


@pytest.mark.parametrize("rest", ["-9/10", "0", "1/3"])
def test_hinge_inside_its_margin(rest):
    hinge = objective("hinge")
    assert isinstance(hinge, Separable)
    assert factors(hinge, sympy.Rational(rest)) == (0, 0, -1, 1)


# f, and f''(1), f'(1); f as in Nowozin et al. 2016.
U = sympy.Symbol("u", positive=True)
GENERATORS = {
    "fgan_kl": (U * sympy.log(U), 1, 1),
    "fgan_reverse_kl": (-sympy.log(U), 1, -1),
    "fgan_pearson": ((U - 1) ** 2, 2, 0),
    "fgan_neyman": ((1 - U) ** 2 / U, 2, 0),
    "fgan_squared_hellinger": ((sympy.sqrt(U) - 1) ** 2, HALF, 0),
    "fgan_js": (-(U + 1) * sympy.log((1 + U) / 2) + U * sympy.log(U), HALF, 0),
    "fgan_gan": (U * sympy.log(U) - (U + 1) * sympy.log(U + 1), HALF, -sympy.log(2)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", sorted(DIVERGENCES))
def test_f_gans_in_t(name, form):
    _, curvature, rest = GENERATORS[name]
    chosen = objective(f"{name}:{form}")
    assert isinstance(chosen, Separable)
    assert factors(chosen, sympy.sympify(rest, strict=True)) == (0, -1 / sympy.sympify(curvature, strict=True), -1, 1)


@pytest.mark.parametrize("name", sorted(GENERATORS))
def test_the_conjugate_is_that_of_f(name):
    """f*(f'(u)) = u f'(u) - f(u) for u > 0, and f''(1) and f'(1) are the table's."""
    f, curvature, rest = GENERATORS[name]
    slope = sympy.diff(f, U)
    assert sympy.simplify(slope.subs(U, 1) - rest) == 0
    assert sympy.simplify(sympy.diff(f, U, 2).subs(U, 1) - curvature) == 0
    chosen = objective(name)
    assert isinstance(chosen, Separable)
    conjugate = -to_sympy(chosen.f2, D).subs(D, slope)
    for at in (sympy.Rational(1, 3), 1, sympy.Rational(5, 2)):
        difference = (conjugate - (U * slope - f)).subs(U, at)
        assert abs(sympy.N(difference, 40)) < 1e-30


def test_jeffreys_functions_are_f_prime_and_its_conjugate():
    """With v = log u: f1 = f'(u), and f2 = -f*(f'(u)) = f(u) - u f'(u), for f = (u - 1) log u."""
    f = (U - 1) * sympy.log(U)
    slope = sympy.diff(f, U)
    chosen = objective("fgan_jeffrey")
    assert isinstance(chosen, Separable)
    f1, f2 = (to_sympy(tree, D).subs(D, sympy.log(U)) for tree in (chosen.f1, chosen.f2))
    assert sympy.simplify(f1 - slope) == 0
    assert sympy.simplify(f2 - (f - U * slope)) == 0
    assert sympy.diff(f, U, 2).subs(U, 1) == 2


@pytest.mark.parametrize("name", sorted(DIVERGENCES))
def test_the_link_reaches_the_rest_point_and_multiplies_h_and_ck(name):
    """In the raw output v with g(v0) = D0: h is multiplied by g'(v0)^2, and so is c k."""
    chosen, moved = objective(name), objective(f"{name}@output")
    assert isinstance(chosen, Separable) and isinstance(moved, Separable)
    _, curvature, rest = GENERATORS[name]
    link = to_sympy(chosen.link, D)
    (v0,) = sympy.solve(sympy.Eq(link, rest), D)
    slope: Any = sympy.diff(link, D).subs(D, v0)
    zero, h, c, k = factors(moved, v0)
    assert zero == 0
    assert sympy.simplify(h + slope**2 / curvature) == 0
    assert sympy.simplify(c * k + slope**2) == 0


@pytest.mark.parametrize(
    ("name", "slope", "curvature"),
    [("paired_logistic", HALF, -sympy.Rational(1, 4)), ("average_logistic", HALF, -sympy.Rational(1, 4))],
)
def test_paired_slopes(name, slope, curvature):
    chosen = objective(name)
    assert isinstance(chosen, Paired)
    f = to_sympy(chosen.f, D)
    assert sympy.diff(f, D).subs(D, 0) == slope
    assert sympy.diff(f, D, 2).subs(D, 0) == curvature


def value(tree: Tree, at: str) -> sympy.Expr:
    return to_sympy(tree, D).subs(D, sympy.Rational(at))


def test_the_hinges():
    hinge, paired = objective("hinge"), objective("paired_hinge")
    assert isinstance(hinge, Separable) and isinstance(paired, Paired)
    assert [value(hinge.f1, at) for at in ("-1", "0", "1", "2")] == [-2, -1, 0, 0]
    assert [value(hinge.f2, at) for at in ("-2", "-1", "0", "1")] == [0, 0, -1, -2]
    assert [value(paired.f, at) for at in ("-1", "1", "3")] == [-2, 0, 0]


@pytest.mark.parametrize("name", sorted(MEMBERS))
def test_the_text_of_a_member_is_its_definition(name):
    assert objective(MEMBERS[name].definition) == member(name)
