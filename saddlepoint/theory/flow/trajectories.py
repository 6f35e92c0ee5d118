"""Trajectories of the pointwise field by explicit Euler, as the first experiment ran it: step 1e-3, 100,000 steps.

    D <- D + h (p_d f1'(D) + p_g f2'(D))      p_g <- p_g + h (f3(D) - f3(D0)),   then max(p_g, 0) where p_g is a density

All starts advance together. Beside the end, a trajectory says how often it wound round the rest point and what its
energy V did: where the flow conserves V, a growing V is the integrator's own (Euler multiplies a circle's radius by
sqrt(1 + h^2) each step).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from saddlepoint.errors import UserError
from saddlepoint.theory.enclosures.components import natural_domain
from saddlepoint.theory.flow.energy import energies, flow_rates
from saddlepoint.theory.pointwise import PointwiseField, Velocity

STEP = 1e-3
STEPS = 100_000
# A day of computing; more steps are a slip of the keyboard.
MOST_STEPS = 10**8
# Longer ones overflow whatever the field is.
_LONGEST_STEP = 1e100
# Steps between two looks at what happened; within them the loop does nothing but step.
_CHUNK = 500
# About how many points of a trajectory are kept for a picture.
_KEPT = 2000
# Turns count until a path is this near to the rest point (relative to its place); then angles are rounding errors.
_RESOLUTION = 1e-9

LEFT = "D left the domain of the objective"
OVERFLOW = "overflow"


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Why, when and where a trajectory ended before its last step.

    Attributes:
        reason: `LEFT`, `OVERFLOW`, or what an adaptive solver has to say.
        time: when it ended: Euler's step that led to nowhere, or the adaptive solver's place.
        at: the last point that is still inside, (D, p_g).
    """

    reason: str
    time: float
    at: tuple[float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectory:
    """One path through the plane of (D, p_g).

    Attributes:
        start, end: points (D, p_g).
        steps: that were taken.
        winding: turns round the rest point, counter-clockwise positive, a real number; counted until the path
            has arrived there within 1e-9.
        stopped: None where it went on to the end of its time.
        times: of the points that were kept, (m,).
        points: those points, the first and the last among them, (m, 2).
        energy: V at those points, (m,); nan where there is no V (energy.py).
        flow: what the flow itself added to V up to there, (m,), starting with 0.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    steps: int
    winding: float
    stopped: Stop | None
    times: np.ndarray
    points: np.ndarray
    energy: np.ndarray
    flow: np.ndarray

    @property
    def drift(self) -> np.ndarray:
        """What the integrator added to V that the flow would not have, (m,)."""
        return self.energy - self.energy[0] - self.flow


def euler(
    field: PointwiseField,
    starts: Sequence[tuple[float, float]],
    *,
    rest: float,
    p_d: float,
    step: float = STEP,
    steps: int = STEPS,
    nonnegative: bool = False,
) -> list[Trajectory]:
    """The trajectories from many starts (D, p_g), advanced together.

    Args:
        field: of the objective.
        starts: points (D, p_g).
        rest: the D0 in f3(D0), round which turns are counted.
        p_d: the density of the data at this point of the space, > 0.
        step: h > 0.
        steps: at least 1.
        nonnegative: project to p_g >= 0 after each step; otherwise the whole plane.

    Raises:
        UserError: a start outside the domain of the objective, or numbers that are not as above.
    """
    ends = borders(field, starts, p_d=p_d, step=step, steps=steps, nonnegative=nonnegative)
    paths = _Paths(field, np.array(starts, dtype=np.float64), ends, rest, p_d, stride=-(-steps // _KEPT))
    velocity = field.velocity(rest, p_d)
    taken = 0
    with np.errstate(all="ignore"):
        while taken < steps and len(paths.going):
            chunk = _advance(velocity, paths.here[paths.going], min(_CHUNK, steps - taken), step, nonnegative)
            paths.record(chunk, taken, step, nonnegative)
            taken += len(chunk) - 1
    return [paths.trajectory(index, step) for index in range(len(starts))]


def _advance(velocity: Velocity, here: np.ndarray, count: int, step: float, nonnegative: bool) -> np.ndarray:
    """Points (n, 2) advanced by so many steps: (count + 1, n, 2), the points themselves first."""
    along = np.empty((2, count + 1, len(here)))
    along[:, 0] = here.T
    for index in range(count):
        D, p_g = along[0, index], along[1, index]
        D_speed, p_speed = velocity(D, p_g)
        np.add(D, step * D_speed, out=along[0, index + 1])
        np.add(p_g, step * p_speed, out=along[1, index + 1])
        if nonnegative:
            np.maximum(along[1, index + 1], 0.0, out=along[1, index + 1])
    return along.transpose(1, 2, 0)


class _Paths:
    """What has become of each start so far."""

    def __init__(
        self,
        field: PointwiseField,
        starts: np.ndarray,
        borders: tuple[np.ndarray, np.ndarray],
        rest: float,
        p_d: float,
        stride: int,
    ):
        self._lower, self._upper = borders
        self.field, self.starts, self.rest, self.p_d, self.stride = field, starts, rest, p_d, stride
        self.here = starts.copy()
        self.going = np.arange(len(starts))
        self._winding = np.zeros(len(starts))
        self._flow = np.zeros(len(starts))
        self._steps = np.zeros(len(starts), dtype=int)
        self._reasons: dict[int, str] = {}
        self._kept: list[list[np.ndarray]] = [[] for _ in starts]

    def record(self, chunk: np.ndarray, taken: int, step: float, nonnegative: bool) -> None:
        """Takes in the next points of those that were going, (count + 1, n, 2), of which the first is known."""
        count = len(chunk) - 1
        finite = np.asarray(np.isfinite(chunk[1:]).all(axis=2))
        D = chunk[1:, :, 0]
        good = finite & (D > self._lower[self.going]) & (D < self._upper[self.going])
        # The number of good steps before the first bad one.
        lasted = np.where(good.all(axis=0), count, good.argmin(axis=0))
        turned = np.cumsum(turns(chunk[:-1], chunk[1:], centre=(self.rest, self.p_d)), axis=0)
        turned = np.concatenate([np.zeros((1, len(self.going))), turned])
        flowed = self._flow[self.going] + self._flow_along(chunk, step, nonnegative)
        columns = np.arange(len(self.going))
        self._winding[self.going] += turned[lasted, columns]
        self._flow[self.going] = flowed[lasted, columns]
        self._steps[self.going] += lasted
        self.here[self.going] = chunk[lasted, columns]
        # Whole multiples of the stride, counted over all steps, so that the kept points are evenly spaced.
        rows = np.arange(-(-taken // self.stride) * self.stride - taken, count, self.stride)
        for column, path in enumerate(self.going):
            self._kept[path].append(
                np.column_stack([taken + rows, flowed[rows, column], chunk[rows, column]])[rows < lasted[column]]
            )
            if lasted[column] < count:
                self._reasons[int(path)] = LEFT if finite[lasted[column], column] else OVERFLOW
        self.going = self.going[lasted == count]

    def _flow_along(self, chunk: np.ndarray, step: float, nonnegative: bool) -> np.ndarray:
        """What the flow adds to V along a chunk, (count + 1, n), starting with 0; by the trapezoidal rule."""
        free, held = flow_rates(self.field, chunk, rest=self.rest, p_d=self.p_d)
        gains = (free[1:] + free[:-1]) / 2
        if nonnegative:
            gains = np.where(chunk[1:, :, 1] <= 0, (held[1:] + held[:-1]) / 2, gains)
        return np.concatenate([np.zeros((1, len(self.going))), step * np.cumsum(gains, axis=0)])

    def trajectory(self, index: int, step: float) -> Trajectory:
        """The path of one start, with its energy."""
        steps, (D, p_g) = int(self._steps[index]), self.here[index].tolist()
        kept = np.concatenate([*self._kept[index], [[steps, self._flow[index], D, p_g]]])
        reason = self._reasons.get(index)
        return Trajectory(
            start=(float(kept[0, 2]), float(kept[0, 3])),
            end=(D, p_g),
            steps=steps,
            winding=float(self._winding[index]),
            stopped=None if reason is None else Stop(reason=reason, time=(steps + 1) * step, at=(D, p_g)),
            times=kept[:, 0] * step,
            points=kept[:, 2:],
            energy=energies(self.field, kept[:, 2:], rest=self.rest, p_d=self.p_d),
            flow=kept[:, 1],
        )


def borders(
    field: PointwiseField,
    starts: Sequence[tuple[float, float]],
    *,
    p_d: float,
    step: float,
    steps: int,
    nonnegative: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """The ends of the interval of the natural domain that each start lies in: lower and upper D, (n,) each.

    Raises:
        UserError: a start in none of them, or other numbers that no trajectory can begin with.
    """
    if not len(starts):
        raise UserError("no start", "at least one point D,P", "give --start .75,.9")
    if not 0 < p_d < np.inf:
        raise UserError(f"p_d = {p_d}", "a density of the data, p_d > 0", "give --pd .2")
    if not 0 < step <= _LONGEST_STEP or not 1 <= steps <= MOST_STEPS:
        raise UserError(
            f"{steps} steps of {step}",
            f"1 to {MOST_STEPS} steps, each longer than 0 and at most {_LONGEST_STEP:g}",
            f"give --step {STEP:g} and --steps {STEPS}",
        )
    intervals = [(component.inner_lower, component.inner_upper) for component in natural_domain(field)]
    found = []
    for D, p_g in starts:
        around = [(lower, upper) for lower, upper in intervals if lower < D < upper]
        if not around or not np.isfinite(p_g):
            raise UserError(
                f"the start {D:g},{p_g:g}",
                f"a finite p_g, and D ({field.objective.variable}) in "
                + " or ".join(f"({lower:g}, {upper:g})" for lower, upper in intervals),
                "choose another start",
            )
        if nonnegative and p_g < 0:
            raise UserError(f"the start {D:g},{p_g:g}", "p_g >= 0 under --nonnegative", "use --plane")
        found += around
    lower, upper = np.array(found).T
    return lower, upper


def turns(before: np.ndarray, after: np.ndarray, *, centre: tuple[float, float]) -> np.ndarray:
    """Turns round a centre on the way from points to points, each less than half a one; (..., 2) -> (...)."""
    resolution = _RESOLUTION * (1 + max(abs(value) for value in centre))
    (x, y), (next_x, next_y) = (
        (points - np.array(centre)).transpose(-1, *range(points.ndim - 1)) for points in (before, after)
    )
    # In units of their own, so that the products of large numbers do not overflow.
    with np.errstate(all="ignore"):
        size, next_size = (np.maximum(np.abs(a), np.abs(b)) for a, b in ((x, y), (next_x, next_y)))
        far = (np.hypot(x, y) > resolution) & (np.hypot(next_x, next_y) > resolution)
        x, y, next_x, next_y = x / size, y / size, next_x / next_size, next_y / next_size
    return np.where(far, np.arctan2(x * next_y - y * next_x, x * next_x + y * next_y) / (2 * np.pi), 0.0)
