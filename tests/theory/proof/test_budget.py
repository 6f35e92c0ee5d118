"""`prove` has a budget of processor time: what is hard ends in "undecided", and what only looks hard is answered."""

import json
import time

import pytest

from saddlepoint.command.main import main
from saddlepoint.errors import UserError
from saddlepoint.objectives import base, objective
from saddlepoint.objectives.budget import Exhausted, check, grace, left, within
from saddlepoint.theory.flow.experiment import follow
from saddlepoint.theory.proof.prove import prove

LONG = "*".join(f"(D+{index})" for index in range(17))
# None of these comes to an end by itself within minutes.
HARD = {
    "a product of logarithms": "f1=" + "*".join(f"log(D+{index})" for index in range(1, 99)) + "; f2=-D; f3=D",
    "a product of exponentials": "f1=" + "*".join(f"(1+exp({index}*D))" for index in range(1, 60)) + "; f2=-D; f3=D",
    "a product that has no factors": "f1=" + "*".join(f"(D+{index})" for index in range(240)) + "; f2=D; f3=D",
    "a tower": "f1=" + "D**" * 30 + "2; f2=D; f3=D; link=sigmoid",
    "nested logarithms": "f1=" + "log(1+" * 38 + "D" + ")" * 38 + "; f2=-D; f3=D",
    "nested kinks": "f1=-" + "max(D*D," * 38 + "-D" + "+1)" * 38 + "; f2=D; f3=D",
    "quotients": "f1=" + "/".join(f"(D**2+{index})" for index in range(1, 100)) + "; f2=-D; f3=D",
}


def test_a_budget_is_the_tightest_one_around_and_grace_is_more():
    assert left() == float("inf")
    check()
    with within(100), within(0):
        time.sleep(0.001)
        sum(range(10_000))
        assert left() < 0
        with pytest.raises(Exhausted):
            check()
        with within(100), pytest.raises(Exhausted):
            check()
        with grace(100):
            check()
    check()


@pytest.mark.parametrize("why", HARD)
def test_what_is_hard_is_undecided(why):
    begun = time.thread_time()
    proof = prove(HARD[why], seconds=0.2)
    assert time.thread_time() - begun < 4
    assert proof.verdict == "undecided"
    assert "The budget of 0.2 s was used up while" in proof.notes[0]
    answer = json.loads(json.dumps(proof.to_json(), allow_nan=False))
    assert answer["rest_points"] == [] and answer["undecided"]
    assert answer["certificate"]["verdict"] == "undecided"
    assert "not all of the domain could be searched" in str(proof)


def test_what_was_found_until_then_is_said():
    proof = prove(f"f1={LONG}; f2=D; f3=-D", seconds=0.8)
    assert len(proof.findings) == 16
    certificates = {finding.certificate.verdict for finding in proof.findings if finding.certificate is not None}
    assert "undecided" in certificates
    assert proof.notes[0].startswith("The budget of 0.8 s was used up while certificates")


def test_a_long_product_is_no_hard_one():
    begun = time.thread_time()
    proof = prove(f"f1={LONG}; f2=D; f3=D")
    assert time.thread_time() - begun < 4
    assert [finding.local.verdict for finding in proof.findings] == ["saddle"] * 16
    assert not proof.undecided and not proof.notes[0].startswith("The budget")


def test_a_tower_whose_values_no_memory_holds():
    assert prove("f1=0.5**2**3**3**D**3**-1**D; f2=D; f3=D", seconds=2).undecided


@pytest.mark.parametrize("text", ["exp(exp(10))", "2**exp(300)*D", "exp(-exp(exp(9)))+D", "1e200**1.7+D"])
def test_a_constant_beyond_all_floats_is_refused(text):
    with pytest.raises(UserError, match="a number that is too large"):
        objective(f"f1={text}; f2=D; f3=D")


def test_the_option(capsys):
    assert main(["prove", HARD["a tower"], "--seconds", "0.1"]) == 0
    assert "The budget of 0.1 s" in capsys.readouterr().out
    for wrong in ("0", "-1", "x", "inf"):
        assert main(["prove", "hinge", "--seconds", wrong]) == 2
        assert f"--seconds {wrong}" in capsys.readouterr().err


def test_no_field_without_a_rest_point_that_was_found(monkeypatch):
    monkeypatch.setattr("saddlepoint.theory.proof.prove.SECONDS", 0.1)
    with pytest.raises(UserError, match="no rest point was found"):
        follow(HARD["a tower"], [(0.5, 0.5)], p_d=1.0)


def test_the_checks_before_training_are_bounded(monkeypatch):
    monkeypatch.setattr(base, "_SECONDS", 0.0)
    with pytest.raises(UserError, match="stable form was not found within 0 s"):
        objective(HARD["a product of logarithms"]).check_trainable()
    ready = objective("f1=log(1+D**2); f2=-log(1+D**2); f3=D")
    monkeypatch.setattr(base, "_SECONDS", 5.0)
    assert ready.on_outputs
    monkeypatch.setattr(base, "_SECONDS", 0.0)
    with pytest.raises(UserError, match="cannot be shown to be defined"):
        ready.check_trainable()


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--steps", "1000000000000"], "1 to 100000000 steps"),
        (["--steps", "0"], "1 to 100000000 steps"),
        (["--step", "1e300"], "at most 1e+100"),
        (["--step", "nan"], "longer than 0"),
        (["--pd", "nan"], "p_d > 0"),
        (["--pd", "inf"], "p_d > 0"),
        (["--start", "inf,1"], "choose another start"),
        (["--start", "0,nan"], "choose another start"),
    ],
)
def test_numbers_that_no_field_can_be_followed_with(option, said, capsys):
    assert main(["field", "hinge", "--start=.5,.5", "--pd=1", *option]) == 2
    assert said in capsys.readouterr().err


def test_huge_numbers_leave_no_warning_and_no_hole_in_the_answer(capsys, recwarn):
    for arguments in (["--step", "1e99", "--steps", "5"], ["--start", "0.5,1e300", "--steps", "9"]):
        assert main(["field", "hinge", "--start=.5,.5", "--pd=1", "--json", *arguments]) == 0
        assert "NaN" not in capsys.readouterr().out
    assert not recwarn.list


def test_a_paired_formula_out_of_reach_is_refused():
    with pytest.raises(UserError, match="without a second derivative at 0"):
        prove("f=exp(exp(exp(D+3))); coupling=pairs")


def test_a_huge_factor_of_a_logarithm_is_not_written_out():
    """sympy makes log(2**n) of n log(2): with forty digits of n it never ends, and no budget is asked meanwhile."""
    began = time.thread_time()
    prove("f1=1; f2=-1; f3=log(0.5)/(9999999999999999999999999999999999999999 + D)**(-1 - D)", seconds=2)
    assert time.thread_time() - began < 10
