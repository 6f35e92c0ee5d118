"""What a recipe's numbers may be: a mistake is said when the recipe is read, not when a step has gone wrong."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

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
    "rate": _NOT_NEGATIVE,
    "epsilon": _NOT_NEGATIVE,
    "half_life": _NOT_NEGATIVE,
    "strength": _NOT_NEGATIVE,
    "beta1": _MOMENTUM,
    "momentum": _MOMENTUM,
    "beta2": _SMOOTHING,
    "smoothing": _SMOOTHING,
}

# Nothing that a recipe counts or weighs is larger: a run has fewer steps and images, and float32 few digits more.
LARGEST = 10**12
# A seed is no quantity.
_NO_QUANTITY = ("seed",)


def check_sizes(recipe: Mapping[str, Any]) -> None:
    """Checks that every number of a recipe is a quantity that something can have.

    Args:
        recipe: as plain data, nested.

    Raises:
        UserError: one of them is too large, or not finite.
    """
    for name, value in _leaves(recipe):
        # Written so that NaN is refused too.
        if isinstance(value, int | float) and not abs(value) <= LARGEST and name not in _NO_QUANTITY:
            number = value if isinstance(value, float) else f"a number of {len(str(abs(value)))} digits"
            raise UserError(
                f"{name} = {number}", f"a finite number, at most {LARGEST:.0e}", f"set {name} to a smaller one"
            )


def _leaves(part: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in part.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        elif isinstance(value, list | tuple):
            yield from ((f"{prefix}{name}", each) for each in value)
        else:
            yield f"{prefix}{name}", value


def check_numbers(numbers: Mapping[str, Number]) -> None:
    """Checks numbers by their dotted names; of a schedule, the values between which it stays.

    Raises:
        UserError: one of them is not finite, or not what it may be.
    """
    for name, number in numbers.items():
        part, _, last = name.rpartition(".")
        # A task's own number is a weight unless its name says otherwise.
        allowed = RANGES.get(part) or RANGES.get(last, _TASK_WEIGHT)
        for value in extremes(number):
            if not (math.isfinite(value) and allowed.holds(value)):
                raise UserError(f"{name} = {value}", allowed.words, allowed.cure)
