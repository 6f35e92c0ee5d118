"""The treatments that a run has had, as its events tell of them: nothing else remembers them.

A treatment is a roll back or a rebuild that tells in its event what it was for (`Plan`). What happened before a moment
is what stands on an earlier branch, or on the same one at an earlier step: a run that goes on from a checkpoint finds
later events in its folder too, of what it is about to do again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from saddlepoint.diagnosis.remedies import HELPED
from saddlepoint.files import read_lines
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.requests import Rebuild, Release, RollBack, SetSettings

# So many treatments are the most; one is judged so many probes after it began, and while the samples still get better
# the verdict that it has not helped waits for as many more.
MOST, JUDGED_AFTER, LATEST = 3, 8, 16
_REFUSED, _RESUMED_WITH = "request refused", "recipe changed"
_OF_A_TREATMENT = (RollBack.EVENT, Rebuild.EVENT)
_OF_A_PERSON = (*_OF_A_TREATMENT, SetSettings.EVENT, Release.EVENT, _RESUMED_WITH)

# A moment of a run: the branch, and the step.
Moment = tuple[int, int]
Event = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a request of a treatment is for, and what follows if it does not help: told in its event.

    Attributes:
        number: of the treatment, from 1; 0 where one is undone and no other is tried.
        undoes: the treatment that has not helped, or 0.
        finding: that is treated.
        since: when it was first seen.
        beside: the other findings that were open where the treated run begins.
        remedy: what is changed for it, KEY=VALUE each.
        then: what is tried next, in this order.
        anew: the run was ill where it begins; what it did before is not counted.
        back: what takes the recipe back to before, KEY=VALUE each.
        held: settings that requests held before, of those that are changed.
        before: the signals of its rule, as they were.
        after: those of what is undone, as they were then.
    """

    number: int = 0
    undoes: int = 0
    finding: str
    since: int
    beside: tuple[str, ...] = ()
    remedy: tuple[str, ...] = ()
    then: tuple[tuple[str, ...], ...] = ()
    anew: bool = False
    back: tuple[str, ...] = ()
    held: Mapping[str, float] = field(default_factory=dict)
    before: Mapping[str, float | None] = field(default_factory=dict)
    after: Mapping[str, float | None] = field(default_factory=dict)
    __pydantic_config__ = ConfigDict(extra="ignore")

    def about(self) -> dict[str, Any]:
        """As its request tells it: what is as ever is left out."""
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """A treatment that was carried out, or one that was undone without another.

    Attributes:
        plan: what it is.
        seen: where it was asked for.
        begins: where the treated run begins.
        back_to: the step that was gone back to; None where it goes on as it was.
        failed: in words, what it answers where that was no finding but an end; None otherwise.
    """

    plan: Plan
    seen: Moment
    begins: Moment
    back_to: int | None
    failed: str | None


@dataclass(frozen=True, kw_only=True)
class History:
    """What has been done up to a moment.

    Attributes:
        carried_out: treatments, and where the last one was undone for good that too, in their order.
        current: the one that is not judged yet, or None.
        undone: numbers of those that were undone.
        refused: remedies that the run could not be asked for.
        person: where what a person has asked for last begins to hold; None without.
        left: the treatment that a person has asked something else in, or None.
        anew: steps from which on the run is judged as one that begins.
    """

    carried_out: tuple[Treatment, ...] = ()
    current: Treatment | None = None
    undone: tuple[int, ...] = ()
    refused: tuple[tuple[str, ...], ...] = ()
    person: Moment | None = None
    left: Treatment | None = None
    anew: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """Treatments so far."""
        return max((each.plan.number for each in self.carried_out), default=0)

    @property
    def kept(self) -> int:
        """Where the last treatment began that was not undone: going back to before it would undo it."""
        kept = [each for each in self.carried_out if each.plan.number not in (0, *self.undone)]
        return max((each.begins[1] for each in kept), default=0)


def history(events: Iterable[Event], now: Moment, *, with_now: bool) -> History:
    """What was done before a moment.

    Args:
        events: of the run.
        now: the moment.
        with_now: what was asked for at that moment has been carried out; else it is still to come.
    """
    told: list[Treatment] = []
    undone: list[int] = []
    refused: list[tuple[str, ...]] = []
    current = left = person = None
    anew: list[int] = []
    for moment, event in _before(events, now, with_now):
        kind, plan = event["event"], _plan_of(event)
        if kind == _REFUSED:
            refused += [plan.remedy] if plan is not None else []
            if plan is not None and plan.undoes and not plan.number:
                # It cannot be undone: it stays as it is.
                current = None
        elif kind in _OF_A_TREATMENT and plan is not None:
            undone += [plan.undoes] if plan.undoes else []
            begins = _held_from(moment, event)[1]
            anew = [step for step in anew if step < begins or (step == begins and not plan.undoes)]
            anew += [begins] if plan.anew else []
            told.append(_treatment(plan, moment, event))
            current, left = (told[-1] if plan.number else None), None
        elif kind in _OF_A_PERSON:
            left, current = current or left, None
            person = _held_from(moment, event)
            anew = [step for step in anew if step <= person[1]]
            if kind == RollBack.EVENT:
                undone += [each.plan.number for each in told if each.begins[1] > person[1]]
        elif kind == HELPED:
            current = None
    return History(
        carried_out=tuple(told),
        current=current,
        undone=tuple(undone),
        refused=tuple(refused),
        person=person,
        left=left,
        anew=tuple(anew),
    )


def events_of(folder: RunFolder) -> list[Event]:
    """The events of a run, as far as they can be read."""
    return [line.value for line in read_lines(folder.events) if line.value is not None]


def asked_at(events: Iterable[Event], now: Moment) -> bool:
    """Whether a treatment was asked for at this moment, in a process that was killed: it is asked for again then."""
    return any(
        event.get("event") in _OF_A_TREATMENT and _plan_of(event) is not None and _moment_of(event) == now
        for event in events
    )


def _before(events: Iterable[Event], now: Moment, with_now: bool) -> list[tuple[Moment, Event]]:
    """The events of requests and judgements before a moment, in their order and each once."""
    found = []
    for event in events:
        moment = _moment_of(event)
        if moment is None or event.get("replayed") or event.get("event") not in (_REFUSED, HELPED, *_OF_A_PERSON):
            continue
        if event["event"] == _RESUMED_WITH and _only_watches(event):
            continue
        # What answers a failure came in the iteration after its step.
        if moment < now or (with_now and moment == now and "failed" not in event):
            found.append((moment, event))
    return sorted(found, key=lambda each: each[0])


def _moment_of(event: Event) -> Moment | None:
    step, branch = event.get("step"), event.get("branch", 0)
    return (branch, step) if type(step) is int and type(branch) is int else None


def _plan_of(event: Event) -> Plan | None:
    if not event.get("about"):
        return None
    try:
        return TypeAdapter(Plan).validate_python(event["about"])
    except ValidationError:
        return None  # damaged


def _held_from(moment: Moment, event: Event) -> Moment:
    """Where what was asked for begins to hold: after a roll back on the next branch, at the step it went to."""
    to = event.get("to")
    return (moment[0] + 1, to) if event["event"] == RollBack.EVENT and type(to) is int else moment


def _treatment(plan: Plan, moment: Moment, event: Event) -> Treatment:
    begins, failed = _held_from(moment, event), event.get("failed")
    return Treatment(
        plan=plan,
        seen=moment,
        begins=begins,
        back_to=begins[1] if event["event"] == RollBack.EVENT else None,
        failed=failed if isinstance(failed, str) else None,
    )


def _only_watches(event: Event) -> bool:
    """Whether only what is written down was changed: that is no treatment of the game."""
    keys = event.get("keys")
    return isinstance(keys, list) and all(isinstance(key, str) and key.startswith("watch.") for key in keys)
