"""False claims are refused: triples with known failures, and random ones that a dense numeric check looks over."""

import dataclasses
import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saddlepoint.errors import UserError
from saddlepoint.objectives import Separable, objective
from saddlepoint.objectives.derivative import differentiate
from saddlepoint.objectives.tree import D, Tree, call, number
from saddlepoint.theory.proof.prove import Proof, prove
from tests.objectives.trees import evaluate

# Each is almost a proof: one thing is wrong with it.
FALSE = {
    "a saddle": "f1=-D**2/2; f2=D; f3=D",
    "the generator's sign, minimax": "f1=log(D); f2=log(1-D); f3=log(1-D); link=sigmoid",
    "the generator's sign, non-saturating": "f1=log(D); f2=log(1-D); f3=-log(D); link=sigmoid",
    "the discriminator's sign": "f1=-log(D); f2=-log(1-D); f3=log(D); link=sigmoid",
    "least squares with the fake's target": "least_squares(0,1,0)",
    "least squares whose generator stands still": "least_squares(-1,1,0)",
    "Wasserstein": "wasserstein",
    "hinge": "hinge",
    "Wasserstein under a sigmoid": "f1=D; f2=-D; f3=D; link=sigmoid",
    "a second rest point at 1000": "f1=D-D**2/2+D**3/3000; f2=-D; f3=D",
    "a second rest point at a million": "f1=D-D**2/2+D**3/3000000; f2=-D; f3=D",
    "three rest points": "f1=-D**4/4+D**2/2+D; f2=-D; f3=D",
    "infinitely many rest points' worth of waves": "f1=D-(D**4-5*D**2+4)**2; f2=-D; f3=D",
    "two roots 2e-6 apart": "f1=-D**3/3+D**2*1.000002/2-0.250001*D+D; f2=-D; f3=D",
    "a wrong sign between 3 and 3.000001": "f1=D-D**2/2; f2=-D; f3=(D-3)*(D-3.000001)*D",
    "a generator that goes the wrong way on a width of 1e-6": "f1=D-D**2/2; f2=-D; f3=D*((D-2)**2-2.5e-13)",
    "a balance that turns on a width of 1e-6": "f1=D-D**2*(D-4)*(D-4.000001); f2=-D; f3=D",
    "a balance that touches zero at 2": "f1=D-D**4/4+4*D**3/3-2*D**2; f2=-D; f3=D",
    "a generator that touches zero at 1 and goes back": "f1=D-D**2/2; f2=-D; f3=D*(D-1)**2",
    "f2' that vanishes at 2": "f1=-D**2-2*D; f2=2*D-D**2/2; f3=-D-2*D**2",
    "f2' that vanishes at D0": "f1=-D**4; f2=D**2/2; f3=D",
    "f2 constant": "f1=-D**2; f2=3+0*D; f3=D",
    "f3 constant": "f1=-D**2/2; f2=D; f3=5+0*D",
    "f3 even about D0": "f1=-D**2/2+D; f2=-D; f3=D**2",
    "f3 that goes back beyond 2": "f1=D-D**2/2; f2=-D; f3=D*(4-D**2)",
    "h = 0 and unstable at order four": "f1=D+D**4; f2=-D; f3=D",
    "h = 0 and one-sided at order three": "f1=D+D**3; f2=-D; f3=D",
    "h = 0, stable near D0 and not far away": "f1=D-D**4+D**6/100; f2=-D; f3=D",
    "a plateau of the balance": "f1=D-max(0,D-1)**2/2-max(0,-D)**2/2; f2=-D; f3=D",
    "defined on two sides of a pole": "f1=log(abs(D))-D; f2=0*D-D; f3=D",
    "a pole in the line": "f1=D-D**2/2+1/(D-5); f2=-D; f3=D",
    "an upper edge that trajectories reach": "f1=-D**2/2; f2=D; f3=-D+log(2-D)/1000",
    "a lower edge that trajectories reach": "f1=-D**2/2+D; f2=-D; f3=sqrt(1+D)",
    "exponential growth the wrong way": "f1=exp(D)-D; f2=-D; f3=D",
    "the discriminator of a constant force": "f1=2*D; f2=-D; f3=D",
    "an infinity that pulls, where f3 - f3(D0) dies away": "f1=D-(softplus(2*D)-D)/2; f2=-D; f3=D*exp(-D)",
    "tanh balance the wrong way": "f1=D+softplus(D)+softplus(-D); f2=-D; f3=D",
}


@pytest.mark.parametrize("why", FALSE)
def test_a_false_claim_is_refused(why):
    try:
        proof = prove(FALSE[why])
    except UserError:
        return
    for finding in proof.findings:
        assert finding.certificate is not None
        assert finding.certificate.verdict != "global", why
    _look_over(proof)


def test_refusals_show_a_witness():
    for why in ("a saddle", "least squares whose generator stands still", "a second rest point at 1000"):
        certificate = prove(FALSE[why]).certificate
        assert certificate is not None and certificate.witness is not None, why


def test_the_interval_ends_where_the_claim_does():
    certificate = prove(FALSE["a second rest point at 1000"]).certificate
    assert certificate is not None and certificate.verdict == "interval"
    assert certificate.upper <= 1000
    assert certificate.upper == pytest.approx(1000, rel=1e-6)


coefficients = st.fractions(min_value=-3, max_value=3, max_denominator=4)


@st.composite
def functions(draw: st.DrawFn) -> Tree:
    """Sums of the shapes that objectives are made of."""
    shapes = (
        D,
        D**2,
        D**3,
        call("exp", D),
        call("exp", -D),
        call("softplus", D),
        call("log", D),
        call("log", 1 - D),
        call("tanh", D),
        call("sqrt", 1 + D**2),
        1 / (1 + D**2),
        D**4,
    )
    tree: Tree = number(0)
    for shape in draw(st.lists(st.sampled_from(shapes), min_size=1, max_size=3)):
        tree = tree + number(draw(coefficients)) * shape
    return tree


@settings(max_examples=20, deadline=None)
@given(f1=functions(), f2=functions(), kind=st.integers(0, 3), f3=functions())
def test_no_random_proof_is_contradicted(f1, f2, kind, f3):
    # Half of them with a generator that has a chance: its function tied to the discriminator's.
    f3 = (f3, -f2, f1, f3)[kind]
    try:
        proof = prove(Separable(f1=f1, f2=f2, f3=f3))
    except UserError:
        return
    _look_over(proof)


@pytest.mark.parametrize("name", ["minimax", "least_squares", "fgan_js:non_saturating", "fgan_neyman:minimax@output"])
def test_the_dense_check_agrees_with_true_proofs(name):
    _look_over(prove(name))


def test_the_dense_check_contradicts_a_forged_proof():
    proof = prove("least_squares", domain="0.1,1.4")
    finding = proof.findings[0]
    assert finding.certificate is not None
    forged = dataclasses.replace(finding, certificate=dataclasses.replace(finding.certificate, upper=1.8))
    with pytest.raises(AssertionError, match="does not fall"):
        _look_over(dataclasses.replace(proof, findings=(forged,)))


def _look_over(proof: Proof) -> None:
    """Every proved claim, at many points, in 60 digits."""
    triple = proof.objective
    assert isinstance(triple, Separable)
    slopes = differentiate(triple.f1), differentiate(triple.f2)
    for finding in proof.findings:
        certificate, rest = finding.certificate, finding.local.rest
        assert certificate is not None
        if certificate.by is None:
            continue
        with mpmath.workdps(60):
            exact = rest.exact
            at_rest = evaluate(triple.f3, rest.number if exact is None else mpmath.mpf(exact.expression.evalf(60)))
            for place in _places(certificate.lower, certificate.upper, rest.value):
                f1, f2, f3 = (evaluate(tree, place) for tree in (*slopes, triple.f3))
                assert f1 is not None and f2 is not None and f3 is not None, f"{place} is not in the domain"
                away, moved = mpmath.mpf(place) - rest.number, f3 - at_rest
                if certificate.by == "lyapunov":
                    assert f2 != 0
                    assert -moved / f2 * (f1 + f2) < 0, f"V does not fall at {place}"
                    assert -moved / f2 * away > 0, f"V is not least at D0, seen from {place}"
                else:
                    assert away * f1 - moved <= 1e-30, f"the distance grows at {place}"
                    assert away * f2 + moved <= 1e-30, f"the distance grows at {place}"


def _places(lower: float, upper: float, rest: float) -> list[float]:
    """Points close to D0, close to the ends, and far out."""
    steps = np.concatenate([np.geomspace(1e-6, 1.0, 25), np.linspace(0.04, 0.96, 24)])
    found = []
    for end, side in ((lower, -1), (upper, 1)):
        if math.isfinite(end):
            found += [rest + (end - rest) * step for step in steps]
            found += [end - (end - rest) * 10.0**-power for power in range(2, 9)]
        else:
            found += [rest + side * step for step in (*steps, *np.geomspace(1.1, 60.0, 25))]
    return [float(place) for place in found if lower < place < upper and abs(place - rest) > 1e-12]


def test_the_functions_above_are_readable():
    assert all(isinstance(objective(text).definition, str) for text in FALSE.values())


def test_a_domain_that_is_no_pair_is_told() -> None:
    for domain in (3, "0", (0, 1, 2)):
        with pytest.raises(UserError, match=r"the domain .* expected two numbers A,B"):
            prove("minimax", domain=domain)  # type: ignore[arg-type]
