"""The pointwise field of a separable game: what one point x of the space does if D(x) and p_g(x) are free.

    dD/dt = p_d f1'(D) + p_g f2'(D)      dp_g/dt = f3(D) - f3(D0)      where f1'(D0) + f2'(D0) = 0

with h = f1''(D0) + f2''(D0), c = f2'(D0), k = f3'(D0), the Jacobian [[p_d h, c], [k, 0]] at the rest point (D0, p_d),
and one Lyapunov function for every triple, V = (p_g - p_d)^2 / 2 + W(D) with W' = -(f3 - f3(D0)) / f2', for which
dV/dt = p_d W' (f1' + f2'). All trees come from the objective's own; D is the variable in which it is written.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from saddlepoint.errors import UserError
from saddlepoint.objectives.derivative import differentiate
from saddlepoint.objectives.rewrite import stable
from saddlepoint.objectives.separable import Separable
from saddlepoint.objectives.tree import Tree, substitute
from saddlepoint.theory.numeric import to_numpy

Function = Callable[[np.ndarray], np.ndarray]
# (D, p_g) -> (dD/dt, dp_g/dt), elementwise on float64 arrays of one shape.
Velocity = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, kw_only=True)
class PointwiseField:
    """The field of one objective, as trees of D and as numpy functions.

    Attributes:
        objective: the separable objective it comes from.
    """

    objective: Separable

    @property
    def f3(self) -> Tree:
        """The generator's function of D, as written."""
        return self.objective.f3

    @cached_property
    def f1_slope(self) -> Tree:
        """f1'(D)."""
        return _derivative(self.objective.f1)

    @cached_property
    def f2_slope(self) -> Tree:
        """f2'(D); its value at D0 is c."""
        return _derivative(self.objective.f2)

    @cached_property
    def f3_slope(self) -> Tree:
        """f3'(D); its value at D0 is k."""
        return _derivative(self.objective.f3)

    @cached_property
    def balance(self) -> Tree:
        """f1'(D) + f2'(D), which vanishes at the rest points."""
        return stable(self.f1_slope + self.f2_slope)

    @cached_property
    def curvature(self) -> Tree:
        """f1''(D) + f2''(D); its value at D0 is h."""
        return _derivative(self.balance)

    def generator_tree(self, rest: Tree) -> Tree:
        """f3(D) - f3(D0), the speed of p_g, for a D0 given as a tree without D (a number, -log(2))."""
        return self.f3 - substitute(self.f3, rest)

    def lyapunov_slope_tree(self, rest: Tree) -> Tree:
        """W'(D) = -(f3(D) - f3(D0)) / f2'(D)."""
        return -self.generator_tree(rest) / self.f2_slope

    def velocity(self, rest: float, p_d: float) -> Velocity:
        """The field as a function of arrays (D, p_g), around the rest point (rest, p_d).

        It is the field on the whole plane; on p_g >= 0 the caller projects. Where D has left the functions' domain the
        answer is nan or infinite; silence numpy's warnings around a loop by `np.errstate(all="ignore")`.
        """
        evaluate, f3_at_rest = to_numpy(self.f1_slope, self.f2_slope, self.f3), self._f3_at(rest)

        def velocity(D: np.ndarray, p_g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            f1_slope, f2_slope, f3 = evaluate(D)
            return p_d * f1_slope + p_g * f2_slope, f3 - f3_at_rest

        return velocity

    def lyapunov_slope(self, rest: float) -> Function:
        """W'(D) as a function of an array."""
        evaluate, f3_at_rest = to_numpy(self.f2_slope, self.f3), self._f3_at(rest)

        def slope(D: np.ndarray) -> np.ndarray:
            f2_slope, f3 = evaluate(D)
            return -(f3 - f3_at_rest) / f2_slope

        return slope

    def lyapunov_rate(self, rest: float, p_d: float) -> Function:
        """dV/dt = p_d W'(D) (f1'(D) + f2'(D)) along the field, a function of D alone."""
        slope, balance = self.lyapunov_slope(rest), to_numpy(self.balance)
        return lambda D: p_d * slope(D) * balance(D)[0]

    def _f3_at(self, rest: float) -> float:
        return float(to_numpy(self.f3)(np.asarray(rest, dtype=np.float64))[0])


def pointwise_field(objective: object) -> PointwiseField:
    """The field of a separable objective, in the variable in which it is written.

    Raises:
        UserError: the objective is paired: it is no function of one point, and has no pointwise field.
    """
    if not isinstance(objective, Separable):
        raise UserError(
            f"the paired objective {getattr(objective, 'name', objective)}",
            "a separable one, three functions of D",
            "for a paired objective `saddlepoint prove` gives the linearised verdict",
        )
    return PointwiseField(objective=objective)


def _derivative(tree: Tree) -> Tree:
    return stable(differentiate(tree))
