"""The density of x = G(z) in one dimension, by the change of variables.

    p_g(x) = sum over all z with G(z) = x of p_z(z) / |G'(z)|

G is given by its values on a fine grid of z and taken as straight between them: the sum is over the stretches of the
grid that pass x, and the density integrates to the prior's mass on the grid. Where G stands still the mass lies in one
point and the density is infinite; there the width `smallest` is taken instead of 0.
"""

import numpy as np


def pushforward(z: np.ndarray, mass: np.ndarray, x: np.ndarray, at: np.ndarray, smallest: float = 1e-6) -> np.ndarray:
    """p_g at points.

    Args:
        z: the grid, increasing, (n,).
        mass: the prior's probability of each stretch between neighbours, (n - 1,).
        x: G at the grid, (n,).
        at: points, (m,).
        smallest: the least width of an image of a stretch.

    Returns:
        (m,), not negative; with sum(mass) = 1 its integral over the line is 1.
    """
    assert len(z) == len(x) == len(mass) + 1 and (np.diff(z) > 0).all()
    low, high = np.minimum(x[:-1], x[1:]), np.maximum(x[:-1], x[1:])
    short = high - low < smallest
    middle = (low + high) / 2
    low, high = np.where(short, middle - smallest / 2, low), np.where(short, middle + smallest / 2, high)
    heights = mass / (high - low)
    # The density is a staircase: it rises by a stretch's height at its low end and falls again at its high end.
    edges = np.concatenate([low, high])
    order = np.argsort(edges, kind="stable")
    levels = np.cumsum(np.concatenate([heights, -heights])[order])
    place = np.searchsorted(edges[order], at, side="right") - 1
    return np.where(place >= 0, np.maximum(levels[place], 0.0), 0.0)
