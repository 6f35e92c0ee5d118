"""The two figures of a proof: the phase portrait over V's level sets and the sign of dV/dt, and dV/dt along D."""

import math
from typing import TYPE_CHECKING

import numpy as np

from saddlepoint.objectives import Separable
from saddlepoint.report.drawing import INK, Drawing, drawn
from saddlepoint.report.figures import COLOURS
from saddlepoint.theory.pointwise import PointwiseField, pointwise_field
from saddlepoint.theory.proof.prove import Finding, Proof

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FALLS, _RISES = "#0f9d76", "#d1345b"
_GRID = 1201
# Of the domain's finite length, or of the distance to D0: next to a pole there is nothing to see.
_MARGIN = 0.02
_REACH = 2.5


def drawings(proof: Proof) -> list[Drawing]:
    """The figures; none where there is no rest point, so no field, or the objective is paired."""
    if proof.chosen is None or not isinstance(proof.objective, Separable):
        return []
    field = pointwise_field(proof.objective)
    lower, upper = _window(proof.chosen)
    return [_portrait(proof, field, proof.chosen, lower, upper), _rate(field, proof.chosen, lower, upper)]


def _window(finding: Finding) -> tuple[float, float]:
    """The D that are drawn: all of a bounded domain, the surroundings of D0 on a line."""
    rest, component = finding.local.rest.value, finding.local.rest.component
    finite = [abs(end - rest) for end in (component.lower, component.upper) if math.isfinite(end)]
    reach = max(_REACH, 1.5 * abs(rest)) if not finite else max(_REACH * min(finite), 1.0)
    lower = component.lower if math.isfinite(component.lower) else rest - reach
    upper = component.upper if math.isfinite(component.upper) else rest + reach
    inset = _MARGIN * (upper - lower)
    return lower + inset, upper - inset


def _portrait(proof: Proof, field: PointwiseField, finding: Finding, lower: float, upper: float) -> Drawing:
    rest, p_d = finding.local.rest.value, proof.p_d
    D, W, rate = _along(field, rest, lower, upper)
    p_g = np.linspace(0.0, 2.4 * p_d, 161)
    coarse = D[::8]
    with np.errstate(all="ignore"):
        dD, dp = field.velocity(rest, p_d)(np.tile(coarse, (len(p_g), 1)), np.tile(p_g[:, None], (1, len(coarse))))
    energy = (p_g[:, None] - p_d) ** 2 / 2 + W[None, ::8]

    def paint(axes: "Axes") -> None:
        for sign, colour in ((-1, _FALLS), (1, _RISES)):
            axes.fill_between(D, 0, p_g[-1], where=(np.sign(rate) == sign), color=colour, alpha=0.13, linewidth=0)
        flow = np.isfinite(dD) & np.isfinite(dp)
        speeds = [np.where(flow, speed, 0.0) for speed in (dD, dp)]
        axes.streamplot(coarse, p_g, *speeds, color=INK, density=1.1, linewidth=0.6, arrowsize=0.8)
        finite = energy[np.isfinite(energy)]
        if len(finite) and finite.max() > 0:
            levels = finite[finite > 0].max() * np.linspace(0.05, 0.95, 10) ** 2
            axes.contour(coarse, p_g, energy, levels=np.unique(levels), colors=COLOURS[0], linewidths=1.1)
        with np.errstate(all="ignore"):
            axes.contour(coarse, p_g, dD, levels=[0.0], colors=COLOURS[1], linewidths=1.4, linestyles="dashed")
        for other in proof.findings:
            if lower < other.local.rest.value < upper:
                axes.plot([other.local.rest.value], [p_d], "o", color=COLOURS[3], markersize=7)
        axes.set_xlim(lower, upper)
        axes.set_ylim(0, p_g[-1])
        axes.set_xlabel("D")
        axes.set_ylabel("p_g")

    return Drawing(
        svg=drawn(paint, height=4.4),
        description=(
            f"Phase portrait at p_d = {p_d:g}: streamlines in black, level sets of V in blue, the line where D stands "
            f"still dashed in orange, the rest point at D = {rest:.6g}. {_signs(rate)}"
        ),
    )


def _rate(field: PointwiseField, finding: Finding, lower: float, upper: float) -> Drawing:
    rest = finding.local.rest.value
    D, _, rate = _along(field, rest, lower, upper)

    def paint(axes: "Axes") -> None:
        finite = rate[np.isfinite(rate)]
        axes.fill_between(D, rate, 0, where=rate < 0, color=_FALLS, alpha=0.3, linewidth=0)
        axes.fill_between(D, rate, 0, where=rate > 0, color=_RISES, alpha=0.3, linewidth=0)
        axes.plot(D, rate, color=INK, linewidth=1.4)
        axes.axhline(0, color=INK, linewidth=0.6)
        axes.axvline(rest, color=COLOURS[3], linewidth=1.0, linestyle="dashed")
        if len(finite):
            # Poles at the ends would flatten the rest.
            low, high = np.percentile(finite, [3, 97])
            room = 0.15 * (high - low) or 1.0
            axes.set_ylim(min(low, 0) - room, max(high, 0) + room)
        axes.set_xlim(lower, upper)
        axes.set_xlabel("D")
        axes.set_ylabel("dV/dt divided by p_d")

    return Drawing(
        svg=drawn(paint, height=2.8),
        description=f"dV/dt divided by p_d, a function of D alone: W'(D) (f1'(D) + f2'(D)). {_signs(rate)}",
    )


def _along(field: PointwiseField, rest: float, lower: float, upper: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """D, W(D) and dV/dt / p_d on a grid; W by the trapezoidal rule from D0, nan beyond a pole."""
    D = np.linspace(lower, upper, _GRID)
    with np.errstate(all="ignore"):
        slope, rate = field.lyapunov_slope(rest)(D), field.lyapunov_rate(rest, 1.0)(D)
    steps = np.concatenate([[0.0], np.diff(D) * (slope[1:] + slope[:-1]) / 2])
    # A pole of W' ends the level sets on its side.
    steps[np.abs(slope) > 1e6] = np.nan
    middle = int(np.argmin(np.abs(D - rest)))
    right = np.cumsum(np.where(np.arange(_GRID) > middle, steps, 0.0))
    left = np.cumsum(np.where(np.arange(_GRID) <= middle, steps, 0.0)[::-1])[::-1]
    W = np.where(np.arange(_GRID) > middle, right, -np.concatenate([left[1:], [0.0]]))
    # Where f2' vanishes there is no V, so no sign either.
    return D, W, np.where(np.isfinite(rate), np.where(np.abs(rate) < 1e-14, 0.0, rate), np.nan)


def _signs(rate: np.ndarray) -> str:
    finite = rate[np.isfinite(rate)]
    if (finite > 0).any():
        return "V falls where the ground is green and rises where it is red."
    if (finite < 0).any():
        return "V falls wherever the ground is green, and rises nowhere in the picture."
    return "V is conserved everywhere in the picture."
