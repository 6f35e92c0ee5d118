"""Playing a run to its end, whatever end that is: what was done is kept, and what happened is written down."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from saddlepoint.errors import RunStopped, reason_of
from saddlepoint.process.signals import Interrupted
from saddlepoint.process.streams import standard_error
from saddlepoint.recipes.advice import as_stop, introduce, say, tell_compiled
from saddlepoint.recipes.build import Game
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.specification import Recipe
from saddlepoint.training.checkpoint import steps_saved
from saddlepoint.training.console import Console
from saddlepoint.training.control import Control, SetSetting
from saddlepoint.training.evaluations import Evaluations, Measure
from saddlepoint.training.folder import RunFolder
from saddlepoint.training.keeping import Checkpoints
from saddlepoint.training.logs import Log
from saddlepoint.training.loop import train
from saddlepoint.training.memory import Estimate
from saddlepoint.training.observers import Observer
from saddlepoint.training.runaway import Runaway
from saddlepoint.training.samples import Samples
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


def play(
    folder: RunFolder,
    recipe: Recipe,
    game: Game,
    data: Any,
    until: int,
    about: dict[str, Any],
    memory: Estimate | None,
    show: bool,
    measure: Measure | None,
    observers: Sequence[Observer],
    again: Sequence[tuple[int, SetSetting]] = (),
) -> Ended:
    """Plays a game from where it stands to its last step, or until it is asked to stop.

    Args:
        folder: of the run, locked.
        recipe: of the run.
        game: what is played.
        data: what it is played on.
        until: the total number of steps.
        about: for the checkpoints' readers.
        memory: what the run will take, where that could be estimated.
        show: progress on standard error.
        measure: what is evaluated on the way, or None.
        observers: further ones.
        again: what was asked of this run after the step where it stands, with the steps.

    Raises:
        RunStopped: the run could not go on; its state is kept.
    """
    control = Control(note=folder.note, again=again)

    def lost(reason: str) -> None:
        _note_if_possible(folder, "standard error lost", game.state.step, reason)

    # From here on a signal is a request: what it interrupts would otherwise be a run that has begun and saved nothing.
    with control.listening(), standard_error().telling(lost):
        return _played(folder, recipe, game, data, until, about, memory, show, measure, observers, control)


def _played(
    folder: RunFolder,
    recipe: Recipe,
    game: Game,
    data: Any,
    until: int,
    about: dict[str, Any],
    memory: Estimate | None,
    show: bool,
    measure: Measure | None,
    observers: Sequence[Observer],
    control: Control,
) -> Ended:
    found = kind_of(recipe).found(data)
    task, state = game.task, game.state
    if show:
        introduce(folder, recipe, game, found, about, memory)
    evaluations = None
    if measure is not None:
        assert recipe.watch.evaluate_every is not None
        evaluations = Evaluations(folder, task, every=recipe.watch.evaluate_every, measure=measure, state=state)
    checkpoints = Checkpoints(
        folder,
        task,
        game.steps,
        every=recipe.watch.checkpoint_every,
        keep=recipe.watch.keep,
        best=recipe.watch.best,
        about=about,
        evaluated=evaluations.at if evaluations is not None else None,
    )
    watching: list[Observer] = [
        # Before the checkpoints, which may be kept by what was measured.
        *([evaluations] if evaluations is not None else []),
        Log(folder, recipe.watch.log_every, state),
        Runaway(folder, recipe.watch.log_every, partial(say, show)),
        checkpoints,
        *observers,
    ]
    if (pictures := kind_of(recipe).pictures(recipe, task, found, data)) is not None:
        every = recipe.watch.sample_every
        watching.insert(1, Samples(folder, task, pictures.request, every=every, draw=pictures.draw))
    if show:
        watching.append(Console(until, state))
    if game.field.compiled is not None:
        game.field.compiled.told = lambda player, seconds: tell_compiled(folder, show, player, seconds)
    with ExitStack() as closing:
        for observer in watching:
            closing.callback(observer.close)
        try:
            train(
                game.field,
                turn=game.turn,
                correction=game.correction,
                steps=game.steps,
                schedules=game.schedules,
                observers=watching,
                control=control,
                state=state,
                until=until,
            )
            for observer in watching:
                observer.end(state)
            stopped = control.stopping.reason if control.stopping is not None and state.step < until else None
            folder.note("stopped" if stopped else "finished", step=state.step, reason=stopped)
            return Ended(folder=folder, step=state.step, stopped=stopped)
        except RunStopped as error:
            _note_if_possible(folder, "could not go on", state.step, str(error))
            raise
        except Exception as error:
            _keep_if_possible(folder, checkpoints, state)
            stop = as_stop(error, folder, state.step, memory, recipe)
            if stop is None:
                raise
            _note_if_possible(folder, "could not go on", state.step, str(stop))
            raise stop from error
        except BaseException as error:
            # A second signal, or a library that ends the process: neither is a reason to lose what can be kept.
            _note_if_possible(folder, "interrupted", state.step, reason_of(error))
            _keep_if_possible(folder, checkpoints, state)
            raise


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
