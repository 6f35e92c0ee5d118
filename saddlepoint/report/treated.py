"""What was done about the findings of a treated run, for the page: what was seen, what was done, what came of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from saddlepoint.diagnosis.findings import NAMES, TITLES
from saddlepoint.diagnosis.remedies import HELPED, LEFT, NOT_TREATED, TREATED, UNDONE
from saddlepoint.report.read import Record, Run
from saddlepoint.report.state import short

_OUTCOMES = (HELPED, UNDONE, LEFT)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A treatment, or what could not be treated.

    Attributes:
        step: when, or None.
        seen: what it is for.
        done: lines: from where the run went on, and what was changed; none where it was not treated.
        came: what came of it.
        numbers: (what is measured, before, after) each.
    """

    step: Any
    seen: str
    done: tuple[str, ...]
    came: str
    numbers: tuple[tuple[str, str, str], ...] = ()


def treated_in(run: Run) -> list[Row]:
    """The treatments in their order, and what was not treated at the end."""
    outcomes: dict[Any, Record] = {}
    for event in run.events:
        if event.get("event") in _OUTCOMES:
            outcomes[_number(event)] = event
    treated = [_row(event, outcomes.get(_number(event))) for event in run.events if event.get("event") == TREATED]
    return [*treated, *(_untreated(event) for event in run.events if event.get("event") == NOT_TREATED)]


def _row(event: Record, outcome: Record | None) -> Row:
    back, remedy, failed = event.get("back_to"), event.get("remedy"), event.get("failed")
    changes = [each for each in remedy if isinstance(each, str)] if isinstance(remedy, list) else []
    began = "went on from where it was" if back is None else f"went back to step {short(back)}"
    return Row(
        step=event.get("step"),
        seen=_title(event) + (f" ({failed})" if isinstance(failed, str) else ""),
        done=(began, *(changes or ["without what was asked for after it"])),
        came=_came(outcome),
        numbers=tuple(_numbers(event, outcome)),
    )


def _came(outcome: Record | None) -> str:
    if outcome is None:
        return "The run ended, or went back, before this was judged."
    at, kind, why = short(outcome.get("step")), outcome["event"], outcome.get("failed")
    if kind == HELPED:
        return f"It helped: not seen any more at step {at}, and kept."
    if kind == UNDONE:
        return f"It did not help: {why if isinstance(why, str) else f'still seen, or worse, at step {at}'}. Undone."
    return f"Not judged: the run was asked for something else before step {at}."


def _untreated(event: Record) -> Row:
    reason = str(event.get("reason", ""))
    return Row(step=event.get("step"), seen=_title(event), done=(), came=f"Not treated: {reason}.")


def _numbers(event: Record, outcome: Record | None) -> Iterable[tuple[str, str, str]]:
    before, after = (
        given if isinstance(given := (each or {}).get(part), Mapping) else {}
        for each, part in ((event, "before"), (outcome, "after"))
    )
    for name, value in before.items():
        if name in NAMES and isinstance(value, int | float):
            now = after.get(name)
            yield NAMES[name].partition(" (")[0], short(value, 3), short(now, 3) if now is not None else "not known"


def _title(event: Record) -> str:
    finding = event.get("finding")
    return TITLES.get(finding, "Whatever else is found") if isinstance(finding, str) else "?"


def _number(event: Record) -> Any:
    number = event.get("number")
    return number if isinstance(number, int) else None
