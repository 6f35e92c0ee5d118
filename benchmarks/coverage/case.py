"""A known case: a metric on fresh draws of distributions for which the target of its interval is known."""

from collections.abc import Callable
from dataclasses import dataclass

from saddlepoint.metrics.result import Result

REPETITIONS = 200


@dataclass(frozen=True, kw_only=True)
class Case:
    """One metric on one known pair of distributions.

    Args:
        name: unique, dotted: the metric first, as in "frechet.gaussians_d16".
        target: the number that the metric says its interval covers (`Result.target` says which one that is).
        estimate: seed -> the metric on a draw that depends on this seed alone.
        repetitions: how many draws.
        how: where `target` comes from: "closed form", or how it was computed.
        recompute: gives `target` again where no closed form does; within its own Monte Carlo error, which `how` states.

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
