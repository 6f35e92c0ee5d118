"""Trajectories of the pointwise field by an adaptive solver (Dormand-Prince of order 8, scipy): the flow itself.

On p_g >= 0 a trajectory consists of pieces: free ones, and pieces along p_g = 0 while the generator pushes outwards.
The place where one turns into the other is solved for, so that the projected field's jump is never integrated across.
"""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.integrate import DOP853

from saddlepoint.theory.flow.energy import energies, flow_gain
from saddlepoint.theory.flow.trajectories import (
    LEFT,
    STEP,
    STEPS,
    Stop,
    Trajectory,
    borders,
    turns,
)
from saddlepoint.theory.pointwise import PointwiseField

SINGULAR = "the speed grows without bound: no step is small enough"
LONG = "the solver has taken its 200000 steps (a longer time needs Euler)"
STIFF = "the solver makes no headway: the field is stiff or jumps here (Euler goes on)"
_RELATIVE, _ABSOLUTE = 1e-10, 1e-13
# Each keeps a few points; so many fit in a hundred megabytes.
_MOST_STEPS = 200_000
# So many steps in a row must cover more than this share of the whole time.
_STRIDE, _HEADWAY = 2000, 1e-3
# Points of the solver's interpolant that are kept per step, so that a circle looks round and turns can be counted.
_WITHIN = 4
_NUDGE = 1e-6

_Path = Callable[[float], np.ndarray]


def adaptive(
    field: PointwiseField,
    starts: Sequence[tuple[float, float]],
    *,
    rest: float,
    p_d: float,
    step: float = STEP,
    steps: int = STEPS,
    nonnegative: bool = False,
) -> list[Trajectory]:
    """The trajectories from starts (D, p_g) over the time steps * step, each solved by itself.

    Arguments and errors as in `euler`. The solver chooses its own steps; a trajectory's `steps` are those it took.
    """
    ends = borders(field, starts, p_d=p_d, step=step, steps=steps, nonnegative=nonnegative)
    solutions = [
        _Solution(field, start, (lower, upper), rest=rest, p_d=p_d, nonnegative=nonnegative)
        for start, lower, upper in zip(starts, *ends, strict=True)
    ]
    with np.errstate(all="ignore"):
        return [solution.until(step * steps) for solution in solutions]


class _Solution:
    """One trajectory while it is being solved."""

    def __init__(
        self,
        field: PointwiseField,
        start: tuple[float, float],
        borders: tuple[float, float],
        *,
        rest: float,
        p_d: float,
        nonnegative: bool,
    ):
        self._lower, self._upper = borders
        self.field, self.rest, self.p_d, self.nonnegative = field, rest, p_d, nonnegative
        here = np.array(start, dtype=np.float64)
        self.times, self.points, self.steps = [0.0], [here], 0
        self._velocity = field.velocity(rest, p_d)
        self._along_edge = nonnegative and here[1] == 0 and self._outward(here) <= 0

    def until(self, end: float) -> Trajectory:
        """The whole trajectory."""
        reason = None
        while self.times[-1] < end and reason is None:
            reason = self._piece(end)
        times, points = np.array(self.times), np.array(self.points)
        start, end_point = ((float(D), float(p_g)) for D, p_g in (points[0], points[-1]))
        measure = {"rest": self.rest, "p_d": self.p_d}
        return Trajectory(
            start=start,
            end=end_point,
            steps=self.steps,
            winding=float(turns(points[:-1], points[1:], centre=(self.rest, self.p_d)).sum()),
            stopped=None if reason is None else Stop(reason=reason, time=self.times[-1], at=end_point),
            times=times,
            points=points,
            energy=energies(self.field, points, **measure),
            flow=flow_gain(self.field, times, points, nonnegative=self.nonnegative, **measure),
        )

    def _piece(self, end: float) -> str | None:
        """One piece, up to the end or to where it meets or leaves p_g = 0; the reason if it cannot go on."""
        here, along_edge = self.points[-1], self._along_edge
        # What becomes positive where the piece is over.
        over = self._outward if along_edge else (lambda point: -point[1])
        speed = self._speed_on_edge if along_edge else self._speed
        solver = DOP853(speed, self.times[-1], here, end, rtol=_RELATIVE, atol=_ABSOLUTE)
        while solver.status == "running":
            solver.step()
            if solver.status == "failed":
                return SINGULAR if self._inside(self._a_little_further()) else LEFT
            self.steps += 1
            path, before, now = solver.dense_output(), float(solver.t_old or 0.0), solver.t
            if self.nonnegative and over(solver.y) > 0 and over(path(before)) <= 0:
                # The first time at which it is over, so that the next piece does not begin with going back.
                _, now = _turning_time(path, lambda point: over(point) <= 0, before, now)
                self._keep(path, before, now)
                self.points[-1][1] = 0.0
                self._along_edge = not along_edge
                return None
            if not self._inside(solver.y):
                now, _ = _turning_time(path, self._inside, before, now)
                self._keep(path, before, now)
                return LEFT
            self._keep(path, before, now)
            if self.steps >= _MOST_STEPS:
                return LONG
            if self.steps % _STRIDE == 0 and now - self.times[-1 - _WITHIN * (_STRIDE - 1)] < _HEADWAY * end:
                return STIFF
        return None

    def _speed(self, time: float, point: np.ndarray) -> np.ndarray:
        return np.array(self._velocity(point[0], point[1]))

    def _speed_on_edge(self, time: float, point: np.ndarray) -> np.ndarray:
        return np.array([self._velocity(point[0], point[1])[0], 0.0])

    def _outward(self, point: np.ndarray) -> float:
        """The generator's speed on p_g = 0: as soon as it is positive the trajectory leaves the edge."""
        return float(self._velocity(point[0], point[1])[1])

    def _a_little_further(self) -> np.ndarray:
        """The last point, moved straight on by a millionth of its size: over the border, if it stands before one."""
        here = self.points[-1]
        speed = self._speed(0.0, here)
        return here + speed * (_NUDGE * (1 + np.abs(here).max()) / np.abs(speed).max())

    def _inside(self, point: np.ndarray) -> bool:
        return bool(self._lower < point[0] < self._upper)

    def _keep(self, path: _Path, before: float, now: float) -> None:
        for time in np.linspace(before, now, _WITHIN + 1)[1:]:
            self.times.append(float(time))
            self.points.append(path(time))


def _turning_time(path: _Path, holds: Callable[[np.ndarray], bool], true: float, false: float) -> tuple[float, float]:
    """The neighbouring times between which a condition on the point ceases to hold."""
    while (middle := (true + false) / 2) not in (true, false):
        true, false = (middle, false) if holds(path(middle)) else (true, middle)
    return true, false
