"""The treatment of a run: what is found is answered by a remedy, which is kept if it helps and undone if it does not.

A finding is answered by a roll back to the newest checkpoint from before it began, with the remedy's changes in the
same request, for without a change the failure would come again; where no checkpoint is so old, or the run was never
well, it goes on as it is with the remedy. After eight probes the rules that had found it say whether it is there still.
If so, the run goes back to where the treatment began, and to the next remedy. Three treatments are the most.

What cannot be cured in a run that goes on is said once. Nothing is remembered but what the run's folder tells: probes,
and events (`treatments.py`).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from saddlepoint.diagnosis.findings import TITLES
from saddlepoint.diagnosis.remedies import Situation, remedies
from saddlepoint.diagnosis.rules import RULES, signals_of
from saddlepoint.errors import Diverged, UserError
from saddlepoint.game.schedules import value_at
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.text import known_keys, override
from saddlepoint.runs.between import without_requests_after
from saddlepoint.runs.changes import assignments_back, changed_recipe
from saddlepoint.runs.diagnosing import Diagnosis
from saddlepoint.runs.opened import OpenRun
from saddlepoint.runs.treatment_told import Told
from saddlepoint.runs.treatments import (
    JUDGED_AFTER,
    LATEST,
    MOST,
    History,
    Plan,
    Treatment,
    asked_at,
    events_of,
    history,
)
from saddlepoint.training.control import Control
from saddlepoint.training.game import Game
from saddlepoint.training.observers import Observer, Record
from saddlepoint.training.records.checkpoint import steps_saved
from saddlepoint.training.records.manifest import read_manifest
from saddlepoint.training.records.replay import concerned
from saddlepoint.training.requests import Rebuild, RollBack
from saddlepoint.training.state import State

_LARGE, _OVERFLOW, _LEAK, _MEMORISES = "rate_too_large", "nan_ahead", "batch_norm_leak", "discriminator_memorises"
# Signals that are noted before and after a treatment beside those of the rule, and told first.
_REACHED = "x_recall"
# A median of five probes is bad from the third bad one on: so many probes before, the run was well.
_BEFORE = 3
# D says the same of everything: both networks are dead.
_DEAD = 1e-6
# Steps before a failure from which on a checkpoint may hold what leads to it.
_NEAR = 25
_LABELS = "labels_ignored"
# What no setting of a run that goes on has been seen to cure. Large steps alone are a risk: nothing is said of them.
_INCURABLE: Mapping[str, str] = {
    _LABELS: "no setting gives items other labels",
    _LEAK: "nothing that was tried cured it in a run that goes on",
}


class Treating(Observer):
    """Answers what the diagnosis finds, and judges what came of it.

    Args:
        run: of the segment.
        diagnosis: tells which findings are open, and since when; it has looked at a step before this does.
        tell: says a line to the person.
    """

    def __init__(self, run: OpenRun, diagnosis: Diagnosis, tell: Callable[[str], None]):
        self.run, self.diagnosis, self.tell = run, diagnosis, tell
        self.folder = run.folder
        self._told = Told(run.folder, tell, diagnosis.advice)
        self._history = History()
        self._waited: set[str] = set()

    def begin(self, game: Game, control: Control) -> None:
        self._game, self._control = game, control
        events = events_of(self.folder)
        now = (game.state.branch, game.state.step)
        self._history = history(events, now, with_now=True)
        if (current := self._history.current) is not None and current.begins == now and current.plan.anew:
            # The way to here is that of the failure.
            game.state.watched = {name: each for name, each in game.state.watched.items() if name != "path"}
        for each in self._history.carried_out:
            self._told.carried_out(each)
        self.diagnosis.advises = self._over(self._history)

    def step(self, state: State, record: Record) -> None:
        if self.diagnosis.course.newest != record.step:
            return
        now, events = (state.branch, record.step), events_of(self.folder)
        if asked_at(events, now):
            # It was asked for before the process was killed, and is asked for again.
            return
        found = self._history = history(events, now, with_now=False)
        if found.left is not None:
            self._told.left(found.left, now)
        if found.current is not None:
            self._judge(found, found.current, state)
        else:
            self._answer(found, state)

    def failed(self, state: State, error: Diverged) -> None:
        """Back to a checkpoint, with smaller steps; where a treatment is being tried, it has not helped."""
        now = (state.branch, state.step)
        found = history(events_of(self.folder), now, with_now=True)
        situation = self._situation(self._game.settings())
        if found.current is not None:
            slower = tuple(each.changes for each in remedies(_OVERFLOW, situation)[:1])
            self._undo(found, found.current, state, then=found.current.plan.then or slower)
            return
        if self._over(found):
            return
        saved = [each for each in steps_saved(self.folder.checkpoints) if each >= found.kept]
        back = max((each for each in saved if each <= state.step - _NEAR), default=min(saved, default=None))
        if back is None:
            self._told.not_treated(_OVERFLOW, now, "there is no checkpoint to go back to")
            return
        self._ask(found, state, _OVERFLOW, state.step, back, situation)

    def end(self, state: State) -> None:
        if (current := self._history.current) is not None:
            self.tell(f"treatment {current.plan.number} is not judged: the run ended before {JUDGED_AFTER} looks at it")

    def spared(self) -> Collection[int]:
        """Steps whose checkpoints have to stay: where a treatment that is being tried would be undone to."""
        return () if self._history.current is None else (self._history.current.begins[1],)

    # What is done

    def _judge(self, found: History, current: Treatment, state: State) -> None:
        plan, begins, course = current.plan, current.begins[1], self.diagnosis.course
        looks = sum(step > begins for step, _ in course.probes)
        # It has to come past where the run has failed before.
        if looks < JUDGED_AFTER or (current.back_to is not None and state.step < current.seen[1]):
            return
        if {name for name in course.holding if not self._well(name)} - {*plan.beside, _LARGE, _LABELS}:
            if looks < LATEST and course.well_or_better():
                return
            self._undo(found, current, state, then=plan.then)
            return
        self._told.helped(plan, (state.branch, state.step), self._signals(plan.finding))
        self._history = replace(found, current=None)

    def _undo(self, found: History, current: Treatment, state: State, then: Iterable[tuple[str, ...]]) -> None:
        """Goes back to where a treatment began, and on with the next remedy, if there is one to try."""
        plan = current.plan
        base = override(self.run.recipe, plan.back)
        held = {**state.overrides, **plan.held}
        left = [each for each in then if each not in found.refused] if found.count < MOST else []
        while left and not self._possible(base, left[0]):
            left.pop(0)
        following = replace(plan, undoes=plan.number, after=self._signals(plan.finding), number=0, then=())
        following = replace(following, remedy=(), back=(), held={}, anew=False)
        if left:
            following = replace(following, number=found.count + 1, remedy=left[0], then=tuple(left[1:]))
            following = replace(following, anew=plan.anew)
            following = self._with_way_back(following, base, held)
        keys = _keys(following.remedy)
        self._control.ask(
            RollBack(
                to=current.begins[1],
                changes=(*plan.back, *following.remedy),
                values={name: value for name, value in plan.held.items() if not concerned(name, keys)},
                forget=following.anew,
                reason=_reason(following),
                about=following.about(),
            )
        )

    def _answer(self, found: History, state: State) -> None:
        """Treats the first open finding that can be treated, if any can."""
        now, course = (state.branch, state.step), self.diagnosis.course
        open_now = [name for name in course.open if name != _LARGE]
        if not open_now:
            return
        if self._over(found):
            self._told.no_more(now)
            self.diagnosis.advises = True
            return
        for name in open_now:
            if name in _INCURABLE:
                self._told.not_treated(name, now, _INCURABLE[name])
                if name == _LEAK:
                    # What is seen beside it comes of it.
                    return
                continue
            if self._waits_for_a_person(found, name):
                return
            if self._well(name):
                if name not in self._waited:
                    self._waited.add(name)
                    self.tell(f"not treated for now: {TITLES[name].lower()} (the samples are well, or get better)")
                return
            situation = replace(self._situation(self._game.settings()), open=course.open)
            back = self._good(found, name)
            if back is None and course.medians[-1].get("spread_fall", 1.0) < _DEAD:
                reason = "both networks are dead, and there is no checkpoint from before"
            elif not any(each.of_this_run for each in remedies(name, situation)):
                reason = "only a run that begins anew can be without it"
            elif self._ask(found, state, name, course.since(name), back, situation):
                return
            else:
                reason = "all that is known for it has been tried, or needs a checkpoint from before it began"
            self._told.not_treated(name, now, reason)

    def _ask(
        self, found: History, state: State, finding: str, since: int, back: int | None, situation: Situation
    ) -> bool:
        """Asks for the first remedy that is possible, from a checkpoint or from here; says whether there is one."""
        base, held = self.run.recipe, dict(state.overrides)
        then: dict[str, float] = {}
        undoes_more = False
        if back is not None:
            base, _ = without_requests_after(base, self.run.recorded, back, state.branch)
            manifest = read_manifest(self.folder.checkpoints / f"{back:08d}", known_keys())
            held = dict(manifest["overrides"])
            then = {name: value_at(number, back, manifest["images"]) for name, number in base.numbers().items()}
            then |= held
            undoes_more = base != self.run.recipe or held != state.overrides
            situation = _not_faster(situation, then)
        possible: list[tuple[str, ...]] = []
        tried = {*found.refused, *(each.plan.remedy for each in found.carried_out if each.plan.number in found.undone)}
        for each in remedies(finding, situation):
            if not each.of_this_run or (back is None and each.ask == "rollback"):
                continue
            changes = tuple(c for c in each.changes if back is None or not _as_then(c, then))
            if changes not in tried and (self._possible(base, changes) or (undoes_more and not changes)):
                possible.append(changes)
        if not possible:
            return False
        plan = Plan(
            number=found.count + 1,
            finding=finding,
            since=since,
            beside=self._beside(finding, back),
            remedy=possible[0],
            then=tuple(possible[1:]),
            anew=back is None,
            before=self._signals(finding),
        )
        plan = self._with_way_back(plan, base, held)
        named: dict[str, Any] = {"changes": plan.remedy, "reason": _reason(plan), "about": plan.about()}
        self._control.ask(Rebuild(forget=True, **named) if back is None else RollBack(to=back, **named))
        return True

    def _good(self, found: History, finding: str) -> int | None:
        """The newest checkpoint from before a finding began; None without one, or if the run was never well."""
        course, state = self.diagnosis.course, self._game.state
        steps = [step for step, _ in course.probes]
        since = self._began(finding)
        if since is None:
            return None
        place = steps.index(since) - _BEFORE
        before = [step for step in steps_saved(self.folder.checkpoints) if place >= 0 and step <= steps[place]]
        back = max(before, default=None)
        if back is None or back < found.kept:
            return None
        if found.person is not None and back < found.person[1] <= state.step and since <= found.person[1]:
            # What a person has asked for since it began is not undone; what it may have come of is.
            return None
        return back

    def _began(self, finding: str) -> int | None:
        """Since when a finding is seen, or the large steps beside it; None if it may have been there from the start."""
        course = self.diagnosis.course
        sinces = []
        for name in (finding, *([_LARGE] if _LARGE in course.open else [])):
            quiet = min(each.after for each in RULES[name])
            first = next((step for step, _ in course.probes if step > quiet), None)
            since = course.since(name)
            if first is not None and since > first:
                sinces.append(since)
            elif name == finding:
                return None
        return min(sinces)

    def _waits_for_a_person(self, found: History, finding: str) -> bool:
        """Whether a person has asked for something since a finding began, and it has not had its time yet."""
        course = self.diagnosis.course
        if found.person is None or found.person[1] < course.since(finding):
            return False
        return sum(step > found.person[1] for step, _ in course.probes) < JUDGED_AFTER

    def _well(self, finding: str) -> bool:
        """Whether a finding that speaks of samples alone is seen in a run whose samples are well, or get better."""
        gated = finding != _MEMORISES and all(each.gated for each in RULES[finding])
        return gated and self.diagnosis.course.well_or_better()

    def _possible(self, base: Recipe, changes: Sequence[str]) -> bool:
        """Whether a recipe takes these changes, and is another one with them."""
        try:
            return changed_recipe(base, changes, self.folder.path) != base
        except UserError:
            return False

    def _with_way_back(self, plan: Plan, base: Recipe, held: Mapping[str, float]) -> Plan:
        """The plan with what takes the run back to before its remedy."""
        changed, keys = override(base, plan.remedy), _keys(plan.remedy)
        return replace(
            plan,
            back=assignments_back(base, changed),
            held={name: value for name, value in held.items() if concerned(name, keys)},
        )

    def _beside(self, finding: str, back: int | None) -> tuple[str, ...]:
        """The other findings that are open where the treated run begins."""
        course = self.diagnosis.course
        return tuple(
            name
            for name in course.open
            if name not in (finding, _LARGE) and (back is None or course.since(name) < back)
        )

    @staticmethod
    def _over(found: History) -> bool:
        """Whether nothing more is tried."""
        return found.current is None and found.count >= MOST

    def _situation(self, settings: Mapping[str, float]) -> Situation:
        return self.diagnosis.situation(settings)

    def _signals(self, finding: str) -> dict[str, float | None]:
        """The medians that a finding's rule compares, and what of the data is reached; none without a probe."""
        return self.diagnosis.course.values_of(dict.fromkeys((_REACHED, *signals_of(finding))))


def _not_faster(situation: Situation, then: Mapping[str, float]) -> Situation:
    """The situation with rates of which a tenth is at most what they were where the run goes back to."""
    rates = {name: min(value, 10 * then.get(name, value)) for name, value in situation.settings.items() if _rate(name)}
    return replace(situation, settings={**situation.settings, **rates})


def _rate(name: str) -> bool:
    return name.endswith(".rate")


def _as_then(change: str, then: Mapping[str, float]) -> bool:
    """Whether a rate is set to what it is there anyway, to one digit."""
    name, _, value = change.partition("=")
    return _rate(name) and name in then and float(value) == float(f"{then[name]:.1g}")


def _keys(changes: Iterable[str]) -> list[str]:
    return [each.partition("=")[0] for each in changes]


def _reason(plan: Plan) -> str:
    if not plan.number:
        return f"treatment {plan.undoes} has not helped"
    return f"treatment {plan.number}: {TITLES[plan.finding].lower()}"
