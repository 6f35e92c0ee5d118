"""The identities, on masses, on densities by quadrature, and on samples."""

import math

import numpy as np
import pytest

from saddlepoint.errors import UserError
from saddlepoint.objectives import objective
from saddlepoint.theory.density.distributions import Density, Masses, Samples
from saddlepoint.theory.density.divergence import (
    cross_entropy,
    divergence,
    entropy,
    js,
    kl,
    log_likelihood,
    optimal_discriminator,
    optimal_value,
    self_information,
)


def normal(mean: float, deviation: float) -> Density:
    def log(x: np.ndarray) -> np.ndarray:
        return -(((x - mean) / deviation) ** 2) / 2 - math.log(deviation * math.sqrt(2 * math.pi))

    return Density(log=log)


def uniform(low: float, high: float) -> Density:
    return Density(log=lambda x: np.full(x.shape, -math.log(high - low)), support=(low, high))


FAIR, BENT = Masses(masses=np.array([0.5, 0.5, 0.0])), Masses(masses=np.array([0.2, 0.7, 0.1]))
P, Q = normal(0.0, 1.0), normal(1.0, 1.25)


def test_masses():
    assert self_information(BENT, np.array([2]))[0] == pytest.approx(math.log(10))
    assert entropy(FAIR) == pytest.approx(math.log(2))
    assert kl(FAIR, BENT) == pytest.approx(0.5 * math.log(0.5 / 0.2) + 0.5 * math.log(0.5 / 0.7))
    assert kl(BENT, FAIR) == math.inf
    assert cross_entropy(FAIR, BENT) == pytest.approx(entropy(FAIR) + kl(FAIR, BENT))
    assert js(FAIR, BENT) == pytest.approx(js(BENT, FAIR))
    first, second = Masses(masses=np.array([1.0, 0.0])), Masses(masses=np.array([0.0, 1.0]))
    assert js(first, second) == pytest.approx(math.log(2))


def test_densities():
    assert entropy(normal(3.0, 2.0)) == pytest.approx(math.log(2 * math.sqrt(2 * math.pi * math.e)), abs=1e-12)
    assert entropy(uniform(0.0, 0.5)) == pytest.approx(-math.log(2))
    assert kl(P, Q) == pytest.approx(math.log(1.25) + 2 / (2 * 1.25**2) - 0.5, abs=1e-12)
    assert kl(Q, P) == pytest.approx(-math.log(1.25) + (1.25**2 + 1) / 2 - 0.5, abs=1e-12)
    assert kl(P, P) == 0
    assert js(P, Q) == pytest.approx(js(Q, P), abs=1e-12)
    assert cross_entropy(P, Q) == pytest.approx(entropy(P) + kl(P, Q), abs=1e-12)
    assert kl(uniform(0.0, 1.0), uniform(-1.0, 1.0)) == pytest.approx(math.log(2))
    assert kl(uniform(-1.0, 1.0), uniform(0.0, 1.0)) == math.inf


@pytest.mark.parametrize("name", ["minimax", "non_saturating", "minimax@logit"])
def test_the_value_at_the_optimal_discriminator(name):
    ratio = np.linspace(-30, 30, 61)
    found = optimal_discriminator(objective(name), ratio)
    np.testing.assert_allclose(1 / (1 + np.exp(-found)), np.exp(ratio) / (1 + np.exp(ratio)), rtol=1e-9)
    assert optimal_value(objective(name), P, Q) == pytest.approx(-math.log(4) + 2 * js(P, Q), abs=1e-12)
    assert optimal_value(objective(name), P, P) == pytest.approx(-math.log(4), abs=1e-12)
    assert optimal_value(objective(name), BENT, BENT) == pytest.approx(-math.log(4), abs=1e-12)


def test_any_other_discriminator_is_worse():
    best = optimal_value(objective("minimax"), P, Q)
    for shift in (-0.1, 0.1):
        worse = P.mean(lambda x, s=shift: -np.logaddexp(0, -_logit(x) - s))
        worse += Q.mean(lambda x, s=shift: -np.logaddexp(0, _logit(x) + s))
        assert worse < best


def _logit(x: np.ndarray) -> np.ndarray:
    return P.log_density(x) - Q.log_density(x)


# f of each divergence, written here a second time on purpose: the package's own comes from the conjugate.
F = {
    "fgan_kl": lambda u: u * np.log(u),
    "fgan_reverse_kl": lambda u: -np.log(u),
    "fgan_pearson": lambda u: (u - 1) ** 2,
    "fgan_neyman": lambda u: (1 - u) ** 2 / u,
    "fgan_squared_hellinger": lambda u: (np.sqrt(u) - 1) ** 2,
    "fgan_jeffrey": lambda u: (u - 1) * np.log(u),
    "fgan_js": lambda u: -(u + 1) * np.log((1 + u) / 2) + u * np.log(u),
    "fgan_gan": lambda u: u * np.log(u) - (u + 1) * np.log(u + 1),
}


@pytest.mark.parametrize("name", F)
def test_f_divergences(name):
    expected = Q.mean(lambda x: F[name](np.exp(P.log_density(x) - Q.log_density(x))))
    assert divergence(name, P, Q) == pytest.approx(expected, rel=1e-9)
    assert divergence(f"{name}:non_saturating", P, Q) == pytest.approx(expected, rel=1e-9)


def test_masses_are_taken_as_they_are_written():
    assert divergence("fgan_kl", [0.2, 0.7, 0.1], [0.5, 0.4, 0.1]) == pytest.approx(
        kl(BENT, Masses(masses=np.array([0.5, 0.4, 0.1]))), abs=1e-10
    )
    assert divergence(objective("minimax"), BENT, BENT) == optimal_value(objective("minimax"), BENT, BENT)
    with pytest.raises(UserError, match="sum"):
        divergence("minimax", [0.5, 0.6], [0.5, 0.5])


def test_the_named_divergences_are_what_they_are_called():
    assert divergence("fgan_kl", P, Q) == pytest.approx(kl(P, Q), abs=1e-10)
    assert divergence("fgan_reverse_kl", P, Q) == pytest.approx(kl(Q, P), abs=1e-10)
    assert divergence("fgan_jeffrey", P, Q) == pytest.approx(kl(P, Q) + kl(Q, P), abs=1e-10)
    assert divergence("fgan_js", P, Q) == pytest.approx(2 * js(P, Q), abs=1e-10)


def test_the_most_likely_model_is_the_nearest_in_kl():
    means = np.linspace(-1, 2, 13)
    likelihoods = [log_likelihood(Q, normal(mean, 1.0)) for mean in means]
    distances = [kl(Q, normal(mean, 1.0)) for mean in means]
    assert np.argmax(likelihoods) == np.argmin(distances) == np.argmin(np.abs(means - 1))
    for likelihood, distance in zip(likelihoods, distances, strict=True):
        assert likelihood == pytest.approx(-entropy(Q) - distance, abs=1e-10)


def test_samples():
    points = np.random.default_rng(0).normal(0, 1, 40_000)
    drawn = Samples(points=points, log=P.log)
    assert entropy(drawn) == pytest.approx(entropy(P), abs=0.02)
    assert kl(drawn, Q) == pytest.approx(kl(P, Q), abs=0.02)
    # The mean log-likelihood of a normal is greatest at the sample's own mean: maximum likelihood.
    likelihoods = [log_likelihood(drawn, normal(points.mean() + shift, 1.0)) for shift in (-0.01, 0.0, 0.01)]
    assert np.argmax(likelihoods) == 1
    other = Samples(points=np.random.default_rng(1).normal(1, 1.25, 40_000), log=Q.log)
    assert optimal_value(objective("minimax"), drawn, other) == pytest.approx(-math.log(4) + 2 * js(P, Q), abs=0.02)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Masses(masses=np.array([0.5, 0.6])), "sum 1.1"),
        (lambda: Masses(masses=np.array([1.5, -0.5])), "minimum -0.5"),
        (lambda: Density(log=lambda x: np.zeros(x.shape), support=(0.0, 2.0)), "integral 2"),
        (lambda: Density(log=lambda x: np.zeros(x.shape), support=(1.0, 0.0)), "edges"),
        (lambda: Samples(points=np.empty(0)), "no samples"),
        (lambda: entropy(Samples(points=np.zeros(3))), "unknown density"),
        (lambda: optimal_value(objective("wasserstein"), P, Q), "wasserstein"),
        (lambda: optimal_value(objective("paired_logistic"), P, Q), "paired"),
        (lambda: divergence("fgan_neyman", P, normal(0.0, 2.0)), "does not settle"),
    ],
)
def test_mistakes_are_said(make, said):
    with pytest.raises(UserError, match=said):
        make()
