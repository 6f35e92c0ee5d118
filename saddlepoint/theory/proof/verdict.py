"""What the linear part of the field says at one rest point: three numbers decide it.

    h = f1''(D0) + f2''(D0)    c = f2'(D0)    k = f3'(D0)    l^2 - p_d h l - c k = 0

The damping ratio is zeta = p_d |h| / (2 sqrt|ck|) sqrt(lrD / lrG): below 1 the game spirals, above it does not; p_d* =
2 sqrt|ck| / |h| is the fastest. Explicit Euler with one rate e, a = e p_d |h| and b = e^2 |ck|, is stable if b < a and
2a - b < 4 (simultaneous), if 2a + b < 4 (alternating).
"""

import cmath
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath
import sympy

from saddlepoint.errors import UserError
from saddlepoint.objectives.domain import defined_on
from saddlepoint.objectives.to_interval import to_interval
from saddlepoint.objectives.to_text import to_text
from saddlepoint.objectives.tree import Tree
from saddlepoint.theory.enclosures.branches import branch, kinks
from saddlepoint.theory.enclosures.enclosure import Function, evaluate, sign
from saddlepoint.theory.enclosures.exact import is_zero, value_at
from saddlepoint.theory.pointwise import PointwiseField
from saddlepoint.theory.proof.rest_points import RestPoint


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """h, c or k.

    Attributes:
        value: as a float, right to 1e-12.
        exact: in closed form, where there is one.
        sign: -1, 0 or 1, proved (0: exactly zero); None where nothing could be proved.
    """

    value: float
    exact: sympy.Expr | None
    sign: int | None

    @property
    def text(self) -> str:
        """For people: exact where it can be."""
        return str(self.exact) if self.exact is not None else f"{self.value:.12g}"


@dataclass(frozen=True, kw_only=True)
class Local:
    """The linear part at one rest point.

    Attributes:
        rest: where.
        h, c, k: the three numbers.
        verdict: "stable", "centre" (of the linear part), "degenerate", "saddle" or "unstable".
        reason: one sentence.
    """

    rest: RestPoint
    h: Quantity
    c: Quantity
    k: Quantity
    verdict: str
    reason: str

    @property
    def rotates(self) -> bool:
        """Whether ck < 0 and h <= 0: the players circle each other, nothing drives them out, zeta has a meaning."""
        return self.verdict in ("stable", "centre")

    @property
    def pull(self) -> float:
        """|ck|."""
        return abs(self.c.value * self.k.value)

    def eigenvalues(self, p_d: float) -> tuple[complex, complex]:
        """The two roots of l^2 - p_d h l - ck, the one with the larger imaginary, else real part first."""
        trace, determinant = p_d * self.h.value, -self.c.value * self.k.value
        if not math.isfinite(trace * trace):
            return complex(max(trace, 0.0)), complex(min(trace, 0.0))
        # From the larger root and the product: the smaller one of two real roots would lose its digits.
        root = cmath.sqrt(trace * trace - 4 * determinant)
        if root.imag:
            return (trace + root) / 2, (trace - root) / 2
        larger = (trace + math.copysign(root.real, trace)) / 2
        smaller = determinant / larger if larger else 0.0
        # + 0.0 turns -0.0 into 0.0.
        return complex(max(larger, smaller) + 0.0), complex(min(larger, smaller) + 0.0)

    def zeta(self, p_d: float, rate_ratio: float = 1.0) -> float | None:
        """The damping ratio at a ratio lrD / lrG of the learning rates; None where it has no meaning."""
        if not self.rotates:
            return None
        return p_d * damping_factor(self.h.value, self.c.value, self.k.value, math.sqrt) * math.sqrt(rate_ratio)

    def critical_ratio(self, p_d: float) -> float | None:
        """The ratio lrD / lrG at which zeta = 1; None where no ratio gives it."""
        zeta = self.zeta(p_d)
        if not zeta or self.verdict != "stable":
            return None
        # By products: a power that overflows raises.
        ratio = (1 / zeta) * (1 / zeta)
        return ratio if 0 < ratio < math.inf else None

    @property
    def fastest_p_d(self) -> float | None:
        """p_d* at which the rest point attracts fastest; None where it does not attract."""
        return 2 * math.sqrt(self.pull) / abs(self.h.value) if self.verdict == "stable" else None

    def largest_step(self, p_d: float, *, alternating: bool) -> float | None:
        """The rate, the same for both players, below which explicit Euler is stable; 0: none is; None: no attraction.

        At a centre the alternating steps below the value neither grow nor shrink.
        """
        if self.verdict not in ("stable", "centre"):
            return None
        damping, pull = p_d * abs(self.h.value), self.pull
        if alternating:
            # 2a + b < 4; written so that nothing cancels where the damping is large.
            return 4 / (damping + math.sqrt(damping * damping + 4 * pull))
        real = damping * damping - 4 * pull
        return damping / pull if real <= 0 else 4 / (damping + math.sqrt(real))


def damping_factor(h: Any, c: Any, k: Any, root: Callable[[Any], Any]) -> Any:
    """Zeta at p_d = 1 and equal rates: of numbers with `math.sqrt`, in closed form with `sympy.sqrt`."""
    return abs(h) / (2 * root(abs(c * k)))


def local_verdict(field: PointwiseField, rest: RestPoint) -> Local:
    """The verdict at one rest point.

    Raises:
        UserError: f2' or f3' does not exist at D0.
    """
    # In factors, where they serve: the derivative of a long product is a sum of many.
    curvature = Function(field.balance).derivative(1) or field.curvature
    h = _quantity("f1' + f2'", curvature, rest, forced_zero=rest.order != 1)
    c = _quantity("f2", field.f2_slope, rest)
    k = _quantity("f3", field.f3_slope, rest)
    verdict, reason = decide(h, c, k)
    return Local(rest=rest, h=h, c=c, k=k, verdict=verdict, reason=reason)


def _quantity(name: str, derivative: Tree, rest: RestPoint, *, forced_zero: bool = False) -> Quantity:
    values = evaluate(derivative, rest.ball, rest.component.known)
    bent = [tree for tree in kinks(derivative) if 0 in to_interval(tree, rest.ball)]
    if bent or values.is_empty or not defined_on(derivative, rest.ball):
        raise UserError(
            f"{name} = ..., whose derivative {to_text(derivative)} does not exist at the rest point D = {rest.text}",
            "functions with derivatives at the rest point",
            "write a function that is smooth there, as softplus in place of relu",
        )
    if forced_zero:
        return Quantity(value=0.0, exact=sympy.Integer(0), sign=0)
    derivative = branch(derivative, rest.ball)
    exact, number = value_at(derivative, rest.exact, rest.number, rest.ball)
    if number is None or not math.isfinite(float(number)):
        raise UserError(
            f"{name} = ..., whose derivative {to_text(derivative)} is out of reach at the rest point D = {rest.text}",
            "derivatives within +-1e300",
            "rescale the functions",
        )
    proved: int | None = sign(values) or None
    if proved is None and ((exact is not None and is_zero(exact)) or values.lower == values.upper == 0):
        proved, number = 0, mpmath.mpf(0)
    if proved is None and exact is not None and exact.is_nonzero:
        proved = 1 if number > 0 else -1
    return Quantity(value=float(number), exact=exact, sign=proved)


def decide(h: Quantity, c: Quantity, k: Quantity) -> tuple[str, str]:
    """The verdict that the signs of h, c and k give, with the reason in one sentence."""
    if k.sign == 0:
        return "degenerate", "f3'(D0) = 0: the generator stands still at the rest point."
    if c.sign == 0:
        return "degenerate", "f2'(D0) = 0: at the rest point the discriminator does not feel the generator's density."
    if h.sign is None or c.sign is None or k.sign is None:
        return "degenerate", "h, c or k is too close to zero for its sign to be proved: the linear part says nothing."
    if c.sign * k.sign > 0:
        return (
            "saddle",
            "ck > 0: the generator moves so as to push the discriminator further away, one direction escapes.",
        )
    if h.sign > 0:
        return "unstable", "h > 0: the discriminator's own force drives D away from D0."
    if h.sign == 0:
        return "centre", "h = 0 and ck < 0: the players circle each other, and the linear part has no damping."
    return "stable", "h < 0 and ck < 0: the discriminator damps, and the generator answers with the right sign."
