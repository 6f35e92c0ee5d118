"""From numbers to a verdict: does the game go in, circle or stand still here, because of what, what would change it.

For positive definite kernels of both players, real and fake on common support, h < 0, c k < 0 and small steps no cycle
can last (theory of the pointwise field with kernels). So a run that circles lacks one of these: the step is too large,
the loss does not damp, real and fake are off each other's support, or, where none of these holds, the kernel: D answers
the turning direction too weakly. They are looked at in this order.

Calibrated on 52 planted runs of 48 kinds (`python -m benchmarks.local_verdicts`), on which the thresholds were chosen:
13 of 13 that ended well are converging or unclear, 22 of 24 planted as circling, as too fast or as standing still get
such a verdict; of 37 runs of a seed that was not looked at, all 24 that can be right are. The live diagnosis sees a
cycle in time, these numbers see one point: without its finding 9 of the 11 circling runs are still undamped, with a
cause. Of a collapse, ignored labels or few data they tell nothing. Runs that ended well have a damping of .20 to .79
and a step of .4 to 2.1; where nothing damps it is .06 or less.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saddlepoint.diagnosis.local.measure import Measured
from saddlepoint.diagnosis.local.update import LIMIT
from saddlepoint.diagnosis.remedies import GAMMA

# Below this damping a pair hardly loses anything in a turn.
UNDAMPED = 0.1
# From this share of its limit on, each step throws the fastest direction nearly as far out on its other side. Adam and
# RMSProp hold themselves at the limit, for their second moments grow with what overshoots: there the step is at fault
# only well above it. Far beyond it nothing holds.
STEP_SHARE, ADAPTIVE_SHARE, BEYOND = 0.8, 1.25, 2.0
# P(D(real) > D(fake)) from which on the two are off each other's support, for D.
APART = 0.97
# The generator's pull, beside the one at rest, below which it stands still.
NO_PULL = 0.1


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the run's folder tells beside its networks.

    Attributes:
        findings: names of the findings that are open.
        signals: the newest ones that were read while it trained.
        finite: whether the last logged losses are numbers.
    """

    findings: tuple[str, ...] = ()
    signals: Mapping[str, float] = field(default_factory=dict)
    finite: bool = True


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """What would change it.

    Attributes:
        changes: settings of the recipe; empty where there is no setting for it.
        why: in words.
        anew: only a run that begins anew can have them.
    """

    changes: Mapping[str, Any]
    why: str
    anew: bool = False


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The verdict.

    Attributes:
        verdict: converging, undamped, cycling, diverging, stuck or unclear.
        because: none, loss, kernel, support or step.
        remedies: in the order in which to try them.
    """

    verdict: str
    because: str = "none"
    remedies: tuple[Remedy, ...] = ()


def judge(found: Measured, seen: Seen, settings: Mapping[str, float], *, batch_norm: str | None = None) -> Judged:
    """The verdict on a run.

    Args:
        found: of its networks.
        seen: in its folder.
        settings: of the next step: rates, and weights of penalties.
        batch_norm: where D normalises over the batch, so that it can have no penalty on its input gradient: the setting
            by which it would not, or nothing where there is none; None for a D that does not.
    """
    verdict = _verdict(found, seen)
    because = _because(found, verdict)
    return Judged(verdict=verdict, because=because, remedies=_remedies(found, verdict, because, settings, batch_norm))


def _verdict(found: Measured, seen: Seen) -> str:
    if not seen.finite or "nan_ahead" in seen.findings or found.told_apart != found.told_apart:
        return "diverging"
    if _no_pull(found) or {"vanishing_generator_gradient", "generator_frozen"} & {*seen.findings}:
        return "stuck"
    if "cycling" in seen.findings:
        return "cycling"
    if found.fastest is not None and found.fastest > BEYOND * LIMIT and found.near is False:
        return "diverging"
    if _long(found):
        return "undamped"
    if found.pair is not None and (found.pair.damping < UNDAMPED or _grows(found)):
        return "undamped"
    if found.leading and found.leading[0].value.real > 0:
        return "undamped"
    # Where D tells all of them apart, as beside a collapsed generator, its local picture is not that of an end.
    apart = found.told_apart is not None and found.told_apart >= APART
    return "converging" if found.leading and found.near is not False and not apart else "unclear"


def _no_pull(found: Measured) -> bool:
    if found.here is None or found.rest is None or found.told_apart is None:
        return False
    return abs(found.here.k) < NO_PULL * abs(found.rest.k) and found.told_apart > 0.9


def _long(found: Measured) -> bool:
    """Whether a step nearly throws its fastest direction to the other side, as far out as it was."""
    return found.fastest is not None and found.fastest > step_limit(found)


def step_limit(found: Measured) -> float:
    """What an iteration may move its fastest direction by at most before the step is at fault."""
    return LIMIT * (ADAPTIVE_SHARE if found.adaptive else STEP_SHARE)


def _grows(found: Measured) -> bool:
    """Whether an iteration lets the pair grow which the flow itself damps: its steps are too large for its damping."""
    if found.update_pair is None or found.pair is None or found.pair.value.real >= 0:
        return False
    return abs(found.update_pair.value) > 1 + 1e-6


def _because(found: Measured, verdict: str) -> str:
    if verdict == "stuck":
        return "loss" if _no_pull(found) else "none"
    if verdict not in ("cycling", "undamped", "diverging"):
        return "none"
    if _long(found) or _grows(found):
        return "step"
    if found.rest is not None and found.rest.verdict != "stable":
        return "loss"
    if found.told_apart is not None and found.told_apart >= APART:
        return "support"
    # By elimination, which tells of what circles and not of what has overflowed.
    return "kernel" if found.leading and verdict != "diverging" else "none"


def _remedies(
    found: Measured, verdict: str, because: str, settings: Mapping[str, float], batch_norm: str | None
) -> tuple[Remedy, ...]:
    if verdict in ("converging", "unclear"):
        return ()
    made = []
    if batch_norm is not None:
        made.append(
            Remedy(
                changes={batch_norm: "none"} if batch_norm else {},
                why="build D without batch normalisation: with it D has no kernel, and can have no R1",
                anew=True,
            )
        )
    else:
        gamma = _gamma(found, settings)
        why = "R1 and R2 flatten the D that G faces, and damp what turns; they repaired such runs with the weights kept"
        made.append(Remedy(changes={"penalties.r1": gamma, "penalties.r2": gamma}, why=why))
    if because == "step" or verdict == "diverging":
        rates = {name: rounded(value / 10) for name, value in settings.items() if name.endswith(".rate")}
        made.append(Remedy(changes=rates, why="smaller steps, from a checkpoint of before the trouble"))
    if verdict == "stuck" and because == "loss":
        made.append(
            Remedy(
                changes={"objective": "non_saturating"},
                why="its pull on G does not vanish where D has won; alone, without R1 and R2, it revived nothing",
            )
        )
    return tuple(made)


def _gamma(found: Measured, settings: Mapping[str, float]) -> float:
    """As much as healthy runs on such data have, which grows with its scale, and more than there is."""
    now = max(settings.get("penalties.r1", 0.0), settings.get("penalties.r2", 0.0))
    return rounded(max(GAMMA * (found.scale if found.scale is not None else 1.0), 3 * now))


def rounded(value: float) -> float:
    """To one digit, as a person would write it."""
    return float(f"{value:.0e}")


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a run takes changed settings.

    Attributes:
        run: its folder.
        recipe: by whose name one like it begins anew.
        step: where it stands.
        written: a process is training it now, and can be asked.
    """

    run: Path
    recipe: str
    step: int
    written: bool

    def command(self, remedy: Remedy) -> str | None:
        """The remedy as a command to paste; None where no setting does it."""
        changes = [shlex.quote(f"{key}={value}") for key, value in remedy.changes.items()]
        if not changes:
            return None
        place, by_option = shlex.quote(str(self.run)), " ".join(f"--set {change}" for change in changes)
        if remedy.anew:
            return f"saddlepoint train {shlex.quote(self.recipe)} {by_option}"
        if self.written:
            return f"saddlepoint ask {place} {' '.join(changes)}"
        return f"saddlepoint resume {place} --steps {2 * max(self.step, 1)} {by_option}"
