"""`prove`: everything that can be said about an objective before a network is trained.

Rest points, the linear verdict at each, the certificate of each, the distance test, and what to do about it; for a
paired objective the linearised verdict alone.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from saddlepoint.errors import UserError
from saddlepoint.objectives import Objective, Paired, Separable, objective
from saddlepoint.objectives.budget import Exhausted, grace, left, within
from saddlepoint.objectives.interval import ENTIRE, Interval
from saddlepoint.objectives.to_interval import to_interval
from saddlepoint.theory.enclosures.components import natural_domain
from saddlepoint.theory.pointwise import PointwiseField, pointwise_field
from saddlepoint.theory.proof.advice import advise
from saddlepoint.theory.proof.answer import answer
from saddlepoint.theory.proof.certificate import certify
from saddlepoint.theory.proof.describe import describe
from saddlepoint.theory.proof.distance import distance_test
from saddlepoint.theory.proof.linearised import linearise
from saddlepoint.theory.proof.notes import notes_on
from saddlepoint.theory.proof.number import as_text, domain_of, finite, positive
from saddlepoint.theory.proof.proved import Finding, Proved
from saddlepoint.theory.proof.rest_points import RestPoint, RestPoints, find_rest_points, rest_point_at
from saddlepoint.theory.proof.verdict import Local, local_verdict

# Processor seconds that an answer may take, and the parts of what is left for the domain and for the rest points.
SECONDS = 20.0
_FOR_DOMAIN, _FOR_REST_POINTS = 0.3, 0.6
# What the three numbers of all rest points may take in any case.
_FOR_NUMBERS = 4.0
_FOR_ADVICE = 2.0


class Proof(Proved):
    """The answer of `prove`: what was found out, as JSON values for a program and as text for a person."""

    def to_json(self) -> dict[str, Any]:
        """The answer as JSON values; infinite ends are None."""
        return answer(self)

    def __str__(self) -> str:
        """The answer as text for a person."""
        return describe(self)


def prove(
    chosen: Objective | str,
    *,
    domain: str | Sequence[float] | None = None,
    rest: str | float | None = None,
    p_d: str | float = 1.0,
    seconds: str | float | None = None,
) -> Proof:
    """Whether an objective can converge, as far as its three functions tell.

    Args:
        chosen: an objective, or its text: a name of the catalogue or "f1=...; f2=...; f3=...".
        domain: of D, as "A,B" or a pair, ends left out ("-inf" and "inf" are allowed); None: the whole natural domain.
        rest: the D0 that is meant where there are several; None: the first stable one.
        p_d: the data's density at the point, positive.
        seconds: of processor time, about; what is not settled by then is undecided. None: 20.

    Raises:
        UserError: an objective that cannot be read, functions without a derivative at a rest point, a domain that
            holds no rest point, a D0 that is none, p_d or seconds not positive.

    Examples:
        >>> proof = sp.prove("minimax")
        >>> proof.verdict, proof.certificate.verdict
        ('stable', 'global')
        >>> sp.prove("wasserstein").verdict
        'centre'
        >>> sp.prove("f1=log(D); f2=log(1-D); f3=log(D); link=sigmoid").chosen.local.rest.value
        0.5
    """
    asked_for = chosen if isinstance(chosen, Objective) else objective(chosen)
    density, budget = positive("--pd", p_d), positive("--seconds", SECONDS if seconds is None else seconds)
    asked = None if domain is None else domain_of(domain)
    if isinstance(asked_for, Paired):
        return _paired(asked_for, density, domain, rest)
    assert isinstance(asked_for, Separable)
    with within(budget):
        return _proved(asked_for, density, asked, rest, budget)


def _proved(
    asked_for: Separable, density: float, asked: Interval | None, rest: str | float | None, budget: float
) -> Proof:
    field = pointwise_field(asked_for)
    spent = None
    try:
        with within(_FOR_DOMAIN * left()):
            components = natural_domain(field)
            if left() < 0:
                spent = "the domain was looked for: there may be more of it"
    except Exhausted:
        components, spent = [], "the functions were differentiated"
    if not components and spent is None:
        raise UserError(
            f"{asked_for.definition}, whose functions have no common domain",
            "an interval of D on which f1, f2, f3 and the derivatives of f1 and f2 have real values",
            "correct the formulas",
        )
    with within(_FOR_REST_POINTS * left()):
        found = find_rest_points(field, components)
    if not components:
        found = replace(found, undecided=(to_interval(asked_for.link, ENTIRE),))
    if found.exhausted:
        spent = spent or "rest points were looked for: some may be missing"
    points = _points(found, asked, rest)
    verdicts = _local_verdicts(field, points)
    if len(verdicts) < len(points):
        spent = spent or "h, c and k were computed"
        found = replace(found, undecided=(*found.undecided, *(point.ball for point in points[len(verdicts) :])))
    findings = _findings(field, verdicts, asked, alone=len(components) == 1)
    top = _top(findings, found, asked, rest)
    if left() < 0:
        spent = spent or "certificates were looked for"
    notes = [f"The budget of {budget:g} s was used up while {spent}."] if spent is not None else []
    return Proof(
        objective=asked_for,
        p_d=density,
        domain=tuple(component.box for component in components),
        asked=asked,
        findings=findings,
        any_rest=tuple(box for box, _ in found.flat),
        undecided=found.undecided,
        chosen=top,
        notes=(*notes, *notes_on(asked_for, found, top, density)),
        advice=_advice(asked_for, top, density),
    )


def _advice(chosen: Separable, top: Finding | None, p_d: float) -> tuple[str, ...]:
    if top is None:
        return ()
    try:
        with grace(_FOR_ADVICE):
            return tuple(advise(chosen, top.local, p_d))
    except Exhausted:
        return ()


def _local_verdicts(field: PointwiseField, points: Sequence[RestPoint]) -> list[Local]:
    """Of all points, or of the first ones if even the time that is set aside for them is too short."""
    found: list[Local] = []
    with grace(_FOR_NUMBERS):
        try:
            for point in points:
                found.append(local_verdict(field, point))
        except Exhausted:
            pass
    return found


def _findings(
    field: PointwiseField, verdicts: Sequence[Local], asked: Interval | None, *, alone: bool
) -> tuple[Finding, ...]:
    """What can be proved of each; the stable ones come first where time is short."""
    made: dict[int, Finding] = {}
    for index in sorted(range(len(verdicts)), key=lambda index: verdicts[index].verdict != "stable"):
        local = verdicts[index]
        distance = distance_test(field, local)
        within_asked = asked if asked is None or _holds(asked, local.rest) else None
        certificate = certify(field, local, distance, asked=within_asked, alone=alone)
        made[index] = Finding(local=local, certificate=certificate, distance=distance)
    return tuple(made[index] for index in range(len(verdicts)))


def _points(found: RestPoints, asked: Interval | None, rest: str | float | None) -> list[RestPoint]:
    """The rest points to look at: all isolated ones, or one of an interval of them."""
    if not found.flat:
        return list(found.points)
    wanted = None if rest is None else finite("--rest", rest)
    for box, component in found.flat:
        within = box if asked is None else box.intersect(asked)
        if within.is_empty:
            continue
        if wanted is None:
            return [rest_point_at(_representative(within), component)]
        if wanted in within:
            return [rest_point_at(Fraction(wanted).limit_denominator(10**12), component)]
    if wanted is not None:
        raise _no_such_rest(wanted, found)
    assert asked is not None
    raise _excluded(asked, found)


def _representative(box: Interval) -> Fraction:
    """A D0 of an interval of rest points: 0 or 1/2 if they are in it, else its middle."""
    for value in (Fraction(0), Fraction(1, 2)):
        if value in box and value not in (box.lower, box.upper):
            return value
    if math.isinf(box.lower) or math.isinf(box.upper):
        return Fraction(box.lower + 1.0 if math.isinf(box.upper) else box.upper - 1.0)
    return Fraction((box.lower + box.upper) / 2).limit_denominator(1000)


def _holds(asked: Interval, rest: RestPoint) -> bool:
    return asked.lower < rest.ball.lower and rest.ball.upper < asked.upper


def _top(
    findings: Sequence[Finding], found: RestPoints, asked: Interval | None, rest: str | float | None
) -> Finding | None:
    if rest is not None and not found.flat:
        wanted = finite("--rest", rest)
        near = [each for each in findings if abs(each.local.rest.value - wanted) <= 1e-9 * max(1.0, abs(wanted))]
        if not near:
            raise _no_such_rest(wanted, found)
        findings = [min(near, key=lambda each: abs(each.local.rest.value - wanted))]
    if asked is not None and findings:
        findings = [each for each in findings if _holds(asked, each.local.rest)]
        if not findings:
            raise _excluded(asked, found)
    stable = [each for each in findings if each.local.verdict == "stable"]
    return (stable or list(findings) or [None])[0]


def _no_such_rest(wanted: float, found: RestPoints) -> UserError:
    return UserError(
        f"--rest {wanted:g}, which is no rest point", _where(found), "choose one of these, or leave it out"
    )


def _excluded(asked: Interval, found: RestPoints) -> UserError:
    return UserError(
        f"the domain {as_text(asked)}, which holds no rest point",
        f"a domain that holds one: {_where(found)}",
        "widen it",
    )


def _where(found: RestPoints) -> str:
    if found.flat:
        return "any D in " + ", ".join(as_text(box) for box, _ in found.flat)
    missing = "; not all of the domain could be searched" if found.undecided else ""
    if not found.points:
        return f"none was found{missing}" if missing else "none (there is no rest point)"
    return "D0 = " + ", ".join(rest.text for rest in found.points) + missing


def _paired(chosen: Paired, p_d: float, domain: object, rest: object) -> Proof:
    for option, value in (("domain", domain), ("rest", rest)):
        if value is not None:
            raise UserError(
                f"--{option} for the paired objective {chosen.name}",
                f"no --{option}: every constant D is a rest point, and there is no certificate",
                f"leave out --{option}",
            )
    finding = Finding(local=linearise(chosen), certificate=None, distance=None)
    line = Interval(-math.inf, math.inf)
    return Proof(
        objective=chosen,
        p_d=p_d,
        domain=(line,),
        asked=None,
        findings=(finding,),
        any_rest=(line,),
        undecided=(),
        chosen=finding,
        notes=(
            "The objective compares pairs of scores: a constant shift of D changes nothing, so every constant D is a "
            "rest point. The verdict is that of the linear part at a matched generator; there is no certificate.",
        ),
        advice=("Add R1 and R2, as R3GAN does: h = 0 leaves the game undamped.",)
        if finding.local.verdict == "centre"
        else (),
    )
