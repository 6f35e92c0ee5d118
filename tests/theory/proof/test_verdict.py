"""Eigenvalues, damping and step limits against matrices built here, and the reasons that a reader gets."""

import numpy as np
import pytest

from saddlepoint.objectives import objective
from saddlepoint.theory.enclosures.components import natural_domain
from saddlepoint.theory.pointwise import pointwise_field
from saddlepoint.theory.proof.rest_points import find_rest_points
from saddlepoint.theory.proof.verdict import Local, local_verdict

STABLE = ["minimax", "quadratic", "least_squares", "fgan_pearson", "minimax@logit", "fgan_kl:non_saturating"]


def local(text: str) -> Local:
    field = pointwise_field(objective(text))
    return local_verdict(field, find_rest_points(field, natural_domain(field)).points[0])


def radius(found: Local, p_d: float, step: float, *, alternating: bool) -> float:
    """The spectral radius of one Euler update of the linear part, D first where they alternate."""
    h, c, k = found.h.value, found.c.value, found.k.value
    discriminator = np.array([[1 + step * p_d * h, step * c], [0, 1]])
    generator = np.array([[1, 0], [step * k, 1]])
    together = np.array([[1 + step * p_d * h, step * c], [step * k, 1]])
    return np.abs(np.linalg.eigvals(generator @ discriminator if alternating else together)).max()


@pytest.mark.parametrize("alternating", [False, True])
@pytest.mark.parametrize("p_d", [0.05, 0.5, 1.0, 4.0])
@pytest.mark.parametrize("name", STABLE)
def test_the_largest_step_is_where_the_radius_passes_one(name, p_d, alternating):
    found = local(name)
    limit = found.largest_step(p_d, alternating=alternating)
    assert limit is not None
    assert radius(found, p_d, 0.999 * limit, alternating=alternating) < 1
    assert radius(found, p_d, 1.001 * limit, alternating=alternating) > 1
    for part in (0.1, 0.5, 0.9):
        assert radius(found, p_d, part * limit, alternating=alternating) < 1


@pytest.mark.parametrize("p_d", [0.05, 0.5, 3.0])
@pytest.mark.parametrize("name", [*STABLE, "least_squares(-1,1,0)", "f1=-D**2/2; f2=D; f3=D"])
def test_eigenvalues_are_the_matrix_own(name, p_d):
    found = local(name)
    matrix = np.array([[p_d * found.h.value, found.c.value], [found.k.value, 0]])
    ours = sorted(found.eigenvalues(p_d), key=lambda value: (value.real, value.imag))
    theirs = sorted(np.linalg.eigvals(matrix).astype(complex), key=lambda value: (value.real, value.imag))
    assert ours == pytest.approx(theirs, abs=1e-7)


@pytest.mark.parametrize("name", STABLE)
def test_zeta_is_one_where_it_is_said_to_be(name):
    found = local(name)
    ratio, fastest = found.critical_ratio(0.3), found.fastest_p_d
    assert ratio is not None and fastest is not None
    assert found.zeta(0.3, rate_ratio=ratio) == pytest.approx(1)
    assert found.zeta(fastest) == pytest.approx(1)
    slowest = [max(value.real for value in found.eigenvalues(part * fastest)) for part in (0.7, 1.0, 1.4)]
    assert min(slowest) == slowest[1]


@pytest.mark.parametrize(
    ("text", "verdict", "part"),
    [
        ("minimax", "stable", "ck < 0"),
        ("f1=-D**2/2; f2=D; f3=D", "saddle", "ck > 0"),
        ("f1=D**2/2+D; f2=-D; f3=D", "unstable", "h > 0"),
        ("f1=D-D**4; f2=-D; f3=D", "centre", "h = 0"),
        ("least_squares(-1,1,0)", "degenerate", "f3'(D0) = 0"),
        ("f1=-D**2; f2=-D**2; f3=D", "degenerate", "f2'(D0) = 0"),
    ],
)
def test_verdicts_and_reasons(text, verdict, part):
    found = local(text)
    assert found.verdict == verdict
    assert part in found.reason


def test_no_step_and_no_zeta_without_attraction():
    found = local("f1=-D**2/2; f2=D; f3=D")
    assert found.zeta(1.0) is None
    assert found.largest_step(1.0, alternating=True) is None
    assert found.fastest_p_d is None
