"""Leading directions against scikit-learn's principal components."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from saddlepoint.metrics.directions import leading_directions


@pytest.mark.parametrize(("count", "dimensions"), [(30, 50), (200, 12), (5, 50)])
def test_they_span_the_principal_components(count: int, dimensions: int):
    scale = np.linspace(3, 0.1, dimensions)
    values = np.random.default_rng(0).normal(size=(count, dimensions)) * scale + 7
    found = leading_directions(values.astype(np.float32), 6)
    kept = min(6, count - 1)
    expected = PCA(n_components=kept).fit(values).components_
    assert found.shape == (dimensions, kept)
    torch.testing.assert_close(found.T @ found, torch.eye(kept, dtype=torch.float64))
    np.testing.assert_allclose(np.abs(expected @ found.numpy()), np.eye(kept), atol=1e-4)


def test_a_set_without_variation_has_some_directions_all_the_same():
    found = leading_directions(np.ones((4, 9)), 3)
    torch.testing.assert_close(found.T @ found, torch.eye(3, dtype=torch.float64))
