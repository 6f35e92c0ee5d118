"""Playing a run to its end, whatever end that is: what was done is kept, and what happened is written down.

A run is a sequence of segments. One ends where the run does, or with a request to roll back or to rebuild; the next one
begins from a checkpoint, with a game and observers of its own.
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from saddlepoint.errors import Diverged, RunStopped, UserError, reason_of
from saddlepoint.process.saying import say
from saddlepoint.process.signals import Interrupted
from saddlepoint.process.streams import standard_error
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.runs.advice import as_stop, introduce, tell_compiled
from saddlepoint.runs.asked import reader_of
from saddlepoint.runs.at_end import look_back
from saddlepoint.runs.between import rebuild, roll_back
from saddlepoint.runs.diagnosing import Diagnosis
from saddlepoint.runs.opened import OpenRun
from saddlepoint.runs.treating import Treating
from saddlepoint.runs.treatments import events_of, history
from saddlepoint.training.control import Control
from saddlepoint.training.loop import Ending, train
from saddlepoint.training.observers import Observer
from saddlepoint.training.records.checkpoint import steps_saved
from saddlepoint.training.records.console import Console
from saddlepoint.training.records.evaluations import Evaluations
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.records.inbox import Inbox
from saddlepoint.training.records.keeping import Checkpoints
from saddlepoint.training.records.logs import Log
from saddlepoint.training.records.replay import answered_in
from saddlepoint.training.records.samples import Samples
from saddlepoint.training.requests import Rebuild, RollBack, RunRequest, Stop
from saddlepoint.training.runaway import Runaway
from saddlepoint.training.state import State


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a run ended without a failure.

    Attributes:
        folder: of the run.
        step: iterations done in total.
        stopped: the reason if it was asked to stop before its last step, such as SIGINT.
    """

    folder: RunFolder
    step: int
    stopped: str | None


def play(run: OpenRun, until: int, observers: Sequence[Observer], control: Control) -> Ended:
    """Plays a run from where it stands to its last step, or until it is asked to stop.

    Args:
        run: open, and its folder locked.
        until: the total number of steps.
        observers: further ones.
        control: listening to signals, and told what was asked of this run after the step where it stands.

    Raises:
        RunStopped: the run could not go on; its state is kept.
    """
    folder, began = run.folder, time.process_time()
    # What a person edits or asks for concerns the segment that is played when it is looked at.
    playing = run
    control.inbox = Inbox(folder, lambda *given: reader_of(playing.recipe)(*given), answered_in(folder))

    def lost(reason: str) -> None:
        _note_if_possible(folder, "standard error lost", playing.game.state.step, reason)

    with standard_error().telling(lost), ExitStack() as closing:
        for observer in observers:
            closing.callback(observer.close)
        if run.show:
            introduce(folder, run.recipe, run.game, run.found, run.about, run.memory)
        while True:
            following = _segment(playing, until, observers, control, began)
            if isinstance(following, Ended):
                look_back(playing, following.stopped, partial(say, run.show))
                return following
            playing = following


def _segment(
    run: OpenRun, until: int, observers: Sequence[Observer], control: Control, began: float
) -> OpenRun | Ended:
    """Plays one segment to its end: gives the run as it goes on, or how it ended.

    Args:
        began: the processor's time when the process began to play.
    """
    folder, state = run.folder, run.game.state
    checkpoints, own = own_observers(run, until)
    # The console comes last: it shows what all others have done.
    watching = [*own[:-1], *observers, own[-1]] if run.show else [*own, *observers]
    if run.game.field.compiled is not None:
        run.game.field.compiled.told = partial(tell_compiled, folder, run.show)
    with ExitStack() as closing:
        for observer in own:
            closing.callback(observer.close)
        try:
            for observer in watching:
                observer.begin(run.game, control)
            while True:
                request, ending, failure = _played(run, until, watching, control)
                if not isinstance(request, RollBack | Rebuild):
                    break
                following = _following(run, request, failure, control, checkpoints)
                if following is not None:
                    return following
                if ending is not None:
                    for observer in watching:
                        observer.settled(state, ending.record, ending.applied)
            for observer in watching:
                observer.end(state)
            stopped = request.reason if isinstance(request, Stop) and state.step < until else None
            control.close(run.game)
            # The clock's time is in the log; a machine that others use as well takes longer by it.
            about = {"images": state.images, "processor_seconds": round(time.process_time() - began, 1)}
            folder.note("stopped" if stopped else "finished", step=state.step, reason=stopped, **about)
            return Ended(folder=folder, step=state.step, stopped=stopped)
        except RunStopped as error:
            _note_if_possible(folder, "could not go on", state.step, str(error))
            raise
        except Exception as error:
            _keep_if_possible(folder, checkpoints, state)
            stop = as_stop(
                error, folder, state.step, run.memory, run.recipe, in_parts=run.game.task.whole_batch is None
            )
            if stop is None:
                raise
            _note_if_possible(folder, "could not go on", state.step, str(stop))
            raise stop from error
        except BaseException as error:
            # A second signal, or a library that ends the process: neither is a reason to lose what can be kept.
            _note_if_possible(folder, "interrupted", state.step, reason_of(error))
            _keep_if_possible(folder, checkpoints, state)
            raise


def own_observers(run: OpenRun, until: int) -> tuple[Checkpoints, list[Observer]]:
    """What every run has that looks at a segment: its checkpoints, and all of them, the console last."""
    folder, recipe, task, state = run.folder, run.recipe, run.game.task, run.game.state
    watch = recipe.watch
    own: list[Observer] = []
    evaluations = None
    if run.measure is not None:
        assert watch.evaluate_every is not None
        evaluations = Evaluations(folder, task, every=watch.evaluate_every, measure=run.measure, state=state)
        # Before the checkpoints, which may be kept by what was measured.
        own.append(evaluations)
    if (pictures := kind_of(recipe).pictures(recipe, task, run.found, run.data)) is not None:
        own.append(Samples(folder, task, pictures.request, every=watch.sample_every, draw=pictures.draw))
    log = Log(folder, watch.log_every, state)
    diagnosis, spared = _diagnosis(run, log)
    checkpoints = Checkpoints(
        folder,
        task,
        run.game.steps,
        every=watch.checkpoint_every,
        keep=watch.keep,
        best=watch.best,
        about=run.about,
        evaluated=evaluations.at if evaluations is not None else None,
        spared=spared,
    )
    # Before the checkpoints, which keep what it remembers.
    own += [log, *diagnosis, Runaway(folder, watch.log_every, partial(say, run.show)), checkpoints]
    return checkpoints, [*own, *([Console(until, state, folder.samples)] if run.show else [])]


def _diagnosis(run: OpenRun, log: Log) -> tuple[list[Observer], Callable[[], Collection[int]]]:
    """The diagnosis of a segment and its treatment, and which checkpoints that needs.

    There is none where it is off, or where its findings would have no meaning, which is said once.
    """
    folder, recipe, game, tell = run.folder, run.recipe, run.game, partial(say, run.show)
    if recipe.watch.diagnosis == "off":
        game.state.watched = {}
        return [], tuple
    probed = kind_of(recipe).probed(recipe, game.task, run.data)
    if isinstance(probed, str):
        if game.state.step == 0:
            tell(f"not diagnosed: {probed}")
        return [], tuple
    if recipe.watch.diagnosis == "advise":
        return [Diagnosis(folder, probed, recipe, game.state, log.show, tell)], tuple
    so_far = history(events_of(folder), (game.state.branch, game.state.step), with_now=True)
    diagnosis = Diagnosis(folder, probed, recipe, game.state, log.show, tell, so_far.anew)
    treating = Treating(run, diagnosis, tell)
    return [diagnosis, treating], treating.spared


def _played(
    run: OpenRun, until: int, watching: Sequence[Observer], control: Control
) -> tuple[RunRequest | None, Ending | None, Diverged | None]:
    """Plays until something ends the segment: the request, how it ended the loop, and the failure that it answers.

    Raises:
        Diverged: the game has left what can be played, and nobody asks for a roll back.
    """
    if (owed := control.owed(run.game.state)) is not None:
        return owed, None, None
    try:
        ending = train(run.game, observers=watching, control=control, until=until)
        return (ending.request if ending is not None else None), ending, None
    except Diverged as error:
        for observer in watching:
            observer.failed(run.game.state, error)
        request = control.answer_to_failure()
        if request is None:
            raise
        return request, None, error


def _following(
    run: OpenRun, ending: RunRequest, failure: Diverged | None, control: Control, checkpoints: Checkpoints
) -> OpenRun | None:
    """The run as it goes on after a request; None where the request is refused, and it goes on as it was.

    Raises:
        Diverged: what is refused is the answer to that.
    """
    try:
        if isinstance(ending, RollBack):
            return roll_back(run, ending, control, failure)
        assert isinstance(ending, Rebuild)
        return rebuild(run, ending, control, checkpoints)
    except UserError as error:
        control.refuse(ending, run.game.state, error)
        say(run.show, f"refused: {error}")
        if failure is not None:
            raise failure from error
        return None


@contextmanager
def said_when_interrupted(path: Path) -> Iterator[None]:
    """Inside, a signal that takes effect at once says what is kept of the run in that folder.

    Raises:
        Interrupted: there was such a signal.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        folder = RunFolder(path)
        saved = steps_saved(folder.checkpoints)
        by, resume = f"stopped at once by {error or 'SIGINT'}", f"by `saddlepoint resume {folder.path}`"
        if saved:
            raise Interrupted(f"{by}; the checkpoint of step {saved[-1]} is kept; go on {resume}") from error
        if folder.recipe.exists():
            raise Interrupted(f"{by} before anything could be saved; begin again {resume}") from error
        raise Interrupted("interrupted before anything could be saved") from error


def _note_if_possible(folder: RunFolder, kind: str, step: int, reason: str) -> None:
    try:
        folder.note(kind, step=step, reason=reason)
    except OSError:
        # The full disk that stopped the run may not take the note either; the error itself is raised and shown.
        say(True, "the reason could not be written into events.jsonl")


def _keep_if_possible(folder: RunFolder, checkpoints: Checkpoints, state: State) -> None:
    """Saves the last whole iteration, when something else than the run ends it."""
    if not state.whole or state.step == 0:
        return
    try:
        checkpoints.end(state)
    except Exception as error:
        # What ends the run is raised and shown; this is what came of it.
        _note_if_possible(folder, "not saved", state.step, reason_of(error))
