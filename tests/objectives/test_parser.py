"""The parser: Python's precedence, exact decimals, and an error that points at its column for everything else."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saddlepoint.errors import UserError
from saddlepoint.objectives.parser import DEEPEST_NESTING, LONGEST_TEXT, parse
from saddlepoint.objectives.tree import FUNCTIONS, D, call, number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-2**2", -4),
        ("(-2)**2", 4),
        ("2**-1", Fraction(1, 2)),
        ("2**3**2", 512),
        ("-2**-2", Fraction(-1, 4)),
        ("2*-3", -6),
        ("1 - 2 - 3", -4),
        ("8/4/2", 1),
        ("6/2*3", 9),
        ("1 - 2*3 + 4/8", Fraction(-9, 2)),
        ("+--+1", 1),
        ("0.1 + 0.2", Fraction(3, 10)),
        (".5", Fraction(1, 2)),
        ("2.", 2),
        ("1e-3", Fraction(1, 1000)),
        ("2.5E+2", 250),
        ("1.e1", 10),
        ("1e300", 10**300),
        ("0.000002", Fraction(1, 500000)),
    ],
)
def test_numbers_follow_python_and_are_exact(text, value):
    assert parse(text) == number(value)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("D", D),
        (" ( D ) ", D),
        ("-D**2/2", -(D**2) / 2),
        ("log(1-D)", call("log", 1 - D)),
        ("sqrt(D)", D ** Fraction(1, 2)),
        ("D**0.5", D ** Fraction(1, 2)),
        ("D**-2", D**-2),
        ("min(0, D - 1)", call("min", number(0), D - 1)),
        ("max(D,2)*abs(D)", call("max", D, number(2)) * call("abs", D)),
        ("2**D", call("exp", D * call("log", number(2)))),
        ("D**D", call("exp", D * call("log", D))),
        ("1 -\n D", 1 - D),
    ],
)
def test_formulas(text, tree):
    assert parse(text) == tree


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_every_function_is_read_with_its_number_of_arguments(function):
    arguments = ", ".join(["D"] * FUNCTIONS[function])
    assert parse(f"{function}({arguments})") == call(function, *[D] * FUNCTIONS[function])
    with pytest.raises(UserError, match=r"column \d+"):
        parse(f"{function}({arguments}, D)")
    with pytest.raises(UserError, match=rf"column {len(function) + 1} "):
        parse(function)


@pytest.mark.parametrize(
    ("text", "column", "got"),
    [
        ("", 1, "the end"),
        ("D +", 4, "the end"),
        ("D D", 3, "'D'"),
        ("2D", 2, "'D'"),
        ("(D", 3, "the end"),
        ("D)", 2, r"'\)'"),
        ("()", 2, r"'\)'"),
        ("D ** ", 6, "the end"),
        ("D // 2", 4, "'/'"),
        ("D % 2", 3, "'%'"),
        ("D^2", 2, r"'\^'"),
        ("D < 1", 3, "'<'"),
        ("D and 1", 3, "'and'"),
        ("x + 1", 1, "'x'"),
        ("1 + d", 5, "'d'"),
        ("sin(D)", 1, "'sin'"),
        ("D.real", 2, r"'\.'"),
        ("D[0]", 2, r"'\['"),
        ("D()", 2, r"'\('"),
        ("(D)(D)", 4, r"'\('"),
        ("__import__('os')", 1, "'__import__'"),
        ("exec(D)", 1, "'exec'"),
        ("lambda D: D", 1, "'lambda'"),
        ("log(D, D)", 6, "','"),
        ("min(D)", 6, r"'\)'"),
        ("log", 4, "the end"),
        ("'D'", 1, '"\'"'),
        ("1_000", 2, "'_000'"),
        ("1e", 2, "'e'"),
        ("0x10", 2, "'x10'"),
        ("1j", 2, "'j'"),
        ("²", 1, "'²'"),
        ("٣", 1, "'٣'"),
        ("Ｄ", 1, "'Ｄ'"),
        ("1/0", 2, "a division by zero"),
        ("D/(1-1)", 2, "a division by zero"),
        ("1e301", 1, "a number that is too large"),
        ("1e99999", 1, "'1e99999'"),
        ("1e-301", 1, "a number that is too large"),
        ("9**999", 2, "a number that is too large"),
        ("D**1001", 2, "the exponent 1001"),
        ("1" * 500, 1, "'1"),
    ],
)
def test_a_mistake_is_one_line_that_points_at_its_column(text, column, got):
    with pytest.raises(UserError, match=rf"^got {got}.* at column {column} of ") as mistake:
        parse(text)
    assert "\n" not in str(mistake.value)


def test_the_column_counts_from_the_beginning_of_the_whole_text():
    text = "f1=log(D); f2=log(1-x)"
    with pytest.raises(UserError, match="'x' at column 21 of"):
        parse(text, start=text.index("log(1"))
    assert parse(text, start=3, end=9) == call("log", D)


def test_the_nearest_function_is_named():
    with pytest.raises(UserError, match="did you mean sigmoid"):
        parse("sigmod(D)")


def test_length_and_depth_are_bounded():
    at_most = "(" * DEEPEST_NESTING + "D" + ")" * DEEPEST_NESTING
    assert parse(at_most) == D
    for opening, closing, offset in (("(", ")", 1), ("exp(", ")", 1), ("-", "", 1), ("2**", "", 2)):
        deep = opening * (DEEPEST_NESTING + 1) + "D" + closing * (DEEPEST_NESTING + 1)
        with pytest.raises(
            UserError, match=rf"column {len(opening) * DEEPEST_NESTING + offset} of .* levels of nesting"
        ):
            parse(deep)
    assert parse("+".join(["D"] * (LONGEST_TEXT // 2))) is not None
    with pytest.raises(UserError, match="characters"):
        parse("D" + " " * LONGEST_TEXT)


@given(st.text(alphabet="D01.e+-*/(), logxpmina", max_size=30))
def test_any_text_is_a_tree_or_a_mistake_of_the_person(text):
    try:
        parse(text)
    except UserError as mistake:
        assert "\n" not in str(mistake)
