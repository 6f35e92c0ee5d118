"""What a recipe's numbers may be: a mistake is said when the recipe is read, not when a step has gone wrong."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from saddlepoint.errors import UserError
from saddlepoint.game.schedules import Number, extremes


@dataclass(frozen=True, kw_only=True)
class Range:
    """The values that a number may have, finite ones always."""

    holds: Callable[[float], bool]
    words: str
    cure: str


_NOT_NEGATIVE = Range(holds=lambda value: value >= 0, words="a finite number, 0 or more", cure="give such a number")
_WEIGHT = Range(holds=lambda value: value >= 0, words="a weight of 0 or more", cure="use null to leave a penalty out")
_TASK_WEIGHT = Range(
    holds=lambda value: value >= 0, words="a weight of 0 or more", cure="0 leaves the term without effect"
)
_PROBABILITY = Range(holds=lambda value: 0 <= value <= 1, words="a probability in [0, 1]", cure="use null for none")
# A negative momentum is a method of its own: it stabilises alternating play (Gidel et al. 2019).
_MOMENTUM = Range(holds=lambda value: -1 < value < 1, words="a number in (-1, 1)", cure="0 is no momentum")
_SHARE = Range(holds=lambda value: 0 < value <= 1, words="a share in (0, 1]", cure="use null for the whole batch")
_SMOOTHING = Range(holds=lambda value: 0 <= value < 1, words="a number in [0, 1)", cure="0.99 is usual")

# By the part of the recipe that a number stands in, or by its own name.
RANGES: dict[str, Range] = {
    "penalties": _WEIGHT,
    "augment": _PROBABILITY,
    "top_k": _SHARE,
    "l1": _TASK_WEIGHT,
    "cycle": _TASK_WEIGHT,
    "identity": _TASK_WEIGHT,
    "content_weight": _TASK_WEIGHT,
    "adversarial": _TASK_WEIGHT,
    "rate": _NOT_NEGATIVE,
    "epsilon": _NOT_NEGATIVE,
    "half_life": _NOT_NEGATIVE,
    "strength": _NOT_NEGATIVE,
    "beta1": _MOMENTUM,
    "momentum": _MOMENTUM,
    "beta2": _SMOOTHING,
    "smoothing": _SMOOTHING,
}


def check_numbers(numbers: Mapping[str, Number]) -> None:
    """Checks numbers by their dotted names; of a schedule, the values between which it stays.

    Raises:
        UserError: one of them is not finite, or not what it may be.
    """
    for name, number in numbers.items():
        part, _, last = name.rpartition(".")
        allowed = RANGES.get(part) or RANGES[last]
        for value in extremes(number):
            if not (math.isfinite(value) and allowed.holds(value)):
                raise UserError(f"{name} = {value}", allowed.words, allowed.cure)
