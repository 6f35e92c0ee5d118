"""Rows of the pointwise theory: rest points, h, c, k, eigenvalues and damping; dV/dt as formulas; the first experiment.

These are the numbers that need no trainer: they come from the objectives' trees by way of `theory/`.
"""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import sympy

from saddlepoint.conformance.row import Row, Rows, equal, spectrum
from saddlepoint.objectives import Paired, objective
from saddlepoint.objectives.to_sympy import to_sympy
from saddlepoint.objectives.tree import number
from saddlepoint.theory.enclosures.components import natural_domain
from saddlepoint.theory.flow.trajectories import euler
from saddlepoint.theory.numeric import to_numpy
from saddlepoint.theory.pointwise import PointwiseField, pointwise_field
from saddlepoint.theory.proof.linearised import linearise
from saddlepoint.theory.proof.rest_points import find_rest_points
from saddlepoint.theory.proof.verdict import Local, local_verdict

_EXACT = 1e-12

# Objective: D0, h, c, k, and zeta / p_d (None where it has no meaning).
_TABLE: dict[str, tuple[float, float, float, float, float | None]] = {
    "minimax": (1 / 2, -8, -2, 2, 2),
    "non_saturating": (1 / 2, -8, -2, 2, 2),
    "minimax@logit": (0, -1 / 2, -1 / 2, 1 / 2, 1 / 2),
    "non_saturating@logit": (0, -1 / 2, -1 / 2, 1 / 2, 1 / 2),
    "least_squares(0,1,1)": (1 / 2, -2, -1 / 2, 1 / 2, 2),
    "least_squares(-1,1,0)": (0, -2, -1, 0, None),
    "quadratic": (1, -1, 1, -1, 1 / 2),
}
# f-GAN: D0 = f'(1) and f''(1), from which h = -1/f''(1), c = -1, k = 1, zeta = p_d / (2 f''(1)).
_DIVERGENCES = {
    "fgan_kl": (1, 1),
    "fgan_reverse_kl": (-1, 1),
    "fgan_pearson": (0, 2),
    "fgan_neyman": (0, 2),
    "fgan_squared_hellinger": (0, 1 / 2),
    "fgan_js": (0, 1 / 2),
    "fgan_gan": (-np.log(2), 1 / 2),
}
# Everywhere a rest point: h, c, k.
_CENTRES = {"wasserstein": (0, -1, 1), "hinge": (0, -1, 1)}
# Paired, on the difference: l^2 + (p/2) l + product = 0.
_PAIRED = {"paired_logistic": 1 / 4, "average_logistic": 1}


def rest_points() -> Iterator[Row]:
    """The only rest point of each objective, and the three numbers there."""
    table = {
        **_TABLE,
        **{
            f"{name}:{form}": (D0, -1 / curvature, -1, 1, 1 / (2 * curvature))
            for name, (D0, curvature) in _DIVERGENCES.items()
            for form in ("minimax", "non_saturating")
        },
    }
    for name, (D0, h, c, k, zeta) in table.items():
        field = pointwise_field(objective(name))
        locals_ = _locals(field)
        yield equal(f"{name}, rest points", 1, len(locals_), 0)
        for local in locals_[:1]:
            yield equal(f"{name}, D0", D0, local.rest.value, _EXACT)
            yield from _numbers(name, (h, c, k), local)
            found = local.zeta(1.0)
            if zeta is not None:
                yield equal(f"{name}, zeta / p_d", zeta, float("nan") if found is None else found, _EXACT)
    for name, (h, c, k) in _CENTRES.items():
        field = pointwise_field(objective(name))
        flat = find_rest_points(field, natural_domain(field)).flat
        yield equal(f"{name}, intervals of rest points", 1, len(flat), 0)
        values = to_numpy(field.curvature, field.f2_slope, field.f3_slope)(np.zeros(1))
        at_zero = [float(value[0]) for value in values]
        for letter, expected, measured in zip("hck", (h, c, k), at_zero, strict=True):
            yield equal(f"{name}, {letter}", expected, measured, _EXACT)


def eigenvalues() -> Iterator[Row]:
    """At p_d = 0.2 and over p_d: roots of l^2 - p_d h l - c k."""
    for name in ("minimax", "non_saturating"):
        (local,) = _locals(pointwise_field(objective(name)))
        turning = 2 * (1 - 4 * 0.2**2) ** 0.5
        yield from spectrum(
            f"{name}, p_d 0.2", [complex(-0.8, turning), complex(-0.8, -turning)], local.eigenvalues(0.2), _EXACT
        )
        yield equal(f"{name}, p_d 0.2, turning, to four digits", 1.833, abs(local.eigenvalues(0.2)[0].imag), 5e-4)
        yield equal(f"{name}, p_d at which it attracts fastest", 0.5, local.fastest_p_d or 0.0, _EXACT)
    (local,) = _locals(pointwise_field(objective("quadratic")))
    turning = (4 - 0.2**2) ** 0.5 / 2
    yield from spectrum(
        "quadratic, p_d 0.2", [complex(-0.1, turning), complex(-0.1, -turning)], local.eigenvalues(0.2), _EXACT
    )
    for name, product in _PAIRED.items():
        chosen = objective(name)
        assert isinstance(chosen, Paired)
        for p in (0.2, 1.0):
            roots = [complex(value) for value in np.roots([1, p / 2, product])]
            yield from spectrum(f"{name}, p_d {p:g}", roots, linearise(chosen).eigenvalues(p), _EXACT)


def lyapunov() -> Iterator[Row]:
    """dV/dt / p_d as formulas: the difference is simplified symbolically, and has to vanish."""
    D = sympy.Symbol("D", real=True)
    half, log = Fraction(1, 2), sympy.log
    formulas = {
        "minimax": (half, (2 * D - 1) * log(2 - 2 * D) / D),
        "non_saturating": (half, (1 / D - 2) * (log(D) + log(2))),
        "quadratic": (Fraction(1), -((D - 1) ** 2)),
        "wasserstein": (Fraction(0), sympy.Integer(0)),
        "least_squares(0,1,1)": (half, (2 * D - 3) * (2 * D - 1) ** 2 / (8 * D)),
    }
    for name, (rest, formula) in formulas.items():
        field = pointwise_field(objective(name))
        tree = field.lyapunov_slope_tree(number(rest)) * field.balance
        left = to_sympy(tree, D) - formula
        difference = sympy.simplify(sympy.expand_log(left, force=True))
        if difference != 0:
            # What simplify does not recognise is looked at as a number, and so said in the row.
            difference = sympy.Abs(left.subs(D, sympy.Rational(1, 3))).evalf(30)
        yield equal(f"{name}, dV/dt less its formula", 0.0, float(difference), 0.0 if difference == 0 else 1e-25)


def experiment() -> Iterator[Row]:
    """The first experiment: p_d = 0.2, 100,000 Euler steps of 0.001."""
    for name in ("minimax", "non_saturating"):
        for path in euler(pointwise_field(objective(name)), [(0.75, 0.9), (0.25, 0.9)], rest=0.5, p_d=0.2):
            for letter, expected, measured in zip(("D", "p_g"), (0.5, 0.2), path.end, strict=True):
                yield equal(f"{name} from {path.start}, {letter} at the end", expected, measured, _EXACT)
    field = pointwise_field(objective("wasserstein"))
    (plane,) = euler(field, [(0.75, 0.9)], rest=0.0, p_d=0.2)
    grown = np.hypot(*(plane.points[-1] - (0.0, 0.2))) / np.hypot(0.75, 0.7)
    yield equal("wasserstein, growth of the radius by Euler's steps", 1.051, float(grown), 5e-4)
    yield equal("wasserstein, least p_g on the plane", -0.88, float(plane.points[:, 1].min()), 5e-3)
    (path,) = euler(field, [(0.75, 0.9)], rest=0.0, p_d=0.2, nonnegative=True)
    radius = float(np.hypot(*(path.points[-1] - (0.0, 0.2))))
    yield equal("wasserstein, radius at the end on p_g >= 0", 0.2, radius, 1e-3)


def _locals(field: PointwiseField) -> list[Local]:
    return [local_verdict(field, rest) for rest in find_rest_points(field, natural_domain(field)).points]


def _numbers(name: str, expected: tuple[float, float, float], local: Local) -> Iterator[Row]:
    for letter, value, quantity in zip("hck", expected, (local.h, local.c, local.k), strict=True):
        yield equal(f"{name}, {letter}", value, quantity.value, _EXACT)


ROWS: tuple[Rows, ...] = (rest_points, eigenvalues, lyapunov, experiment)
