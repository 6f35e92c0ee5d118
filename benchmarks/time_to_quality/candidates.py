"""What is tried: settings of the recipe `images`, by name, and why."""

from typing import Any

# The recipe before this sweep.
BEFORE = "before"
# The recipe as it is.
DEFAULT = "default"


def _rates(start: float, **more: Any) -> dict[str, Any]:
    """Both players' rates, falling to a tenth over the run."""
    values = {"rate.start": start, "rate.end": start / 10, **more}
    return {f"{player}.{name}": value for player in ("discriminator", "generator") for name, value in values.items()}


def _plain(start: float, batch: int) -> dict[str, Any]:
    return {**_rates(start, equalised=False), "training.batch": batch}


CANDIDATES: dict[str, dict[str, Any]] = {
    BEFORE: _plain(5e-4, 64),
    DEFAULT: {},
    "plain-4x-64": _plain(2e-3, 64),
    "plain-3x-16": _plain(1.5e-3, 16),
    "equalised-.01": _rates(1e-2),
    "equalised-.1": _rates(1e-1),
    "batch-8": {"training.batch": 8},
    "batch-32": {"training.batch": 32},
    "shared-draws": {"dynamics.share_draws": True},
    "penalty-.3": {
        "penalties.r1.start": 0.3,
        "penalties.r1.end": 0.03,
        "penalties.r2.start": 0.3,
        "penalties.r2.end": 0.03,
    },
    "beta2-.9": _rates(3e-2, beta2=0.9),
    "no-flips": {"augment.flip": None},
    "no-average": {"average": None},
    "width-16": {"networks.width": 16},
}
WORDS = {
    BEFORE: "one rate of 5e-4 for all weights, and batches of 64, as the recipe had them",
    DEFAULT: "the recipe as it is: an equalised rate of .03, batches of 16",
    "plain-4x-64": "four times the rate of before",
    "plain-3x-16": "three times the rate of before, batches of 16",
    "equalised-.01": "a third of the rate",
    "equalised-.1": "three times the rate",
    "batch-8": "half of the batch, twice the steps",
    "batch-32": "twice the batch, half of the steps",
    "shared-draws": "G's step goes on with the fakes of D's",
    "penalty-.3": "a third of R1 and R2",
    "beta2-.9": "squares of gradients are forgotten in ten steps, not in a hundred",
    "no-flips": "D sees no mirrored images",
    "no-average": "the newest weights, not their average",
    "width-16": "half of the channels",
}
