"""What is tried: settings of the recipe `images`, by name, and why."""

from typing import Any

# The recipe before this sweep, in full: its own numbers may follow what is found here.
BEFORE = "before"


def _rates(start: float, **more: Any) -> dict[str, Any]:
    """Both players' rates, falling to a tenth over the run."""
    rates = {
        f"{player}.rate.{end}": value
        for player in ("discriminator", "generator")
        for end, value in (("start", start), ("end", start / 10))
    }
    return {**rates, **more}


CANDIDATES: dict[str, dict[str, Any]] = {
    BEFORE: _rates(5e-4, **{"training.batch": 64}),
    "default": {},
}
WORDS = {
    BEFORE: "rates of 5e-4 and batches of 64, as the recipe had them",
    "default": "the recipe as it is",
}
