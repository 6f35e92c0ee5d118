"""A session of a run in this process: it is started in a new folder, or gone on with from its newest whole checkpoint.

resume RUN                        the rest of it, bit for bit
resume RUN --set KEY=VALUE ...    the rest of it with other settings, which recipe.yaml and events.jsonl record
"""

import gc
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import torch

from saddlepoint.errors import UserError
from saddlepoint.process.saying import duration, say
from saddlepoint.recipes.data_facts import DataFacts, resolved
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.tasks import with_source
from saddlepoint.recipes.text import known_keys
from saddlepoint.runs.between import release, without_requests_after
from saddlepoint.runs.changed import owes_its_end, recorded_anew, remarks, rewind, set_damaged_aside
from saddlepoint.runs.changes import changed_recipe, differences, plain
from saddlepoint.runs.content import with_places
from saddlepoint.runs.evaluations import with_features
from saddlepoint.runs.memory_needed import refuse_too_large
from saddlepoint.runs.opened import (
    FromPython,
    OpenRun,
    as_begun,
    chosen_anew,
    data_of,
    open_run,
    with_training,
)
from saddlepoint.runs.pace import Budget, Pace, steps_for
from saddlepoint.runs.process import own_process
from saddlepoint.runs.recorded import Change, Recorded, read_recorded
from saddlepoint.runs.saved import Saved, saved_under
from saddlepoint.runs.segments import Ended, play
from saddlepoint.runs.timing import measured
from saddlepoint.runs.weights import Taken, take_weights
from saddlepoint.training.control import Control
from saddlepoint.training.machine import device as machine
from saddlepoint.training.observers import Observer
from saddlepoint.training.records.checkpoint import Checkpoint, newest_valid, restore, steps_saved
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.records.keeping import clear_unfinished
from saddlepoint.training.records.replay import asked_after


def start(
    recipe: Recipe,
    out: Path,
    *,
    from_python: FromPython,
    weights_from: Path | None = None,
    stop_at: int | None = None,
    budget: Budget | None = None,
    command: str = "",
    show: bool = True,
    observers: Sequence[Observer] = (),
) -> Ended:
    """Starts a run in a new folder and plays it to its last step, or to where it is to stop.

    Args:
        recipe: the whole description.
        out: the run's folder; new or empty.
        from_python: data, networks or a task from Python.
        weights_from: another run, whose newest weights are the first ones of this run.
        stop_at: a step before the last, after which the run stops as if it was asked to; it can be gone on with.
        budget: a time that the run is to take; the recipe's number of steps is then not the run's.
        command: what a person typed, recorded.
        show: progress on standard error.
        observers: further ones.

    Raises:
        UserError: something in the recipe, the data or the folder is not as it should be; nothing was written.
        RunStopped: the run could not go on; its state is kept.
    """
    folder = RunFolder(out)
    folder.refuse_if_taken()
    if budget is None:
        _check_stop(stop_at, recipe.training.steps)
    data = data_of(recipe, from_python)
    found = kind_of(recipe).found(data)

    def whole(given: Recipe, show: bool) -> Recipe:
        return with_features(_with_whole_paths(resolved(given, found), from_python), found.shape, show)

    recipe, pinned = whole(recipe, show), None
    device = machine.device_named(recipe.training.device)
    if budget is not None:
        pace = _timed(budget, folder, recipe, data, found, from_python, device, weights_from, show)
        length = steps_for(budget, pace)
        _check_stop(stop_at, length.steps)
        say(show, length.words)
        recipe = whole(budget.of_steps(length.steps, length.samples), False)
        # It is played as it was timed.
        pinned = with_training(recipe, threads=pace.threads)
    with own_process(device, recipe, (pinned or recipe).training.threads):
        run = open_run(
            folder,
            recipe,
            None,
            data=data,
            found=found,
            from_python=from_python,
            device=device,
            show=show,
            command=command,
            pinned=pinned,
        )
        refuse_too_large(run.game, recipe, found, run.memory)
        taken = take_weights(run.game, weights_from, recipe, found) if weights_from is not None else None
        if taken is not None:
            say(show, f"weights of {weights_from}, {taken.words}; step, images and schedules begin at 0")
        run = replace(run, recorded=_recorded(run, weights_from, taken))
        control = Control(note=folder.note, stop_at=stop_at)
        with folder.locked(), control.listening():
            # Asked again under the lock: another process may have begun a run here in the meantime.
            folder.refuse_if_taken()
            # A signal is a request by now: it would otherwise leave a run that has begun and saved nothing.
            run.write_recipe()
            minutes = {"minutes": budget.minutes} if budget is not None else {}
            folder.note("started", step=0, until=recipe.training.steps, **minutes)
            if taken is not None:
                folder.note("weights taken", source=str(weights_from), **taken.noted)
            return play(run, recipe.training.steps, observers, control)


def _timed(
    budget: Budget,
    folder: RunFolder,
    recipe: Recipe,
    data: Any,
    found: DataFacts,
    from_python: FromPython,
    device: torch.device,
    weights_from: Path | None,
    show: bool,
) -> Pace:
    """What the run will cost here."""

    def opened(place: RunFolder) -> OpenRun:
        """The run as it will be, in another folder; only that nothing is said of it."""
        run = open_run(place, recipe, None, data=data, found=found, from_python=from_python, device=device, show=False)
        refuse_too_large(run.game, recipe, found, run.memory)
        if weights_from is not None:
            take_weights(run.game, weights_from, recipe, found)
        return run

    say(show, f"timing some steps, for a run of {duration(60 * budget.minutes)}")
    with own_process(device, recipe, recipe.training.threads):
        pace = measured(opened, budget, folder.path)
    # The run's own game need not share the memory with what was tried.
    gc.collect()
    return pace


def _check_stop(stop_at: int | None, steps: int) -> None:
    if stop_at is not None and not 1 <= stop_at < steps:
        raise UserError(
            f"--stop-at {stop_at} of {steps} steps",
            f"a step from 1 to {steps - 1}" if steps > 1 else "more than one step to stop between",
            "leave --stop-at out, or give a larger number to --steps, whose schedules it keeps",
        )


def _with_whole_paths(recipe: Recipe, from_python: FromPython) -> Recipe:
    """The recipe with the places that it names as they are found from any current folder."""
    if from_python.data is None and from_python.task is None and recipe.data.source is not None:
        recipe = with_source(recipe, recipe.data.source)
    return with_places(recipe)


def _recorded(run: OpenRun, weights_from: Path | None, taken: Taken | None) -> Recorded:
    """What a run that begins records beside its recipe."""
    return Recorded.model_validate(
        {
            "command": run.recorded.command,
            "weights_from": str(weights_from.resolve()) if weights_from is not None else None,
            "weights_step": taken.step if taken is not None else None,
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": run.here,
            "versions": machine.versions(),
            "found": run.found_now,
        }
    )


@dataclass(frozen=True, kw_only=True)
class _Before:
    """A run as its folder has it, for going on.

    Attributes:
        recipe, recorded: of recipe.yaml, without what requests changed after the checkpoint.
        checkpoint: that is gone on from, or None for a run that begins again.
        problems: a line for each newer one that is damaged.
    """

    recipe: Recipe
    recorded: Recorded
    checkpoint: Checkpoint | None
    problems: list[str]

    @property
    def step(self) -> int:
        return self.checkpoint.step if self.checkpoint is not None else 0

    @property
    def branch(self) -> int:
        return self.checkpoint.branch if self.checkpoint is not None else 0

    @property
    def seeding(self) -> Literal[1, 2]:
        return self.checkpoint.seeding if self.checkpoint is not None else 2


def resume(
    path: Path,
    *,
    steps: int | None = None,
    changes: Sequence[str] = (),
    data_path: str | None = None,
    from_python: FromPython,
    show: bool = True,
    observers: Sequence[Observer] = (),
) -> Ended:
    """Goes on with a run from its newest valid checkpoint, as if it had not been interrupted.

    A run that has done all its steps and was killed before it had ended, is ended.

    Args:
        path: the run's folder.
        steps: the new total; None for the recipe's.
        changes: settings that are other ones from here on, "key.key=value" each.
        data_path: where the data is now, if it has moved; it must be the same data.
        from_python: what was brought from Python when the run began.
        show: progress on standard error.
        observers: further ones.

    Raises:
        UserError: there is nothing to go on with, the data has changed, or a setting cannot be changed.
        RunStopped: the run could not go on; its state is kept.
    """
    folder = RunFolder.existing(path)
    read_recorded(folder)
    with folder.locked():
        before = _before(folder)
        recipe = changed_recipe(before.recipe, changes, path) if changes else before.recipe
        if data_path is not None:
            recipe = with_source(recipe, data_path)
        until = steps or recipe.training.steps
        # Killed between its last checkpoint and its end: the end is all that is left to do.
        ends = before.step == until and not changes and owes_its_end(folder)
        if before.step >= until and not ends:
            raise UserError(
                f"a run that has done {before.step} of {until} steps",
                "a total that lies ahead",
                f"go on with `saddlepoint resume {shlex.quote(str(path))} --steps {2 * before.step}`",
            )
        with _reopened(folder, before, recipe, from_python, show) as run:
            saved = _put_back(run, before)
            made = [
                Change(step=before.step, key=key, before=one, after=two)
                for key, one, two in differences(plain(before.recipe), plain(recipe))
            ]
            release(run.game, [*(each for each in before.recorded.changed if each.step >= before.step), *made])
            if made:
                # What fitted when it began, a larger batch may not.
                refuse_too_large(run.game, recipe, run.found, run.memory)
            _say_what_is_new(run, before, saved, made, until)
            if ends:
                say(show, f"all {before.step} steps were done, and the run had not ended: it is ended now")
            else:
                rewind(folder, before.step, saved.log_every or before.recipe.watch.log_every, show)
            anew = {name: run.here[name] for name in chosen_anew(recipe, before.recipe)}
            recorded = recorded_anew(before.recorded, made, run.found_now, anew, before.step)
            run = replace(run, recipe=with_training(recipe, steps=until), recorded=recorded)
            control = Control(note=folder.note, again=asked_after(folder, before.step, before.branch))
            with control.listening():
                run.write_recipe()
                return play(run, until, observers, control)


def _before(folder: RunFolder) -> _Before:
    """The run as it stands; a run that was killed before its first checkpoint begins again.

    What it had done follows from its recipe, and from what it was asked.
    """
    clear_unfinished(folder.checkpoints)
    recipe, recorded = read_recorded(folder)
    problems: list[str] = []
    checkpoint = None
    if steps_saved(folder.checkpoints):
        checkpoint = newest_valid(
            folder.checkpoints, left_out=lambda lines, _: problems.extend(lines), settings=known_keys()
        )
    before = _Before(recipe=recipe, recorded=recorded, checkpoint=checkpoint, problems=problems)
    recipe, recorded = without_requests_after(recipe, recorded, before.step, before.branch)
    return replace(before, recipe=recipe, recorded=recorded)


@contextmanager
def _reopened(
    folder: RunFolder, before: _Before, recipe: Recipe, from_python: FromPython, show: bool
) -> Iterator[OpenRun]:
    """Inside, the run is open in a process of its own settings, at its first weights."""
    data, found = _same_data(recipe, before.recorded, from_python)
    device = machine.device_named(recipe.training.device)
    # What the run began on stays as it was, whatever this machine would choose; but for what a person chooses anew.
    pinned = as_begun(recipe, before.recipe, before.recorded)
    with own_process(device, recipe, pinned.training.threads):
        run = open_run(
            folder,
            recipe,
            before.recorded,
            data=data,
            found=found,
            from_python=from_python,
            device=device,
            show=show,
            pinned=pinned,
            seeding=before.seeding,
        )
        if "threads" in chosen_anew(recipe, before.recipe):
            machine.set_threads(run.game.fitted.threads)
        yield run


def _put_back(run: OpenRun, before: _Before) -> Saved:
    """Puts the run where it stood, and gives what recipe.yaml and the checkpoint say otherwise of each other."""
    game, recorded = run.game, before.recorded
    if before.checkpoint is not None:
        restore(before.checkpoint, game.task, game.steps, game.state)
        return saved_under(before.checkpoint, before.recipe, recorded)
    if recorded.weights_from is not None:
        take_weights(game, Path(recorded.weights_from), run.recipe, run.found, recorded.weights_step)
    return Saved()


def _say_what_is_new(run: OpenRun, before: _Before, saved: Saved, made: Sequence[Change], until: int) -> None:
    """Says and notes what is not as it was, and that the run goes on."""
    folder, at, recorded = run.folder, before.step, before.recorded
    anew = chosen_anew(run.recipe, before.recipe)
    changed = machine.differences(recorded.machine.model_dump(exclude_unset=True, exclude=anew), run.here)
    changed += machine.differences(recorded.versions, machine.versions())
    for problem in before.problems:
        # It keeps its content under another name: the run will write this step again.
        folder.note("checkpoint left out", problem=problem)
        say(run.show, f"left out: {problem}; going on from step {at}")
    set_damaged_aside(folder, at)
    for remark in remarks(recorded, saved, made, run.found_now, at):
        folder.note(remark.event, step=at, branch=run.game.state.branch, **remark.details)
        say(run.show, remark.line)
    if changed:
        say(run.show, f"not the machine that the run began on, so bits may differ: {'; '.join(changed)}")
    folder.note("resumed", step=at, until=until, changed=changed)


def _same_data(recipe: Recipe, recorded: Recorded, from_python: FromPython) -> tuple[Any, DataFacts]:
    data = data_of(recipe, from_python)
    found = kind_of(recipe).found(data)
    before = recorded.facts.fingerprint
    if before != found.fingerprint:
        raise UserError(
            f"data with the fingerprint {found.fingerprint[:12]} ({found.source})",
            f"the data that the run began with, {before[:12]}",
            "give its place now with --data, or begin a new run with --from",
        )
    return data, found
