"""Schedules: pure functions of how far a run is, for any numeric setting.

With t the progress in steps or images, T = `over` and d = min(t / T, 1):
    linear       start + d (end - start), where `after` is taken from t first
    cosine       end + (start - end) (1 + cos(pi d)) / 2      (R3GAN's; constant after T)
    exponential  max(floor, start factor^t)                   (Goodfellow et al. 2014: .1, 1 / 1.000004, floor 1e-6)
"""

import math
from dataclasses import dataclass
from typing import Literal

from saddlepoint.errors import UserError

Unit = Literal["steps", "images"]


@dataclass(frozen=True, kw_only=True)
class Linear:
    """From `start` to `end` in equal steps, over so many steps or images, after standing still at first if wanted."""

    schedule: Literal["linear"] = "linear"
    start: float
    end: float
    over: float
    # It stays at its start for so long (CycleGAN: half of the run).
    after: float = 0.0
    unit: Unit = "steps"
    __pydantic_config__ = {"extra": "forbid"}

    def __post_init__(self) -> None:
        _check_over(self.over)
        if not 0 <= self.after < math.inf:
            raise UserError(
                f"a schedule after {self.after}", "0 or more steps or images", "set after to where it begins"
            )

    def __call__(self, step: int, images: int) -> float:
        progress = (images if self.unit == "images" else step) - self.after
        done = min(max(progress / self.over, 0.0), 1.0)
        return self.start + done * (self.end - self.start)


@dataclass(frozen=True, kw_only=True)
class Cosine:
    """From `start` to `end` along half a cosine, slow at both ends."""

    schedule: Literal["cosine"] = "cosine"
    start: float
    end: float
    over: float
    unit: Unit = "steps"
    __pydantic_config__ = {"extra": "forbid"}

    def __post_init__(self) -> None:
        _check_over(self.over)

    def __call__(self, step: int, images: int) -> float:
        done = min((images if self.unit == "images" else step) / self.over, 1.0)
        return self.end + (self.start - self.end) * (1 + math.cos(math.pi * done)) / 2


@dataclass(frozen=True, kw_only=True)
class Exponential:
    """`start` times a power of `factor`, down to a floor."""

    schedule: Literal["exponential"] = "exponential"
    start: float
    factor: float
    floor: float = 0.0
    unit: Unit = "steps"
    __pydantic_config__ = {"extra": "forbid"}

    def __post_init__(self) -> None:
        if not 0 < self.factor <= 1:
            raise UserError(f"factor {self.factor}", "a number in (0, 1]", "give the factor per step, such as 0.9999")

    def __call__(self, step: int, images: int) -> float:
        done = images if self.unit == "images" else step
        # Through the logarithm: factor ** 1e9 is 0 as it should be, with no overflow on the way.
        return max(self.floor, self.start * math.exp(done * math.log(self.factor)))


Schedule = Linear | Cosine | Exponential
# What a person may write wherever a number can change during a run.
Number = float | Schedule


def value_at(number: Number, step: int, images: int) -> float:
    """The number's value at this progress."""
    return number(step, images) if isinstance(number, Schedule) else float(number)


def extremes(number: Number) -> tuple[float, ...]:
    """Two values that the number never leaves the interval between, or the one that it has."""
    if isinstance(number, Exponential):
        return number.start, number.floor
    return (number.start, number.end) if isinstance(number, Linear | Cosine) else (float(number),)


def _check_over(over: float) -> None:
    if not 0 < over < math.inf:
        raise UserError(f"a schedule over {over}", "a positive number of steps or images", "set over to its length")
