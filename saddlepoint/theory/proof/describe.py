"""The answer of `prove` as text for a reader who knows what a derivative is."""

from saddlepoint.objectives import Paired
from saddlepoint.objectives.interval import Interval
from saddlepoint.theory.proof.answer import in_product, zeta_formula
from saddlepoint.theory.proof.certificate import Certificate
from saddlepoint.theory.proof.number import as_text, short
from saddlepoint.theory.proof.proved import NOT_SEARCHED, Finding, Proved

_ENDS = {
    "proper": "V grows without bound",
    "inward": "the field points inwards",
    "real_repels": "f1' pushes back without bound",
    "fake_repels": "f2' pushes back without bound once p_g has grown",
    None: "nothing was found that keeps trajectories away",
}
_CONDITIONS = {
    "proper": "V is proper",
    "forward_invariant": "no trajectory leaves the domain",
    "distance": "squared distance falls",
    None: "convergence is claimed for trajectories that stay inside it only",
}
_WORDS = {
    "stable": "STABLE: it attracts its surroundings",
    "centre": "CENTRE of the linear part: circles, no damping",
    "degenerate": "DEGENERATE: the linear part says nothing",
    "saddle": "SADDLE: it repels",
    "unstable": "UNSTABLE: it repels",
}


def describe(proof: Proved) -> str:
    """All of a proof as lines of text."""
    lines = [proof.objective.name, f"  {proof.objective.definition}"]
    if not isinstance(proof.objective, Paired):
        lines.append(f"  the functions are defined for D in {_domain(proof.domain)}")
    lines += ["", *_rest_points(proof)]
    if proof.chosen is not None:
        certificate = proof.certificate
        if certificate is not None:
            lines += ["", *_certificate(certificate, proof.chosen.local.rest.text)]
        if proof.chosen.distance is not None:
            found = proof.chosen.distance
            place = f" (at D = {short(found.witness)})" if found.witness is not None else ""
            lines.append(f"Distance test on p_g >= 0: {found.verdict}. {found.reason}{place}")
    lines += [f"Note: {note}" for note in proof.notes]
    lines += [f"Advice: {sentence}" for sentence in proof.advice]
    return "\n".join(lines)


def headline(proof: Proved) -> str:
    """The answer in one sentence."""
    if proof.chosen is None and proof.undecided:
        return NOT_SEARCHED
    if proof.chosen is None:
        return "There is no rest point: f1' + f2' never vanishes, and the game never settles."
    certificate = proof.certificate
    if certificate is not None and certificate.verdict == "global":
        return "It converges from every start with p_g >= 0 (proved)."
    return _WORDS[proof.verdict] + "."


def _rest_points(proof: Proved) -> list[str]:
    if not proof.findings and proof.undecided:
        return [NOT_SEARCHED]
    if not proof.findings:
        return ["No rest point: f1'(D) + f2'(D) = 0 has no solution, so the game never settles."]
    if proof.any_rest:
        found = proof.findings[0]
        where = ", ".join(as_text(box) for box in proof.any_rest)
        return [
            f"Rest points: any D0 in {where}, with p_g = p_d. At D0 = {found.local.rest.text}:",
            *_linear(found, proof.p_d),
        ]
    lines = []
    for found in proof.findings:
        lines += [f"Rest point D0 = {found.local.rest.text}, p_g = p_d:", *_linear(found, proof.p_d)]
        if found is not proof.chosen and found.certificate is not None:
            lines.append(f"  certificate: {found.certificate.verdict}. {found.certificate.reason}")
    return lines


def _linear(found: Finding, p_d: float) -> list[str]:
    local = found.local
    first, second = local.eigenvalues(p_d)
    lines = [
        f"  {_WORDS[local.verdict]}. {local.reason}",
        f"  h = f1'' + f2'' = {local.h.text},  c = f2' = {local.c.text},  k = f3' = {local.k.text}",
        f"  Jacobian [[p_d h, c], [k, 0]] = [[{in_product(local.h.text)} p_d, {local.c.text}], [{local.k.text}, 0]]",
        f"  eigenvalues at p_d = {p_d:g}: {_complex(first)} and {_complex(second)}",
    ]
    zeta = local.zeta(p_d)
    if zeta is not None:
        manner = "spirals" if zeta < 1 else "does not spiral"
        lines.append(f"  damping ratio zeta = {zeta_formula(local)} = {zeta:.6g} at equal rates: it {manner}")
    if local.fastest_p_d is not None:
        lines.append(f"  fastest at p_d = {local.fastest_p_d:.6g}")
    steps = [local.largest_step(p_d, alternating=alternating) for alternating in (False, True)]
    if steps[0] is not None and steps[1] is not None:
        together = f"{steps[0]:.6g}" if steps[0] else "none is stable"
        neutral = " (neutral: neither grows nor shrinks)" if local.verdict == "centre" else ""
        lines.append(f"  largest step of Euler: simultaneous {together}, alternating {steps[1]:.6g}{neutral}")
    return lines


def _certificate(found: Certificate, rest: str) -> list[str]:
    domain = f"({short(found.lower)}, {short(found.upper)})"
    lines = [f"Certificate for D0 = {rest}: {found.verdict.upper()} on D in {domain}. {found.reason}"]
    if found.by == "lyapunov":
        lines.append(
            "  by V = (p_g - p_d)^2 / 2 + W(D), W' = -(f3 - f3(D0)) / f2';  dV/dt = p_d W' (f1' + f2') < 0 off D0"
        )
    if found.by is not None:
        lines.append(f"  from decrease to convergence: {_CONDITIONS[found.condition]}")
        if found.by == "lyapunov":
            lines.append(f"  at the lower end {_ENDS[found.ends[0]]}; at the upper end {_ENDS[found.ends[1]]}")
        lines.append(f"  {len(found.links)} boxes, by interval arithmetic (all of them with --json)")
    if found.witness is not None:
        lines.append(f"  witness: D = {found.witness.D:.12g} ({found.witness.claim})")
    return lines


def _domain(boxes: tuple[Interval, ...]) -> str:
    return " and ".join(as_text(box) for box in boxes)


def _complex(value: complex) -> str:
    if value.imag == 0:
        return f"{value.real:.6g}"
    return f"{value.real:.6g} {'+' if value.imag > 0 else '-'} {abs(value.imag):.6g}i"
