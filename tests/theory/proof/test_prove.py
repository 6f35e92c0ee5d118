"""`prove` against the known verdicts: numbers of every member, and who is certified."""

import json
import math

import pytest

from saddlepoint.errors import UserError
from saddlepoint.objectives import catalogue, objective
from saddlepoint.theory.proof.prove import prove
from tests.theory.proof.checker import check

FGANS = ("kl", "reverse_kl", "pearson", "neyman", "squared_hellinger", "jeffrey", "js", "gan")

# name: D0, h, c, k, zeta at p_d = 1
STABLE = {
    "minimax": (0.5, -8, -2, 2, 2),
    "non_saturating": (0.5, -8, -2, 2, 2),
    "minimax@logit": (0, -0.5, -0.5, 0.5, 0.5),
    "non_saturating@logit": (0, -0.5, -0.5, 0.5, 0.5),
    "quadratic": (1, -1, 1, -1, 0.5),
    "least_squares": (0.5, -2, -0.5, 0.5, 2),
    "least_squares(-1,1,1)": (0, -2, -1, 1, 1),
}
CURVATURES = {"kl": 1, "reverse_kl": 1, "pearson": 2, "neyman": 2, "squared_hellinger": 0.5, "js": 0.5, "gan": 0.5}
RESTS = {"kl": 1, "reverse_kl": -1, "gan": -math.log(2)}
for name, curvature in CURVATURES.items():
    for form in ("minimax", "non_saturating"):
        STABLE[f"fgan_{name}:{form}"] = (RESTS.get(name, 0), -1 / curvature, -1, 1, 1 / (2 * curvature))
for form in ("minimax", "non_saturating"):
    STABLE[f"fgan_jeffrey:{form}"] = (0, -2, -2, 2, 0.5)

SEPARABLE = [name for name in catalogue() if objective(name).coupling is None]


@pytest.mark.parametrize("name", STABLE)
def test_numbers_verdict_and_certificate(name):
    answer = json.loads(json.dumps(prove(name).to_json()))
    (row,) = answer["rest_points"]
    D0, h, c, k, zeta = STABLE[name]
    for key, expected in (("D0", D0), ("h", h), ("c", c), ("k", k), ("zeta", zeta)):
        assert row[key] == pytest.approx(expected, abs=1e-12), key
    assert row["verdict"] == "stable"
    assert answer["certificate"]["verdict"] == "global"
    assert answer["certificate"]["domain"] == answer["natural_domain"][0]
    check(answer)


def test_every_member_is_judged_here():
    assert set(SEPARABLE) <= {*STABLE, "wasserstein", "hinge"}


@pytest.mark.parametrize("form", ["minimax", "non_saturating"])
@pytest.mark.parametrize("divergence", FGANS)
def test_the_link_changes_neither_verdict_nor_certificate(divergence, form):
    answer = prove(f"fgan_{divergence}:{form}@output").to_json()
    assert answer["rest_points"][0]["verdict"] == "stable"
    assert answer["certificate"]["verdict"] == "global"


@pytest.mark.parametrize("name", ["wasserstein", "hinge"])
def test_centres(name):
    answer = prove(name).to_json()
    assert answer["rest_points"] == "any"
    assert (answer["h"], answer["c"], answer["k"], answer["verdict"]) == (0, -1, 1, "centre")
    assert answer["certificate"]["verdict"] == "none"
    assert answer["certificate"]["witness"]["D"] == 0
    assert answer["eigenvalues"] == [[0, 1], [0, -1]]
    assert answer["largest_step"]["simultaneous"] == 0
    assert answer["rest_intervals"] == [[-1, 1] if name == "hinge" else [None, None]]


def test_a_generator_that_stands_still():
    answer = prove("least_squares(-1,1,0)", p_d=0.7).to_json()
    (row,) = answer["rest_points"]
    assert (row["D0"], row["h"], row["c"], row["k"], row["verdict"]) == (0, -2, -1, 0, "degenerate")
    assert row["eigenvalues"] == [[0, 0], [-1.4, 0]]
    assert answer["certificate"]["verdict"] == "none"
    assert "stands still" in row["reason"]
    assert "least_squares(-1,1,1)" in " ".join(answer["advice"])


@pytest.mark.parametrize(
    ("real", "fake", "target"), [(1, 0, 1), (1, 0, 0), (-1, 2, 1), (-1, 2, -3), (3, 1, 2.5), (3, 1, 1)]
)
def test_least_squares_is_stable_by_its_formula(real, fake, target):
    verdict = prove(f"least_squares({fake},{real},{target})").verdict
    product = (real - fake) * (2 * target - fake - real)
    assert verdict == ("stable" if product > 0 else "saddle")


@pytest.mark.parametrize(
    ("name", "eigenvalues"),
    [
        ("minimax", (-0.8 + 1.8330302779823j, -0.8 - 1.8330302779823j)),
        ("wasserstein", (1j, -1j)),
        ("quadratic", (-0.1 + 0.99498743710662j, -0.1 - 0.99498743710662j)),
    ],
)
def test_eigenvalues_at_a_fifth(name, eigenvalues):
    found = prove(name, p_d=0.2).findings[0].local.eigenvalues(0.2)
    assert found == pytest.approx(eigenvalues, abs=1e-12)


@pytest.mark.parametrize(("name", "pull"), [("paired_logistic", 0.25), ("average_logistic", 1.0)])
def test_paired_objectives_are_linearised(name, pull):
    answer = prove(name, p_d=0.6).to_json()
    assert answer["rest_points"] == "any"
    assert -answer["c"] * answer["k"] == pytest.approx(pull)
    (first, second) = (complex(*value) for value in answer["eigenvalues"])
    assert first * second == pytest.approx(pull)
    assert first + second == pytest.approx(-0.3)
    assert answer["certificate"]["verdict"] == "none"
    assert "no certificate" in answer["certificate"]["reason"]
    assert prove("paired_hinge").verdict == "centre"


def test_a_zero_of_higher_order_is_certified():
    answer = prove("f1=-(D-1/2)**4+D; f2=-D; f3=D").to_json()
    (row,) = answer["rest_points"]
    assert (row["D0"], row["h"], row["verdict"]) == (0.5, 0, "centre")
    assert answer["certificate"]["verdict"] == "global"
    check(answer)


def test_exact_decimals_keep_close_roots_apart():
    proof = prove("f1=-D**3/3+D**2*1.000002/2-0.250001*D-D; f2=D; f3=-D")
    assert [finding.local.rest.text for finding in proof.findings] == ["1/2", "250001/500000"]


def test_wasserstein_with_drift_has_one_rest_point():
    (row,) = prove("f1=D-0.01*D**2; f2=-D; f3=D").to_json()["rest_points"]
    assert (row["D0"], row["h"], row["verdict"]) == (0, -0.02, "stable")


@pytest.mark.parametrize(
    ("name", "condition", "ends"),
    [
        ("minimax", "forward_invariant", ("real_repels", "fake_repels")),
        ("non_saturating", "forward_invariant", ("real_repels", "fake_repels")),
        ("minimax@logit", "proper", ("proper", "proper")),
        ("non_saturating@logit", "proper", ("proper", "proper")),
        ("quadratic", "proper", ("proper", "proper")),
        ("fgan_kl:non_saturating", "forward_invariant", ("proper", "fake_repels")),
        ("fgan_squared_hellinger:non_saturating@output", "forward_invariant", ("proper", "fake_repels")),
        ("least_squares", "distance", ("proper", "proper")),
    ],
)
def test_what_carries_decrease_to_convergence(name, condition, ends):
    certificate = prove(name).certificate
    assert certificate is not None
    assert (certificate.condition, certificate.ends) == (condition, ends)


@pytest.mark.parametrize(
    ("name", "verdict"),
    [("minimax", "strict"), ("wasserstein", "weak"), ("least_squares", "strict"), ("least_squares(-1,1,0)", "fails")],
)
def test_distance(name, verdict):
    distance = prove(name).to_json()["distance"]
    assert distance["verdict"] == verdict
    assert (distance["witness"] is not None) == (verdict == "fails")


def test_no_rest_point():
    answer = prove("f1=D; f2=D; f3=D").to_json()
    assert answer["rest_points"] == []
    assert answer["certificate"]["verdict"] == "none"


def test_several_rest_points_have_a_certificate_each():
    # Rest points at -1, 0, 1; c = -1 and k = 1 at each, h = 2, -4... with the middle one repelling.
    text = "f1=-D**4/4+D**2/2+D; f2=-D; f3=D"
    answer = prove(text).to_json()
    assert [row["D0"] for row in answer["rest_points"]] == [-1, 0, 1]
    assert [row["verdict"] for row in answer["rest_points"]] == ["stable", "unstable", "stable"]
    assert answer["certificate"] == answer["rest_points"][0]["certificate"]
    assert answer["certificate"]["verdict"] == "interval"
    assert answer["certificate"]["domain"][1] == pytest.approx(0, abs=1e-6)
    chosen = prove(text, rest="1").to_json()["certificate"]
    assert chosen["domain"][0] == pytest.approx(0, abs=1e-6)
    assert chosen["domain"][1] is None


def test_a_domain_that_was_asked_about():
    proved = prove("least_squares", domain="0.1,1.4").to_json()["certificate"]
    assert (proved["verdict"], proved["by"], proved["domain"]) == ("interval", "lyapunov", [0.1, 1.4])
    cut = prove("least_squares", domain="-1,2").to_json()["certificate"]
    assert cut["verdict"] == "interval"
    assert cut["domain"] == pytest.approx([0, 1.5], abs=1e-9)
    assert cut["witness"] is not None
    assert prove("minimax", domain="0,1").to_json()["certificate"]["verdict"] == "global"
    partly = prove("minimax", domain=(-1, 2)).to_json()["certificate"]
    assert partly["verdict"] == "interval"
    assert partly["witness"]["claim"] == "defined"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"chosen": "minmax"}, "did you mean minimax"),
        ({"chosen": "f1=log(D; f2=D; f3=D"}, "column"),
        ({"chosen": "f1=-abs(D); f2=0*D; f3=D"}, "kink or a jump"),
        ({"chosen": "f1=-D**2/2; f2=D; f3=abs(D-1)"}, "does not exist at the rest point"),
        ({"chosen": "f1=sqrt(-1-D**2); f2=D; f3=D"}, "no common domain"),
        ({"chosen": "f1=log(-1)*D; f2=D; f3=D"}, "no common domain"),
        ({"chosen": "f1=sqrt(-2)*D; f2=-D; f3=D"}, "no common domain"),
        ({"chosen": "f1=(-2)**(1/2)*D; f2=-D; f3=D**D"}, "no common domain"),
        ({"chosen": "minimax", "domain": "0.6,0.9"}, "holds no rest point"),
        ({"chosen": "minimax", "domain": "1,0"}, "A < B"),
        ({"chosen": "minimax", "domain": "0"}, "two numbers"),
        ({"chosen": "minimax", "domain": "a,b"}, "a real number"),
        ({"chosen": "minimax", "rest": "0.4"}, "no rest point"),
        ({"chosen": "wasserstein", "domain": (1, 2), "rest": 0}, "no rest point"),
        ({"chosen": "minimax", "p_d": 0}, "positive"),
        ({"chosen": "minimax", "p_d": "-1"}, "positive"),
        ({"chosen": "minimax", "p_d": "nan"}, "number|column"),
        ({"chosen": "minimax", "p_d": math.inf}, "positive"),
        ({"chosen": "paired_logistic", "domain": "0,1"}, "no --domain"),
        ({"chosen": "f=min(0,D); coupling=pairs"}, "second derivative"),
    ],
)
def test_mistakes_are_one_line(arguments, message):
    with pytest.raises(UserError, match=message) as caught:
        prove(**arguments)
    assert "\n" not in str(caught.value)


def test_the_text_is_for_a_reader():
    text = str(prove("minimax"))
    for part in (
        "D0 = 1/2",
        "STABLE",
        "GLOBAL",
        "zeta = 2*p_d*sqrt(lrD/lrG)",
        "lrD/lrG = 0.25",
        "D is the probability, made from the raw output v by D = sigmoid(v)",
        "0.5 on the raw output, where it is 2 in D",
    ):
        assert part in text


def test_an_fgan_says_what_its_curvature_is():
    assert "f''(1) = 2" in " ".join(prove("fgan_pearson").notes)
    assert "f''(1) = 1/2" in " ".join(prove("fgan_js").notes)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"chosen": "least_squares", "domain": "-1,2"}, "and at D ="),
        ({"chosen": "least_squares", "domain": "0.1,1.4"}, "not all of the natural domain"),
        ({"chosen": "minimax", "domain": "-1,2"}, "not defined"),
        ({"chosen": "f1=-D**2/2+D; f2=-D; f3=sqrt(1+D)"}, "keeps trajectories away"),
        ({"chosen": "f1=log(abs(D))-D; f2=D/2; f3=-D"}, "not all of the natural domain"),
        ({"chosen": "f1=D-D**2/2+D**3/3000; f2=-D; f3=D"}, "and at D ="),
    ],
)
def test_an_interval_says_why_it_is_not_more(arguments, part):
    answer = prove(**arguments).to_json()
    assert answer["certificate"]["verdict"] == "interval"
    assert part in answer["certificate"]["reason"]
    check(answer)
