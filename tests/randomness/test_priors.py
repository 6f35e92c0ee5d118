"""Priors have the distributions of their names, also at the ends of the uniform numbers."""

import math

import pytest
import torch
from scipy.stats import kstest, norm

from saddlepoint.errors import UserError
from saddlepoint.randomness import PRIORS, prior, uniform

EXPECTED = {
    "normal": norm.cdf,
    "uniform": lambda x: (x + 1) / 2,
    "unit_variance_uniform": lambda x: (x / math.sqrt(3) + 1) / 2,
}


def test_every_prior_is_tested() -> None:
    assert EXPECTED.keys() == PRIORS.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_a_prior_has_the_distribution_of_its_name(name: str) -> None:
    z = prior(name, uniform(4, "z", samples=range(10_000), width=2))
    assert z.shape == (10_000, 2) and z.dtype == torch.float32
    assert kstest(z.numpy().ravel(), EXPECTED[name]).pvalue > 0.01


def test_quantiles_are_exact_far_into_the_tails() -> None:
    u = torch.tensor([1e-12, 0.25, 0.5, 0.975, 1 - 1e-12], dtype=torch.float64)
    torch.testing.assert_close(prior("normal", u), torch.from_numpy(norm.ppf(u)).float(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_outermost_numbers_give_finite_latents(name: str) -> None:
    z = prior(name, torch.tensor([2.0**-53, 1 - 2.0**-53], dtype=torch.float64))
    assert z.isfinite().all() and z[0] == -z[1]


def test_an_unknown_prior_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"prior 'cauchy'.*normal, uniform, unit_variance_uniform"):
        prior("cauchy", torch.full((1, 1), 0.5, dtype=torch.float64))
