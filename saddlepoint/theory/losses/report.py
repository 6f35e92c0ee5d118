"""What `saddlepoint check-loss` says about a person's loss code: the member it is, h, c, k, and what is wrong."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.optimize import brentq

from saddlepoint.theory.losses.match import Match, recognise, recognise_discriminator, recognise_paired
from saddlepoint.theory.losses.recover import Losses, Slopes, gradients, recover

# Relative to the size of the slopes: what is smaller counts as zero.
_ZERO = 1e-5
_NUDGE = {torch.float64: 1e-4, torch.float32: 1e-2}


@dataclass(frozen=True, kw_only=True)
class Flag:
    """A finding about the code: a short name for scripts, and a sentence with the cure."""

    name: str
    says: str


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """The local numbers at the rest point nearest to the middle of the grid.

    Attributes:
        D0: the rest point; `any_rest` where the slopes cancel on a whole interval.
        h, c, k: f1'' + f2'', f2' and f3' there.
    """

    D0: float
    any_rest: bool
    h: float
    c: float
    k: float


@dataclass(frozen=True, kw_only=True, eq=False)
class LossReport:
    """The answer.

    Attributes:
        target: the code that was run.
        slopes: what was recovered.
        member: the member of the catalogue that it is; None: none of them.
        paired: whether that member is a paired one.
        numbers: None where D has no rest point on the grid, or the losses are coupled.
        flags: what is wrong, or worth knowing; empty where all is well.
    """

    target: str
    slopes: Slopes
    member: Match | None
    paired: bool
    numbers: Numbers | None
    flags: tuple[Flag, ...]

    def to_json(self) -> dict[str, Any]:
        """The answer as JSON values."""
        match, numbers = self.member, self.numbers
        return {
            "target": self.target,
            "ran_your_code": True,
            "takes": self.slopes.variable,
            "coupled": self.slopes.coupled,
            "member": match and match.name,
            "paired": self.paired,
            "factors": match and {"discriminator": match.discriminator_factor, "generator": match.generator_factor},
            "high_means_fake": match is not None and match.flipped,
            "exchanged": match is not None and match.exchanged,
            "reductions": self.slopes.reductions,
            "D0": None if numbers is None else ("any" if numbers.any_rest else numbers.D0),
            **({name: numbers and getattr(numbers, name) for name in ("h", "c", "k")}),
            "flags": [{"flag": flag.name, "says": flag.says} for flag in self.flags],
            "slopes": {
                "D": self.slopes.grid.tolist(),
                "f1": self.slopes.f1.tolist(),
                "f2": self.slopes.f2.tolist(),
                "f3": self.slopes.f3.tolist(),
            },
        }

    def __str__(self) -> str:
        kinds = {"output": "raw outputs (any real number)", "probability": "probabilities, in (0, 1)"}
        lines = [f"{self.target}: ran your code on scores of its own making; it takes {kinds[self.slopes.variable]}"]
        if self.member is not None:
            first, second = self.member.discriminator_factor, self.member.generator_factor
            lines.append(f"it is {self.member.name} (loss_d times {abs(first):.4g}, loss_g times {abs(second):.4g})")
        else:
            lines.append("it is no member of the catalogue")
        if self.numbers is not None:
            rest = "any D is a rest point, at" if self.numbers.any_rest else "rest point"
            numbers = self.numbers
            lines.append(f"{rest} D0 = {numbers.D0:.6g}: h = {numbers.h:.6g}, c = {numbers.c:.6g}, k = {numbers.k:.6g}")
        lines += [f"! {flag.name}: {flag.says}" for flag in self.flags]
        if not self.flags:
            lines.append("nothing wrong was found")
        if self.member is not None:
            lines.append(f"more about it: saddlepoint prove {self.member.name!r}")
        return "\n".join(lines)


def check(losses: Losses, target: str) -> LossReport:
    """Runs the code and judges it.

    Raises:
        UserError: the code cannot be evaluated (see `recover`).
    """
    slopes = recover(losses)
    if slopes.coupled:
        match = recognise_paired(slopes.losses)
        flags = [] if match else [_COUPLED]
        flags += _signs(match)
        return LossReport(
            target=target, slopes=slopes, member=match, paired=match is not None, numbers=None, flags=tuple(flags)
        )
    match = recognise(slopes)
    if match is None and slopes.variable == "output":
        # Clamped logarithms of probabilities have values everywhere, but make sense only between 0 and 1.
        between = recover(losses, ("probability",))
        match = recognise(between)
        slopes = slopes if match is None else between
    numbers = _numbers(slopes)
    flags = [*_signs(match), *_unrecognised(slopes, match), *_reductions(slopes), *_local(slopes, numbers, match)]
    if slopes.variable == "probability":
        flags.insert(0, _PROBABILITIES)
    return LossReport(target=target, slopes=slopes, member=match, paired=False, numbers=numbers, flags=tuple(flags))


_COUPLED = Flag(
    name="coupled",
    says="the gradient at one score depends on others, and it is no paired member: no f1, f2, f3 describes it "
    "(look for a norm, a maximum, batch statistics, or (n, 1) scores against (n,) targets)",
)
_PROBABILITIES = Flag(
    name="takes_probabilities",
    says="the losses make sense only for scores in (0, 1): raw outputs of a network do not belong here. "
    "Put a sigmoid before them, or better use the form on logits (binary_cross_entropy_with_logits)",
)


def _signs(match: Match | None) -> list[Flag]:
    if match is None:
        return []
    flags = []
    for player, factor in (("d", match.discriminator_factor), ("g", match.generator_factor)):
        if factor < 0:
            flags.append(
                Flag(
                    name=f"sign_of_loss_{player}", says=f"loss_{player} is {match.name} with the wrong sign: negate it"
                )
            )
    if match.exchanged:
        flags.append(Flag(name="exchanged", says=f"loss_d is {match.name}'s with real and fake exchanged"))
    if match.flipped:
        flags.append(Flag(name="high_means_fake", says="a high score means fake: no mistake, if the rest agrees"))
    return flags


def _unrecognised(slopes: Slopes, match: Match | None) -> list[Flag]:
    if match is not None:
        return []
    straight = recognise_discriminator(slopes)
    if straight is None:
        return []
    return [Flag(name="mixed", says=f"loss_d is that of {straight}, but loss_g is none that goes with it")]


def _reductions(slopes: Slopes) -> list[Flag]:
    kinds = set(slopes.reductions.values())
    if kinds == {"mean"}:
        return []
    told = ", ".join(f"{name} {kind}" for name, kind in slopes.reductions.items())
    if kinds == {"sum"}:
        says = "sums over the batch: the step grows with the batch size; use means"
        return [Flag(name="sum", says=says)]
    return [
        Flag(
            name="reduction",
            says=f"the terms are reduced differently ({told}): their balance depends on the batch size",
        )
    ]


def _local(slopes: Slopes, numbers: Numbers | None, match: Match | None) -> list[Flag]:
    if numbers is None:
        return [
            Flag(
                name="no_rest_point",
                says="f1' + f2' has no zero on the grid: D is driven off even where G matches the data",
            )
        ]
    small = _ZERO * max(np.abs(values).max() for values in (slopes.f1, slopes.f2, slopes.f3))
    flags = []
    if abs(numbers.k) <= small:
        flags.append(Flag(name="k_zero", says="f3'(D0) = 0: the generator stands still at the rest point"))
    if abs(numbers.c) <= small:
        flags.append(Flag(name="c_zero", says="f2'(D0) = 0: the discriminator does not feel the generator's samples"))
    if abs(numbers.h) <= small:
        flags.append(Flag(name="h_zero", says="h = 0: nothing damps the rotation; add a gradient penalty (R1)"))
    elif numbers.h > 0:
        flags.append(Flag(name="h_positive", says="h > 0: D runs away from its rest point; check the sign of loss_d"))
    if numbers.c * numbers.k > small**2:
        flags.append(
            Flag(
                name="ck_positive",
                says="ck > 0: a saddle, both players push the same way and the game runs off; check the sign of loss_g",
            )
        )
    return flags


def _numbers(slopes: Slopes) -> Numbers | None:
    """h, c and k at the rest point nearest to the middle of the grid."""
    grid = slopes.grid
    balance = slopes.f1 + slopes.f2
    small = _ZERO * max(np.abs(slopes.f1).max(), np.abs(slopes.f2).max(), 1e-300)
    middle = grid[len(grid) // 2]
    flat = np.abs(balance) <= small
    # Two neighbouring zeros are an interval of them: a crossing has one at most.
    inside = np.flatnonzero(flat[:-1] & flat[1:])
    if len(inside):
        place = grid[inside[np.abs(grid[inside] - middle).argmin()]]
        return _at(slopes, float(place), any_rest=True)
    crossings = np.flatnonzero(balance[:-1] * balance[1:] <= 0)
    if not len(crossings):
        return None
    nearest = crossings[np.abs(grid[crossings] - middle).argmin()]
    root = brentq(lambda D: _slopes_at(slopes, D)[:2].sum(), grid[nearest], grid[nearest + 1], xtol=1e-13)
    return _at(slopes, float(root), any_rest=False)  # type: ignore[arg-type]


def _at(slopes: Slopes, D0: float, *, any_rest: bool) -> Numbers:
    _, c, k = _slopes_at(slopes, D0)
    nudge = _NUDGE[slopes.losses.dtype]
    above, below = (_slopes_at(slopes, D0 + step)[:2].sum() for step in (nudge, -nudge))
    h = 0.0 if any_rest else (above - below) / (2 * nudge)
    # Rounding errors of the sums in the code; shown as they are they would look like findings.
    size = max(np.abs(values).max() for values in (slopes.f1, slopes.f2, slopes.f3))
    D0, h, c, k = (0.0 if abs(value) < 1e-9 * (1 + size) else float(value) for value in (D0, h, c, k))
    return Numbers(D0=D0, any_rest=any_rest, h=h, c=c, k=k)


def _slopes_at(slopes: Slopes, D: float) -> np.ndarray:
    """f1', f2' and f3' at one D, from a batch of equal scores as large as the grid."""
    scores = np.full(len(slopes.grid), D)
    found = gradients(slopes.losses, scores, scores)
    return np.array(
        [
            found[name][0] * (1.0 if slopes.reductions[name] == "sum" else len(scores))
            for name in ("real", "fake", "generator")
        ]
    )
