"""Toy sets of points with known densities: mixtures of Gaussians, and the Swiss roll.

Mixture: p(x) = sum_k w_k N(x; m_k, s_k^2 I). Swiss roll: x = (t (cos t, sin t) + noise N(0, I)) / scale, t uniform on
[3 pi / 2, 9 pi / 2], so p(x) = scale^2 integral dt / (3 pi) N(scale x; t (cos t, sin t), noise^2 I).
The numbers are those of Gulrajani et al., "Improved training of Wasserstein GANs" (2017): 8 Gaussians of deviation .02
on a circle of radius 2, all divided by 1.414; 25 of deviation .05 at 2 (i, j), i and j in -2..2, divided by 2.828 (the
deviation of the grid, so that each axis has variance 1); the roll's noise .25, divided by 7.5. Both 1-D sets are ours.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from saddlepoint.data.formats.arrays import item_name
from saddlepoint.data.source import Options, Source
from saddlepoint.process.room import refuse_without_room

_COUNT = 20_000
_POINTS_AT_ONCE = 128


@dataclass(frozen=True, kw_only=True, eq=False)
class Mixture:
    """A mixture of isotropic Gaussians.

    Attributes:
        modes: the means (k, dimensions).
        deviations: (k,).
        weights: (k,), summing to 1.
    """

    modes: np.ndarray
    deviations: np.ndarray
    weights: np.ndarray

    @property
    def dimensions(self) -> int:
        return self.modes.shape[1]

    @property
    def uniforms(self) -> int:
        """Uniform numbers that a sample needs."""
        return 1 + self.dimensions

    def sample(self, count: int, draw: np.random.Generator | np.ndarray) -> np.ndarray:
        """Points, float64 (count, dimensions).

        Args:
            draw: a seeded generator, or uniform numbers in (0, 1), (count, uniforms); row i gives point i.
        """
        drawn = _uniforms(count, draw, self.uniforms)
        of = np.searchsorted(np.cumsum(self.weights)[:-1], drawn[:, 0], side="right")
        return self.modes[of] + self.deviations[of, None] * _normal(drawn[:, 1:])

    def log_density(self, points: np.ndarray) -> np.ndarray:
        """log p, float64 (n,), at points (n, dimensions); exact."""
        normalisers = np.log(self.weights) - self.dimensions * np.log(self.deviations * math.sqrt(2 * math.pi))
        return _log_mixture(points, self.modes, self.deviations, normalisers)


@dataclass(frozen=True, kw_only=True, eq=False)
class SwissRoll:
    """The Swiss roll in the plane; it has no modes.

    Attributes:
        noise: the deviation around the roll, before the division.
        scale: what all is divided by.
    """

    noise: float
    scale: float

    dimensions = 2
    uniforms = 3
    modes = np.empty((0, 2))

    def sample(self, count: int, draw: np.random.Generator | np.ndarray) -> np.ndarray:
        """Points, float64 (count, 2); `draw` as in `Mixture.sample`."""
        drawn = _uniforms(count, draw, self.uniforms)
        return (_roll(1.5 * math.pi * (1 + 2 * drawn[:, 0])) + self.noise * _normal(drawn[:, 1:])) / self.scale

    def log_density(self, points: np.ndarray) -> np.ndarray:
        """log p, float64 (n,), at points (n, 2), by Gauss-Legendre quadrature along the roll (8 nodes on each of 256
        panels).

        A panel is at most two deviations long, so that the quadrature's error is below 1e-8 of the density.
        """
        nodes, weights = np.polynomial.legendre.leggauss(8)
        edges = np.linspace(1.5 * math.pi, 4.5 * math.pi, 257)
        half = (edges[1] - edges[0]) / 2
        along = ((edges[:-1] + edges[1:])[:, None] / 2 + half * nodes).ravel()
        shares = np.tile(weights, 256) * half / (3 * math.pi)
        deviation = self.noise / self.scale
        normalisers = np.log(shares) - 2 * math.log(deviation * math.sqrt(2 * math.pi))
        return _log_mixture(points, _roll(along) / self.scale, np.full(len(along), deviation), normalisers)


def _circle(count: int, radius: float) -> np.ndarray:
    # Without the end point: with it the first mode would be counted twice and one be missing.
    angles = np.linspace(0, 2 * math.pi, count, endpoint=False)
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _equal(modes: np.ndarray, deviation: float) -> Mixture:
    count = len(modes)
    return Mixture(modes=modes, deviations=np.full(count, deviation), weights=np.full(count, 1 / count))


TOY_SETS: dict[str, Mixture | SwissRoll] = {
    "8-gaussians": _equal(_circle(8, 2.0) / 1.414, 0.02 / 1.414),
    "25-gaussians": _equal(2.0 * np.array(list(itertools.product(range(-2, 3), repeat=2))) / 2.828, 0.05 / 2.828),
    "swiss-roll": SwissRoll(noise=0.25, scale=7.5),
    "1d-gaussian": Mixture(modes=np.array([[0.0]]), deviations=np.array([0.5]), weights=np.array([1.0])),
    "1d-mixture": Mixture(
        modes=np.array([[-1.5], [0.0], [1.0]]),
        deviations=np.array([0.3, 0.15, 0.25]),
        weights=np.array([0.5, 0.2, 0.3]),
    ),
}


def read_toy(location: str, options: Options) -> Source:
    """A toy set as points: `count` of them (default 20,000), drawn from `seed`."""
    count, toy = options.count or _COUNT, TOY_SETS[location]
    # The uniform numbers that are drawn, and what becomes of them.
    needed = count * 8 * (2 * toy.uniforms + 3 * toy.dimensions)
    refuse_without_room(needed, f"data.count={count:,} of {location}", "set a smaller data.count")

    def blocks() -> Iterator[np.ndarray]:
        generator = np.random.Generator(np.random.Philox(key=options.seed))
        yield toy.sample(count, generator).astype(np.float32)

    return Source(
        format=location,
        count=count,
        name=item_name(location),
        kind="points",
        blocks=blocks,
    )


def _uniforms(count: int, draw: np.random.Generator | np.ndarray, width: int) -> np.ndarray:
    if isinstance(draw, np.ndarray):
        assert draw.shape == (count, width)
        return draw
    # A generator may give 0, whose normal would be minus infinity.
    return np.maximum(draw.random((count, width)), 2.0**-54)


def _normal(uniforms: np.ndarray) -> np.ndarray:
    from scipy.special import ndtri  # here, because it is slow to import

    return ndtri(uniforms)


def _roll(along: np.ndarray) -> np.ndarray:
    return along[:, None] * np.stack([np.cos(along), np.sin(along)], axis=1)


def _log_mixture(points: np.ndarray, means: np.ndarray, deviations: np.ndarray, normalisers: np.ndarray) -> np.ndarray:
    """log sum_k exp(normalisers_k - |x - m_k|^2 / (2 s_k^2)), without overflow."""
    points = np.asarray(points, dtype=np.float64)
    result = np.empty(len(points))
    for start in range(0, len(points), _POINTS_AT_ONCE):
        part = points[start : start + _POINTS_AT_ONCE]
        exponents = np.tile(normalisers, (len(part), 1))
        # One coordinate after the other and in place: the time is that of moving these arrays.
        for axis in range(means.shape[1]):
            scaled = (part[:, axis, None] - means[:, axis]) / (math.sqrt(2) * deviations)
            exponents -= np.square(scaled, out=scaled)
        largest = exponents.max(axis=1, keepdims=True)
        exponents -= largest
        result[start : start + len(part)] = largest[:, 0] + np.log(np.exp(exponents, out=exponents).sum(axis=1))
    return result
