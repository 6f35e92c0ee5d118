"""The stable form: equal in value, equal in domain, stable in fact, and a fixed point of itself."""

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saddlepoint.errors import UserError
from saddlepoint.objectives.exponentials import exponential, is_positive, logarithm
from saddlepoint.objectives.parser import parse
from saddlepoint.objectives.rewrite import stable
from saddlepoint.objectives.to_text import to_text
from saddlepoint.objectives.tree import D, call, substitute
from tests.objectives.trees import evaluate, trees

SIGMOID = call("sigmoid", D)


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("log(sigmoid(D))", "-softplus(-D)"),
        ("log(1 - sigmoid(D))", "-softplus(D)"),
        ("log(1/(1 + exp(-D)))", "-softplus(-D)"),
        ("1 - sigmoid(-D)", "sigmoid(D)"),
        ("2*sigmoid(D) - 2", "-2*sigmoid(-D)"),
        ("(sigmoid(D) - 1)**2", "sigmoid(-D)**2"),
        ("1 - tanh(D)", "2*sigmoid(-2*D)"),
        ("3 + 3*tanh(D/2)", "6*sigmoid(D)"),
        ("log(exp(D))", "D"),
        ("log(3*exp(2*D))", "log(3) + 2*D"),
        ("log(1 + exp(D))", "softplus(D)"),
        ("log(2 + exp(D))", "log(2) + softplus(D + log(1/2))"),
        ("log(exp(D) + exp(-D))", "D + softplus(-2*D)"),
        ("exp(-softplus(-D))", "sigmoid(D)"),
        ("exp(softplus(D))", "1 + exp(D)"),
        ("exp(log(2) - softplus(-D))", "2*sigmoid(D)"),
        ("exp(D)*exp(1 - D)", "exp(1)"),
        ("sqrt(exp(D))", "exp(D/2)"),
        ("exp(D)/exp(3*D)", "exp(-2*D)"),
        ("(1 - exp(-D))*exp(D)", "exp(D) - 1"),
        ("exp(D)/(1 + exp(D))", "sigmoid(D)"),
        ("sigmoid(D)/(1 - sigmoid(D))", "exp(D)"),
        ("log(sigmoid(D)/(1 - sigmoid(D)))", "D"),
        ("1/sigmoid(D)", "1 + exp(-D)"),
        ("sqrt(sigmoid(D))", "exp(-softplus(-D)/2)"),
        ("1 - (1 - D)", "D"),
        ("D + 2*D - 3*D", "0"),
        ("D*D**2", "D**3"),
        ("exp(0) + log(1)", "1"),
    ],
)
def test_rules(text, rewritten):
    assert to_text(stable(parse(text))) == rewritten


@pytest.mark.parametrize(
    "text",
    [
        "log(D) - log(D)",
        "D/D",
        "exp(log(D))",
        "sqrt(D)*sqrt(D)",
        "log(D**2)",
        "log(-D)",
        "log(D*(D - 1))",
        "sqrt(D**2)",
    ],
)
def test_nothing_is_rewritten_at_the_price_of_the_domain(text):
    tree = parse(text)
    for x in (-2, -1, 0, 1, 2):
        assert (evaluate(stable(tree), x) is None) == (evaluate(tree, x) is None)


@given(trees(), st.booleans(), st.fractions(-5, 5, max_denominator=7))
def test_the_value_and_the_domain_stay(tree, linked, x):
    if linked:
        tree = substitute(tree, SIGMOID)
    try:
        rewritten = stable(tree)
    except UserError:  # a division by zero that came to light, D/(D - D): no value anywhere
        assert evaluate(tree, x) is None
        return
    assert stable(rewritten) == rewritten
    with mpmath.workdps(80):
        before, after = evaluate(tree, x), evaluate(rewritten, x)
        assert (before is None) == (after is None)
        if before is not None and mpmath.isfinite(before):
            assert abs(before - after) <= mpmath.mpf(10) ** -30 * (1 + abs(before))


def test_signs():
    assert is_positive(parse("exp(D)*sigmoid(-D)/softplus(D) + 1/3"))
    assert not is_positive(parse("D**2"))
    assert not is_positive(D)


def test_log_and_exp_undo_each_other_only_where_both_exist():
    assert logarithm(call("exp", D)) == D
    assert exponential(call("log", SIGMOID)) == SIGMOID
    assert exponential(call("log", D)) == call("exp", call("log", D))
