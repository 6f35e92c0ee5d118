"""The Wilson interval: scipy's for whole numbers of trials, and its ends."""

import pytest
from scipy.stats import binomtest

from saddlepoint.errors import UserError
from saddlepoint.metrics.proportion import effective_trials, wilson


@pytest.mark.parametrize(("hits", "trials"), [(0, 1), (1, 1), (0, 40), (3, 40), (20, 40), (40, 40), (9990, 10_000)])
def test_it_equals_scipys(hits, trials):
    expected = binomtest(hits, trials).proportion_ci(method="wilson")
    assert wilson(hits / trials, trials) == pytest.approx((expected.low, expected.high), rel=1e-12, abs=1e-15)


def test_a_variance_counts_as_the_trials_that_would_have_it():
    assert effective_trials(0.2, 0.2 * 0.8 / 37.0, 5.0) == pytest.approx(37.0)
    assert effective_trials(1.0, 0.0, 5.0) == effective_trials(0.3, 0.0, 5.0) == 5.0


def test_no_trials_are_refused():
    with pytest.raises(UserError, match="0 trials"):
        wilson(0.0, 0)
