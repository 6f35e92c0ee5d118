"""The pointwise field on finitely many atoms, where p_g has to remain a distribution.

The data has masses p_d (some may be zero: off the support), p_g lies on the simplex, and every atom i has its own D_i.
With the scores s_i = f3(D_i)

    dD_i/dt = p_d,i f1'(D_i) + p_g,i f2'(D_i)
    normalised    dp_g,i/dt = s_i - mean_j s_j                              (keeps the sum; p_g,i may become negative)
    projected     the nearest velocity that stays on the simplex            (keeps the sum and p_g,i >= 0)
    fisher_rao    dp_g,i/dt = p_g,i (s_i - sum_j p_g,j s_j)                 (a replicator; keeps both by itself)

D = D0, p_g = p_d is at rest. An atom alone has the eigenvalues l^2 - p_d h l - ck = 0, which for p_d = 0 are
+-i sqrt|ck|: off the support nothing damps. The sum constraint couples the atoms: under normalisation a single atom
without data is damped a little through the others, and of m such atoms m - 1 pairs are exactly +-i sqrt|ck|.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.linalg import eigvals

from saddlepoint.errors import UserError
from saddlepoint.theory.flow.energy import energies
from saddlepoint.theory.numeric import to_numpy
from saddlepoint.theory.pointwise import PointwiseField

_NORMALISATION = 1e-9
# The projected flow jumps where an atom runs empty; short steps keep the solver's oversteps small.
_LONGEST_STEP = 0.05

Spectrum = NDArray[np.complex128]
# (p_g, f3(D)) -> dp_g/dt, each (n,).
Flow = Callable[[np.ndarray, np.ndarray], np.ndarray]


def normalised(p_g: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The generator's ascent with its mean taken off: the sum of p_g stays 1."""
    return scores - scores.mean()


def projected(p_g: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The projection of the ascent to the tangent cone of the simplex at p_g: atoms at 0 may only gain."""
    free = p_g > 0
    order = np.argsort(-scores)
    # An empty atom joins if its score beats the mean of those that move; the best ones join first.
    for atom in order:
        if not free[atom] and (not free.any() or scores[atom] > scores[free].mean()):
            free = free | (np.arange(len(p_g)) == atom)
    return np.where(free, scores - scores[free].mean(), 0.0)


def fisher_rao(p_g: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The gradient in the Fisher-Rao metric of the simplex: an atom without mass stays without."""
    # The mean is divided by the sum, so that a sum that is off by a rounding error does not run away from 1.
    return p_g * (scores - p_g @ scores / p_g.sum())


FLOWS: dict[str, Flow] = {"normalised": normalised, "projected": projected, "fisher_rao": fisher_rao}


@dataclass(frozen=True, kw_only=True, eq=False)
class ConstrainedField:
    """The field of one objective on n atoms.

    Args:
        field: of the objective.
        rest: the D0 that the field belongs to.
        masses: p_d of the atoms, (n,), n >= 2, not negative, with sum 1; zero where there is no data.
        flow: a key of `FLOWS`.

    Raises:
        UserError: masses that are no distribution, or a flow of another name.
    """

    field: PointwiseField
    rest: float
    masses: np.ndarray
    flow: str = "normalised"

    def __post_init__(self) -> None:
        masses = np.asarray(self.masses, dtype=np.float64)
        if masses.ndim != 1 or len(masses) < 2 or (masses < 0).any() or abs(masses.sum() - 1) > _NORMALISATION:
            raise UserError(
                f"masses of shape {masses.shape} with sum {masses.sum():.6g}",
                "two atoms or more, no mass negative, sum 1",
                "divide the masses by their sum",
            )
        if self.flow not in FLOWS:
            raise UserError(f"the flow {self.flow!r}", f"one of {', '.join(FLOWS)}", "choose one of these")
        object.__setattr__(self, "masses", masses)

    @cached_property
    def _functions(self) -> Callable[[np.ndarray], list[np.ndarray]]:
        field = self.field
        return to_numpy(field.f1_slope, field.f2_slope, field.f3, field.f3_slope, field.curvature)

    @property
    def equilibrium(self) -> tuple[np.ndarray, np.ndarray]:
        """(D, p_g) with D = D0 on every atom and p_g = p_d; (n,) each."""
        return np.full(len(self.masses), self.rest), self.masses.copy()

    def velocity(self, D: np.ndarray, p_g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(dD/dt, dp_g/dt), (n,) each."""
        f1_slope, f2_slope, f3, *_ = self._functions(D)
        return self.masses * f1_slope + p_g * f2_slope, FLOWS[self.flow](p_g, f3)

    def jacobian(self) -> np.ndarray:
        """The derivative of the smooth flow at the equilibrium, (2n, 2n), D before p_g.

        Raises:
            UserError: the projected flow where an atom has no data: it has a corner there, and no derivative.
        """
        if self.flow == "projected" and (self.masses == 0).any():
            raise UserError(
                "the projected flow with an atom off the support",
                "a flow that is smooth at p_g = p_d",
                "use normalised or fisher_rao for a spectrum, or solve() to see the projected flow move",
            )
        count = len(self.masses)
        D, p_g = self.equilibrium
        _, c, _, k, h = self._functions(D)
        if self.flow == "fisher_rao":
            # scores are equal at the equilibrium, so the derivative by p_g vanishes up to the (conserved) sum.
            generator = (np.diag(p_g) - np.outer(p_g, p_g)) * k
        else:
            generator = (np.eye(count) - 1 / count) * k
        return np.block([[np.diag(self.masses * h), np.diag(c)], [generator, np.zeros((count, count))]])

    def spectrum(self) -> Spectrum:
        """Eigenvalues on the simplex, sorted by real part: 2n - 1 of them, complex.

        The direction that changes the sum of p_g is left out: no flow moves along it.
        """
        count = len(self.masses)
        basis = _sum_free(count)
        embed = np.block(
            [[np.eye(count), np.zeros((count, count - 1))], [np.zeros((count, count)), basis]],
        )
        values: Spectrum = np.asarray(eigvals(embed.T @ self.jacobian() @ embed))
        return values[np.argsort(values.real + 1e-9 * values.imag)]

    def atom_spectrum(self, mass: float) -> Spectrum:
        """The two eigenvalues of an atom alone: l^2 - p_d h l - ck = 0 with p_d = mass, +-i sqrt|ck| for mass 0."""
        _, c, _, k, h = (float(value) for value in self._functions(np.array(self.rest)))
        return np.roots([1.0, -mass * h, -c * k]).astype(np.complex128)

    def energy(self, D: np.ndarray, p_g: np.ndarray) -> float:
        """V = sum of W(D_i) and the distance of p_g to p_d: (p_g - p_d)^2 / 2, or p_g - p_d - p_d log(p_g/p_d)."""
        potential = energies(self.field, np.column_stack([D, np.zeros(len(D))]), rest=self.rest, p_d=0.0)
        if self.flow != "fisher_rao":
            return float(potential.sum() + ((p_g - self.masses) ** 2).sum() / 2)
        data = self.masses > 0
        with np.errstate(divide="ignore"):
            logarithms = np.log(p_g[data] / self.masses[data])
        return float(potential.sum() + (p_g - self.masses).sum() - self.masses[data] @ logarithms)

    def solve(self, D: np.ndarray, p_g: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """D and p_g at times (m,), which begin with that of the start: (m, n) each.

        Raises:
            UserError: p_g is no distribution, or the path leaves the domain of the objective.
        """
        if (p_g < 0).any() or abs(p_g.sum() - 1) > _NORMALISATION:
            raise UserError(f"p_g with sum {p_g.sum():.6g}", "a distribution", "divide it by its sum")
        count = len(self.masses)

        def speed(time: float, state: np.ndarray) -> np.ndarray:
            # Two of the flows keep p_g >= 0: what a stage of the solver oversteps counts as on the edge.
            masses = state[count:] if self.flow == "normalised" else np.maximum(state[count:], 0.0)
            return np.concatenate(self.velocity(state[:count], masses))

        with np.errstate(all="ignore"):
            solved = solve_ivp(
                speed,
                (times[0], times[-1]),
                np.concatenate([D, p_g]),
                t_eval=times,
                rtol=1e-8,
                atol=1e-11,
                max_step=_LONGEST_STEP,
            )
        if not solved.success or not np.isfinite(solved.y).all():
            raise UserError(
                f"a path that ends at time {solved.t[-1] if len(solved.t) else times[0]:.4g}",
                "a path that stays in the domain of the objective",
                "start nearer to the equilibrium, or use fisher_rao, which keeps p_g positive",
            )
        return solved.y[:count].T, solved.y[count:].T


def _sum_free(count: int) -> np.ndarray:
    """An orthonormal basis of the directions in which the sum stays, (count, count - 1)."""
    full, _ = np.linalg.qr(np.column_stack([np.ones(count), np.eye(count)[:, : count - 1]]))
    return full[:, 1:]
