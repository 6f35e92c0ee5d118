"""What a run costs here is measured before it begins, and nothing of that is left.

The game is opened as it will be played, in a folder of its own that is removed, and plays some steps at its own batch,
size and settings; then one more with all that a run writes, and its end. It is another game than the run's: that one is
built anew from its seed, so that it equals a run of as many steps to the bit.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import torch

from saddlepoint.errors import Diverged, UserError
from saddlepoint.recipes.ranges import LARGEST
from saddlepoint.runs.asked import reader_of
from saddlepoint.runs.at_end import look_back, samples_at_end
from saddlepoint.runs.diagnosing import SPACING, Diagnosis
from saddlepoint.runs.opened import OpenRun
from saddlepoint.runs.pace import Budget, Pace
from saddlepoint.runs.segments import own_observers
from saddlepoint.training.control import Control
from saddlepoint.training.game import Game
from saddlepoint.training.loop import train
from saddlepoint.training.observers import Observer, Record
from saddlepoint.training.records.evaluations import Evaluations
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.records.inbox import Inbox
from saddlepoint.training.records.keeping import Checkpoints
from saddlepoint.training.records.logs import Log
from saddlepoint.training.records.samples import Samples
from saddlepoint.training.requests import RunRequest, Stop
from saddlepoint.training.state import State

# The first steps are slow: memory is asked for, kernels are chosen. They are played, and so many after them timed.
_WARM, _FEWEST = 3, 3
# So much of the budget, and of seconds, the timed steps may take.
_SHARE, _LEAST, _MOST = 0.02, 0.5, 8.0
# Where the timed steps begin: past the bursts of a beginning.
_FIRST = 501
# Samples whose evaluation is timed; its time is in proportion to them.
_JUDGED = 40


def measured(open_in: Callable[[RunFolder], OpenRun], budget: Budget, beside: Path) -> Pace:
    """What a run costs, by a game that is played a little and thrown away.

    Args:
        open_in: opens the run in a folder.
        budget: how much time there is.
        beside: the run's folder, on whose disk it is tried.

    Raises:
        UserError: the run cannot be opened, or plays no steps that could be timed.
    """
    disk = next(place for place in beside.absolute().parents if place.is_dir())
    with tempfile.TemporaryDirectory(prefix=".saddlepoint-timing-", dir=disk) as place:
        began = time.perf_counter()
        run = open_in(RunFolder(Path(place) / beside.name))
        run.folder.path.mkdir()
        opening = time.perf_counter() - began
        try:
            return _measured(run, budget, opening)
        except Diverged as error:
            raise UserError(
                f"--minutes {budget.minutes:g} for a run whose first steps fail: {error.what}",
                "steps that can be timed",
                error.cure,
            ) from error
        finally:
            _put_back(run)


def _put_back(run: OpenRun) -> None:
    """Gives what a person has brought back as it was."""
    if run.first is None:
        return
    run.first.put_into(run.game.task)
    for step in run.game.steps.values():
        for parameter in step.parameters:
            parameter.grad = None


def _measured(run: OpenRun, budget: Budget, opening: float) -> Pace:
    recipe, game = run.recipe, run.game
    step, burst, images, slow = _steps(run, budget)
    pace = Pace(
        recipe=recipe, threads=game.fitted.threads, step=step, burst=burst, images=images, opening=opening + slow
    )
    # Where the time is over, it is too short, and need not be waited for.
    return replace(pace, **_written(run), **_end(run, budget)) if budget.left > 0 else pace


def _steps(run: OpenRun, budget: Budget) -> tuple[float, float, float, float]:
    """An iteration's seconds, a burst's beyond them, an iteration's images, and how slow the first ones were."""
    game, bursts = run.game, run.recipe.dynamics.bursts
    game.state.step = _FIRST
    clock = _Clock(run.device, min(max(_SHARE * 60 * budget.minutes, _LEAST), _MOST), budget)
    # What looks at every iteration takes a tenth of a small one, even while it has nothing to do.
    never = dict.fromkeys(("log_every", "sample_every", "checkpoint_every"), LARGEST)
    watch = run.recipe.watch.model_copy(update={**never, "diagnosis": "off"})
    idle = replace(run, recipe=run.recipe.model_copy(update={"watch": watch}), measure=None)
    control = Control(inbox=Inbox(run.folder, lambda *given: reader_of(run.recipe)(*given), {}))
    _, own = own_observers(idle, LARGEST)
    with ExitStack() as closing:
        for observer in (*own, clock):
            closing.callback(observer.close)
            observer.begin(game, control)
        train(game, observers=[*own, clock], control=control, until=LARGEST)
    warm = min(_WARM, len(clock.ends) - 2) if len(clock.ends) > 2 else 0
    (from_, before), (to, after) = clock.ends[warm], clock.ends[-1]
    moves = sum(_moves(game, step) for step in range(from_, to))
    usual = next((step for step in range(_FIRST, 2 * _FIRST) if bursts is None or not bursts.at(step)), 0)
    move = (after - before) / moves
    each = move * _moves(game, usual)
    images = game.state.images / (to - _FIRST)
    more = move * (_moves(game, 0) - _moves(game, usual)) if bursts is not None else 0.0
    slow = before - clock.ends[0][1] - move * sum(_moves(game, step) for step in range(_FIRST, from_))
    return each, more, images, max(slow, 0.0)


def _moves(game: Game, step: int) -> int:
    return sum(len(group) for group in game.turn(step))


def _written(run: OpenRun) -> dict[str, float]:
    """What a run writes on the way: each is made twice, because the first has to import and to make folders."""
    state, watch = run.game.state, run.recipe.watch
    if watch.diagnosis == "treat":
        # A treatment would be asked for, which is nothing that happens every so many steps.
        advised = watch.model_copy(update={"diagnosis": "advise"})
        run = replace(run, recipe=run.recipe.model_copy(update={"watch": advised}))
    seconds: dict[type[Observer], float] = {}
    apart, followed = 1, 0.0
    for _ in range(2):
        state.watched = {}
        at = next(step for step in count(2 * _FIRST) if SPACING.is_probed(step))
        state.step = at - 1
        _, own = own_observers(run, at)
        with ExitStack() as closing:
            watching = [_Timed(observer) for observer in own if type(observer) is not Evaluations or not seconds]
            for observer in own:
                closing.callback(observer.close)
            for observer in own:
                if isinstance(observer, Diagnosis):
                    apart = observer.probed.apart
                    observer.spacing = SPACING
            control = Control()
            for observer in watching:
                observer.begin(run.game, control)
            train(run.game, observers=watching, control=control, until=at)
            for observer in own:
                if isinstance(observer, Diagnosis):
                    began = time.perf_counter()
                    observer.probe.follow(state.watched)
                    followed = (time.perf_counter() - began) * (SPACING.followed - 1)
        seconds.update({type(each.observer): each.seconds for each in watching})
    return {
        "picture": seconds.get(Samples, 0.0),
        "probe": seconds.get(Diagnosis, 0.0) + followed,
        "apart": apart,
        "line": seconds[Log],
        "checkpoint": seconds[Checkpoints],
        "evaluation": seconds.get(Evaluations, 0.0),
    }


def _end(run: OpenRun, budget: Budget) -> dict[str, Any]:
    """What comes after the last step: pictures, the report, and the evaluation, which is timed on few samples."""
    state, watch, asked = run.game.state, run.recipe.watch, samples_at_end(run) or 0
    # As after a run that is long enough for an evaluation.
    state.images = LARGEST
    run.write_recipe()

    def looked_back(samples: int | None) -> float:
        # Nothing is measured twice at one step.
        state.step += 1
        one = run.recipe.model_copy(update={"watch": watch.model_copy(update={"evaluate_at_end": samples})})
        began = time.perf_counter()
        look_back(replace(run, recipe=one), None, lambda line: None)
        return time.perf_counter() - began

    beside = looked_back(None)
    began = time.perf_counter()
    budget.after(run.folder.path)
    after = time.perf_counter() - began
    judged = 0.0
    if asked:
        # The first has to import and to read the features' weights.
        few = min(asked, _JUDGED)
        looked_back(min(asked, _JUDGED // 2))
        judged = max(looked_back(few) - looked_back(None), 0.0) / few
    return {"closing": beside + after, "samples": asked if judged else 0, "judged": judged}


class _Clock(Observer):
    """Notes when iterations end, and asks to stop when enough of them were timed or the budget is spent."""

    def __init__(self, device: torch.device, seconds: float, budget: Budget):
        self.device, self.seconds, self.budget = device, seconds, budget

    def begin(self, game: Game, control: Control) -> None:
        self.control = control
        self.ends = [(game.state.step, time.perf_counter())]

    def step(self, state: State, record: Record) -> None:
        timed, now = len(self.ends) - _WARM, time.perf_counter()
        enough = timed >= _FEWEST and now - self.ends[_WARM][1] >= self.seconds
        ends = enough or self.budget.left < 0
        if (ends or timed == 0) and self.device.type == "cuda":
            # Until then the device may not have done what it was asked for.
            torch.cuda.synchronize(self.device)
            now = time.perf_counter()
        self.ends.append((record.step, now))
        if ends:
            self.control.ask(Stop())


class _Timed(Observer):
    """An observer, and the seconds that it takes after an iteration."""

    def __init__(self, observer: Observer):
        self.observer, self.seconds = observer, 0.0

    def begin(self, game: Game, control: Control) -> None:
        self.observer.begin(game, control)

    def measures(self, step: int, until: int) -> bool:
        return self.observer.measures(step, until)

    def step(self, state: State, record: Record) -> None:
        began = time.perf_counter()
        self.observer.step(state, record)
        self.seconds += time.perf_counter() - began

    def settled(self, state: State, record: Record, applied: Sequence[RunRequest]) -> None:
        began = time.perf_counter()
        self.observer.settled(state, record, applied)
        self.seconds += time.perf_counter() - began
