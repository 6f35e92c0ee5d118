"""Streamed moments: those of numpy on the whole array, whatever the batches, their order and their distance from 0."""

import numpy as np
import pytest
import torch

from saddlepoint.errors import UserError
from saddlepoint.metrics.moments import Moments, moments


def vectors(count: int = 200, dimensions: int = 5, offset: float = 0.0) -> np.ndarray:
    generator = np.random.default_rng(count)
    return generator.normal(offset, 1.0, (count, dimensions)) @ generator.normal(0.0, 1.0, (dimensions, dimensions))


@pytest.mark.parametrize("cuts", [[], [1], [100], [1, 2, 3, 150]])
@pytest.mark.parametrize("offset", [0.0, 1e5])
def test_batches_and_merges_give_the_moments_of_the_whole(cuts, offset):
    whole = vectors(offset=offset)
    streamed, merged = Moments(5), Moments(5)
    for part in np.split(whole, cuts):
        streamed.update(part)
        merged.merge(moments(part))
    for found in (streamed, merged):
        assert found.count == 200
        np.testing.assert_allclose(found.mean.numpy(), whole.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(found.covariance.numpy(), np.cov(whole.T), rtol=1e-8, atol=1e-9)


def test_single_precision_is_summed_in_doubles():
    whole = vectors(3000).astype(np.float32)
    np.testing.assert_allclose(moments(whole).covariance.numpy(), np.cov(whole.astype(np.float64).T), rtol=1e-12)
    assert torch.equal(moments(torch.from_numpy(whole)).mean, moments(whole).mean)


def test_an_empty_one_merges_as_nothing():
    found = moments(vectors())
    before = found.covariance
    found.merge(Moments(5))
    assert torch.equal(found.covariance, before)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: moments(vectors(1)).covariance, "at least two"),
        (lambda: Moments(0), "0 dimensions"),
        (lambda: Moments(4).update(vectors()), "feature vectors of 5 numbers; expected 4"),
        (lambda: Moments(4).merge(moments(vectors())), "feature vectors of 5 numbers; expected 4"),
        (lambda: moments(vectors() * np.nan), "NaN"),
    ],
)
def test_mistakes_are_said(act, message):
    with pytest.raises(UserError, match=message):
        act()
