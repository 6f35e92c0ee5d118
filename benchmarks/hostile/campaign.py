"""Shares the time out over the kinds, attempt by attempt, and counts.

The kind that has had the least time so far makes the next attempt, so that a campaign of two minutes touches every kind
and one of thirty gives every kind the same share. An attempt's random numbers depend on the seed, the kind and the
attempt's index alone: `--case KIND:INDEX` makes one again.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.hostile.kind import Attack, Kind, Outcome
from benchmarks.hostile.verdict import last_line
from benchmarks.hostile.workshop import PLACE, Workshop


@dataclass(kw_only=True)
class Row:
    """What one kind has come to so far.

    Attributes:
        bad: {"case", "what", "fault"} of each attempt that was not good.
        skipped: reason -> how many attempts this machine could not make.
    """

    kind: Kind
    tried: int = 0
    bad: list[dict[str, str]] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    made: int = 0

    def count(self, case: str, outcome: Outcome) -> None:
        """Adds one attempt."""
        self.made += 1
        if outcome.skipped is not None:
            self.skipped[outcome.skipped] = self.skipped.get(outcome.skipped, 0) + 1
            return
        self.tried += 1
        if outcome.fault is not None:
            self.bad.append({"case": case, "what": outcome.what, "fault": outcome.fault})

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind.name,
            "attack": self.kind.tried,
            "good_is": self.kind.good,
            "tried": self.tried,
            "good": self.tried - len(self.bad),
            "not_good": self.bad,
            "skipped": self.skipped,
            "seconds": round(self.seconds, 1),
        }


def campaign(
    kinds: Sequence[Kind], workshop: Workshop, *, minutes: float, say: Callable[[str], None] = print
) -> list[Row]:
    """Attacks for so many minutes.

    Args:
        kinds: all of them have their turn, whatever the time; a slow one may so exceed it by one attempt of each kind.
        workshop: an empty one.
        minutes: altogether.
        say: told of each attempt that is not good, when it is found.
    """
    end = time.monotonic() + 60 * minutes
    rows = [Row(kind=kind) for kind in kinds]
    attacks: dict[str, Attack] = {}
    open_rows = list(rows)
    while open_rows:
        late = time.monotonic() >= end
        ready = [row for row in open_rows if not late or not row.made]
        if not ready:
            break
        row = min(ready, key=lambda row: row.seconds)
        began = time.monotonic()
        name = row.kind.name
        if name not in attacks:
            try:
                attacks[name] = row.kind.prepare(workshop)
            except Exception as error:
                attacks[name] = _failed(error)
        row.count(f"{name}:{row.made}", attempt(attacks[name], workshop, name, row.made))
        row.seconds += time.monotonic() - began
        if row.bad and row.bad[-1]["case"] == f"{name}:{row.made - 1}":
            say(f"not good: {row.bad[-1]['case']}  {row.bad[-1]['fault']}")
        if row.made == attacks[name].count:
            open_rows.remove(row)
    return rows


def attempt(attack: Attack, workshop: Workshop, kind: str, index: int) -> Outcome:
    """One attempt in an empty folder, the same for all, so that paths in answers are the same.

    A mistake of the campaign itself is a fault as well: an attempt that cannot be judged is not good.
    """
    try:
        outcome = attack.attempt(index, random.Random(f"{workshop.seed}/{kind}/{index}"), workshop.folder(PLACE))
        # Where the campaign's folder lies says nothing to a reader.
        return replace(outcome, what=_short(outcome.what, workshop) or "", fault=_short(outcome.fault, workshop))
    except Exception as error:
        return Outcome(what="the attempt itself", fault=f"the campaign failed: {last_line(repr(error))}")


def _failed(error: Exception) -> Attack:
    """In the place of a kind whose preparation failed: one attempt, and that is not good."""
    outcome = Outcome(what="what all attempts share", fault=f"the campaign failed: {last_line(repr(error))}")
    return Attack(attempt=lambda index, random, place: outcome, count=1)


def _short(text: str | None, workshop: Workshop) -> str | None:
    return text.replace(f"{workshop.root}/", "") if text is not None else None


def one(kinds: Sequence[Kind], workshop: Workshop, case: str) -> Row:
    """Makes one attempt again: KIND:INDEX.

    Raises:
        ValueError: there is no such case.
    """
    name, _, index = case.partition(":")
    kind = next((kind for kind in kinds if kind.name == name), None)
    if kind is None or not index.isdigit():
        raise ValueError(f"got the case {case!r}; expected KIND:INDEX, such as {kinds[0].name}:0; see --list")
    attack = kind.prepare(workshop)
    if attack.count is not None and int(index) >= attack.count:
        raise ValueError(f"got the case {case!r}; expected an index below {attack.count}; choose one of these")
    row = Row(kind=kind)
    row.count(case, attempt(attack, workshop, name, int(index)))
    return row
