"""Known cases of the metrics on pairs of images, in pixel space, on the line, on toy sets and of imputation.

Where items are independent, the target is an expectation in closed form, or the exact mean of a finite population that
the items are drawn from. The distance of two samples on the line has the expectation

    E W1 = integral E|F_n(t) - G_m(t)| dt,   n F_n(t) ~ Bin(n, F(t)),  m G_m(t) ~ Bin(m, G(t)),

which is a quadrature of finite sums, and a Gaussian's projection is a Gaussian, so that it serves the sliced distance
too.
"""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from scipy.special import digamma
from scipy.stats import binom, norm
from torch import Tensor
from torch.nn import functional as F

from benchmarks.coverage.case import Case
from saddlepoint.metrics.image_pairs import PixelProtocol
from saddlepoint.metrics.perceptual import perceptual_distance
from saddlepoint.metrics.psnr import psnr
from saddlepoint.metrics.result import Result
from saddlepoint.metrics.rmse import imputation_rmse
from saddlepoint.metrics.sliced_wasserstein import directions_on_sphere, sliced_wasserstein
from saddlepoint.metrics.ssim import ssim, ssim_srgan
from saddlepoint.metrics.toy import high_quality_share, mean_log_density, modes_hit, modes_reverse_kl
from saddlepoint.metrics.wasserstein import transport_costs, wasserstein_1

UNIT = PixelProtocol(data_range=1.0)
POPULATION = 100
DIRECTIONS = 16
# The mean of 20,000 draws; their own error is 5e-4.
SLICED_2 = 0.5761


def expected_wasserstein(n: int, m: int, shift: float, scale: float) -> float:
    """E W1 of n numbers from N(shift, scale^2) against m from N(0, 1)."""
    nodes, weights = np.polynomial.legendre.leggauss(400)
    low, high = min(-7.0, shift - 7 * scale), max(7.0, shift + 7 * scale)
    points = (low + high) / 2 + (high - low) / 2 * nodes
    here = binom.pmf(np.arange(n + 1), n, norm.cdf(points, shift, scale)[:, None])
    there = binom.pmf(np.arange(m + 1), m, norm.cdf(points)[:, None])
    gaps = np.abs(np.arange(n + 1)[:, None] / n - np.arange(m + 1) / m)
    return float((high - low) / 2 * weights @ np.einsum("ti,ij,tj->t", here, gaps, there))


def expected_reverse_kl(count: int, shares: np.ndarray, weights: np.ndarray) -> float:
    """E KL(histogram of count draws from the shares || weights), in nats."""
    outcomes = np.arange(1, count + 1) / count
    return sum(
        float(binom.pmf(np.arange(1, count + 1), count, share) @ (outcomes * np.log(outcomes / weight)))
        for share, weight in zip(shares, weights, strict=True)
    )


def _line(name: str, n: int, m: int, shift: float, scale: float) -> Case:
    def estimate(seed: int) -> Result:
        draw = np.random.default_rng(seed)
        return wasserstein_1(draw.normal(shift, scale, n), draw.normal(size=m), provenance={"seed": seed})

    return Case(
        name=f"wasserstein_1.{name}",
        target=expected_wasserstein(n, m, shift, scale),
        estimate=estimate,
        how="quadrature of binomial sums",
    )


def _sliced(seed: int, n: int, m: int, scale: float, order: int) -> Result:
    draw = np.random.default_rng(seed)
    return sliced_wasserstein(
        scale * draw.normal(size=(n, 2, 2)),
        draw.normal(size=(m, 2, 2)),
        order=order,
        projections=DIRECTIONS,
        provenance={"seed": seed},
    )


def _sliced_2_again(draws: int = 20_000) -> float:
    generator = torch.Generator().manual_seed(0)
    directions, values = directions_on_sphere(4, DIRECTIONS, 0), []
    for _ in range(draws):
        x, y = (torch.randn(count, 4, generator=generator, dtype=torch.float64) for count in (80, 120))
        wide, unit = ((table @ directions).T.sort(dim=1).values for table in (1.5 * x, y))
        values.append(float(transport_costs(wide, unit, 2).mean().sqrt()))
    return float(np.mean(values))


def _psnr(seed: int) -> Result:
    draw = np.random.default_rng(seed)
    reference = np.full((20, 1, 8, 8), 0.5)
    deviations = np.exp(draw.normal(math.log(0.03), 0.3, (20, 1, 1, 1)))
    return psnr(reference + deviations * draw.normal(size=reference.shape), reference, protocol=UNIT, provenance={})


@cache
def _population(size: int) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(size)
    reference = draw.random((POPULATION, 1, size, size))
    noise = draw.random((POPULATION, 1, 1, 1)) * draw.random(reference.shape)
    return 0.5 * (reference + noise), reference


def _from_population(name: str, size: int, count: int, measure: Callable[[np.ndarray, np.ndarray], Result]) -> Case:
    def estimate(seed: int) -> Result:
        chosen = np.random.default_rng(seed).integers(POPULATION, size=count)
        return measure(*(images[chosen] for images in _population(size)))

    return Case(
        name=name, target=measure(*_population(size)).value, estimate=estimate, how="the mean of a finite population"
    )


def _features(images: Tensor) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    first = torch.tanh(F.conv2d(images, torch.randn(6, 1, 3, 3, generator=generator, dtype=torch.float64)))
    second = torch.tanh(F.conv2d(first, torch.randn(8, 6, 3, 3, generator=generator, dtype=torch.float64), stride=2))
    return [first, second]


def _grid(seed: int, count: int, spread: float, shares: np.ndarray) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return GRID[draw.choice(len(GRID), count, p=shares)] + spread * draw.normal(size=(count, 2))


def _rmse(seed: int) -> Result:
    draw = np.random.default_rng(seed)
    truth = draw.random((100, 5))
    # Rows differ in how hard they are; the mean square of the errors is .04.
    errors = np.sqrt(draw.gamma(4.0, 0.01, (100, 1))) * draw.normal(size=truth.shape)
    ranges = (torch.zeros(5), torch.full((5,), 1.0 - 1e-6, dtype=torch.float64))
    return imputation_rmse(truth + errors, truth, draw.random(truth.shape) < 0.3, ranges=ranges, provenance={})


GRID = np.stack(np.meshgrid(np.arange(5.0), np.arange(5.0)), axis=-1).reshape(25, 2)
EVEN = np.full(25, 1 / 25)
UNEVEN = np.linspace(1, 3, 25) / np.linspace(1, 3, 25).sum()
HIGH_QUALITY = 1 - math.exp(-4.5)


def _modes_hit_target(count: int, shares: np.ndarray) -> float:
    return float((1 - (1 - HIGH_QUALITY * shares) ** count).sum())


CASES = [
    Case(
        name="psnr.noise",
        target=-10 / math.log(10) * (2 * math.log(0.03) + float(digamma(32)) - math.log(32)),
        estimate=_psnr,
    ),
    _from_population("ssim.population", 16, 30, lambda x, y: ssim(x, y, protocol=UNIT, provenance={})),
    _from_population("ssim_srgan.population", 48, 20, lambda x, y: ssim_srgan(x, y, protocol=UNIT, provenance={})),
    _from_population(
        "perceptual_distance.population",
        16,
        30,
        lambda x, y: perceptual_distance(x, y, features=_features, network="random, seed 0", provenance={}),
    ),
    _line("equal", 100, 100, 0.0, 1.0),
    _line("equal_unlike_counts", 60, 150, 0.0, 1.0),
    _line("near", 100, 100, 0.2, 1.0),
    _line("shifted", 100, 60, 1.0, 1.0),
    _line("wider", 100, 100, 0.0, 1.5),
    Case(
        name="sliced_wasserstein_1.equal",
        target=expected_wasserstein(100, 100, 0.0, 1.0),
        estimate=lambda seed: _sliced(seed, 100, 100, 1.0, 1),
        how="quadrature of binomial sums",
    ),
    Case(
        name="sliced_wasserstein_1.wider",
        target=expected_wasserstein(80, 120, 0.0, 1.5),
        estimate=lambda seed: _sliced(seed, 80, 120, 1.5, 1),
        how="quadrature of binomial sums",
    ),
    Case(
        name="sliced_wasserstein_2.wider",
        target=SLICED_2,
        estimate=lambda seed: _sliced(seed, 80, 120, 1.5, 2),
        how="20,000 draws",
        recompute=_sliced_2_again,
    ),
    Case(
        name="toy_log_density.plane",
        target=-math.log(2 * math.pi) - 1.5**2,
        estimate=lambda seed: mean_log_density(
            1.5 * np.random.default_rng(seed).normal(size=(100, 2)),
            lambda points: -0.5 * (points**2).sum(axis=1) - math.log(2 * math.pi),
            provenance={},
        ),
    ),
    Case(
        name="toy_high_quality_share.grid",
        target=1 - math.exp(-4.5 / 1.5**2),
        estimate=lambda seed: high_quality_share(_grid(seed, 200, 0.045, EVEN), GRID, 0.03, provenance={}),
    ),
    Case(
        name="toy_modes_hit.grid",
        target=_modes_hit_target(40, EVEN),
        estimate=lambda seed: modes_hit(_grid(seed, 40, 0.03, EVEN), GRID, 0.03, provenance={}),
    ),
    Case(
        name="toy_modes_reverse_kl.even",
        target=expected_reverse_kl(200, EVEN, EVEN),
        estimate=lambda seed: modes_reverse_kl(_grid(seed, 200, 0.03, EVEN), GRID, EVEN, provenance={}),
    ),
    Case(
        name="toy_modes_reverse_kl.uneven",
        target=expected_reverse_kl(200, UNEVEN, EVEN),
        estimate=lambda seed: modes_reverse_kl(_grid(seed, 200, 0.03, UNEVEN), GRID, EVEN, provenance={}),
    ),
    Case(name="imputation_rmse.rows", target=0.2, estimate=_rmse),
]
