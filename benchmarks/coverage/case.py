"""A known case: a metric on fresh draws of distributions for which the target of its interval is known."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean

from saddlepoint.metrics.result import Result

REPETITIONS = 200
# Draws that settle a target without a closed form have seeds of their own.
_FIRST = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Case:
    """One metric on one known pair of distributions.

    Args:
        name: unique, dotted: the metric first, as in "frechet.gaussians_d16".
        target: the number that the metric says its interval covers (`Result.target` says which one that is).
        estimate: seed -> the metric on a draw that depends on this seed alone.
        repetitions: how many draws.
        how: where `target` comes from: "closed form", another exact computation, or "mean of N draws".
        recompute: gives `target` again; needed where it is a mean of draws.

    Raises:
        ValueError: fewer than two repetitions.
    """

    name: str
    target: float
    estimate: Callable[[int], Result]
    repetitions: int = REPETITIONS
    how: str = "closed form"
    recompute: Callable[[], float] | None = None

    def __post_init__(self) -> None:
        if self.repetitions < 2:
            raise ValueError(f"{self.name}: got {self.repetitions} repetitions; expected at least 2")


def expectation(value: Callable[[int], float], draws: int) -> float:
    """The mean of a function of a seed over many seeds, none of which is one of a case's repetitions."""
    return fmean(value(_FIRST + index) for index in range(draws))
