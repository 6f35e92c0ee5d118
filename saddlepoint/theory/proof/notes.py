"""What a reader of a proof should know beside its numbers."""

import re

from saddlepoint.objectives import Separable
from saddlepoint.objectives.budget import Exhausted
from saddlepoint.objectives.separable import IDENTITY
from saddlepoint.objectives.to_interval import to_interval
from saddlepoint.objectives.to_text import to_text
from saddlepoint.objectives.tree import coefficient
from saddlepoint.theory.enclosures.branches import kinks
from saddlepoint.theory.enclosures.components import natural_domain
from saddlepoint.theory.pointwise import pointwise_field
from saddlepoint.theory.proof.number import as_text
from saddlepoint.theory.proof.proved import Finding
from saddlepoint.theory.proof.rest_points import RestPoints, find_rest_points, joined
from saddlepoint.theory.proof.verdict import local_verdict

_MOST_PLACES = 4

# What D is, for people.
_VARIABLES = {
    "probability": "the probability",
    "logit": "the logit",
    "identity": "the raw output",
    "output": "the raw output",
    "T": "the f-GAN's own variable T",
}


def notes_on(chosen: Separable, found: RestPoints, top: Finding | None, p_d: float) -> list[str]:
    """Sentences about the variable of D, the rest point at the top, and what could not be settled."""
    notes = []
    if chosen.link != IDENTITY:
        link = re.sub(r"\bD\b", "v", to_text(chosen.link))
        notes.append(
            f"D is {_VARIABLES.get(chosen.variable, chosen.variable)}, made from the raw output v by D = {link}. The "
            f"verdict does not depend on the link; zeta does{_zeta_on_output(chosen, top, p_d)}."
        )
    else:
        notes.append("D is the raw output itself, without a link.")
    if chosen.variable == "T" and top is not None and top.local.h.exact is not None and top.local.h.sign:
        notes.append(f"For an f-GAN h = -1/f''(1), so f''(1) = {-1 / top.local.h.exact}, and zeta = p_d / (2 f''(1)).")
    if top is not None and top.local.k.sign == 0:
        notes.append("f3'(D0) = 0: the generator's side of the linear part vanishes.")
    if top is not None and top.local.rest.order > 1:
        notes.append(
            f"h = 0 because f1' + f2' has a zero of order {top.local.rest.order}; the certificate looks at that order."
        )
    if found.undecided:
        places = [as_text(place) for place in joined(found.undecided)]
        more = f" and {len(places) - _MOST_PLACES} more places" if len(places) > _MOST_PLACES else ""
        notes.append(f"Whether there are rest points in {', '.join(places[:_MOST_PLACES])}{more} could not be settled.")
    bent = [kink for function in (chosen.f1, chosen.f2, chosen.f3) for kink in kinks(function)]
    if top is not None:
        component = top.local.rest.component
        bent = [coefficient(kink)[1] for kink in bent if 0 in to_interval(kink, component.box)]
        where = ", ".join(f"{to_text(kink)} = 0" for kink in list(dict.fromkeys(bent))[:_MOST_PLACES])
        if where:
            notes.append(f"There are kinks where {where}; h, c and k are those of the branch on which D0 lies.")
    if chosen.f4 is not None:
        notes.append("f4 acts on real data only and does not enter the pointwise field.")
    return notes


def _zeta_on_output(chosen: Separable, top: Finding | None, p_d: float) -> str:
    """Zeta where the raw output is the variable."""
    if top is None or top.local.zeta(p_d) is None:
        return ""
    try:
        field = pointwise_field(chosen.at_output())
        for rest in find_rest_points(field, natural_domain(field)).points:
            zeta = local_verdict(field, rest).zeta(p_d)
            if zeta is not None:
                return f": {zeta:.6g} on the raw output, where it is {top.local.zeta(p_d):.6g} in D"
    except Exhausted:
        pass
    return ""
