"""A distribution's first two moments in the form that Frechet distances want: mean, and a factor F with S = F^T F.

By factors nothing needs the square root of a product of matrices, and a singular covariance (fewer vectors than
dimensions) is no special case: tr((S1 S2)^(1/2)) is the nuclear norm of F1 F2^T. F is the centred rows themselves where
they are fewer than the dimensions, the Cholesky factor otherwise, and the spectral root where that does not exist.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.moments import Moments

# Below this share of the largest, eigenvalues of a covariance in doubles are rounding, and their inverses noise.
_RANK = 1e-12
# Square roots of eigenvalues keep 1e-11 of their size above this share of the largest; below it, singular values do.
_SAFE = 1e-10


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Mean and factor of the covariance.

    Args:
        count: how many vectors.
        mean: float64 (d,).
        factor: float64 (r, d), F^T F being the unbiased covariance.
        triangular: the factor is square, upper triangular and well away from singular.
    """

    count: int
    mean: Tensor
    factor: Tensor
    triangular: bool = False

    @property
    def trace(self) -> Tensor:
        """The covariance's trace, float64 without dimensions."""
        return self.factor.square().sum()

    def times_inverse(self, right: Tensor) -> Tensor:
        """The factor's pseudo-inverse, (d, r), times a matrix of r rows."""
        if self.triangular:
            return torch.linalg.solve_triangular(self.factor, right, upper=True)
        values, vectors = torch.linalg.eigh(self.factor @ self.factor.T)
        return self.factor.T @ (vectors @ (_inverted(values)[:, None] * (vectors.T @ right)))


def spread_of_moments(moments: Moments) -> Spread:
    """From streamed moments.

    Raises:
        UserError: fewer than two vectors.
    """
    covariance = moments.covariance
    upper, failed = torch.linalg.cholesky_ex(covariance, upper=True)
    pivots = upper.diagonal().square()
    if int(failed) == 0 and float(pivots.min()) > _RANK * float(pivots.max()):
        return Spread(count=moments.count, mean=moments.mean, factor=upper, triangular=True)
    values, vectors = torch.linalg.eigh(covariance)
    roots = values.clamp(min=0.0).sqrt()
    return Spread(count=moments.count, mean=moments.mean, factor=roots[:, None] * vectors.T)


def spread_of_rows(values: Tensor, device: str | torch.device = "cpu") -> Spread:
    """From an array (n, d), by whichever way is smaller.

    Raises:
        UserError: fewer than two rows.
    """
    count, dimensions = values.shape
    if count < 2:
        raise UserError(f"{count} feature vector", "at least two", "give more: a covariance needs them")
    if count > dimensions:
        found = Moments(dimensions, device=device)
        found.update(values)
        return spread_of_moments(found)
    doubles = values.to(device, torch.float64)
    mean = doubles.mean(dim=0)
    return Spread(count=count, mean=mean, factor=(doubles - mean) / (count - 1) ** 0.5)


def frechet_between(first: Spread, second: Spread) -> float:
    """The Frechet distance (squared 2-Wasserstein distance of Gaussians), in squared feature units; at least 0."""
    product = _product(first, second)
    return _distance(first, second, product, torch.linalg.eigvalsh(product @ product.T))


def frechet_with_maps(first: Spread, second: Spread) -> tuple[float, Tensor, Tensor]:
    """The Frechet distance, and the optimal maps between the two Gaussians, which its derivative is made of.

    The derivative in the direction of a point x is 2 (m1 - m2).(x - m1) + |x - m1|^2 - (x - m1)^T T (x - m1), T the map
    that carries the first Gaussian to the second (and likewise for a point of the second, T from the second to the
    first).

    Returns:
        The distance, and float64 (d, r) B1 and (d, r) B2 with T = B1 B1^T and B2 B2^T on the distributions' own points.
    """
    if len(first.factor) > len(second.factor):
        value, back, there = frechet_with_maps(second, first)
        return value, there, back
    # (A A^T)^(1/2) for A = F1 F2^T gives both maps: T12 = F1^+ (A A^T)^(1/2) F1^+^T, and T21 = F1^T (A A^T)^(-1/2) F1.
    product = _product(first, second)
    values, vectors = torch.linalg.eigh(product @ product.T)
    there = first.times_inverse(vectors * values.clamp(min=0.0).pow(0.25))
    back = first.factor.T @ (vectors * _inverted(values).pow(0.25))
    return _distance(first, second, product, values), there, back


def _distance(first: Spread, second: Spread, product: Tensor, spectrum: Tensor) -> float:
    if float(spectrum[0]) > _SAFE * float(spectrum[-1]):
        cross = spectrum.sqrt().sum()
    else:
        cross = torch.linalg.svdvals(product).sum()
    value = (first.mean - second.mean).square().sum() + first.trace + second.trace - 2.0 * cross
    return max(0.0, float(value))


def _product(first: Spread, second: Spread) -> Tensor:
    if len(first.factor) > len(second.factor):
        first, second = second, first
    return first.factor @ second.factor.T


def _inverted(values: Tensor) -> Tensor:
    """1 / x, and 0 for what is rounding beside the largest."""
    kept = values > _RANK * values.max()
    return torch.where(kept, 1.0 / values.where(kept, torch.ones_like(values)), torch.zeros_like(values))
