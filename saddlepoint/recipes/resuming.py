"""Going on with a run from its newest whole checkpoint, as if nothing had been; what is not as it was is said.

resume RUN                        the rest of it, bit for bit
resume RUN --set KEY=VALUE ...    the rest of it with other settings, which recipe.yaml and events.jsonl record
"""

import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from saddlepoint.errors import UserError
from saddlepoint.files import read_lines, write_whole
from saddlepoint.recipes.advice import say
from saddlepoint.recipes.build import Game, build_game
from saddlepoint.recipes.changes import changed_recipe, differences, plain, said
from saddlepoint.recipes.content import check_unchanged, open_references
from saddlepoint.recipes.evaluations import planned_evaluation
from saddlepoint.recipes.found import Found
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.memory_needed import estimated, refuse_too_large
from saddlepoint.recipes.playing import Ended, play
from saddlepoint.recipes.process import own_process
from saddlepoint.recipes.recorded import Change, Recorded, read_recorded
from saddlepoint.recipes.runs import Brought, data_of, described, plain_values, with_source
from saddlepoint.recipes.saved import MATTERS, Saved, about_recipe, found_differences, saved_under
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.tasks import build_task
from saddlepoint.recipes.text import known_keys, to_yaml
from saddlepoint.recipes.weights import take_weights
from saddlepoint.training import machine
from saddlepoint.training.checkpoint import Checkpoint, newest_valid, restore, steps_saved
from saddlepoint.training.folder import DAMAGED, RunFolder
from saddlepoint.training.keeping import clear_unfinished
from saddlepoint.training.observers import Observer
from saddlepoint.training.replay import asked_after, concerned

# Settings that a run records as the machine chose them.
_ON_THE_MACHINE = ("threads", "precision")
# Events after which a run is going on, or is not.
_TURNING_POINTS = ("started", "resumed", "finished", "stopped", "could not go on")


@dataclass(frozen=True, kw_only=True)
class _Remark:
    """Something that is not as it was: a line for the person, and an event."""

    line: str
    event: str
    details: dict[str, Any]


def resume(
    path: Path,
    *,
    steps: int | None = None,
    changes: Sequence[str] = (),
    data_path: str | None = None,
    brought: Brought,
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
        brought: what was brought from Python when the run began.
        show: progress on standard error.
        observers: further ones.

    Raises:
        UserError: there is nothing to go on with, the data has changed, or a setting cannot be changed.
        RunStopped: the run could not go on; its state is kept.
    """
    folder = RunFolder.existing(path)
    before, recorded = read_recorded(folder)
    recipe = changed_recipe(before, changes, path) if changes else before
    if data_path is not None:
        recipe = with_source(recipe, data_path)
    until = steps or recipe.training.steps
    with folder.locked():
        clear_unfinished(folder.checkpoints)
        checkpoint, problems = _newest(folder)
        at = checkpoint.step if checkpoint is not None else 0
        # Killed between its last checkpoint and its end: the end is all that is left to do.
        ends = at == until and not changes and _owes_its_end(folder)
        if at >= until and not ends:
            raise UserError(
                f"a run that has done {at} of {until} steps",
                "a total that lies ahead",
                f"go on with `saddlepoint resume {shlex.quote(str(path))} --steps {2 * at}`",
            )
        data, found = _same_data(recipe, recorded, brought)
        device = machine.device_named(recipe.training.device)
        # What the run began on stays as it was, whatever this machine would choose; but for what a person chooses anew.
        anew = {each for each in _ON_THE_MACHINE if getattr(before.training, each) != getattr(recipe.training, each)}
        threads = recipe.training.threads if "threads" in anew else recorded.machine.threads
        with own_process(device, recipe, threads):
            references = open_references(recipe, found, device)
            check_unchanged(recipe, references, recorded.of_task(recipe))
            task = brought.task or build_task(recipe, found, data, device, brought.networks, references)
            precision = recipe.training.precision if "precision" in anew else recorded.machine.precision
            game = build_game(_with_training(recipe, precision=precision), task, device)
            if "threads" in anew:
                machine.set_threads(game.fitted.threads)
            here = described(device, game)
            changed = machine.differences(recorded.machine.model_dump(exclude_unset=True, exclude=anew), here)
            changed += machine.differences(recorded.versions, machine.versions())
            measure = planned_evaluation(recipe, task, data, recorded.command)
            saved = Saved()
            if checkpoint is not None:
                restore(checkpoint, task, game.steps, game.state)
                saved = saved_under(checkpoint, before, recorded)
            elif recorded.weights_from is not None:
                take_weights(game, Path(recorded.weights_from), recorded.weights_step)
            made = [
                Change(step=at, key=key, before=one, after=two)
                for key, one, two in differences(plain(before), plain(recipe))
            ]
            _release(game, [*(change for change in recorded.changed if change.step >= at), *made])
            memory = estimated(game, own=recipe.networks == "own")
            if made:
                # What fitted when it began, a larger batch may not.
                refuse_too_large(game, recipe, found, memory)
            now = plain_values({**asdict(found), **task.recorded})
            for problem in problems:
                # It keeps its content under another name: the run will write this step again.
                folder.note("checkpoint left out", problem=problem)
                say(show, f"left out: {problem}; going on from step {at}")
            _set_damaged_aside(folder, at)
            for remark in _remarks(recorded, saved, made, now, at):
                folder.note(remark.event, step=at, **remark.details)
                say(show, remark.line)
            if changed:
                say(show, f"not the machine that the run began on, so bits may differ: {'; '.join(changed)}")
            if ends:
                say(show, f"all {at} steps were done, and the run had not ended: it is ended now")
            folder.note("resumed", step=at, until=until, changed=changed)
            if not ends:
                _rewind(folder, at, saved.log_every or before.watch.log_every, show)
            recipe = _with_training(recipe, steps=until)
            recorded = _recorded_anew(recorded, made, now, {name: here[name] for name in anew}, at)
            write_whole(folder.recipe, to_yaml(recipe, recorded.plain()).encode())
            about = {**here, **about_recipe(recipe, recorded.found)}
            again = asked_after(folder, at, game.schedules)
            return play(folder, recipe, game, data, until, about, memory, show, measure, observers, again)


def _newest(folder: RunFolder) -> tuple[Checkpoint | None, list[str]]:
    """The checkpoint to go on from and a line for each newer one that is damaged.

    None for a run that was killed before its first: it begins again, and what it had done follows from its recipe.
    """
    if not steps_saved(folder.checkpoints):
        return None, []
    problems: list[str] = []
    checkpoint = newest_valid(
        folder.checkpoints, left_out=lambda lines, _: problems.extend(lines), settings=known_keys()
    )
    return checkpoint, problems


def _owes_its_end(folder: RunFolder) -> bool:
    """Whether a run that has done its steps lacks its report, or the event of its end."""
    events = [line.value.get("event") for line in read_lines(folder.events) if line.value is not None]
    turning = [event for event in events if event in _TURNING_POINTS]
    return not folder.report.is_file() or turning[-1:] != ["finished"]


def _same_data(recipe: Recipe, recorded: Recorded, brought: Brought) -> tuple[Any, Found]:
    data = data_of(recipe, brought)
    found = kind_of(recipe).found(data)
    before = recorded.facts.fingerprint
    if before != found.fingerprint:
        raise UserError(
            f"data with the fingerprint {found.fingerprint[:12]} ({found.source})",
            f"the data that the run began with, {before[:12]}",
            "give its place now with --data, or begin a new run with --from",
        )
    return data, found


def _with_training(recipe: Recipe, **changes: Any) -> Recipe:
    return recipe.model_copy(update={"training": recipe.training.model_copy(update=changes)})


def _release(game: Game, changes: Sequence[Change]) -> None:
    """A setting that was changed since is no longer held at what a request fixed before; nor is one that is gone."""
    keys = [change.key for change in changes]
    overrides = game.state.overrides
    game.state.overrides = {
        name: value for name, value in overrides.items() if name in game.schedules and not concerned(name, keys)
    }


def _remarks(
    recorded: Recorded, saved: Saved, made: Sequence[Change], now: Mapping[str, Any], at: int
) -> Iterator[_Remark]:
    """What is not as it was at the checkpoint, and what is changed from here on."""
    if saved.recipe:
        yield _Remark(
            line=f"not as it was saved at step {at}: {'; '.join(saved.recipe)}",
            event="recipe differs",
            details={"changes": list(saved.recipe)},
        )
    if found := found_differences(recorded.found, now):
        yield _Remark(
            line=f"not as it was recorded in recipe.yaml: {'; '.join(found)}",
            event="found differs",
            details={"changes": found},
        )
    if later := [f"{_words(change)} (step {change.step})" for change in recorded.changed if change.step > at]:
        yield _Remark(
            line=f"changed later, and now from step {at} on: {'; '.join(later)}",
            event="recipe changed earlier",
            details={"changes": later},
        )
    if made:
        changes = [_words(change) for change in made]
        yield _Remark(
            line=f"changed at step {at}: {'; '.join(changes)}",
            event="recipe changed",
            details={"changes": changes, "keys": [change.key for change in made]},
        )


def _words(change: Change) -> str:
    return said(change.key, change.before, change.after)


def _recorded_anew(
    recorded: Recorded, made: Sequence[Change], now: Mapping[str, Any], machine_anew: Mapping[str, Any], at: int
) -> Recorded:
    """What is recorded from here on: the changes with the steps they hold from, and what was found as it is."""
    before = [change.model_copy(update={"step": min(change.step, at)}) for change in recorded.changed]
    mended = {name: now[name] for name in MATTERS if name in recorded.found and name in now}
    update: dict[str, Any] = {"found": {**recorded.found, **mended}}
    if before or made:
        update["changed"] = (*before, *made)
    if machine_anew:
        update["machine"] = recorded.machine.model_copy(update=dict(machine_anew))
    return recorded.model_copy(update=update)


def _rewind(folder: RunFolder, step: int, log_every: int, show: bool) -> None:
    for file, rewound in (
        (folder.log, folder.rewind_log(step, log_every)),
        (folder.metrics, folder.rewind_metrics(step)),
    ):
        if rewound.damaged:
            kept = f"{file.name}{DAMAGED}"
            folder.note("damaged lines left out", file=file.name, lines=list(rewound.damaged), kept=kept)
            number = len(rewound.damaged)
            lines = "1 damaged line" if number == 1 else f"{number} damaged lines"
            say(show, f"{file.name}: {lines} left out ({'; '.join(rewound.damaged[:3])}), kept in {kept}")


def _set_damaged_aside(folder: RunFolder, step: int) -> None:
    for damaged in (each for each in steps_saved(folder.checkpoints) if each > step):
        path = folder.checkpoints / f"{damaged:08d}"
        target, number = path.with_name(f"{path.name}.damaged"), 1
        while target.exists():
            number += 1
            target = path.with_name(f"{path.name}.damaged-{number}")
        os.rename(path, target)
