"""The leading principal directions of a set of features: where it varies most.

    (x_i - mean) = U S V^T;    the first k columns of V

Of fewer vectors than dimensions a covariance is singular, and a Frechet distance mostly bias. In k directions of the
reference it is neither; but it is blind to what samples do in directions in which real data hardly varies. The kernel
distance and the neighbours see all dimensions.
"""

import numpy as np
import torch
from torch import Tensor

from saddlepoint.metrics.distances import rows


def leading_directions(reference: Tensor | np.ndarray, count: int) -> Tensor:
    """Orthonormal columns, float64 (d, k), the directions in which the vectors vary most, most first.

    Args:
        reference: (n, d), n >= 2.
        count: how many at most; k is less where there are fewer vectors or dimensions.

    Raises:
        UserError: no table of finite numbers.
    """
    table = rows("features of the reference", reference).double()
    centred = table - table.mean(dim=0)
    kept = min(count, len(table) - 1, table.shape[1])
    # By the smaller of the two products: its eigenvectors are the directions, or lead to them.
    if len(table) < table.shape[1]:
        left = torch.linalg.eigh(centred @ centred.T).eigenvectors.flip(1)[:, :kept]
        return torch.linalg.qr(centred.T @ left).Q
    return torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)[:, :kept]
