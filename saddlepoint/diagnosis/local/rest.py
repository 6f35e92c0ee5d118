"""h, c and k: at the rest point, by the theory; and where the run stands, as means over the scores of a probe.

    h = E f1''(a) + E f2''(a)      c = E f2'(a)      k = E f3'(a)      in raw outputs a of the discriminator
For a paired f they are 2 E f''(u), -E f'(u), E f'(-u) of the differences u, and twice as large against means. Their
distance from the rest values tells whether the run is near its equilibrium at all, for the cost of one forward pass:
measured within 3 % in healthy runs, off by a third in one that cycled.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.objectives import Objective, Paired, Separable
from saddlepoint.objectives.budget import Exhausted, within
from saddlepoint.objectives.derivative import differentiate
from saddlepoint.objectives.tree import is_constant
from saddlepoint.theory.enclosures.components import natural_domain
from saddlepoint.theory.pointwise import pointwise_field
from saddlepoint.theory.proof.linearised import linearise
from saddlepoint.theory.proof.rest_points import RestPoint, find_rest_points, rest_point_at
from saddlepoint.theory.proof.verdict import Local, local_verdict

# Processor seconds; a formula of the catalogue takes a tenth of one.
_SECONDS = 10.0
# Further than this share of a rest value a run is not near: 3 % were measured in healthy runs, 9 % in one without
# damping, 33 % in one that cycled.
NEAR = 0.2


@dataclass(frozen=True, kw_only=True)
class Rest:
    """h, c and k.

    Attributes:
        verdict: of the theory at the rest point; "measured" where the run stands.
    """

    h: float
    c: float
    k: float
    verdict: str = "measured"


def rest_of(objective: Objective) -> Rest | str:
    """The three numbers at the rest point, in raw outputs; or why there are none."""
    try:
        with within(_SECONDS):
            local = _local(objective)
    except UserError as error:
        return f"{error.got}: there is no smooth rest point"
    except Exhausted:
        return f"the rest point was not found within {_SECONDS:g} s"
    if local is None:
        return "the objective has no rest point"
    return Rest(h=local.h.value, c=local.c.value, k=local.k.value, verdict=local.verdict)


def _local(objective: Objective) -> Local | None:
    if isinstance(objective, Paired):
        return linearise(objective)
    assert isinstance(objective, Separable)
    field = pointwise_field(objective.at_output())
    found = find_rest_points(field, natural_domain(field))
    points: list[RestPoint] = list(found.points)
    if found.flat:
        # Of an interval of rest points the one next to 0, where scores begin.
        from fractions import Fraction

        box, component = min(found.flat, key=lambda each: max(each[0].lower, -each[0].upper, 0.0))
        at = min(max(0.0, box.lower), box.upper)
        points.append(rest_point_at(Fraction(at), component))
    verdicts = [local_verdict(field, point) for point in points]
    return next((each for each in verdicts if each.verdict == "stable"), verdicts[0] if verdicts else None)


def measured(objective: Objective, real: Tensor, fake: Tensor) -> Rest:
    """The three numbers as means over scores.

    Args:
        real, fake: raw scores of either side, of any shape.
    """
    a, b = (each.detach().double().clone().requires_grad_() for each in (real, fake))
    value = torch.stack([*objective.discriminator_terms(a, b).values()]).sum()
    slopes = torch.autograd.grad(value, [a, b], create_graph=True, materialize_grads=True)
    raised = torch.stack([*objective.generator_terms(b, a).values()]).sum()
    (k,) = torch.autograd.grad(raised, b, materialize_grads=True)
    bent = 0.0
    for side, slope in zip((a, b), slopes, strict=True):
        if slope.requires_grad:
            (each,) = torch.autograd.grad(slope.sum(), side, retain_graph=True, materialize_grads=True)
            bent += float(each.sum())
    # Against means each score stands in both terms of its side.
    h = bent / 2 if objective.coupling == "means" else bent
    return Rest(h=h, c=float(slopes[1].detach().sum()), k=float(k.sum()))


def says_nothing(objective: Objective) -> bool:
    """Whether h, c and k are the same wherever a run stands, as of the Wasserstein objective."""
    trees = objective.on_outputs.values()
    return all(is_constant(differentiate(tree)) for tree in trees)


def is_near(here: Rest, rest: Rest) -> bool:
    """Whether each of the three is within NEAR of its rest value."""
    pairs = ((here.h, rest.h), (here.c, rest.c), (here.k, rest.k))
    return all(abs(at - there) <= NEAR * max(abs(there), 1e-12) for at, there in pairs if there != 0)
