"""Runs: starting one, going on with one, and ending it so that nothing is lost."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from saddlepoint.errors import UserError
from saddlepoint.files import write_whole
from saddlepoint.game.task import networks_of
from saddlepoint.recipes.advice import say
from saddlepoint.recipes.build import Game, build_game
from saddlepoint.recipes.content import absolute, check_unchanged
from saddlepoint.recipes.evaluations import planned_evaluation
from saddlepoint.recipes.found import Found, RecipeData, open_recipe_data, resolved
from saddlepoint.recipes.playing import Ended, play
from saddlepoint.recipes.process import own_process
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.task_parts import SuperResolutionPart
from saddlepoint.recipes.tasks import OwnNetworks, RecipeTask, build_task
from saddlepoint.recipes.text import read_recipe, to_yaml
from saddlepoint.tasks.super_resolution import SuperResolution
from saddlepoint.training import machine
from saddlepoint.training.checkpoint import (
    load_network,
    newest_valid,
    restore,
    sampled_weights,
    steps_saved,
    tensors_of,
)
from saddlepoint.training.folder import DAMAGED, RunFolder
from saddlepoint.training.keeping import clear_unfinished
from saddlepoint.training.observers import Observer


@dataclass(frozen=True, kw_only=True)
class Brought:
    """What a person brings from Python in place of what a recipe names; each may be left out."""

    data: RecipeData | None = None
    networks: OwnNetworks | None = None
    task: RecipeTask | None = None


def start(
    recipe: Recipe,
    out: Path,
    *,
    brought: Brought,
    weights_from: Path | None = None,
    command: str = "",
    show: bool = True,
    observers: Sequence[Observer] = (),
) -> Ended:
    """Starts a run in a new folder and plays it to its last step.

    Args:
        recipe: the whole description.
        out: the run's folder; new or empty.
        brought: data, networks or a task from Python.
        weights_from: another run, whose newest weights are the first ones of this run.
        command: what a person typed, recorded.
        show: progress on standard error.
        observers: further ones.

    Raises:
        UserError: something in the recipe, the data or the folder is not as it should be; nothing was written.
        RunStopped: the run could not go on; its state is kept.
    """
    folder = RunFolder(out)
    folder.refuse_if_taken()
    data = brought.data if brought.data is not None else _task_data(brought) or open_recipe_data(recipe)
    found = Found.of(data)
    recipe = resolved(recipe, found)
    if brought.data is None and brought.task is None and recipe.data.source is not None:
        recipe = _with_source(recipe, recipe.data.source)
    if isinstance(recipe.task, SuperResolutionPart):
        content = absolute(recipe.task.content)
        recipe = recipe.model_copy(update={"task": recipe.task.model_copy(update={"content": content})})
    device = machine.device_named(recipe.training.device)
    with own_process(device, recipe, recipe.training.threads):
        task = brought.task or build_task(recipe, found, data, device, brought.networks)
        game = build_game(recipe, task, device)
        machine.set_threads(game.fitted.threads)
        measure = planned_evaluation(recipe, task, data, command)
        fresh = _take_weights(game, weights_from) if weights_from is not None else []
        if fresh:
            say(show, f"weights of {weights_from}, which has no {' and no '.join(fresh)}: fresh here")
        recorded = {
            "command": command,
            "weights_from": str(weights_from.resolve()) if weights_from is not None else None,
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": _about(device, game),
            "versions": machine.versions(),
            "found": _plain({**asdict(found), **task.recorded}),
        }
        with folder.locked():
            # Asked again under the lock: another process may have begun a run here in the meantime.
            folder.refuse_if_taken()
            write_whole(folder.recipe, to_yaml(recipe, recorded).encode())
            folder.note("started", step=0, until=recipe.training.steps)
            if weights_from is not None:
                folder.note("weights taken", source=str(weights_from), fresh=fresh)
            about = recorded["machine"]
            return play(folder, recipe, game, data, recipe.training.steps, about, show, measure, observers)


def resume(
    path: Path,
    *,
    steps: int | None = None,
    data_path: str | None = None,
    brought: Brought,
    show: bool = True,
    observers: Sequence[Observer] = (),
) -> Ended:
    """Goes on with a run from its newest valid checkpoint, as if it had not been interrupted.

    Args:
        path: the run's folder.
        steps: the new total; None for the recipe's.
        data_path: where the data is now, if it has moved; it must be the same data.
        brought: what was brought from Python when the run began.
        show, observers: as in `start`.

    Raises:
        UserError: there is nothing to go on with, or the data has changed.
        RunStopped: the run could not go on; its state is kept.
    """
    folder = RunFolder.existing(path)
    recipe, recorded = read_recipe(folder.recipe)
    if data_path is not None:
        recipe = _with_source(recipe, data_path)
    until = steps or recipe.training.steps
    with folder.locked():
        clear_unfinished(folder.checkpoints)
        # A run that was killed before its first checkpoint begins again: what it had done follows from its recipe.
        checkpoint, problems = newest_valid(folder.checkpoints) if steps_saved(folder.checkpoints) else (None, [])
        at = checkpoint.step if checkpoint is not None else 0
        if at >= until:
            raise UserError(
                f"a run that has done {at} of {until} steps",
                "a total that lies ahead",
                f"go on with `saddlepoint resume {path} --steps {2 * at}`",
            )
        data = brought.data if brought.data is not None else _task_data(brought) or open_recipe_data(recipe)
        found = Found.of(data)
        before = recorded.get("found", {}).get("fingerprint")
        if before != found.fingerprint:
            raise UserError(
                f"data with the fingerprint {found.fingerprint[:12]} ({found.source})",
                f"the data that the run began with, {str(before)[:12]}",
                "give its place now with --data, or begin a new run with --from",
            )
        device = machine.device_named(recipe.training.device)
        with own_process(device, recipe, recorded.get("machine", {}).get("threads")):
            task = brought.task or build_task(recipe, found, data, device, brought.networks)
            if isinstance(task, SuperResolution):
                check_unchanged(task, recorded["found"])
            game = build_game(_as_begun(recipe, recorded), task, device)
            changed = machine.differences(recorded.get("machine", {}), _about(device, game))
            changed += machine.differences(recorded.get("versions", {}), machine.versions())
            measure = planned_evaluation(recipe, task, data, recorded.get("command", ""))
            if checkpoint is not None:
                restore(checkpoint, task, game.steps, game.state)
            elif recorded.get("weights_from"):
                _take_weights(game, Path(recorded["weights_from"]))
            for problem in problems:
                # It keeps its content under another name: the run will write this step again.
                folder.note("checkpoint left out", problem=problem)
                say(show, f"left out: {problem}; going on from step {at}")
            _set_damaged_aside(folder, at)
            if changed:
                say(show, f"not the machine that the run began on, so bits may differ: {'; '.join(changed)}")
            folder.note("resumed", step=at, until=until, changed=changed)
            _rewind(folder, at, recipe.watch.log_every, show)
            training = recipe.training.model_copy(update={"steps": until})
            recipe = recipe.model_copy(update={"training": training})
            write_whole(folder.recipe, to_yaml(recipe, recorded).encode())
            return play(folder, recipe, game, data, until, _about(device, game), show, measure, observers)


def _about(device: torch.device, game: Game) -> dict[str, Any]:
    """What the bits of the run depend on beside its recipe and data."""
    return {**machine.describe(device), "precision": game.fitted.precision}


def _as_begun(recipe: Recipe, recorded: dict[str, Any]) -> Recipe:
    """The recipe in the precision that the run began in, whatever this machine would choose."""
    precision = recorded.get("machine", {}).get("precision", "float32")
    return recipe.model_copy(update={"training": recipe.training.model_copy(update={"precision": precision})})


def _task_data(brought: Brought) -> RecipeData | None:
    return brought.task.data if brought.task is not None else None


def _take_weights(game: Game, source: Path) -> list[str]:
    """Takes the networks that the source has; names those that it has not, which stay as they were initialised."""
    checkpoint, _ = newest_valid(RunFolder.existing(source).checkpoints)
    networks = networks_of(game.task)
    fresh = [name for name in networks if not tensors_of(checkpoint, "networks", name)]
    if len(fresh) == len(networks):
        raise UserError(
            f"--from {source}, a run without {' or '.join(fresh)}", "a run with one of these", "choose another run"
        )
    for name, network in networks.items():
        if name not in fresh:
            load_network(network, tensors_of(checkpoint, "networks", name), checkpoint.path)
    if game.state.averages is not None:
        for name, network in game.state.averages.networks.items():
            if name not in fresh:
                load_network(network, sampled_weights(checkpoint, name), checkpoint.path)
    return fresh


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
    for path in sorted(folder.checkpoints.glob("*")):
        if path.is_dir() and path.name.isdigit() and int(path.name) > step:
            target, number = path.with_name(f"{path.name}.damaged"), 1
            while target.exists():
                number += 1
                target = path.with_name(f"{path.name}.damaged-{number}")
            os.rename(path, target)


def _with_source(recipe: Recipe, source: str) -> Recipe:
    """The recipe with this source of data; a path becomes absolute, so that a run can be resumed from anywhere."""
    if Path(source).exists():
        source = str(Path(source).resolve())
    return recipe.model_copy(update={"data": recipe.data.model_copy(update={"source": source})})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
