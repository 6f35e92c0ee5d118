"""A kind of attack: what is tried, what counts as good, and how one attempt is made."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.hostile.workshop import Workshop


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one attempt.

    Attributes:
        what: the attempt, so that a person can repeat it without the campaign where that is possible.
        fault: what was not good, on one line; None if all was good.
        skipped: why the attempt could not be made on this machine; it then counts as neither good nor bad, and is said.
    """

    what: str
    fault: str | None = None
    skipped: str | None = None


@dataclass(frozen=True, kw_only=True)
class Attack:
    """A kind that is ready: its runs are made, its damage is known.

    Attributes:
        attempt: (index, random numbers of this attempt alone, an empty folder of its own) -> what came of it.
        count: how many different attempts there are; None where they are drawn without end.
    """

    attempt: Callable[[int, Random, Path], Outcome]
    count: int | None = None


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One row of the campaign's table.

    Attributes:
        name: a word for `--only`.
        tried: what is done to the product.
        good: what a good outcome is; everything else is not good.
        prepare: makes what all attempts share; its time counts as the kind's own.
    """

    name: str
    tried: str
    good: str
    prepare: Callable[[Workshop], Attack]
