"""What a person is told of treatments, and what events.jsonl keeps of them: each once, however often it is played.

treated, helped, undone, left to a person, not treated    with finding, step, branch, and the signals before and after
"""

from collections.abc import Callable, Mapping
from typing import Any

from saddlepoint.diagnosis.findings import NAMES, TITLES
from saddlepoint.diagnosis.remedies import HELPED, LEFT, NOT_TREATED, TREATED, UNDONE
from saddlepoint.runs.treatments import JUDGED_AFTER, MOST, Moment, Plan, Treatment, events_of
from saddlepoint.training.records.folder import RunFolder

# A person is shown so many signals.
_SHOWN = 2


class Told:
    """Notes and says what is done.

    Args:
        folder: of the run.
        tell: says a line to the person.
        advice: a finding -> the command to try first.
    """

    def __init__(self, folder: RunFolder, tell: Callable[[str], None], advice: Callable[[str], str]):
        self.folder, self.tell, self.advice = folder, tell, advice

    def carried_out(self, each: Treatment) -> None:
        """A treatment was carried out, and the one before undone."""
        plan, failed = each.plan, {"failed": each.failed} if each.failed else {}
        seen = TITLES.get(plan.finding, plan.finding).lower()
        if plan.undoes:
            about = {"number": plan.undoes, "finding": plan.finding, "back_to": each.back_to, "after": plan.after}
            if self._note(UNDONE, each.seen, **about, **failed):
                why = each.failed or f"this is still seen at step {each.seen[1]}, or another: {seen}"
                self.tell(f"treatment {plan.undoes} has not helped ({why}), and is undone")
        if not plan.number:
            return
        about = {"number": plan.number, "finding": plan.finding, "since": plan.since, "remedy": plan.remedy}
        if self._note(TREATED, each.seen, **about, back_to=each.back_to, before=plan.before, **failed):
            changes = "with these changes" if plan.remedy else "without what it was asked for after that"
            place = (
                f"goes on from step {each.back_to}, {changes}"
                if each.back_to is not None
                else f"goes on from here {changes}, for no checkpoint is from before that began"
            )
            self.tell(
                f"treatment {plan.number} of at most {MOST}, for: {seen}. The run {place}."
                f" Whether it helps is seen after {JUDGED_AFTER} more looks"
            )

    def helped(self, plan: Plan, now: Moment, after: Mapping[str, float | None]) -> None:
        """A treatment has helped."""
        if self._note(HELPED, now, number=plan.number, finding=plan.finding, before=plan.before, after=after):
            self.tell(
                f"treatment {plan.number} has helped, and is kept: at step {now[1]} this is not seen any more: "
                f"{TITLES.get(plan.finding, plan.finding).lower()}{_compared(plan.before, after)}"
            )

    def left(self, left: Treatment, now: Moment) -> None:
        """A person has asked for something else in a treatment: it is not judged."""
        if self._note(LEFT, now, number=left.plan.number, finding=left.plan.finding):
            self.tell(f"treatment {left.plan.number} is not judged: the run was asked for something else meanwhile")

    def not_treated(self, finding: str, now: Moment, reason: str) -> None:
        """A finding is not treated."""
        if self._note(NOT_TREATED, now, finding=finding, reason=reason):
            self.tell(f"not treated: {TITLES[finding].lower()} ({reason}). Try: {self.advice(finding)}")

    def no_more(self, now: Moment) -> None:
        """Nothing more is tried."""
        reason = f"{MOST} treatments were tried, which is the most"
        if self._note(NOT_TREATED, now, finding="", reason=reason):
            self.tell(f"no more treatments: {reason}. The run goes on, and what is found is told with what to try")

    def _note(self, kind: str, now: Moment, **details: Any) -> bool:
        """Notes an event, unless its moment is played again; says whether it is new."""
        about = {name: details[name] for name in ("number", "finding") if name in details}
        for event in events_of(self.folder):
            if event.get("event") == kind and all(event.get(name) == value for name, value in about.items()):
                return False
        self.folder.note(kind, step=now[1], branch=now[0], **details)
        return True


def _compared(before: Mapping[str, float | None], after: Mapping[str, float | None]) -> str:
    """Signals before and after, in brackets; nothing where there are none."""
    both = [
        (name, one, two) for name, one in before.items() if one is not None and (two := after.get(name)) is not None
    ]
    words = [f"{NAMES[name].partition(' (')[0]}: {one:.2g}, now {two:.2g}" for name, one, two in both if name in NAMES]
    return f" ({'; '.join(words[:_SHOWN])})" if words else ""
