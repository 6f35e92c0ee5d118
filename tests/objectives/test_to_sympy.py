"""The printer to sympy: exact rationals, and the functions as sympy knows them."""

import mpmath
import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st

from saddlepoint.objectives.parser import parse
from saddlepoint.objectives.to_sympy import to_sympy
from tests.objectives.trees import evaluate, trees

X = sympy.Symbol("x", real=True)


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("0.1*D", X / 10),
        ("1e-3 + D", sympy.Rational(1, 1000) + X),
        ("D**0.5", sympy.sqrt(X)),
        ("1/D - D/(1-D)", 1 / X - X / (1 - X)),
        ("sigmoid(D)", 1 / (1 + sympy.exp(-X))),
        ("softplus(-D)", sympy.log(1 + sympy.exp(-X))),
        ("relu(D)", sympy.Max(0, X)),
        ("min(D, 1) + max(D, 1)", sympy.Min(X, 1) + sympy.Max(X, 1)),
        ("abs(D)*tanh(D)", sympy.Abs(X) * sympy.tanh(X)),
        ("log(2)", sympy.log(2)),
    ],
)
def test_expressions(text, expression):
    assert to_sympy(parse(text), X) == expression


def test_close_roots_stay_two():
    tree = parse("(D - 0.3)**2 - 1e-12")
    assert sympy.solve(to_sympy(tree, X), X) == [sympy.Rational(299999, 10**6), sympy.Rational(300001, 10**6)]


@given(trees(depth=2), st.fractions(-3, 3, max_denominator=16))
def test_values(tree, x):
    with mpmath.workdps(40):
        value = evaluate(tree, x)
        # sympy works on the complex plane, so only values that exist on the reals can be compared.
        assume(value is not None and abs(value) < 1e30)
        found = to_sympy(tree, X).subs(X, sympy.Rational(x.numerator, x.denominator)).evalf(30)
        assume(found.is_real)  # a real value by complex parts, as (-1)**(1/3) in an intermediate of exp(log)
        assert abs(mpmath.mpf(str(found)) - value) < 1e-15 * (1 + abs(value))


def test_the_symbol_is_real():
    with pytest.raises(AssertionError, match="real=True"):
        to_sympy(parse("D"), sympy.Symbol("D"))
