"""First remedies: what to ask of a run for each finding, by what has repaired such runs.

R1 and R2 flatten the D that G faces, in place: they repaired vanishing, saturated, cycling and collapsed runs with the
weights kept. Nothing in place repairs rates that have killed the nets, or a latent that is too narrow.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from saddlepoint.run_folder import RECIPE

RUN = "RUN"
# R1 and R2 for data of scale 1: the published and our own weights grow about as the distance between two items does.
_GAMMA = 0.1
_FEW_NUMBERS, _SMALL_BATCH, _CLIP = 4, 16, 0.05


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What a remedy depends on.

    Attributes:
        settings: the numbers of this step, by dotted name.
        scale: the mean distance between two items of the data, as the networks see them.
        images: or points.
        objective: the recipe's text; None where there is none.
        clip: the bound on D's weights, or None.
        batch: samples of a step.
        latent: numbers of a latent.
        batch_norm_in: players whose networks normalise over the batch.
        can_leave_norm: players whose networks a recipe can have without it, with the key that says so.
    """

    settings: Mapping[str, float]
    scale: float
    images: bool
    objective: str | None
    clip: float | None
    batch: int
    latent: int
    batch_norm_in: tuple[str, ...] = ()
    can_leave_norm: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """What to do first.

    Attributes:
        ask: "set" or "rollback" a run that goes on, "resume" one that has ended, "anew" to begin another one,
            "look" where nothing is to be changed.
        changes: KEY=VALUE each.
    """

    ask: str
    changes: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """To be pasted, with the run's folder in the place of RUN."""
        if self.ask == "look":
            return f"saddlepoint report {RUN}"
        if self.ask in ("anew", "resume"):
            verb = f"train {RUN}/{RECIPE}" if self.ask == "anew" else f"resume {RUN}"
            return " ".join([f"saddlepoint {verb}", *(f"--set {change}" for change in self.changes)])
        return " ".join([f"saddlepoint ask {RUN}", *(["rollback"] if self.ask == "rollback" else []), *self.changes])


def first_remedy(finding: str, situation: Situation) -> Remedy:
    """What to do first about a finding."""
    return _REMEDIES[finding](situation)


def after_failure(situation: Situation) -> Remedy:
    """What to do first where the game has diverged and the run has ended: on from its last checkpoint, slower."""
    return Remedy(ask="resume", changes=tuple(_rates(situation, 0.1)))


def _set(*changes: str) -> Remedy:
    return Remedy(ask="set", changes=changes) if changes else Remedy(ask="look")


def _flatter(it: Situation, *more: str) -> Remedy:
    """R1 and R2, three times what they are now or what the data asks for; where they cannot be, a slower D."""
    if it.clip is not None:
        # Neither penalty repaired a critic in its box.
        if it.clip > _CLIP:
            return _set(f"clip={_CLIP}", *more)
        return _set("clip=null", "penalties.gradient_penalty=10", *more)
    if "discriminator" in it.batch_norm_in:
        return _set(*_rates(it, 0.1, players=("discriminator",)), *more)
    if it.settings.get("penalties.gradient_penalty"):
        return _set(f"penalties.gradient_penalty={_one(3 * it.settings['penalties.gradient_penalty'])}", *more)
    now = max(it.settings.get(f"penalties.{name}", 0.0) for name in ("r1", "r2"))
    gamma = _one(max(3 * now, _GAMMA * it.scale))
    return _set(f"penalties.r1={gamma}", f"penalties.r2={gamma}", *more)


def _rates(it: Situation, factor: float, players: tuple[str, ...] = ("discriminator", "generator")) -> list[str]:
    keys = [f"{player}.rate" for player in players]
    return [f"{key}={_one(factor * it.settings[key])}" for key in keys if it.settings.get(key)]


def _slower(it: Situation) -> Remedy:
    return Remedy(ask="rollback", changes=tuple(_rates(it, 0.1)))


def _vanishing(it: Situation) -> Remedy:
    return _flatter(it)


def _frozen(it: Situation) -> Remedy:
    theirs, own = (it.settings.get(f"{player}.rate", 0.0) for player in ("discriminator", "generator"))
    if own < theirs / 30:
        return _set(f"generator.rate={_one(theirs)}")
    # Its units are dead: fresh weights are the one cure that was found.
    return Remedy(ask="anew", changes=tuple(_rates(it, 0.3)))


def _leak(it: Situation) -> Remedy:
    if it.batch <= _SMALL_BATCH:
        return _set("training.batch=64")
    without = [f"{it.can_leave_norm[name]}=none" for name in it.batch_norm_in if name in it.can_leave_norm]
    return Remedy(ask="anew", changes=tuple(without)) if without else Remedy(ask="look")


def _memorises(it: Situation) -> Remedy:
    return _set("augment.shift=1", "augment.cutout=1") if it.images else _flatter(it)


def _cycling(it: Situation) -> Remedy:
    momentum = [
        f"{key}=0"
        for player in ("discriminator", "generator")
        for key in (f"{player}.beta1", f"{player}.momentum")
        if it.settings.get(key, 0.0) > 0
    ]
    return _flatter(it, *momentum)


def _collapse(it: Situation) -> Remedy:
    if it.latent < _FEW_NUMBERS and it.images:
        return Remedy(ask="anew", changes=("networks.latent=64",))
    more = ["objective=non_saturating"] if it.objective == "minimax" else []
    theirs, own = (it.settings.get(f"{player}.rate", 0.0) for player in ("discriminator", "generator"))
    if theirs and own > theirs:
        more.append(f"generator.rate={_one(theirs)}")
    return _flatter(it, *more)


def _look(it: Situation) -> Remedy:
    return Remedy(ask="look")


_REMEDIES: dict[str, Callable[[Situation], Remedy]] = {
    "nan_ahead": _slower,
    "vanishing_generator_gradient": _vanishing,
    "generator_frozen": _frozen,
    "batch_norm_leak": _leak,
    "rate_too_large": _slower,
    "discriminator_memorises": _memorises,
    "labels_ignored": _look,
    "cycling": _cycling,
    "discriminator_won": _flatter,
    "collapse": _collapse,
    "no_progress": _flatter,
}


def _one(value: float) -> str:
    """A number to one digit."""
    return f"{value:.1g}"
