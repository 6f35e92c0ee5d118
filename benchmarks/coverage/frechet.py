"""The Frechet distance and its limit on Gaussians and on heavier tails, alike and apart, few and many dimensions."""

from dataclasses import dataclass

import numpy as np

from benchmarks.coverage.case import Case, expectation
from saddlepoint.metrics.frechet import frechet, frechet_infinity, frechet_of_moments
from saddlepoint.metrics.moments import moments
from saddlepoint.metrics.result import Result

DRAWS = 4000


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Samples are `scale` times the reference's distribution plus `shift` in every dimension.

    Args:
        expected: E[FD_n], the mean over `DRAWS` draws.
        freedom: of Student's t in every dimension, at variance 1; None: normal.
    """

    name: str
    dimensions: int
    count: int
    expected: float
    scale: float = 1.0
    shift: float = 0.0
    freedom: float | None = None

    @property
    def limit(self) -> float:
        return self.dimensions * (self.shift**2 + (self.scale - 1.0) ** 2)

    def draw(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        generator = np.random.default_rng([seed, self.dimensions, self.count])
        shape = (2, self.count, self.dimensions)
        if self.freedom is None:
            values = generator.standard_normal(shape)
        else:
            values = generator.standard_t(self.freedom, shape) * np.sqrt(1.0 - 2.0 / self.freedom)
        return values[0] * self.scale + self.shift, values[1]

    def finite(self, seed: int) -> Result:
        return frechet(*self.draw(seed), provenance={})

    def extrapolated(self, seed: int) -> Result:
        return frechet_infinity(*self.draw(seed), provenance={})

    def again(self) -> float:
        return expectation(lambda seed: frechet_of_moments(*(moments(part) for part in self.draw(seed))), DRAWS)


PAIRS = (
    Pair(name="same_d2_n500", dimensions=2, count=500, expected=0.0137503),
    Pair(name="apart_d2_n500", dimensions=2, count=500, expected=0.117837, scale=1.2, shift=0.1),
    Pair(name="same_d16_n500", dimensions=16, count=500, expected=0.335988),
    Pair(name="near_d16_n2000", dimensions=16, count=2000, expected=0.0936571, scale=1.02, shift=0.01),
    Pair(name="tails_d16_n1000", dimensions=16, count=1000, expected=0.191265, freedom=6.0),
    Pair(name="same_d64_n500", dimensions=64, count=500, expected=4.42589),
    Pair(name="apart_d64_n500", dimensions=64, count=500, expected=8.51489, scale=1.2, shift=0.1),
    Pair(name="near_d64_n5000", dimensions=64, count=5000, expected=0.482436, scale=1.02, shift=0.01),
    Pair(name="apart_tails_d64_n200", dimensions=64, count=200, expected=16.9613, scale=1.2, shift=0.1, freedom=6.0),
    # Fewer vectors than dimensions: covariances are singular, and there is no extrapolating.
    Pair(name="apart_d64_n40", dimensions=64, count=40, expected=66.1473, scale=1.2, shift=0.1),
)
CASES = (
    *(
        Case(
            name=f"frechet_distance.{pair.name}",
            target=pair.expected,
            estimate=pair.finite,
            how=f"mean of {DRAWS} draws",
            recompute=pair.again,
        )
        for pair in PAIRS
    ),
    *(
        Case(name=f"frechet_distance_infinity.{pair.name}", target=pair.limit, estimate=pair.extrapolated)
        for pair in PAIRS
        if pair.count > pair.dimensions
    ),
)
