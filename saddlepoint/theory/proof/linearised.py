"""Paired objectives, linearised at a matched generator: no function of one point, but the same three numbers.

For J = E f(D(x) - D(y)) the second variation at a constant D gives h = 2 f''(0), c = -f'(0), k = f'(0); against the
means of the other side, where both terms count in full, h = 2 f''(0), c = -2 f'(0), k = 2 f'(0). A constant shift of D
changes nothing, so every constant D is a rest point. The games are those of Jolicoeur-Martineau 2018.
"""

import math

import mpmath
import sympy

from saddlepoint.errors import UserError
from saddlepoint.objectives.derivative import differentiate
from saddlepoint.objectives.interval import Interval
from saddlepoint.objectives.paired import Paired
from saddlepoint.objectives.rewrite import stable
from saddlepoint.objectives.to_interval import to_interval
from saddlepoint.objectives.to_text import to_text
from saddlepoint.objectives.tree import Tree, number
from saddlepoint.theory.enclosures.branches import kinks
from saddlepoint.theory.enclosures.components import Component
from saddlepoint.theory.enclosures.enclosure import sign
from saddlepoint.theory.enclosures.exact import Exact, value_at
from saddlepoint.theory.proof.rest_points import RestPoint
from saddlepoint.theory.proof.verdict import Local, Quantity, decide

_ZERO = Interval(0.0, 0.0)


def linearise(chosen: Paired) -> Local:
    """h, c, k and the verdict of a paired objective.

    Raises:
        UserError: f has no second derivative at a difference of 0.
    """
    slope = stable(differentiate(chosen.f))
    curvature = stable(differentiate(slope))
    bent = [tree for tree in kinks(curvature) if 0 in to_interval(tree, _ZERO)]
    values = to_interval(curvature, _ZERO)
    refused = UserError(
        f"f={to_text(chosen.f)}, without a second derivative at 0",
        "a function that is smooth where real and fake score alike",
        "write a smooth f, as -softplus(-D)",
    )
    if bent or values.is_empty or math.isinf(values.width):
        raise refused
    origin = Exact(expression=sympy.Integer(0), tree=number(0))
    copies = 2 if chosen.coupling == "means" else 1
    line = Component(
        lower=-math.inf,
        upper=math.inf,
        inner_lower=-math.inf,
        inner_upper=math.inf,
        vanishing_below=(),
        vanishing_above=(),
        known={},
        certain=True,
    )
    rest = RestPoint(ball=_ZERO, number=mpmath.mpf(0), exact=origin, order=0, component=line)

    def quantity(tree: Tree, factor: int) -> Quantity:
        exact, value = value_at(tree, origin, mpmath.mpf(0), _ZERO)
        if value is None:
            raise refused
        enclosure = to_interval(tree, _ZERO)
        proved = 0 if enclosure.lower == enclosure.upper == 0 or exact == 0 else sign(enclosure) or None
        direction = 1 if factor > 0 else -1
        return Quantity(
            value=float(factor * value) + 0.0,
            exact=None if exact is None else factor * exact,
            sign=None if proved is None else direction * proved,
        )

    h, c, k = quantity(curvature, 2), quantity(slope, -copies), quantity(slope, copies)
    verdict, reason = decide(h, c, k)
    return Local(rest=rest, h=h, c=c, k=k, verdict=verdict, reason=reason)
