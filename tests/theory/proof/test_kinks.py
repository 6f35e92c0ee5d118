"""Kinks in `prove`: away from them h, c and k are those of the branch, by finite differences; at one it is refused."""

import random
from typing import Any

import mpmath
import pytest

from saddlepoint.errors import UserError
from saddlepoint.objectives import Separable
from saddlepoint.objectives.interval import Interval
from saddlepoint.objectives.parser import parse
from saddlepoint.objectives.to_text import to_text
from saddlepoint.theory.enclosures.branches import branch, branches, kinks
from saddlepoint.theory.proof.prove import Proof, prove
from tests.objectives import texts
from tests.objectives.trees import evaluate

# Every kinked function, alone and in others, each of them bent somewhere else than at the rest point.
KINKED = (
    "abs(D)",
    "relu(D)",
    "-relu(1-D)",
    "max(D,0.1)",
    "min(D,0.9)",
    "max(D**2,min(D,0))",
    "abs(relu(D-0.9)-D)",
    "min(abs(D)+1,max(0.7-D,0))**2",
    "relu(abs(D-2)-1)",
    "exp(-abs(D))",
    "log(1+relu(D))",
)
AROUND = {
    "f1": "f1=log(D)+log(1-D)+{}; f2=-D; f3=D",
    "f2": "f1=log(D)-D; f2=log(1-D)+({}); f3=D-D**3",
    "f3": "f1=log(D); f2=log(1-D)*2; f3={}",
    "all": "f1=log(D)+{0}; f2=log(1-D)-exp(D)+({0}); f3=D+{0}",
}


@pytest.mark.parametrize("place", AROUND)
@pytest.mark.parametrize("kinked", KINKED)
def test_beside_a_kink_the_numbers_are_those_of_the_branch(kinked, place):
    proof = prove(AROUND[place].format(kinked))
    assert proof.findings
    _compare(proof)


def test_random_formulas_are_answered_and_the_numbers_are_right():
    draw = random.Random(11)
    answered = 0
    for _ in range(30):
        text = f"f1={texts.kinked(draw)}; f2={texts.smooth(draw)}; f3={texts.kinked(draw)}"
        try:
            proof = prove(text, seconds=0.1)
        except UserError:
            continue
        answered += 1
        _compare(proof)
    assert answered > 12


@pytest.mark.parametrize(
    "text",
    [
        "f1=-(D-1)*abs(D-1)/2; f2=0; f3=D",
        "f1=-max(0,D-1)**2/2-max(0,1-D)*(D-1)/2; f2=0*D; f3=D",
        "f1=-relu(D-1)**2/2-abs(D); f2=D/2; f3=-D",
        "f1=-D**2/2; f2=D; f3=-abs(D-1)",
    ],
)
def test_a_rest_point_that_is_a_kink_is_refused(text):
    with pytest.raises(UserError, match="smooth"):
        prove(text)


def test_kinks_are_noted_where_the_domain_holds_them():
    assert "kinks where D - 1/4 = 0" in " ".join(prove("f1=log(D)-abs(D-1/4); f2=log(1-D); f3=D").notes)
    assert "kinks" not in " ".join(prove("f1=log(D)-abs(D); f2=log(1-D); f3=D").notes)


def test_a_branch_has_no_kink_left():
    tree = parse("max(abs(D-1), relu(-D)) + min(D, 2)")
    assert to_text(branch(tree, Interval(1.25, 1.75))) == "D - 1 + D"
    assert kinks(branch(tree, Interval(0.5, 1.75)))
    assert {to_text(each) for each in branches(tree, Interval(0.75, 1.25)) or []} >= {"D - 1 + D", "-(D - 1) + D"}
    assert branches(parse("+".join(f"abs(D-{n}*D)" for n in range(2, 12))), Interval(-1.0, 1.0)) is None


def _compare(proof: Proof) -> None:
    """The rest points and h, c, k against central differences of the formulas themselves, in 60 digits."""
    chosen = proof.objective
    assert isinstance(chosen, Separable)
    functions = (chosen.f1, chosen.f2, chosen.f3)
    for finding in proof.findings:
        local = finding.local
        with mpmath.workdps(60):
            place, step = local.rest.number, mpmath.mpf(10) ** -15
            values: list[Any] = [[evaluate(tree, place + side * step) for side in (-1, 0, 1)] for tree in functions]
            if any(value is None for row in values for value in row):
                continue  # an end of the domain, nearer than the step
            slopes = [(row[2] - row[0]) / (2 * step) for row in values]
            bends = [(row[0] - 2 * row[1] + row[2]) / step**2 for row in values]
            scale = 1 + max(abs(value) for value in (*slopes, *bends))
            assert abs(slopes[0] + slopes[1]) < 1e-9 * scale, (chosen.definition, local.rest.text)
            for ours, theirs in ((local.h, bends[0] + bends[1]), (local.c, slopes[1]), (local.k, slopes[2])):
                assert abs(ours.value - theirs) < 1e-9 * scale, (chosen.definition, local.rest.text)
                assert ours.sign is None or abs(theirs) < 1e-9 * scale or ours.sign == mpmath.sign(theirs)
