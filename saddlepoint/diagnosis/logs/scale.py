"""Losses and outputs of a discriminator brought to numbers that mean the same for every objective.

    left = (loss of D - its least) / (its loss where the game rests - its least),        1 at rest, 0 where D has won
    gain = |dI/dD| at the mean output on generated items / the same where the game rests

A loss without a least value (Wasserstein's) has no `left`. Both are of means: a log holds no single scores.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch

from saddlepoint.diagnosis.signals import generator_pull, pull_at_rest
from saddlepoint.objectives import SIGMOID, Objective, Paired

# Raw outputs among which rest and least loss are looked for; what still falls at twice the distance has no least.
_FARTHEST, _POINTS = 30.0, 241
_FALLS = 1e-3
_NEAR = 1e-7


@dataclass(frozen=True, kw_only=True)
class Range:
    """The loss of D: where the game rests, and its least value, None without one."""

    rest: float
    least: float | None


def loss_range(objective: Objective) -> Range:
    """What D's loss can be under an objective."""
    paired = isinstance(objective, Paired)
    line = torch.linspace(-_FARTHEST, _FARTHEST, _POINTS, dtype=torch.float64)
    alike = [0.0] if paired else line.tolist()
    rest = min(_loss(objective, at, at) for at in alike)
    near, far = (_least(objective, reach, paired) for reach in (_FARTHEST, 2 * _FARTHEST))
    bounded = math.isfinite(near) and near - far <= _FALLS * max(1.0, abs(rest))
    return Range(rest=rest, least=min(near, far) if bounded else None)


def _least(objective: Objective, reach: float, paired: bool) -> float:
    """The least loss for outputs up to so far: of a pair for its difference, else for each side by itself."""
    line = torch.linspace(-reach, reach, _POINTS, dtype=torch.float64).tolist()
    if paired:
        return min(_loss(objective, at, 0.0) for at in line)
    at_rest = _loss(objective, 0.0, 0.0)
    real, fake = (
        min(_loss(objective, *sides(at)) for at in line) for sides in (lambda a: (a, 0.0), lambda a: (0.0, a))
    )
    return real + fake - at_rest


def _loss(objective: Objective, real: float, fake: float) -> float:
    sides = (torch.tensor([value], dtype=torch.float64) for value in (real, fake))
    return -float(sum(objective.discriminator_terms(*sides).values()))


def loss_of(objective: Objective, real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """D's loss at mean outputs, row by row; by convexity at most about that of the batch."""
    return np.asarray([_loss(objective, float(a), float(b)) for a, b in zip(real, fake, strict=True)])


def gain_of(objective: Objective, real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """How hard the objective pulls at the generator at mean outputs, over its pull at rest, row by row."""
    pull = generator_pull(objective, torch.from_numpy(fake), torch.from_numpy(real))
    return pull.numpy() / pull_at_rest(objective)


def raw(outputs: np.ndarray, probabilities: bool) -> np.ndarray:
    """Outputs as raw ones."""
    if not probabilities:
        return outputs
    inside = np.clip(outputs, _NEAR, 1 - _NEAR)
    return np.log(inside) - np.log1p(-inside)


def has_sigmoid(objective: Objective) -> bool:
    """Whether D is a probability under it."""
    return objective.link == SIGMOID
