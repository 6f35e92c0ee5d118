"""Mean and covariance of features that arrive in batches, in float64, and their merge (Chan, Golub and LeVeque 1979).

    M = M_a + M_b + (n_a n_b / n) delta delta^T,   delta = mean_b - mean_a,   covariance = M / (n - 1)

Every batch is centred on its own mean before it is squared, so that features far from the origin keep their digits.
"""

import numpy as np
import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.distances import rows

# A batch in doubles is at most 2 ** 22 numbers, 32 MiB.
_BLOCK = 2**22


class Moments:
    """Count, mean and covariance so far of vectors of one size.

    Args:
        dimensions: numbers in each vector.
        device: where the sums are kept and the products done; it must know doubles.

    Raises:
        UserError: no dimensions.
    """

    def __init__(self, dimensions: int, *, device: str | torch.device = "cpu"):
        if dimensions < 1:
            raise UserError(f"{dimensions} dimensions", "at least one", "give the size of a feature vector")
        self.count = 0
        self.mean = torch.zeros(dimensions, dtype=torch.float64, device=device)
        # The sum of the products of deviations from the mean.
        self.scatter = torch.zeros(dimensions, dimensions, dtype=torch.float64, device=device)

    @property
    def dimensions(self) -> int:
        """Of a feature vector."""
        return len(self.mean)

    @property
    def covariance(self) -> Tensor:
        """The unbiased covariance, float64 (d, d).

        Raises:
            UserError: fewer than two vectors.
        """
        if self.count < 2:
            raise UserError(f"{self.count} feature vectors", "at least two", "give more: a covariance needs them")
        return self.scatter / (self.count - 1)

    def update(self, batch: Tensor | np.ndarray) -> None:
        """Takes in a batch of vectors.

        Args:
            batch: (n, d) finite numbers of any real type.

        Raises:
            UserError: vectors of another size, empty or not finite.
        """
        values = rows("features", batch)
        self._check(values.shape[1])
        for part in values.split(max(1, _BLOCK // self.dimensions)):
            doubles = part.to(self.mean.device, torch.float64)
            mean = doubles.mean(dim=0)
            centred = doubles - mean
            self._combine(len(part), mean, centred.T @ centred)

    def merge(self, other: "Moments") -> None:
        """Takes in all that another has seen.

        Args:
            other: moments of vectors of the same size; it is left as it is.

        Raises:
            UserError: vectors of another size.
        """
        self._check(other.dimensions)
        if other.count:
            self._combine(other.count, other.mean.to(self.mean.device), other.scatter.to(self.mean.device))

    def _check(self, dimensions: int) -> None:
        if dimensions != self.dimensions:
            raise UserError(
                f"feature vectors of {dimensions} numbers",
                f"{self.dimensions}",
                "compute both with the same feature network",
            )

    def _combine(self, count: int, mean: Tensor, scatter: Tensor) -> None:
        total = self.count + count
        difference = mean - self.mean
        self.scatter += scatter
        self.scatter += torch.outer(difference, difference) * (self.count * count / total)
        self.mean += difference * (count / total)
        self.count = total


def moments(features: Tensor | np.ndarray, *, device: str | torch.device = "cpu") -> Moments:
    """The moments of one array.

    Args:
        features: (n, d) finite numbers of any real type.
        device: where the products are done; it must know doubles.

    Raises:
        UserError: empty or not finite.
    """
    values = rows("features", features)
    found = Moments(values.shape[1], device=device)
    found.update(values)
    return found
