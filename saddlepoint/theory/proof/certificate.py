"""The global certificate: V = (p_g - p_d)^2 / 2 + W(D) decreases along the field on a whole domain of D.

With W' = -(f3 - f3(D0)) / f2', dV/dt = p_d W' (f1' + f2'). So three claims about functions of D alone suffice:

    discriminator   f1' + f2' has the opposite sign of D - D0
    coupling        f2' keeps one sign
    generator       f3 - f3(D0) has the sign of D - D0 times that of -f2'

They are proved by chains of boxes (chain.py), and convergence follows where no trajectory can leave (ends.py), by
LaSalle: dV/dt = 0 only on D = D0, and there D moves on unless p_g = p_d. p_g >= 0 is kept by projection, which only
lowers V. Where V fails, squared distance may serve (distance.py).
"""

import math
from dataclasses import dataclass

from saddlepoint.errors import UserError
from saddlepoint.objectives.budget import Exhausted
from saddlepoint.objectives.interval import Interval
from saddlepoint.objectives.rewrite import stable
from saddlepoint.objectives.tree import is_constant
from saddlepoint.theory.enclosures.branches import branch
from saddlepoint.theory.enclosures.components import Component
from saddlepoint.theory.enclosures.enclosure import Function
from saddlepoint.theory.enclosures.exact import vanishes_at
from saddlepoint.theory.pointwise import PointwiseField
from saddlepoint.theory.proof.chain import Chain, Claim, Link, march, violation
from saddlepoint.theory.proof.distance import Distance
from saddlepoint.theory.proof.ends import Surroundings, proper_by_ratio
from saddlepoint.theory.proof.verdict import Local

_HIGHEST_ORDER = 9
_ZERO = Interval(0.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class Witness:
    """A point at which a claim is false.

    Attributes:
        D: the point.
        claim: which one fails there.
        value: the enclosure that shows it; None where a function has no value.
    """

    D: float
    claim: str
    value: Interval | None


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What was proved about one rest point.

    Attributes:
        verdict: "global": every start in the whole natural domain with p_g >= 0 converges to (D0, p_d); "interval": V
            decreases on the open interval `lower` < D < `upper`; "none"; "undecided".
        lower, upper: the domain of D that the verdict speaks of.
        by: "lyapunov" or "distance"; None where nothing is proved.
        ends: what keeps trajectories inside at the two ends (ends.py), None where nothing was found.
        condition: what carries the decrease to convergence: "proper", "forward_invariant", "distance"; None: only
            trajectories that stay away from the ends are shown to converge.
        reason: one sentence.
        witness: where a claim fails, if it does.
        links: the cover.
    """

    verdict: str
    lower: float
    upper: float
    by: str | None
    ends: tuple[str | None, str | None]
    condition: str | None
    reason: str
    witness: Witness | None
    links: tuple[Link, ...]


def certify(
    field: PointwiseField, local: Local, distance: Distance, *, asked: Interval | None, alone: bool
) -> Certificate:
    """The certificate of one rest point.

    Args:
        field: the game.
        local: the rest point with its linear part.
        distance: what the distance test says on the component.
        asked: the domain a person asks about, holding D0; None: the whole natural domain.
        alone: whether the component is all of the natural domain.
    """
    component = local.rest.component
    box = component.box if asked is None else asked.intersect(component.box)
    try:
        return _certified(field, local, distance, box, outside=_outside(asked, component), alone=alone)
    except Exhausted:
        return _nothing(box, "undecided", "The budget was used up while it was looked for.", None)


def _certified(
    field: PointwiseField,
    local: Local,
    distance: Distance,
    box: Interval,
    *,
    outside: Witness | None,
    alone: bool,
) -> Certificate:
    component = local.rest.component
    whole = (box.lower, box.upper) == (component.lower, component.upper) and alone and component.certain
    if local.rest.order == 0:
        return _flat(local, box)
    lyapunov = _by_lyapunov(field, local, box, whole=whole and outside is None, outside=outside)
    if lyapunov.verdict == "global" or distance.verdict != "strict" or local.c.sign in (0, None):
        return lyapunov
    return _by_distance(field, local, distance, box, whole=whole and outside is None) or lyapunov


def _by_lyapunov(
    field: PointwiseField, local: Local, box: Interval, *, whole: bool, outside: Witness | None
) -> Certificate:
    claims = _claims(field, local)
    if claims is None:
        reason = "f2'(D0) = 0: V does not exist." if local.c.sign == 0 else "The sign of f2'(D0) could not be proved."
        verdict = "none" if local.c.sign == 0 else "undecided"
        return _nothing(box, verdict, reason, _witness_at_rest(local) if local.c.sign == 0 else None)
    rest = local.rest
    chains: dict[tuple[str, int], Chain] = {}
    sides = [(claim, side) for claim in claims for side in (-1, 1)]
    for claim, side in sides:
        chain = chains[claim.name, side] = march(claim, rest.ball, _end(box, side), side, most=1)
        if not chain.links and not chain.complete:
            # Next to D0 already it fails: what the others do further out is of no use.
            return _not_started(claim, chain, box, side)
    for claim, side in sides:
        begun = chains[claim.name, side]
        chains[claim.name, side] = march(claim, rest.ball, _end(box, side), side, begun=begun)
    lower = max(chain.reached for (_, side), chain in chains.items() if side < 0)
    upper = min(chain.reached for (_, side), chain in chains.items() if side > 0)
    broken = _broken(claims, chains, box)
    surroundings = Surroundings(field=field, component=rest.component, generator=claims[-1], start=rest.value)
    low_guard, high_guard = (_guard(field, local, surroundings, end, side) for end, side in ((lower, -1), (upper, 1)))
    guards = (low_guard, high_guard)
    links = tuple(link for chain in chains.values() for link in chain.links)
    complete = all(chain.complete for chain in chains.values())
    condition = None
    if None not in guards:
        condition = "proper" if set(guards) == {"proper"} else "forward_invariant"
    is_global = complete and whole and condition is not None
    if is_global:
        reason = "V decreases everywhere off D = D0, and no trajectory leaves: every start with p_g >= 0 converges."
    elif broken is not None:
        reason = f"V decreases on this interval, and at D = {broken.D:.9g} {_fails(broken)}."
    elif not complete:
        reason = "V decreases on this interval; beyond it nothing was proved."
    elif outside is not None:
        reason = f"V decreases on this interval; {_fails(outside)} at D = {outside.D:.9g}."
    elif whole:
        reason = "V decreases on the whole domain; nothing was found that keeps trajectories away from one of its ends."
    else:
        reason = "V decreases on this interval, which is not all of the natural domain."
    return Certificate(
        verdict="global" if is_global else "interval",
        lower=lower,
        upper=upper,
        by="lyapunov",
        ends=guards,
        condition=condition,
        reason=reason,
        witness=outside or broken,
        links=links,
    )


def _not_started(claim: Claim, chain: Chain, box: Interval, side: int) -> Certificate:
    found = violation(claim, chain.reached, _end(box, side), side)
    if found is None:
        return _nothing(box, "undecided", "The inequalities were neither proved nor refuted next to D0.", None)
    broken = Witness(D=found[0], claim=claim.name, value=found[1])
    return _nothing(box, "none", f"V does not decrease everywhere: at D = {broken.D:.9g} {_fails(broken)}.", broken)


def _by_distance(
    field: PointwiseField, local: Local, distance: Distance, box: Interval, *, whole: bool
) -> Certificate | None:
    """Global by squared distance: balls around the rest point are kept, so only finite ends need a guard."""
    rest, component = local.rest, local.rest.component
    if not whole:
        return None
    offset = Function(field.f3, component.known).at(rest.ball)
    generator = Claim(
        name="generator", function=Function(field.f3, component.known), offset=offset, above=1, below=-1, order=1
    )
    surroundings = Surroundings(field=field, component=component, generator=generator, start=rest.value)
    guards = tuple(
        "proper" if math.isinf(end) else surroundings.guard(end, side)
        for end, side in ((box.lower, -1), (box.upper, 1))
    )
    if None in guards:
        return None
    return Certificate(
        verdict="global",
        lower=box.lower,
        upper=box.upper,
        by="distance",
        ends=(guards[0], guards[1]),
        condition="distance",
        reason=distance.reason,
        witness=None,
        links=distance.links,
    )


def _claims(field: PointwiseField, local: Local) -> list[Claim] | None:
    """The three claims, the generator's last; None where f2'(D0) has no sign."""
    known, rest, coupling = local.rest.component.known, local.rest, local.c.sign
    if not coupling:
        return None
    exact = rest.exact.tree if rest.exact is not None else None
    # With D0 as a tree, f3 - f3(D0) is one tree, which may simplify; otherwise its value at D0 is an enclosure.
    generator = Function(field.f3 if exact is None else stable(field.generator_tree(exact)), known)
    balance = Function(field.balance, known)
    return [
        Claim(name="discriminator", function=balance, offset=_ZERO, above=-1, below=1, order=max(1, rest.order)),
        Claim(
            name="coupling",
            function=Function(field.f2_slope, known),
            offset=_ZERO,
            above=coupling,
            below=coupling,
            order=0,
        ),
        Claim(
            name="generator",
            function=generator,
            offset=generator.at(rest.ball) if exact is None else _ZERO,
            above=-coupling,
            below=coupling,
            order=_generator_order(field, local),
        ),
    ]


def _generator_order(field: PointwiseField, local: Local) -> int:
    """The order of the zero of f3 - f3(D0) at D0: 1 unless derivatives vanish there exactly."""
    exact = local.rest.exact
    if local.k.sign != 0 or exact is None or is_constant(field.f3):
        return 1
    function = Function(branch(field.f3, local.rest.ball))
    for order in range(1, _HIGHEST_ORDER):
        derivative = function.derivative(order)
        if derivative is None or not vanishes_at(derivative, exact, local.rest.ball):
            return order
    return 1


def _guard(field: PointwiseField, local: Local, surroundings: Surroundings, end: float, side: int) -> str | None:
    found = surroundings.guard(end, side)
    if found in (None, "inward", "real_repels", "fake_repels") and math.isinf(end):
        tree = local.rest.exact.tree if local.rest.exact is not None else None
        if tree is not None:
            slope = _simplified(field, local, surroundings)
            if slope is not None and proper_by_ratio(surroundings, slope, end, side):
                return "proper"
    return found


def _simplified(field: PointwiseField, local: Local, surroundings: Surroundings) -> Function | None:
    """W' as one tree, in which what numerator and denominator share has cancelled."""
    exact = local.rest.exact
    assert exact is not None and exact.tree is not None
    try:
        return Function(stable(field.lyapunov_slope_tree(exact.tree)), surroundings.component.known)
    except UserError:  # a number outgrew what a tree can hold
        return None


def _end(box: Interval, side: int) -> float:
    return box.upper if side > 0 else box.lower


def _broken(claims: list[Claim], chains: dict[tuple[str, int], Chain], box: Interval) -> Witness | None:
    """The nearest false claim beyond the chains that stopped."""
    for side in (1, -1):
        stopped = [
            (abs(chains[claim.name, side].reached), claim) for claim in claims if not chains[claim.name, side].complete
        ]
        for _, claim in sorted(stopped, key=lambda entry: side * chains[entry[1].name, side].reached):
            found = violation(claim, chains[claim.name, side].reached, _end(box, side), side)
            if found is not None:
                return Witness(D=found[0], claim=claim.name, value=found[1])
    return None


def _fails(witness: Witness) -> str:
    what = {
        "discriminator": "f1' + f2' does not point back to D0",
        "generator": "the generator is pushed the wrong way, or not at all",
        "coupling": "f2' vanishes or has changed its sign",
        "defined": "the functions are not defined",
    }
    return what[witness.claim]


def _flat(local: Local, box: Interval) -> Certificate:
    """On an interval of rest points V does not decrease at all."""
    return _nothing(
        box,
        "none",
        "f1' + f2' vanishes on an interval: dV/dt = 0 there, V is conserved, and nothing is attracted.",
        _witness_at_rest(local),
    )


def _witness_at_rest(local: Local) -> Witness:
    return Witness(D=local.rest.value, claim="discriminator", value=_ZERO)


def _nothing(box: Interval, verdict: str, reason: str, witness: Witness | None) -> Certificate:
    return Certificate(
        verdict=verdict,
        lower=box.lower,
        upper=box.upper,
        by=None,
        ends=(None, None),
        condition=None,
        reason=reason,
        witness=witness,
        links=(),
    )


def _outside(asked: Interval | None, component: Component) -> Witness | None:
    """A point of the domain asked about at which the functions are not defined (or that another component holds)."""
    if asked is None:
        return None
    if asked.lower < component.lower:
        inside = component.lower - 1.0 if math.isinf(asked.lower) else (asked.lower + component.lower) / 2
        return Witness(D=inside, claim="defined", value=None)
    if asked.upper > component.upper:
        inside = component.upper + 1.0 if math.isinf(asked.upper) else (asked.upper + component.upper) / 2
        return Witness(D=inside, claim="defined", value=None)
    return None
