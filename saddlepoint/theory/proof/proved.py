"""What `prove` finds out, as data: what the answer as JSON, the answer as text and the drawings read."""

from dataclasses import dataclass

from saddlepoint.objectives import Objective
from saddlepoint.objectives.interval import Interval
from saddlepoint.theory.proof.certificate import Certificate
from saddlepoint.theory.proof.distance import Distance
from saddlepoint.theory.proof.verdict import Local

# What is said where no rest point was found and places are left undecided.
NOT_SEARCHED = "No rest point was found, but not all of the domain could be searched."


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One rest point with all that was found out about it; certificate and distance are None for paired objectives."""

    local: Local
    certificate: Certificate | None
    distance: Distance | None


@dataclass(frozen=True, kw_only=True)
class Proved:
    """What `prove` found.

    Attributes:
        objective: what was asked about.
        p_d: the data's density at the point, for eigenvalues, zeta and steps.
        domain: the natural domain of D, from left to right.
        asked: the domain that was asked about; None: all of it.
        findings: one for each rest point; one alone where every D of an interval is a rest point.
        any_rest: the intervals of rest points, empty where rest points are isolated.
        undecided: places where rest points could neither be found nor excluded.
        chosen: the finding that stands at the top: the one that was asked for, or the first stable one.
        notes: what else a reader should know.
        advice: what follows from the verdict.
    """

    objective: Objective
    p_d: float
    domain: tuple[Interval, ...]
    asked: Interval | None
    findings: tuple[Finding, ...]
    any_rest: tuple[Interval, ...]
    undecided: tuple[Interval, ...]
    chosen: Finding | None
    notes: tuple[str, ...]
    advice: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """The local verdict at the top; "none" where there is no rest point, "undecided" where none was found."""
        if self.chosen is None:
            return "undecided" if self.undecided else "none"
        return self.chosen.local.verdict

    @property
    def certificate(self) -> Certificate | None:
        """The certificate that stands at the top."""
        return None if self.chosen is None else self.chosen.certificate
