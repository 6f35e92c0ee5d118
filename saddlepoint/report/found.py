"""What the diagnosis has found, for the page: each finding once, from when it was seen to when it was not any more."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saddlepoint.diagnosis.findings import NAMES, TITLES, range_in_words
from saddlepoint.diagnosis.rules import FINDINGS
from saddlepoint.report.figures import Figure, curves
from saddlepoint.report.onward import now
from saddlepoint.report.read import Record, Run, Series
from saddlepoint.report.state import short

# A finding has so many figures at most: of what its rule compares.
_FIGURES = 4


@dataclass(frozen=True, kw_only=True)
class Found:
    """A finding as it is shown.

    Attributes:
        title, words: what is seen.
        since, step: from where, and when it was said.
        until: the step at which it was not seen any more; None while it is open.
        evidence: (what is measured, its value, what healthy runs show) each.
        do: a command that can be pasted now; empty without one.
        measured: (what, its series, what healthy runs show) of what its rule compares over the run.
    """

    title: str
    words: str
    since: Any
    step: Any
    until: Any
    evidence: tuple[tuple[str, str, str], ...]
    do: str
    measured: tuple[tuple[str, Series, Any], ...]

    @property
    def figures(self) -> list[tuple[str, Figure]]:
        """(name, figure) of what was measured; drawn when somebody looks."""
        return [(name, _drawn(name, series, healthy, self.since)) for name, series, healthy in self.measured]


def found_in(run: Run) -> tuple[list[Found], list[Record]]:
    """The findings, those that are open first and the cause before what it brings, and lines that are none of ours."""
    shown: list[tuple[Record, Any]] = []
    others: list[Record] = []
    for record in run.findings:
        name, state = record.get("finding"), record.get("state")
        if not isinstance(name, str) or name not in TITLES or state not in ("open", "withdrawn"):
            others.append(record)
        elif state == "open":
            shown.append((record, None))
        else:
            _end(shown, record)
    order = sorted(shown, key=lambda each: (each[1] is not None, FINDINGS.index(each[0]["finding"])))
    return [_found(run, record, until) for record, until in order], others


def _end(shown: list[tuple[Record, Any]], withdrawn: Record) -> None:
    """Ends the newest finding of that name that is open."""
    for place in reversed(range(len(shown))):
        record, until = shown[place]
        if until is None and record["finding"] == withdrawn["finding"]:
            shown[place] = record, withdrawn.get("step")
            return


def _found(run: Run, record: Record, until: Any) -> Found:
    evidence, healthy = (
        given if isinstance(given := record.get(part), Mapping) else {} for part in ("evidence", "healthy")
    )
    known = [name for name in evidence if name in NAMES]
    series = {name: run.probes.get(("signals", name)) for name in known}
    return Found(
        title=TITLES[record["finding"]],
        words=str(record.get("words", "")),
        since=record.get("since"),
        step=record.get("step"),
        until=until,
        evidence=tuple(
            (NAMES[name], short(evidence[name], 3), range_in_words(_bounds(healthy.get(name)))) for name in known
        ),
        do=now(str(record.get("do", "")), run),
        measured=tuple(
            (name, each, healthy.get(name)) for name, each in [*series.items()][:_FIGURES] if each is not None
        ),
    )


def _drawn(name: str, series: Series, healthy: Any, since: Any) -> Figure:
    """What a rule compares over the run, beside what healthy runs show, with the step from which it spoke."""
    bounds = _bounds(healthy)
    marks = [float(since)] if isinstance(since, int) else []
    told = f"{NAMES[name]}, over the run; healthy runs: {range_in_words(bounds)}"
    return curves(told, [(name, series)], healthy=bounds, marks=marks)


def _bounds(given: Any) -> tuple[float | None, float | None] | None:
    """The smallest and largest value of healthy runs; None where the line is none of ours."""
    if not isinstance(given, list) or len(given) != 2:
        return None
    low, high = given
    known = all(each is None or isinstance(each, int | float) for each in given)
    return (low, high) if known else None
