"""Normal numbers of a draw against the normal distribution's inverse."""

import pytest
import torch
from scipy.stats import norm

from saddlepoint.augment.normal import normal


def test_it_is_the_inverse_distribution_function():
    uniform = torch.linspace(0.0001, 0.9999, 999, dtype=torch.float64)
    torch.testing.assert_close(normal(uniform), torch.from_numpy(norm.ppf(uniform.numpy())))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_the_ends_are_finite_and_mirror_each_other(dtype: torch.dtype):
    ends = normal(torch.tensor([0.0, 1.0], dtype=dtype))
    assert ends[0] == -ends[1] and 5.0 < ends[1] < 5.5
