"""The experiment of `saddlepoint field`: trajectories of one objective from given starts, as JSON and as text.

Which rest point the field belongs to (f3(D0) is part of it) is what `prove` says.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from saddlepoint.errors import UserError
from saddlepoint.objectives import objective
from saddlepoint.theory.flow.adaptive import adaptive
from saddlepoint.theory.flow.trajectories import STEP, STEPS, Trajectory, euler
from saddlepoint.theory.pointwise import PointwiseField, pointwise_field
from saddlepoint.theory.proof.prove import Proof, prove

METHODS = {"euler": euler, "rk": adaptive}


@dataclass(frozen=True, kw_only=True, eq=False)
class Experiment:
    """Trajectories, with all that is needed to tell and to draw them.

    Attributes:
        proof: what is known about the objective, with its rest points.
        field: of the objective.
        rest: the D0 that the field belongs to.
        p_d: the data's density at the point.
        method: a key of `METHODS`.
        step, steps: as they were asked for; the time is their product.
        nonnegative: whether p_g >= 0 was kept by projection.
        trajectories: one for each start.
    """

    proof: Proof
    field: PointwiseField
    rest: float
    p_d: float
    method: str
    step: float
    steps: int
    nonnegative: bool
    trajectories: tuple[Trajectory, ...]

    def to_json(self) -> dict[str, Any]:
        """{"trajectories": [{start, end, steps, winding, stopped}]}, points as [D, p_g]; stopped may be null."""
        return {"trajectories": [_row(path) for path in self.trajectories]}

    def __str__(self) -> str:
        chosen = self.proof.objective
        where = "on p_g >= 0 (projected)" if self.nonnegative else "on the whole plane"
        how = {
            "euler": f"explicit Euler, {self.steps} steps of {self.step:g}",
            "rk": f"adaptive Runge-Kutta of order 8 up to time {self.step * self.steps:g}",
        }
        rest = "any D0, here" if self.proof.any_rest else "D0 ="
        lines = [
            f"{chosen.name} (D: {chosen.variable}); rest point {rest} {self.rest:.6g}, p_g = p_d = {self.p_d:g} "
            f"({self.proof.verdict})",
            f"{how[self.method]}, {where}",
        ]
        for path in self.trajectories:
            lines += ["", *_told(path)]
        return "\n".join(lines)


def follow(
    text: str,
    starts: Sequence[tuple[float, float]],
    *,
    p_d: float,
    method: str = "euler",
    step: float = STEP,
    steps: int = STEPS,
    nonnegative: bool = False,
) -> Experiment:
    """Runs the experiment.

    Args:
        text: an objective, by catalogue name or definition.
        starts: points (D, p_g).
        p_d: the data's density at the point, > 0.
        method: a key of `METHODS`.
        step, steps: of Euler's method; the adaptive solver covers the same time in steps of its own.
        nonnegative: keep p_g >= 0 by projection.

    Raises:
        UserError: an objective without a pointwise field or without a rest point, or starts that cannot be used.
    """
    if method not in METHODS:
        raise UserError(f"the method {method!r}", f"one of {', '.join(METHODS)}", "choose one of these")
    if not 0 < p_d < math.inf:
        raise UserError(f"p_d = {p_d:g}", "the data's density at the point, p_d > 0", "give --pd .2")
    field = pointwise_field(objective(text))
    proof = prove(field.objective, p_d=p_d)
    if proof.chosen is None and proof.undecided:
        raise UserError(
            f"{field.objective.name}, of which no rest point was found in the time that there is",
            "a D0 with f1'(D0) + f2'(D0) = 0, for f3(D0) is part of the field",
            "choose a simpler objective",
        )
    if proof.chosen is None:
        raise UserError(
            f"{field.objective.name}, which has no rest point",
            "a D0 with f1'(D0) + f2'(D0) = 0, for f3(D0) is part of the field",
            "choose another objective",
        )
    rest = proof.chosen.local.rest.value
    paths = METHODS[method](field, starts, rest=rest, p_d=p_d, step=step, steps=steps, nonnegative=nonnegative)
    return Experiment(
        proof=proof,
        field=field,
        rest=rest,
        p_d=p_d,
        method=method,
        step=step,
        steps=steps,
        nonnegative=nonnegative,
        trajectories=tuple(paths),
    )


def read_start(text: str) -> tuple[float, float]:
    """A start from its text, as .75,.9.

    Raises:
        UserError: it is not two numbers.
    """
    try:
        D, p_g = (float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"--start {text}", "D,P, two numbers with a comma", "write --start .75,.9") from None
    return D, p_g


def _row(path: Trajectory) -> dict[str, Any]:
    stopped = path.stopped
    return {
        "start": list(path.start),
        "end": list(path.end),
        "steps": path.steps,
        "winding": path.winding,
        "stopped": stopped and {"reason": stopped.reason, "time": stopped.time, "at": list(stopped.at)},
    }


def _told(path: Trajectory) -> list[str]:
    """A trajectory in a few lines."""
    lines = [
        f"from ({path.start[0]:g}, {path.start[1]:g}) to ({path.end[0]:.6g}, {path.end[1]:.6g}) in {path.steps} steps, "
        f"{path.winding:+.3f} turns round the rest point"
    ]
    if path.stopped is not None:
        lines.append(f"  stopped at time {path.stopped.time:.6g}: {path.stopped.reason}")
    if np.isfinite([path.energy[0], path.energy[-1], path.flow[-1]]).all():
        lines.append(
            f"  energy {path.energy[0]:.4g} -> {path.energy[-1]:.4g}: the flow changed it by {path.flow[-1]:+.3g}, "
            f"the integrator's own drift by {path.drift[-1]:+.2g}"
        )
    else:
        lines.append("  energy: none on this path, f2' vanishes somewhere on it")
    return lines
