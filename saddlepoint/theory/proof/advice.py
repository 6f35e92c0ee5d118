"""What to do about a verdict: learning rates, penalties, a member of the catalogue that plays the same game better."""

from collections.abc import Sequence

from saddlepoint.errors import UserError
from saddlepoint.objectives import catalogue, objective
from saddlepoint.objectives.derivative import differentiate
from saddlepoint.objectives.rewrite import stable
from saddlepoint.objectives.separable import Separable
from saddlepoint.objectives.tree import D, Number, Tree
from saddlepoint.theory.enclosures.components import natural_domain
from saddlepoint.theory.pointwise import pointwise_field
from saddlepoint.theory.proof.rest_points import find_rest_points
from saddlepoint.theory.proof.verdict import Local, local_verdict


def advise(chosen: Separable, local: Local, p_d: float) -> list[str]:
    """Sentences that follow from the verdict at one rest point."""
    if local.verdict == "stable":
        zeta, ratio = local.zeta(p_d), local.critical_ratio(p_d)
        if zeta is None or ratio is None or abs(zeta - 1) < 1e-9:
            return []
        manner = "spirals in" if zeta < 1 else "creeps in"
        return [
            f"At p_d = {p_d:g} and equal rates it {manner} (zeta = {zeta:.4g}); rates with lrD/lrG = {ratio:.4g} give "
            "zeta = 1."
        ]
    if local.verdict == "centre":
        return [
            "Damping has to come from a penalty: R1, a gradient penalty with centre 0, or a drift -eps D^2 on real "
            "data, which adds -2 eps to h.",
            *_alternatives(chosen),
        ]
    if local.verdict == "saddle":
        return [
            "The generator's sign is wrong: turn the sign of f3, or check which side scores high.",
            *_alternatives(chosen),
        ]
    return _alternatives(chosen)


def _alternatives(chosen: Separable) -> list[str]:
    """Members with the same discriminator, so with the same divergence, whose rest point is stable."""
    names = [name for name in _candidates(chosen) if _is_stable(name)]
    if not names:
        return []
    return [f"With the same f1 and f2, so the same divergence, these are stable: {', '.join(names)}."]


def _candidates(chosen: Separable) -> Sequence[str]:
    names = [name for name in catalogue() if _same_discriminator(objective(name), chosen)]
    targets = [_target(stable(differentiate(function))) for function in (chosen.f2, chosen.f1)]
    if None not in targets:
        fake, real = targets
        names.append(f"least_squares({fake},{real},{real})")
    return [name for name in dict.fromkeys(names) if name != chosen.name]


def _same_discriminator(member: object, chosen: Separable) -> bool:
    return (
        isinstance(member, Separable)
        and member.link == chosen.link
        and (stable(member.f1), stable(member.f2)) == (stable(chosen.f1), stable(chosen.f2))
    )


def _target(slope: Tree) -> str | None:
    """t of the slope t - D of -(D - t)^2 / 2."""
    difference = stable(slope + D)
    return str(difference.value) if isinstance(difference, Number) else None


def _is_stable(name: str) -> bool:
    member = objective(name)
    assert isinstance(member, Separable)
    field = pointwise_field(member)
    try:
        points = find_rest_points(field, natural_domain(field)).points
        return any(local_verdict(field, rest).verdict == "stable" for rest in points)
    except UserError:
        return False
