"""All that is measured of a duel where a run stands, cheap things first, as far as a budget of processor time lasts.

What could not be measured is None, and the reason stands in `reasons` under its name.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import parametrizations

from saddlepoint.diagnosis.local.duel import Probe, Scored, drawn
from saddlepoint.diagnosis.local.flow import Flow
from saddlepoint.diagnosis.local.formula import CURVATURE, FORMULA, AtRest, PerSample
from saddlepoint.diagnosis.local.gap import STEPS, duality_gap
from saddlepoint.diagnosis.local.kernel import (
    Kernel,
    discriminator_kernel,
    generator_kernel,
    looks_at_the_batch,
)
from saddlepoint.diagnosis.local.prediction import Prediction, predict
from saddlepoint.diagnosis.local.rest import Rest, is_near, measured, rest_of, says_nothing
from saddlepoint.diagnosis.local.spectrum import Pair, Shares, leading, parts_of, shares, top_pair
from saddlepoint.diagnosis.local.update import Scaled, Update, scaled
from saddlepoint.game.steps import Adam, RMSProp, Step
from saddlepoint.game.task import Progress, Settings, networks_of
from saddlepoint.game.turns import Move
from saddlepoint.objectives.budget import Exhausted, within

# Items of each side in a probe.
PROBE = 256
# So many weights and more are looked at with a quarter of them; fewer than so many with thirty sign vectors, not ten.
_MANY, _FEW = 1_000_000, 20_000
# Items whose distances give the scale of the data.
_PAIRED = 128


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A duel of a run, and how it is played from here on.

    Attributes:
        duel: with its data, in double precision (`doubled`).
        state: what the run has counted.
        steps: each player's optimizer with its history.
        settings: the numbers of the next iteration.
        groups: its moves.
        unlike: why an iteration is not those moves alone (a correction, a projection); None where it is.
    """

    duel: Any
    state: Progress
    steps: Mapping[str, Step]
    settings: Settings
    groups: Sequence[Sequence[Move]]
    unlike: str | None = None


@dataclass(kw_only=True)
class Measured:
    """What was measured; None with a reason where it could not be.

    Attributes:
        step: of the run.
        count: items of each side.
        weights: of the discriminator and of the generator.
        rest, here: h, c and k at the rest point and where the run stands; near: whether one is near the other.
        told_apart: P(D(real) > D(fake)).
        scale: the mean distance between two real items, as the networks see them.
        leading: eigenvalues of the flow, the largest first; pair: the one that turns fastest.
        predicted_pair: the pair as the formula with each sample's factors has it.
        fastest: 1 - Re z of an iteration's fastest direction; update_pair: its pair that turns fastest.
        adaptive: a player's optimizer scales by the size of its gradients.
        shares: rotation share, sizes of the terms of J, and errors of the formula ("rest_point", "per_sample", and
            "with_curvature" of the scores).
        parts: what each term gives to the eigenvalue of `pair`.
        discriminator_kernel, generator_kernel, prediction, gap: of their files.
        reasons: by the name of what is None.
    """

    step: int
    count: int
    weights: tuple[int, int]
    rest: Rest | None = None
    here: Rest | None = None
    near: bool | None = None
    told_apart: float | None = None
    scale: float | None = None
    leading: list[Pair] = field(default_factory=list)
    pair: Pair | None = None
    predicted_pair: Pair | None = None
    fastest: float | None = None
    adaptive: bool = False
    update_pair: Pair | None = None
    shares: Shares | None = None
    parts: dict[str, complex] | None = None
    discriminator_kernel: Kernel | None = None
    generator_kernel: Kernel | None = None
    prediction: Prediction | None = None
    gap: tuple[float, float] | None = None
    reasons: dict[str, str] = field(default_factory=dict)


def measure(
    standing: Standing, *, count: int | None = None, seconds: float = 60.0, tell: Callable[[str], None] | None = None
) -> Measured:
    """Measures a duel.

    Args:
        standing: the duel.
        count: items of each side; None for as many as its size allows.
        seconds: of processor time, about; what is not measured by then is None.
        tell: is told what is being measured.
    """
    duel, total = standing.duel, sum(p.numel() for net in networks_of(standing.duel).values() for p in net.parameters())
    count = count or (PROBE if total < _MANY else PROBE // 4)
    probe = Probe.of(duel, drawn(duel, standing.state, count), standing.settings)
    first, second = probe.players
    found = Measured(step=standing.state.step, count=count, weights=(probe.size(first), probe.size(second)))
    say = tell or (lambda line: None)
    # Whatever the budget: it is one forward pass, and the theory.
    scored = probe.scored(first)
    _scores(found, probe, scored)
    with within(seconds):
        say("kernels")
        with _may_fail(found, ("discriminator_kernel", "generator_kernel", "prediction_error"), seconds):
            _kernels(found, probe, scored)
            _predict(found, probe, standing)
        say("the duality gap")
        with _may_fail(found, ("duality_gap",), seconds):
            draws = [drawn(duel, standing.state, min(count, 64), first=index + 1000) for index in range(STEPS)]
            found.gap = duality_gap(probe, draws)
            if not all(map(math.isfinite, found.gap)):
                found.gap = None
                found.reasons["duality_gap"] = "it is not finite"
        say("the spectrum")
        _jacobian(found, probe, standing, seconds)
    return found


@contextmanager
def _may_fail(found: Measured, names: Sequence[str], seconds: float) -> Iterator[None]:
    """Inside, what fails or takes too long is left out with its reason."""
    try:
        yield
    except Exhausted:
        reason = f"not within {seconds:g} s of processor time; give more by --seconds"
        found.reasons.update({name: reason for name in names if name not in found.reasons and not _has(found, name)})


def _has(found: Measured, name: str) -> bool:
    held = {
        "prediction_error": found.prediction,
        "duality_gap": found.gap,
        "damping": found.leading or None,
        "step_times_fastest": found.fastest,
        "rotation_share": found.shares,
        "decomposition_error": found.shares,
    }
    return held.get(name, getattr(found, name, None)) is not None


def _scores(found: Measured, probe: Probe, scored: Scored) -> None:
    """What the scores alone tell."""
    objective, real, fake = probe.duel.objective, scored.real_scores.detach(), scored.fake_scores.detach()
    rest = rest_of(objective)
    if isinstance(rest, Rest):
        found.rest = rest
    else:
        found.reasons["rest"] = rest
    found.told_apart = ranks(real, fake)
    # The mean distance of two items.
    found.scale = float(torch.pdist(scored.real.detach().flatten(1)[:_PAIRED]).mean())
    if not bool(real.isfinite().all() and fake.isfinite().all()):
        reason = "D's scores are not finite"
        found.reasons.update(dict.fromkeys(("h", "c", "k", "near_equilibrium"), reason))
        return
    found.here = measured(objective, real, fake)
    if says_nothing(objective):
        found.reasons["near_equilibrium"] = "h, c and k of this objective are the same everywhere: they do not tell"
    elif found.rest is None:
        found.reasons["near_equilibrium"] = found.reasons["rest"]
    else:
        found.near = is_near(found.here, found.rest)


def ranks(real: Tensor, fake: Tensor) -> float:
    """P(D(real) > D(fake)), ties half: 1/2 where D cannot tell them apart, 1 where it always can."""
    a, b = real.flatten().sort().values, fake.flatten().sort().values
    below = torch.searchsorted(a, b, right=False) + torch.searchsorted(a, b, right=True)
    return float(1 - below.double().mean() / (2 * len(a)))


def _kernels(found: Measured, probe: Probe, scored: Scored) -> None:
    for index, name in enumerate(("discriminator_kernel", "generator_kernel")):
        if reason := looks_at_the_batch(probe.duel, probe.players[index]):
            found.reasons[name] = reason
            continue
        try:
            made = (
                discriminator_kernel(probe, scored, 2 * found.count)
                if index == 0
                else generator_kernel(probe, found.count)
            )
        except (RuntimeError, ValueError, TypeError) as error:
            # What vmap has no rule for says so in many ways.
            found.reasons[name] = f"no gradients sample by sample: {str(error).splitlines()[0][:120]}"
            continue
        setattr(found, name, made)


def _predict(found: Measured, probe: Probe, standing: Standing) -> None:
    if standing.unlike is not None:
        found.reasons["prediction_error"] = standing.unlike
        return
    made = predict(probe, standing.steps[probe.players[0]])
    if isinstance(made, str):
        found.reasons["prediction_error"] = made
    elif made.error is None:
        found.reasons["prediction_error"] = "the step does not move D"
    else:
        found.prediction = made


def _jacobian(found: Measured, probe: Probe, standing: Standing, seconds: float) -> None:
    spectral = ("damping", "step_times_fastest", "rotation_share", "decomposition_error")
    if (reason := _not_twice(probe)) is not None or found.here is None:
        found.reasons.update(dict.fromkeys(spectral, reason or "D's scores are not finite"))
        return
    with _may_fail(found, spectral, seconds):
        flow = Flow(probe)
        if not bool(flow.velocity.isfinite().all()):
            found.reasons.update(dict.fromkeys(spectral, "the field is not finite"))
            return
        found.leading = leading(flow.forward, flow.size, ends=("modulus", "turning"))
        found.pair = top_pair(found.leading)
        if not found.leading:
            found.reasons["damping"] = "Arnoldi's iteration did not find the eigenvalues"
        elif found.pair is None:
            found.reasons["damping"] = "nothing turns: all leading eigenvalues are real"
        formula = PerSample(probe)
        found.shares = measure_shares(flow, formula, found.rest)
        if found.shares.rotation is None:
            found.reasons["rotation_share"] = "the Jacobian is zero"
        _update(found, flow, standing)
        if found.pair is not None:
            found.predicted_pair = top_pair(leading(formula.forward, flow.size, ends=("turning",)))
            found.parts = parts_of(found.pair, flow.transposed, flow.size, formula.terms)
            if found.parts is None:
                found.reasons["parts"] = "Arnoldi's iteration did not find the pair in the transpose"


def measure_shares(flow: Flow, formula: PerSample, rest: Rest | None, probes: int | None = None) -> Shares:
    """How much of J turns, the sizes of its terms, and the errors of what is made of them.

    Args:
        flow, formula: of the same probe.
        rest: of the objective; None where it has no rest point.
        probes: vectors of signs; None for as many as the size allows.
    """
    at_rest = AtRest(flow.probe, rest) if rest is not None else None

    def claimed(v: Tensor) -> dict[str, Tensor]:
        terms = formula.terms(v)
        own = torch.stack([terms[name] for name in FORMULA]).sum(0)
        made = {**terms, "per_sample": own, "with_curvature": own + terms[CURVATURE]}
        return made if at_rest is None else {**made, "rest_point": at_rest.forward(v)}

    return shares(flow, claimed, probes=probes or (30 if flow.size < _FEW else 10))


def _update(found: Measured, flow: Flow, standing: Standing) -> None:
    if standing.unlike is not None:
        found.reasons["step_times_fastest"] = standing.unlike
        return
    by_player: dict[str, Scaled] = {}
    sizes = [flow.probe.size(player) for player in flow.probe.players]
    for player, upward in zip(flow.probe.players, flow.velocity.split(sizes), strict=True):
        how = scaled(flow.probe, standing.steps[player], standing.settings, -upward)
        if isinstance(how, str):
            found.reasons["step_times_fastest"] = how
            return
        by_player[player] = how
    found.adaptive = any(isinstance(standing.steps[name].kind, Adam | RMSProp) for name in by_player)
    update = Update(flow, standing.groups, by_player)
    ends = leading(update.forward, update.size, ends=("left", "turning"))
    if not ends:
        found.reasons["step_times_fastest"] = "Arnoldi's iteration did not find the eigenvalues"
        return
    found.fastest = 1 - min(pair.value.real for pair in ends)
    found.update_pair = top_pair(ends)


def _not_twice(probe: Probe) -> str | None:
    """Why second derivatives of the networks are not those of the game; None where they are."""
    for name, network in networks_of(probe.duel).items():
        for inner, part in network.named_modules():
            old = any(type(hook).__name__ == "SpectralNorm" for hook in part._forward_pre_hooks.values())
            if old or isinstance(part, parametrizations._SpectralNorm):
                return f"spectral normalisation in {name} ({inner}): its second derivatives are wrong by some per cent"
    return None
