"""Remedies: what to ask of a run for each finding, in the order in which to try it, by what has repaired such runs.

R1 and R2 flatten the D that G faces, in place: they repaired vanishing, saturated, cycling and collapsed runs with the
weights kept. Nothing in place repairs rates that have killed the nets, or a latent that is too narrow.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from saddlepoint.run_folder import RECIPE

RUN = "RUN"
# What events of a run that is treated are called.
TREATED, HELPED, UNDONE, LEFT, NOT_TREATED = "treated", "helped", "undone", "left to a person", "not treated"
# R1 and R2 for data of scale 1: the published and our own weights grow about as the distance between two items does.
GAMMA = 0.1
_PLAYERS = ("discriminator", "generator")
_FEW_NUMBERS, _SMALL_BATCH, _CLIP = 4, 16, 0.05
# So many times slower than its generator, a discriminator hardly learns; a rate below that moves nothing in a run's
# time.
_IDLE, _NO_RATE = 30, 1e-5
# Steps of a critic for one of its generator.
_AHEAD = 5


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
        open: the findings that are open now.
        discriminator_steps, turn: of the recipe's dynamics.
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
    open: tuple[str, ...] = ()
    discriminator_steps: int = 1
    turn: str = "alternating"


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """What to do.

    Attributes:
        ask: "set" or "rollback" a run that goes on, "resume" one that has ended, "anew" to begin another one,
            "look" where nothing is to be changed.
        changes: KEY=VALUE each; of a run that goes on, as of `Rebuild` and `RollBack`.
    """

    ask: str
    changes: tuple[str, ...] = ()

    @property
    def of_this_run(self) -> bool:
        """Whether a run that goes on can be asked for it."""
        return self.ask in ("set", "rollback")

    @property
    def command(self) -> str:
        """To be pasted, with the run's folder in the place of RUN."""
        if self.ask == "look":
            return f"saddlepoint report {RUN}"
        if self.ask in ("anew", "resume"):
            verb = f"train {RUN}/{RECIPE}" if self.ask == "anew" else f"resume {RUN}"
            return " ".join([f"saddlepoint {verb}", *(f"--set {change}" for change in self.changes)])
        if self.ask == "rollback":
            return " ".join([f"saddlepoint ask {RUN} rollback", *self.changes])
        # Moments of the gradients that led here hold both players where they are: without them runs recovered.
        return " ".join([f"saddlepoint ask {RUN}", *self.changes, "--forget"])


def remedies(finding: str, situation: Situation) -> tuple[Remedy, ...]:
    """What to do about a finding, in the order in which to try it; the first is what a person is advised.

    Those that are not `of_this_run` are not for a run that goes on.
    """
    found = _REMEDIES[finding](situation)
    if finding != _LARGE and _LARGE in situation.open and (slower := _slower(situation)).changes:
        # Networks that large steps have spoilt are beyond what flattens D: back to before them, if that can be.
        found = (slower, *(each for each in found if each != slower))
    return tuple(dict.fromkeys(found))


def first_remedy(finding: str, situation: Situation) -> Remedy:
    """What a person is advised to do about a finding."""
    return remedies(finding, situation)[0]


def after_failure(situation: Situation) -> Remedy:
    """What to do first where the game has diverged and the run has ended: on from its last checkpoint, slower."""
    return Remedy(ask="resume", changes=_rates(situation, 0.1))


def _set(*changes: str) -> Remedy:
    return Remedy(ask="set", changes=changes) if changes else Remedy(ask="look")


def _flatter(it: Situation, *more: str) -> list[Remedy]:
    """R1 and R2, three times what they are now or what the data asks for; where they cannot be, a slower D."""
    if it.clip is not None:
        # Neither penalty repaired a critic in its box; out of it, one that is flat and ahead of its generator did.
        ahead = [f"dynamics.discriminator_steps={_AHEAD}"] if it.discriminator_steps < _AHEAD else []
        ahead += ["dynamics.turn=alternating"] if it.turn != "alternating" else []
        gamma = _one(GAMMA * it.scale)
        out = _set("clip=null", f"penalties.r1={gamma}", f"penalties.r2={gamma}", *ahead, *more)
        return [out, *([_set(f"clip={_CLIP}", *more)] if it.clip > _CLIP else [])]
    if "discriminator" in it.batch_norm_in:
        return [_set(*_rates(it, 0.1, players=("discriminator",)), *more)]
    if it.settings.get("penalties.gradient_penalty"):
        return [_set(f"penalties.gradient_penalty={_one(3 * it.settings['penalties.gradient_penalty'])}", *more)]
    now = max(it.settings.get(f"penalties.{name}", 0.0) for name in ("r1", "r2"))
    gamma = _one(max(3 * now, GAMMA * it.scale))
    return [_set(f"penalties.r1={gamma}", f"penalties.r2={gamma}", *more)]


def _rates(it: Situation, factor: float, players: Sequence[str] = _PLAYERS) -> tuple[str, ...]:
    keys = [f"{player}.rate" for player in players]
    return tuple(f"{key}={_one(factor * it.settings[key])}" for key in keys if it.settings.get(key))


def _slower(it: Situation) -> Remedy:
    return Remedy(ask="rollback", changes=_rates(it, 0.1))


def _equal(it: Situation) -> tuple[str, ...]:
    """A generator that is no faster than its discriminator, and an objective whose pull does not vanish."""
    more = ["objective=non_saturating"] if it.objective == "minimax" else []
    theirs, own = (it.settings.get(f"{player}.rate", 0.0) for player in _PLAYERS)
    if theirs and own > theirs:
        # Halfway: at D's rate a generator that has to come back from far takes long; one of almost 0 is no measure.
        rate = _one(own if theirs < own / _IDLE else math.sqrt(theirs * own))
        more += [f"{player}.rate={rate}" for player in _PLAYERS]
    return tuple(more)


def _overflow(it: Situation) -> list[Remedy]:
    return [_slower(it), *_flatter(it, *_rates(it, 0.1))]


def _behind(it: Situation) -> list[Remedy]:
    """A discriminator that is as fast as its generator, where it is not a tenth of that: it takes made for real."""
    theirs, own = (it.settings.get(f"{player}.rate", 0.0) for player in _PLAYERS)
    return [_set(f"discriminator.rate={_one(own)}")] if 0 < theirs < own / 10 else []


def _vanishing(it: Situation) -> list[Remedy]:
    return [*_behind(it), *_flatter(it), *_flatter(it, *_equal(it))]


def _no_progress(it: Situation) -> list[Remedy]:
    return [*_idle(it), *_behind(it), *_flatter(it)]


def _idle(it: Situation) -> list[Remedy]:
    """Rates that move something, where the generator's moves nothing."""
    return [_set(*_rates(it, 100))] if 0 < it.settings.get("generator.rate", 0.0) < _NO_RATE else []


def _frozen(it: Situation) -> list[Remedy]:
    theirs, own = (it.settings.get(f"{player}.rate", 0.0) for player in _PLAYERS)
    if own < theirs / 30:
        return [_set(f"generator.rate={_one(theirs)}")]
    if idle := _idle(it):
        return idle
    # Its units are dead: fresh weights are the one cure that was found.
    return [Remedy(ask="anew", changes=_rates(it, 0.3))]


def _leak(it: Situation) -> list[Remedy]:
    if it.batch <= _SMALL_BATCH:
        return [_set("training.batch=64")]
    without = [f"{it.can_leave_norm[name]}=none" for name in it.batch_norm_in if name in it.can_leave_norm]
    return [Remedy(ask="anew", changes=tuple(without)) if without else Remedy(ask="look")]


def _memorises(it: Situation) -> list[Remedy]:
    return [*([_set("augment.shift=1", "augment.cutout=1")] if it.images else []), *_flatter(it)]


def _without_momentum(it: Situation) -> tuple[str, ...]:
    keys = [f"{player}.{name}" for player in _PLAYERS for name in ("beta1", "momentum")]
    return tuple(f"{key}=0" for key in keys if it.settings.get(key, 0.0) > 0)


def _cycling(it: Situation) -> list[Remedy]:
    still = _without_momentum(it)
    first = _flatter(it, *_equal(it), *still)
    return [*first, *_flatter(it, *still), *_flatter(it, *still, *_rates(it, 0.3)), *_flatter(it)]


def _won(it: Situation) -> list[Remedy]:
    if _narrow(it):
        return [_wider(it)]
    return [*_flatter(it), _set(*_rates(it, 0.1, players=("discriminator",)))]


def _collapse(it: Situation) -> list[Remedy]:
    if _narrow(it):
        return [_wider(it)]
    still = _without_momentum(it)
    return [*_flatter(it, *_equal(it), *still), *_flatter(it, *_equal(it)), *_flatter(it, *_rates(it, 0.3), *still)]


def _narrow(it: Situation) -> bool:
    """Whether so few numbers are a latent that images cannot be told apart by it."""
    return it.latent < _FEW_NUMBERS and it.images


def _wider(it: Situation) -> Remedy:
    return Remedy(ask="anew", changes=("networks.latent=64",))


def _look(it: Situation) -> list[Remedy]:
    return [Remedy(ask="look")]


_LARGE = "rate_too_large"
_REMEDIES: dict[str, Callable[[Situation], list[Remedy]]] = {
    "nan_ahead": _overflow,
    "vanishing_generator_gradient": _vanishing,
    "generator_frozen": _frozen,
    "batch_norm_leak": _leak,
    _LARGE: lambda it: [_slower(it)],
    "discriminator_memorises": _memorises,
    "labels_ignored": _look,
    "cycling": _cycling,
    "discriminator_won": _won,
    "collapse": _collapse,
    "no_progress": _no_progress,
}


def _one(value: float) -> str:
    """A number to one digit."""
    return f"{value:.1g}"
