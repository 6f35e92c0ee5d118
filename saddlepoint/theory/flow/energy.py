"""The energy V = (p_g - p_d)^2 / 2 + W(D) along a path, and what the flow itself does to it.

    W(D) = integral from D0 to D of -(f3 - f3(D0)) / f2'          dV/dt = p_d W'(D) (f1'(D) + f2'(D)) along the field

On p_g = 0 with the generator pushing outwards the projection holds p_g still, which adds p_d (f3(D) - f3(D0)) < 0.
"""

import numpy as np
from scipy.integrate import cumulative_simpson

from saddlepoint.theory.numeric import to_numpy
from saddlepoint.theory.pointwise import PointwiseField

# Stretches of the D axis that are integrated one by one, beside those between the points themselves.
_STRETCHES = 512
_NODES = 8


def energies(field: PointwiseField, points: np.ndarray, *, rest: float, p_d: float) -> np.ndarray:
    """V at points (D, p_g), (..., 2) -> (...).

    It is nan at a D that f2' = 0, or a change of its sign, separates from D0: there is no V that far.
    """
    D, p_g = points[..., 0], points[..., 1]
    if not D.size:
        return np.empty(D.shape)
    marks = np.unique(
        np.concatenate([D.ravel(), [rest], np.linspace(min(D.min(), rest), max(D.max(), rest), _STRETCHES)])
    )
    gains = _integrals(field, marks, rest)
    origin = int(np.searchsorted(marks, rest))
    # Summed outwards from D0, so that what cannot be integrated makes nan of all that lies behind it.
    above = np.concatenate([[0.0], np.cumsum(gains[origin:])])
    below = -np.cumsum(gains[:origin][::-1])[::-1]
    potential = np.concatenate([below, above])
    with np.errstate(over="ignore"):
        return (p_g - p_d) ** 2 / 2 + potential[np.searchsorted(marks, D)]


def flow_rates(field: PointwiseField, points: np.ndarray, *, rest: float, p_d: float) -> tuple[np.ndarray, np.ndarray]:
    """dV/dt at points (..., 2), (...), of the free flow and of the one that is held on p_g = 0."""
    D, p_g = points[..., 0], points[..., 1]
    with np.errstate(all="ignore"):
        free = field.lyapunov_rate(rest, p_d)(D)
        _, speed = field.velocity(rest, p_d)(D, p_g)
        return free, free + p_d * np.minimum(speed, 0.0)


def flow_gain(
    field: PointwiseField, times: np.ndarray, points: np.ndarray, *, rest: float, p_d: float, nonnegative: bool
) -> np.ndarray:
    """What the flow, not the integrator, adds to V from the first point on; times (m,), points (m, 2) -> (m,).

    By Simpson's rule, on each free piece and each piece along p_g = 0 separately: between them dV/dt jumps.
    """
    free, held = flow_rates(field, points, rest=rest, p_d=p_d)
    on_edge = (points[:-1, 1] <= 0) & (points[1:, 1] <= 0) & nonnegative
    gains = np.zeros(len(times))
    begin = 0
    for end in [*(np.flatnonzero(np.diff(on_edge)) + 1), len(times) - 1]:
        if end > begin:
            piece = slice(begin, end + 1)
            rates = (held if on_edge[begin] else free)[piece]
            steps = np.diff(times[piece])
            if len(rates) > 2 and (steps > 0).all():
                added = cumulative_simpson(rates, x=times[piece], initial=0.0)
            else:
                added = np.concatenate([[0.0], np.cumsum(steps * (rates[1:] + rates[:-1]) / 2)])
            gains[piece] = gains[begin] + added
            begin = end
    return gains


def _integrals(field: PointwiseField, marks: np.ndarray, rest: float) -> np.ndarray:
    """The integral of W' between neighbouring marks, by Gauss-Legendre; nan where f2' lacks its sign at D0."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    half = np.diff(marks)[:, None] / 2
    inner = marks[:-1, None] + half * (1 + nodes)
    with np.errstate(all="ignore"):
        f2_slope = to_numpy(field.f2_slope)
        usable = f2_slope(inner)[0] * np.sign(f2_slope(np.array(rest))[0]) > 0
        slopes = np.where(usable, field.lyapunov_slope(rest)(inner), np.nan)
        return (slopes * weights * half).sum(axis=1)
