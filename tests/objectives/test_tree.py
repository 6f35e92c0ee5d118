"""Trees: exact numbers, one light normal form, and nothing else that is reordered or lost."""

from fractions import Fraction
from typing import Any, cast

import pytest

from saddlepoint.errors import UserError
from saddlepoint.objectives.tree import (
    Add,
    D,
    Multiply,
    Number,
    Power,
    add,
    call,
    coefficient,
    depth,
    is_constant,
    multiply,
    number,
    power,
    size,
    substitute,
)


def test_numbers_are_folded_exactly():
    assert number(1) / 3 + Fraction(1, 6) == Number(Fraction(1, 2))
    assert (number(2) / 3) ** 3 == Number(Fraction(8, 27))
    assert 1 + D + Fraction(1, 3) == Add((Number(Fraction(4, 3)), D))
    assert D * 3 * Fraction(1, 3) == D
    assert 0 * D == 0 * call("exp", D) == number(0)


def test_zero_times_a_partial_function_keeps_its_domain():
    for partial in (call("log", D), 1 / D, call("exp", D ** Fraction(1, 2))):
        assert 0 * partial == Multiply((number(0), partial))


def test_sums_and_products_are_flat_and_keep_their_order():
    assert add(D, add(call("exp", D), D)) == Add((D, call("exp", D), D))
    assert multiply(D, 2 * call("exp", D)) == Multiply((number(2), D, call("exp", D)))
    assert 1 - D != -D + 1
    assert add() == number(0)
    assert multiply() == number(1)


def test_subtraction_and_division_are_sums_and_products():
    assert D - 1 == Add((D, number(-1)))
    assert -1 * (-D) == D
    assert 1 / D == Power(D, Fraction(-1))
    assert D / 2 == Multiply((number(Fraction(1, 2)), D))
    assert call("sqrt", D) == D ** Fraction(1, 2)
    assert D**1 == D
    assert D**0 == number(1)


def test_equal_trees_have_equal_hashes():
    assert len({D**2 + 1, D**2 + 1, D**2 + 2}) == 2


def test_substitute_puts_a_tree_in_the_place_of_the_variable():
    assert substitute(1 - D**2, 1 - D) == 1 - (1 - D) ** 2
    assert substitute(D + 1, D - 1) == D


def test_measures():
    tree = call("log", 1 - D) * 2
    assert (depth(tree), size(tree)) == (5, 8)
    assert coefficient(tree) == (2, call("log", 1 - D))
    assert coefficient(number(3)) == (3, number(1))
    assert is_constant(call("log", number(2))) and not is_constant(tree)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: D + cast(Any, 0.1), "0.1 in a formula"),
        (lambda: D * True, "True in a formula"),
        (lambda: number(10) ** 301, "too large"),
        (lambda: number(1) / 10**301, "too large"),
        (lambda: 1 / number(0), "division by zero"),
        (lambda: power(D, Fraction(1001)), "exponent 1001"),
    ],
)
def test_what_a_tree_refuses(build, message):
    with pytest.raises(UserError, match=message):
        build()
