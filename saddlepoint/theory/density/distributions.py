"""Distributions on which the identities are evaluated: masses on atoms, a density on the line, or samples of a density.

Each offers the same two things, an expectation and a logarithm of its density, so that an identity is written once:

    Masses   E[g] = sum_i p_i g(i)          points are the indices of the atoms
    Density  E[g] = integral p(x) g(x) dx   Gauss-Legendre panels, doubled until the value stands
    Samples  E[g] = mean of g(x_i)          Monte Carlo, with an error of order n**-1/2
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from saddlepoint.errors import UserError

# A function of points (n,) or (n, dimensions) with values (n,).
Function = Callable[[np.ndarray], np.ndarray]

_NODES = 16
# The panels are doubled until two values differ by less than this (relative to 1 + the value); at a kink that takes too
# many of them, and then a coarser agreement serves.
_MOST_PANELS = 2**12
_TOLERANCE = 1e-12
_COARSE = 1e-6
# How far the masses or the integral of a density may be from 1.
_NORMALISATION = 1e-6


class Distribution(ABC):
    """What can be averaged over, and has a density with respect to counting or to length."""

    @abstractmethod
    def mean(self, function: Function) -> float:
        """E[function(x)]; points without mass do not count, whatever the function is there.

        Raises:
            UserError: an integral over a density does not settle, as one that is infinite.
        """

    @abstractmethod
    def log_density(self, points: np.ndarray) -> np.ndarray:
        """log p at points, -inf where there is no mass; in nats."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Masses(Distribution):
    """A distribution on n atoms.

    Args:
        masses: (n,), not negative, summing to 1.

    Raises:
        UserError: a negative mass, or another sum.
    """

    masses: np.ndarray

    def __post_init__(self) -> None:
        masses = np.asarray(self.masses, dtype=np.float64)
        total = float(masses.sum())
        if masses.ndim != 1 or not len(masses) or not (masses >= 0).all() or abs(total - 1) > _NORMALISATION:
            raise UserError(
                f"masses of shape {masses.shape} with sum {total:.6g} and minimum {masses.min(initial=math.inf):.6g}",
                "one mass per atom, none negative, with sum 1",
                "divide the masses by their sum",
            )
        object.__setattr__(self, "masses", masses)

    def mean(self, function: Function) -> float:
        atoms = np.flatnonzero(self.masses)
        return float(self.masses[atoms] @ function(atoms))

    def log_density(self, points: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore"):
            return np.log(self.masses[points])


@dataclass(frozen=True, kw_only=True, eq=False)
class Density(Distribution):
    """A density on the line.

    Args:
        log: log p of points (n,).
        support: the ends between which there is mass; infinite ones are allowed.
        breaks: points between them where the density jumps or has a kink.

    Raises:
        UserError: the ends are not in order, or the density does not integrate to 1.
    """

    log: Function
    support: tuple[float, float] = (-math.inf, math.inf)
    breaks: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        edges = [self.support[0], *self.breaks, self.support[1]]
        if any(not low < high for low, high in pairwise(edges)):
            raise UserError(f"a support with the edges {edges}", "edges in order", "sort them")
        total = self.mean(lambda points: np.ones(len(points)))
        if not abs(total - 1) <= _NORMALISATION:
            raise UserError(
                f"a density with integral {total:.6g}",
                "1",
                "normalise it, and give its support (and its breaks where it jumps or is narrow)",
            )

    def mean(self, function: Function) -> float:
        previous, panels, settled = math.nan, 64, False
        while panels <= _MOST_PANELS:
            points, lengths = self._nodes(panels)
            masses = np.exp(self.log(points)) * lengths
            points, masses = points[masses > 0], masses[masses > 0]
            value = float(masses @ function(points))
            # Infinite twice over counts as settled: KL to a density that lacks mass here is infinite.
            if value == previous or abs(value - previous) <= _TOLERANCE * (1 + abs(value)):
                return value
            settled = abs(value - previous) <= _COARSE * (1 + abs(value))
            previous, panels = value, 2 * panels
        if not settled:
            raise UserError(
                f"an integral that does not settle (at {previous:.4g})",
                "a finite expectation",
                "it may be infinite, as of heavier against lighter tails; or give the density's breaks",
            )
        return previous

    def log_density(self, points: np.ndarray) -> np.ndarray:
        low, high = self.support
        inside = (points >= low) & (points <= high)
        result = np.full(points.shape, -math.inf)
        result[inside] = self.log(points[inside])
        return result

    def _nodes(self, panels: int) -> tuple[np.ndarray, np.ndarray]:
        """Points (n,) and what each stands for in length (n,), over all stretches between breaks."""
        nodes, weights = np.polynomial.legendre.leggauss(_NODES)
        edges = [_from_line(edge) for edge in (self.support[0], *self.breaks, self.support[1])]
        points, lengths = [], []
        for low, high in pairwise(edges):
            half = (high - low) / panels / 2
            centres = low + half * (2 * np.arange(panels) + 1)
            t = (centres[:, None] + half * nodes).ravel()
            points.append(t / (1 - t * t))
            lengths.append(np.tile(half * weights, panels) * (1 + t * t) / (1 - t * t) ** 2)
        return np.concatenate(points), np.concatenate(lengths)


def _from_line(x: float) -> float:
    """The t in [-1, 1] with x = t / (1 - t**2), which brings the whole line to an interval."""
    if math.isinf(x):
        return math.copysign(1.0, x)
    return 2 * x / (1 + math.hypot(1, 2 * x))


@dataclass(frozen=True, kw_only=True, eq=False)
class Samples(Distribution):
    """Points that were drawn from a distribution, and its density where that is known.

    Args:
        points: (n,) or (n, dimensions), at least one.
        log: log p of points; None: unknown, then only expectations can be asked for.
    """

    points: np.ndarray
    log: Function | None = None

    def __post_init__(self) -> None:
        if len(self.points) == 0:
            raise UserError("no samples", "at least one", "draw some")

    def mean(self, function: Function) -> float:
        return float(np.mean(function(self.points)))

    def log_density(self, points: np.ndarray) -> np.ndarray:
        if self.log is None:
            raise UserError("samples of unknown density", "log p, which this quantity contains", "pass log=...")
        return self.log(points)
