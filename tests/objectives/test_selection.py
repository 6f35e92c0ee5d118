"""Names, forms, variables and texts of objectives, and what is said to a name that does not exist."""

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from saddlepoint.errors import UserError
from saddlepoint.objectives import IDENTITY, SIGMOID, Paired, Separable, as_text, catalogue, objective, parse, variables
from saddlepoint.objectives.to_sympy import to_sympy
from saddlepoint.objectives.tree import D, call
from tests.objectives.trees import trees

F_GANS = ["kl", "reverse_kl", "pearson", "neyman", "squared_hellinger", "jeffrey", "js", "gan"]


def test_the_catalogue_is_complete():
    names = {
        *("minimax", "non_saturating", "wasserstein", "hinge", "least_squares", "quadratic"),
        *("paired_logistic", "paired_hinge", "average_logistic", "average_hinge"),
        *(f"fgan_{name}:{form}" for name in F_GANS for form in ("minimax", "non_saturating")),
    }
    assert set(catalogue()) == names
    assert all(summary and "\n" not in summary for summary in catalogue().values())


@pytest.mark.parametrize("name", F_GANS)
def test_an_f_gan_without_a_form_is_in_its_minimax_form(name):
    chosen = objective(f"fgan_{name}")
    assert chosen == objective(f"fgan_{name}:minimax") and chosen.name == f"fgan_{name}:minimax"
    assert isinstance(chosen, Separable)
    assert sympy.expand(to_sympy(chosen.f2 + chosen.f3, sympy.Symbol("D", real=True))) == 0
    other = objective(f"fgan_{name}:non_saturating")
    assert isinstance(other, Separable) and other.f3 == other.f1


@pytest.mark.parametrize(
    ("text", "name", "variable", "link"),
    [
        ("minimax", "minimax", "probability", SIGMOID),
        ("minimax@probability", "minimax", "probability", SIGMOID),
        ("minimax@logit", "minimax@logit", "logit", IDENTITY),
        (" minimax @ output ", "minimax@logit", "logit", IDENTITY),
        ("wasserstein@identity", "wasserstein", "identity", IDENTITY),
        ("hinge@output", "hinge", "identity", IDENTITY),
        ("fgan_kl@T", "fgan_kl:minimax", "T", IDENTITY),
        ("fgan_js:non_saturating@output", "fgan_js:non_saturating@output", "output", IDENTITY),
        ("fgan_jeffrey@output", "fgan_jeffrey:minimax", "output", IDENTITY),
        ("paired_logistic@identity", "paired_logistic", "identity", IDENTITY),
        ("least_squares( 0, 1, 1.0 )", "least_squares", "identity", IDENTITY),
        ("least_squares(-1,1,0)", "least_squares(-1,1,0)", "identity", IDENTITY),
        ("least_squares(0.1, 1/3, 1e-3)", "least_squares(1/10,1/3,1/1000)", "identity", IDENTITY),
    ],
)
def test_names(text, name, variable, link):
    chosen = objective(text)
    assert (chosen.name, chosen.variable, chosen.link) == (name, variable, link)
    assert objective(chosen.name) == chosen


def test_the_targets_of_least_squares():
    chosen = objective("least_squares(-1, 2, 1/2)")
    assert chosen == objective("f1=-(D-2)**2/2; f2=-(D+1)**2/2; f3=-(D-0.5)**2/2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("minmax", "did you mean minimax"),
        ("non-saturating", "did you mean non_saturating"),
        ("NonSaturating", "did you mean non_saturating"),
        ("lsgan", "expected one of minimax, "),
        ("wgan", "expected one of minimax, "),
        ("fgan_hellinger", "did you mean fgan_squared_hellinger"),
        ("xyzzy", "write a triple as"),
        ("log(D)", "write a triple as"),
        ("", "write a triple as"),
        ("minimax; rm", "write a triple as"),
        ("minimax@", "one of probability, logit"),
        ("minimax@T", "one of probability, logit"),
        ("wasserstein@probability", "one of identity"),
        ("hinge@logit", "one of identity"),
        ("fgan_js@probability", "one of T, output"),
        ("hinge:minimax", "hinge without a form"),
        ("fgan_kl:", "one of minimax, non_saturating"),
        ("fgan_kl:saturating", "one of minimax, non_saturating"),
        ("minimax(1)", "minimax without numbers"),
        ("least_squares()", "column 15"),
        ("least_squares(0,1)", "with 2 numbers"),
        ("least_squares(0,1,1,1)", "with 4 numbers"),
        ("least_squares(0,D,1)", "'D' at column 17"),
        ("least_squares(0,b,1)", "'b' at column 17"),
    ],
)
def test_mistakes(text, message):
    with pytest.raises(UserError) as mistake:
        objective(text)
    assert message in str(mistake.value) and "\n" not in str(mistake.value)


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_a_member_is_stored_as_its_name(name):
    chosen = objective(name)
    assert as_text(chosen) == chosen.name == name
    for variable in variables(chosen):
        moved = objective(f"{name}@{variable}")
        assert moved.variable == variable
        assert objective(as_text(moved)) == moved


def test_a_foreign_name_is_not_trusted():
    impostor = Separable(f1=D, f2=-D, f3=-D, name="minimax")
    assert as_text(impostor) == "f1=D; f2=-D; f3=-D"
    assert as_text(Paired(f=parse("tanh(D)"), coupling="means")) == "f=tanh(D); coupling=means"


@given(trees(depth=2), trees(depth=2), trees(depth=2), st.sampled_from([IDENTITY, SIGMOID]), st.booleans())
def test_any_objective_comes_back_from_its_text(f1, f2, f3, link, four):
    chosen = Separable(f1=f1, f2=f2, f3=f3, f4=f2 if four else None, link=link)
    assert objective(as_text(chosen)) == chosen
    assert objective(as_text(chosen)).name == chosen.name


def test_a_link_of_ones_own_has_no_text_but_its_game_has():
    chosen = Separable(f1=D, f2=-D, f3=D, link=call("tanh", D))
    assert chosen.variable == "linked"
    with pytest.raises(UserError, match="at_output"):
        as_text(chosen)
    assert as_text(chosen.at_output()) == "f1=tanh(D); f2=-tanh(D); f3=tanh(D)"


def test_an_objective_is_itself_and_nothing_else_is_one():
    chosen = objective("hinge")
    assert objective(chosen) is chosen
    for nothing in (None, 3, b"hinge"):
        with pytest.raises(UserError, match="a name of the catalogue, or its formulas"):
            objective(nothing)  # type: ignore[arg-type]
