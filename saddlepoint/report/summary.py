"""A run that has ended in a few values: what its last evaluation says, and what to do next."""

from dataclasses import dataclass
from pathlib import Path

from saddlepoint.report.beside import Beside, beside
from saddlepoint.report.found import Found, found_in
from saddlepoint.report.judged import Judge, judges_of
from saddlepoint.report.onward import Onward, onward
from saddlepoint.report.read import Record, Run, read_run


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a page says of a run beside its curves.

    Attributes:
        found, others: its findings, and lines that are none of ours.
        judges: what its newest evaluation says, by each kind of features.
        beside: what stands beside its samples.
        onward: what to do next, the most useful first.
    """

    found: list[Found]
    others: list[Record]
    judges: tuple[Judge, ...]
    beside: Beside | None
    onward: list[Onward]


def summary_of(run: Run, remarks: list[str]) -> Summary:
    """The summary of a run that was read; `remarks` gets a sentence for each file that cannot be shown."""
    found, others = found_in(run)
    judges, seen = judges_of(run), beside(run.path, remarks)
    first = next(((each.title, each.do) for each in found if each.until is None and each.do), None)
    return Summary(found=found, others=others, judges=judges, beside=seen, onward=onward(run, judges, seen, first))


def summarised(folder: Path) -> Summary:
    """The summary of a run folder.

    Raises:
        UserError: it is none.
    """
    return summary_of(read_run(folder), [])
