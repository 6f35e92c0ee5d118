"""Precision, recall, density and coverage on Gaussians: alike, narrower, wider and shifted, and of unequal counts."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.spatial.distance import cdist

from benchmarks.coverage.case import Case, expectation
from saddlepoint.metrics.neighbours import NEAREST, neighbours
from saddlepoint.metrics.result import Result

DRAWS = 2000
NAMES = ("precision", "recall", "density", "coverage")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Samples are `scale` times the reference's normal distribution, shifted by `shift` in length.

    Args:
        expected: the four expectations at these counts, in the order of `NAMES`, the means of `DRAWS` draws.
    """

    name: str
    dimensions: int
    samples: int
    reference: int
    scale: float
    shift: float
    expected: tuple[float, float, float, float]

    def draw(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        generator = np.random.default_rng([seed, self.dimensions, self.samples, self.reference])
        made = generator.standard_normal((self.samples, self.dimensions)) * self.scale
        return made + self.shift / self.dimensions**0.5, generator.standard_normal((self.reference, self.dimensions))

    def again(self, name: str) -> float:
        return expectation(lambda seed: _values(self, seed)[name], DRAWS)

    def case(self, name: str) -> Case:
        return Case(
            name=f"{name}.{self.name}",
            target=self.expected[NAMES.index(name)],
            estimate=lambda seed: _measured(self, seed)[name],
            how=f"mean of {DRAWS} draws",
            recompute=lambda: self.again(name),
        )


@lru_cache(maxsize=4096)
def _measured(pair: Pair, seed: int) -> dict[str, Result]:
    return neighbours(*pair.draw(seed), provenance={})


@lru_cache(maxsize=16384)
def _values(pair: Pair, seed: int) -> dict[str, float]:
    """The definitions, straight from all distances: what the metric is to equal, faster without its interval."""
    made, real = pair.draw(seed)
    around_real, around_made = (np.partition(cdist(x, x), NEAREST, axis=1)[:, NEAREST] for x in (real, made))
    distances = cdist(real, made)
    inside = distances < around_real[:, None]
    return {
        "precision": float(inside.any(axis=0).mean()),
        "recall": float((distances < around_made).any(axis=1).mean()),
        "density": float(inside.sum() / (NEAREST * len(made))),
        "coverage": float(inside.any(axis=1).mean()),
    }


PAIRS = (
    Pair(
        name="same_d16",
        dimensions=16,
        samples=400,
        reference=400,
        scale=1.0,
        shift=0.0,
        expected=(0.870991, 0.871961, 0.997777, 0.969259),
    ),
    Pair(
        name="narrow_d16",
        dimensions=16,
        samples=200,
        reference=400,
        scale=0.9,
        shift=0.5,
        expected=(0.946365, 0.73057, 1.48619, 0.922835),
    ),
    Pair(
        name="wide_d64",
        dimensions=64,
        samples=400,
        reference=400,
        scale=1.1,
        shift=0.0,
        expected=(0.421816, 0.951059, 0.268547, 0.686442),
    ),
    Pair(
        name="same_d64",
        dimensions=64,
        samples=1000,
        reference=1000,
        scale=1.0,
        shift=0.0,
        expected=(0.729221, 0.728429, 1.00221, 0.969106),
    ),
)
CASES = tuple(pair.case(name) for pair in PAIRS for name in NAMES)
