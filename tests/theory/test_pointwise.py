"""The pointwise field against formulas derived by hand (minimax, quadratic), and the identity of dV/dt by sympy."""

from fractions import Fraction

import numpy as np
import pytest
import sympy

from saddlepoint.errors import UserError
from saddlepoint.objectives import objective
from saddlepoint.objectives.to_sympy import to_sympy
from saddlepoint.objectives.tree import number
from saddlepoint.theory.pointwise import pointwise_field

x = sympy.Symbol("x", real=True)


def test_minimax_field_by_hand():
    D, p_g = np.linspace(0.05, 0.95, 19), np.linspace(0.0, 2.0, 19)
    dD, dp = pointwise_field(objective("minimax")).velocity(0.5, 0.2)(D, p_g)
    np.testing.assert_allclose(dD, 0.2 / D - p_g / (1 - D), rtol=1e-13)
    np.testing.assert_allclose(dp, -np.log(1 - D) - np.log(2), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(
    ("name", "rest", "rate"),
    [
        ("minimax", Fraction(1, 2), (2 * x - 1) * sympy.log(2 - 2 * x) / x),
        ("non_saturating", Fraction(1, 2), (1 / x - 2) * (sympy.log(x) + sympy.log(2))),
        ("quadratic", Fraction(1), -((x - 1) ** 2)),
        ("least_squares", Fraction(1, 2), (2 * x - 3) * (2 * x - 1) ** 2 / (8 * x)),
        ("wasserstein", Fraction(0), sympy.Integer(0)),
    ],
)
def test_lyapunov_rate_is_the_known_formula(name, rest, rate):
    field = pointwise_field(objective(name))
    ours = to_sympy(field.lyapunov_slope_tree(number(rest)) * field.balance, x)
    assert sympy.simplify(ours.subs(x, sympy.Rational(1, 3)) - rate.subs(x, sympy.Rational(1, 3))) == 0
    at = np.linspace(0.1, 0.9, 9)
    expected = sympy.lambdify(x, rate, "numpy")(at) * np.ones(9)
    np.testing.assert_allclose(field.lyapunov_rate(float(rest), 1.0)(at), expected, rtol=1e-11, atol=1e-15)


def test_a_paired_objective_has_no_pointwise_field():
    with pytest.raises(UserError, match="linearised"):
        pointwise_field(objective("paired_logistic"))
