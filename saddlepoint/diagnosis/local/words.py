"""A diagnosis in words, for a person who trains and has read no theory: what is seen, why, how sure, what to try."""

import math
from collections.abc import Iterator

from saddlepoint.diagnosis.local.diagnosed import Diagnosed
from saddlepoint.diagnosis.local.kernel import FAST
from saddlepoint.diagnosis.local.measure import Measured
from saddlepoint.diagnosis.local.update import LIMIT
from saddlepoint.diagnosis.local.verdict import UNDAMPED, step_limit

_HEADS = {
    "converging": "The game spirals or moves in here: nothing in its local picture keeps it from settling.",
    "undamped": "The game hardly settles here: what turns or swings, goes on. The samples need not show it yet.",
    "cycling": "The run is going round in circles.",
    "diverging": "The run is coming apart: scores, losses or steps grow without end.",
    "stuck": "The generator gets next to no gradient: it stands still while D tells real from fake.",
    "unclear": "The numbers do not decide it.",
}
_WHYS = {
    "step": "Why: the step. A direction that is thrown to its other side by each step hardly settles.",
    "loss": "Why: the loss.",
    "support": "Why: real and generated samples lie apart, for D: it pushes where no data is, and nothing damps there.",
    "kernel": "Why: the kernel. D answers the direction that turns too weakly, and nothing else is at fault.",
}
# The terms of the Jacobian in words, and the share of the largest from which on one is told.
_PARTS = {
    "loss": "the loss",
    "players": "the players' pull on each other",
    "penalties": "the penalties",
    "curvature": "the curvature of the networks",
    "penalty_curvature": "the same under the penalties",
}
_TOLD = 0.02


def describe(diagnosed: Diagnosed) -> str:
    """The text, a thought a line."""
    return "\n".join(_lines(diagnosed))


def _lines(diagnosed: Diagnosed) -> Iterator[str]:
    found, judged = diagnosed.found, diagnosed.judged
    yield f"{judged.verdict}: {_HEADS[judged.verdict]}"
    if diagnosed.from_logs is not None:
        yield (
            f"Read from the logs alone, because {diagnosed.from_logs}. What only the networks tell is not known: h, c "
            "and k, what turns and how it is damped, the step, kernels, the predicted step and the duality gap."
        )
    yield from _seen(diagnosed)
    if judged.because in _WHYS:
        yield " ".join([_WHYS[judged.because], *_ruled_out(diagnosed)])
    yield from _rest(found)
    yield from _spectrum(diagnosed)
    yield from _parts(found)
    yield from _step(found)
    yield from _kernel(found)
    if found.gap is not None:
        yield (
            f"Duality gap {sum(found.gap):.3g}: within 40 steps of best response D could still win {found.gap[0]:.3g} "
            f"and G {found.gap[1]:.3g}."
        )
    for index, remedy in enumerate(judged.remedies):
        yield f"{'Try first' if index == 0 else 'Then'}: {remedy.why}."
        if (line := diagnosed.way.command(remedy)) is not None:
            yield f"    {line}"
    if diagnosed.from_logs is None:
        yield from _missing(diagnosed)


def _seen(diagnosed: Diagnosed) -> Iterator[str]:
    """What the folder tells."""
    seen, signals = diagnosed.seen, diagnosed.seen.signals
    if (amplitude := signals.get("cent_max")) is not None and math.isfinite(amplitude):
        yield (
            f"While it trained, the mean of some fixed samples travelled {amplitude:.2f} data widths and came back"
            + (f"; {signals['x_hub']:.0%} of the samples sat at one spot" if signals.get("x_hub", 0) > 0.2 else "")
            + "."
        )
    if seen.findings:
        yield f"Open findings of the run: {', '.join(seen.findings)}."
    elif diagnosed.from_logs is not None:
        yield "No finding of the run is open." if signals else "The run was not watched while it trained."


def _ruled_out(diagnosed: Diagnosed) -> Iterator[str]:
    """What else might have been at fault, and is not."""
    found, because = diagnosed.found, diagnosed.judged.because
    if because == "step" and found.fastest is not None:
        grows = "" if found.fastest > step_limit(found) else "; the flow damps what turns, an iteration lets it grow"
        yield (
            f"An iteration of the run moves its fastest direction by {found.fastest:.2g} of at most {LIMIT:g}{grows}."
        )
    if because not in ("step", "none") and found.fastest is not None:
        yield f"Not the step: {found.fastest:.2g} of at most {LIMIT:g} along the fastest direction."
    if found.rest is not None:
        numbers = f"h {found.rest.h:.3g}, c k {found.rest.c * found.rest.k:.3g}"
        if found.rest.verdict == "stable" and because != "loss":
            yield f"Not the loss: {diagnosed.objective} is stable ({numbers})."
        if because == "loss" and found.rest.verdict != "stable":
            yield f"{diagnosed.objective} by itself is no attractor ({found.rest.verdict}: {numbers})."
    if because == "support" and found.told_apart is not None:
        yield f"D scores a real item above a generated one in {found.told_apart:.0%} of the cases."


def _rest(found: Measured) -> Iterator[str]:
    here, rest = found.here, found.rest
    if here is None or rest is None:
        return
    at = f"h, c, k are {here.h:.3f}, {here.c:.3f}, {here.k:.3f} where {rest.h:.3g}, {rest.c:.3g}, {rest.k:.3g} belong"
    share = _explained(found, "rest_point")
    how_much = f"; the theory's formula explains {share:.0%} of the field's derivative" if share is not None else ""
    if found.near is None:
        yield f"Measured {at}, which tells nothing of this objective{how_much}."
    elif found.near:
        yield f"Near its equilibrium: {at}{how_much}."
    else:
        yield f"Far from its equilibrium: {at}{how_much}. Read the eigenvalues as those of here, not of the end."


def _spectrum(diagnosed: Diagnosed) -> Iterator[str]:
    found = diagnosed.found
    if found.pair is not None:
        value = found.pair.value
        weak = " (nearly none)" if found.pair.damping < UNDAMPED else ""
        guess = f", predicted {_complex(found.predicted_pair.value)}" if found.predicted_pair is not None else ""
        yield (
            f"What turns fastest: {_complex(value)}{guess}; damping {found.pair.damping:.2f}{weak}. One turn takes "
            f"{2 * math.pi / abs(value.imag):.3g} of the flow's own time" + _in_iterations(found) + "."
        )
    elif found.leading:
        yield f"Nothing turns here: the leading eigenvalues are real, from {found.leading[0].value.real:.3g}."
    growing = [pair for pair in found.leading if pair.value.real > 0]
    if growing:
        count = f"{len(growing)} of the {len(found.leading)} leading directions grow"
        yield f"{count}, which by itself is no fault: healthy runs have some, where the networks curve."
    if found.shares is not None and found.shares.rotation is not None:
        own, bent = _explained(found, "per_sample"), _explained(found, "with_curvature")
        how_much = (
            f"; with each sample's own factors the formula explains {own:.0%} of it"
            f", with the curvature of the networks {bent:.0%}"
            if own is not None and bent is not None
            else ""
        )
        yield f"{found.shares.rotation:.0%} of the Jacobian turns{how_much}."


def _parts(found: Measured) -> Iterator[str]:
    """What makes the motion."""
    if found.parts is None:
        return
    damps, turns = (
        ", ".join(
            f"{_PARTS[name]} {value:+.2g}"
            for name, value in sorted(by.items(), key=lambda each: -abs(each[1]))
            if abs(value) >= _TOLD * max(map(abs, by.values()))
        )
        for by in (
            {name: part.real for name, part in found.parts.items()},
            {name: part.imag for name, part in found.parts.items()},
        )
    )
    yield f"What makes it die away (below 0) or grow: {damps}. What makes it turn: {turns}."


def _in_iterations(found: Measured) -> str:
    if found.update_pair is None or not found.update_pair.turns:
        return ""
    angle = abs(math.atan2(found.update_pair.value.imag, found.update_pair.value.real))
    return f", about {2 * math.pi / angle:,.0f} iterations at the run's rates"


def _step(found: Measured) -> Iterator[str]:
    if found.fastest is not None:
        yield f"Step: {found.fastest:.2g} of at most {LIMIT:g} along the fastest direction of a whole iteration."
    if found.prediction is not None and found.prediction.error is not None:
        moved = found.prediction.moved
        size = f", which moves D by {moved:.2g} of its spread," if moved is not None else ""
        yield f"D's next step{size} was predicted by its kernel to {found.prediction.error:.2%}{_smaller(found)}."


def _smaller(found: Measured) -> str:
    """What of the error is that the kernel changes along the step."""
    made = found.prediction
    if made is None or made.midway_error is None or made.small_error is None:
        return ""
    cut = f", 1/{1 / made.share:g} of the step to {made.small_error:.2%}" if made.share < 1 else ""
    return f" (by the kernel of the step's middle to {made.midway_error:.2%}{cut})"


def _kernel(found: Measured) -> Iterator[str]:
    of_d, of_g = found.discriminator_kernel, found.generator_kernel
    if of_d is not None:
        yield (
            f"D tells {of_d.fast} of {len(of_d.eigenvalues)} patterns apart quickly (effective rank {of_d.rank:.1f}); "
            f"the rest takes it {1 / FAST:g} times as long."
        )
    if of_g is not None:
        yield f"G moves {of_g.fast} of {len(of_g.eigenvalues)} samples' patterns quickly (rank {of_g.rank:.1f})."


def _missing(diagnosed: Diagnosed) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for name, reason in diagnosed.to_json()["reasons"].items():
        by_reason.setdefault(reason, []).append(name)
    for reason, names in by_reason.items():
        yield f"Not measured: {', '.join(names)} ({reason})."


def _explained(found: Measured, name: str) -> float | None:
    """The share of the field's derivative that a formula explains."""
    error = found.shares.errors.get(name) if found.shares is not None else None
    return max(0.0, 1 - error) if error is not None else None


def _complex(value: complex) -> str:
    return f"{value.real:.3g} +- {abs(value.imag):.3g}i"
