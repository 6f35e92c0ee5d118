"""Runs: starting one, and ending it so that nothing is lost. Going on with one is in resuming.py."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from saddlepoint.files import write_whole
from saddlepoint.game.task import RunTask
from saddlepoint.recipes.advice import say
from saddlepoint.recipes.build import Game, build_game
from saddlepoint.recipes.content import open_references, with_places
from saddlepoint.recipes.evaluations import planned_evaluation
from saddlepoint.recipes.found import resolved
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.memory_needed import estimated as _estimate
from saddlepoint.recipes.memory_needed import refuse_too_large
from saddlepoint.recipes.own_networks import OwnNetworks
from saddlepoint.recipes.playing import Ended, play
from saddlepoint.recipes.process import own_process
from saddlepoint.recipes.saved import about_recipe
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.tasks import build_task, open_recipe_data
from saddlepoint.recipes.text import to_yaml
from saddlepoint.recipes.weights import take_weights
from saddlepoint.training import machine
from saddlepoint.training.folder import RunFolder
from saddlepoint.training.observers import Observer


@dataclass(frozen=True, kw_only=True)
class Brought:
    """What a person brings from Python in place of what a recipe names; each may be left out."""

    data: Any = None
    networks: OwnNetworks | None = None
    task: RunTask | None = None


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
    data = data_of(recipe, brought)
    found = kind_of(recipe).found(data)
    recipe = resolved(recipe, found)
    if brought.data is None and brought.task is None and recipe.data.source is not None:
        recipe = with_source(recipe, recipe.data.source)
    recipe = with_places(recipe)
    device = machine.device_named(recipe.training.device)
    with own_process(device, recipe, recipe.training.threads):
        references = open_references(recipe, found, device)
        task = brought.task or build_task(recipe, found, data, device, brought.networks, references)
        game = build_game(recipe, task, device)
        machine.set_threads(game.fitted.threads)
        measure = planned_evaluation(recipe, task, data, command)
        memory = _estimate(game, own=recipe.networks == "own")
        refuse_too_large(game, recipe, found, memory)
        taken, fresh = take_weights(game, weights_from) if weights_from is not None else (None, [])
        if weights_from is not None:
            without = f"; it has no {' and no '.join(fresh)}: fresh here" if fresh else ""
            say(show, f"weights of {weights_from}, step {taken}{without}; step, images and schedules begin at 0")
        recorded = {
            "command": command,
            "weights_from": str(weights_from.resolve()) if weights_from is not None else None,
            "weights_step": taken,
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": described(device, game),
            "versions": machine.versions(),
            "found": plain_values({**asdict(found), **task.recorded}),
        }
        with folder.locked():
            # Asked again under the lock: another process may have begun a run here in the meantime.
            folder.refuse_if_taken()
            write_whole(folder.recipe, to_yaml(recipe, recorded).encode())
            folder.note("started", step=0, until=recipe.training.steps)
            if weights_from is not None:
                folder.note("weights taken", source=str(weights_from), from_step=taken, fresh=fresh)
            about = {**recorded["machine"], **about_recipe(recipe, recorded["found"])}
            return play(folder, recipe, game, data, recipe.training.steps, about, memory, show, measure, observers)


def described(device: torch.device, game: Game) -> dict[str, Any]:
    """What the bits of the run depend on beside its recipe and data."""
    return {**machine.describe(device), "precision": game.fitted.precision}


def data_of(recipe: Recipe, brought: Brought) -> Any:
    """The data of a run: what was brought, or else what the recipe names."""
    if brought.data is not None:
        return brought.data
    held = brought.task.data if brought.task is not None else None
    return held or open_recipe_data(recipe)


def with_source(recipe: Recipe, source: str) -> Recipe:
    """The recipe with this source of data; a path becomes absolute, so that a run can be resumed from anywhere."""
    if Path(source).exists():
        source = str(Path(source).resolve())
    return recipe.model_copy(update={"data": recipe.data.model_copy(update={"source": source})})


def plain_values(value: Any) -> Any:
    """The same with lists in the place of tuples, as YAML and JSON give it back."""
    if isinstance(value, dict):
        return {key: plain_values(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain_values(item) for item in value]
    return value
