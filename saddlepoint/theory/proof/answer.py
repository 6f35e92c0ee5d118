"""The answer of `prove` as JSON values: numbers are numbers, exact forms stand beside them as text, inf is null."""

from typing import Any

import sympy

from saddlepoint.objectives import Separable
from saddlepoint.objectives.interval import Interval
from saddlepoint.theory.proof.certificate import Certificate
from saddlepoint.theory.proof.chain import Link
from saddlepoint.theory.proof.distance import Distance
from saddlepoint.theory.proof.number import finite_or_none
from saddlepoint.theory.proof.proved import NOT_SEARCHED, Finding, Proved
from saddlepoint.theory.proof.verdict import Local, damping_factor

# What sympy simplifies soon.
_MOST_OPERATIONS = 60


def answer(proof: Proved) -> dict[str, Any]:
    """All of a proof as JSON values."""
    chosen = proof.objective
    findings = [_finding(finding, proof.p_d) for finding in proof.findings]
    top: dict[str, Any] = {
        "objective": chosen.name,
        "definition": chosen.definition,
        "variable": chosen.variable,
        "p_d": proof.p_d,
        "natural_domain": [_box(box) for box in proof.domain],
    }
    if proof.any_rest:
        top |= {"rest_points": "any", "rest_intervals": [_box(box) for box in proof.any_rest], **findings[0]}
    else:
        top |= {"rest_points": findings}
    # Where rest points may have been missed.
    top["undecided"] = [_box(box) for box in proof.undecided]
    top["certificate"] = _top_certificate(proof)
    if proof.chosen is not None and proof.chosen.distance is not None:
        top["distance"] = _distance(proof.chosen.distance)
    return top | {"notes": list(proof.notes), "advice": list(proof.advice)}


def _finding(finding: Finding, p_d: float) -> dict[str, Any]:
    local = finding.local
    row: dict[str, Any] = {"D0": local.rest.value, "D0_exact": _exact(local.rest.exact and local.rest.exact.expression)}
    for name, quantity in (("h", local.h), ("c", local.c), ("k", local.k)):
        row |= {name: quantity.value, f"{name}_exact": _exact(quantity.exact)}
    row |= {
        "verdict": local.verdict,
        "reason": local.reason,
        "jacobian": [[f"{in_product(local.h.text)}*p_d", local.c.text], [local.k.text, "0"]],
        "eigenvalues": [[finite_or_none(value.real), finite_or_none(value.imag)] for value in local.eigenvalues(p_d)],
        "zeta": local.zeta(p_d),
        "zeta_formula": zeta_formula(local),
        "rate_ratio_for_zeta_1": local.critical_ratio(p_d),
        "fastest_p_d": local.fastest_p_d,
        "largest_step": {
            "simultaneous": local.largest_step(p_d, alternating=False),
            "alternating": local.largest_step(p_d, alternating=True),
        },
    }
    if finding.certificate is not None:
        row["certificate"] = _certificate(finding.certificate)
    return row


def zeta_formula(local: Local) -> str | None:
    """Zeta as a function of p_d and the rates, in text."""
    if not local.rotates:
        return None
    h, c, k = local.h.exact, local.c.exact, local.k.exact
    if h is None or c is None or k is None or (h * c * k).count_ops() > _MOST_OPERATIONS:
        factor = f"{local.zeta(1.0):.12g}"
    else:
        factor = str(sympy.simplify(damping_factor(h, c, k, sympy.sqrt)))
    if factor == "1":
        return "p_d*sqrt(lrD/lrG)"
    return f"{in_product(factor)}*p_d*sqrt(lrD/lrG)"


def _top_certificate(proof: Proved) -> dict[str, Any]:
    if proof.certificate is not None:
        return _certificate(proof.certificate)
    whole = [None, None] if not proof.domain else [proof.domain[0].lower, proof.domain[-1].upper]
    reason = (
        "There is no rest point."
        if isinstance(proof.objective, Separable)
        else "A paired objective has no certificate."
    )
    if proof.undecided:
        reason = NOT_SEARCHED
    return {
        "verdict": "undecided" if proof.undecided else "none",
        "domain": [None if end is None else finite_or_none(end) for end in whole],
        "by": None,
        "condition": None,
        "ends": [None, None],
        "reason": reason,
        "witness": None,
        "cover": [],
    }


def _certificate(found: Certificate) -> dict[str, Any]:
    witness = found.witness
    return {
        "verdict": found.verdict,
        "domain": [finite_or_none(found.lower), finite_or_none(found.upper)],
        "by": found.by,
        "condition": found.condition,
        "ends": list(found.ends),
        "reason": found.reason,
        "witness": None
        if witness is None
        else {"D": witness.D, "claim": witness.claim, "value": None if witness.value is None else _box(witness.value)},
        "cover": [_link(link) for link in found.links],
    }


def _link(link: Link) -> dict[str, Any]:
    return {"claim": link.claim, "box": _box(link.box), "order": link.order, "bound": _box(link.bound)}


def _distance(found: Distance) -> dict[str, Any]:
    return {"verdict": found.verdict, "reason": found.reason, "witness": found.witness}


def _box(box: Interval) -> list[float | None]:
    return [finite_or_none(box.lower), finite_or_none(box.upper)]


def _exact(value: sympy.Expr | None) -> str | None:
    return None if value is None else str(value)


def in_product(text: str) -> str:
    """A text that can stand in a product."""
    return f"({text})" if any(symbol in text.lstrip("-") for symbol in "+- ") else text
