"""Plays planted runs as a person would get them, one after the other, and keeps what the rules and the reader need.

A run's folder has probes.jsonl, findings.jsonl and log.jsonl of the run itself, pictures of fixed samples, its last
checkpoints, what the rules of thumb look at (thumb.jsonl), and played.json: the outcome, and that of step 400 of a run
that breaks there. A run that has it is not played again.
"""

import dataclasses
import json
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.diagnosis.outcomes import FAILED, Judge, Outcome
from benchmarks.diagnosis.plants import BASES, BREAKS, SMALL, Plant
from benchmarks.diagnosis.thumb import FILE, Looks
from saddlepoint.data import Packed, open_data
from saddlepoint.diagnosis.probed import Probed
from saddlepoint.errors import RunStopped
from saddlepoint.files import write_whole
from saddlepoint.recipes.catalogue import recipe_named
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.tasks import open_recipe_data
from saddlepoint.recipes.text import override
from saddlepoint.runs.opened import FromPython
from saddlepoint.runs.session import start
from saddlepoint.training.control import Control
from saddlepoint.training.game import Game
from saddlepoint.training.observers import Observer, Record
from saddlepoint.training.state import State

PLAYED = "played.json"
# Items of MNIST that are trained on and compared with, at half its size: means of two by two pixels.
_MNIST = 10_000


def prepare(folder: Path, mnist: Path) -> None:
    """Writes the files that recipes name by DATA: MNIST at half its size, and digits with shuffled labels."""
    if not (folder / "mnist.npz").exists():
        folder.mkdir(parents=True, exist_ok=True)
        whole = open_data(str(mnist))
        first = whole.splits["train"][:_MNIST]
        assert whole.labels is not None
        halves = whole.items[first].reshape(len(first), 1, 14, 2, 14, 2).mean((3, 5)).round().astype(np.uint8)
        np.savez(folder / "mnist.npz", images=halves, labels=whole.labels[first])
    if not (folder / "shuffled.npz").exists():
        digits = open_data("digits")
        assert digits.labels is not None
        mixed = np.random.default_rng(0).permutation(digits.labels)
        np.savez(folder / "shuffled.npz", images=digits.items, labels=mixed)


def recipe_of(plant: Plant, seed: int, data: Path, steps: int | None = None) -> Recipe:
    """The recipe that a planted run is of; of so many steps in place of the kind's."""
    name, *base = BASES[plant.base]
    changes = [*SMALL, *base, *plant.changes, f"training.steps={steps or plant.steps}", f"seed={seed}"]
    return override(recipe_named(name), [change.replace("DATA", str(data)) for change in changes])


def kill_units(game: Game) -> None:
    """Every unit of G's second layer is 0 for all inputs."""
    task: Any = game.task
    layers = [module for module in task.generator.modules() if isinstance(module, torch.nn.Linear)]
    with torch.no_grad():
        layers[1].bias.fill_(-30.0)


def shuffle_labels(game: Game) -> None:
    """The labels of the training items belong to others from here on."""
    task: Any = game.task
    np.random.default_rng(0).shuffle(task.data.labels)


SABOTAGE: dict[str, Callable[[Game], None]] = {"dead units": kill_units, "shuffle": shuffle_labels}


class Planting(Observer):
    """Asks of the run what its kind is about, and does to it what no request can."""

    def __init__(self, plant: Plant):
        self.plant = plant

    def begin(self, game: Game, control: Control) -> None:
        self.game, self.control = game, control
        if self.plant.sabotage and not self.plant.breaks and game.state.step == 0:
            SABOTAGE[self.plant.sabotage](game)

    def step(self, state: State, record: Record) -> None:
        if not self.plant.breaks or record.step != BREAKS:
            return
        if self.plant.asked is not None:
            self.control.ask(self.plant.asked)
        if self.plant.sabotage:
            SABOTAGE[self.plant.sabotage](self.game)


class Judges:
    """A judge for each data set that recipes of a campaign are trained on, made when it is first asked for."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[Judge, Packed]] = {}

    def of(self, recipe: Recipe) -> Judge:
        key = repr(recipe.data)
        if key not in self._made:
            data = open_recipe_data(recipe)
            self._made[key] = Judge(data, str(recipe.data.source)), data
        return self._made[key][0]


def written(plant: Plant) -> str:
    """All that a run of a kind depends on beside its seed."""
    return repr((SMALL, BASES[plant.base], plant))


def already(plant: Plant, seed: int, runs: Path) -> dict[str, Any] | None:
    """What is known of a run of just this kind that was played before."""
    path = runs / f"{plant.name}.{seed}" / PLAYED
    found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
    return found if found is not None and found["plant"] == written(plant) else None


def play(plant: Plant, seed: int, runs: Path, data: Path, judges: Judges) -> dict[str, Any]:
    """A run of a kind, played unless it is there; gives what its played.json holds."""
    out = runs / f"{plant.name}.{seed}"
    if (there := already(plant, seed, runs)) is not None:
        return there
    shutil.rmtree(out, ignore_errors=True)
    recipe, began, failure = recipe_of(plant, seed, data), time.process_time(), ""
    packed = open_recipe_data(recipe)

    def probed(game: Game) -> Probed:
        found = kind_of(recipe).probed(recipe, game.task, packed)
        assert isinstance(found, Probed)
        return found

    try:
        start(recipe, out, from_python=FromPython(), show=False, observers=[Planting(plant), Looks(out / FILE, probed)])
    except RunStopped as error:
        failure = str(error)
    shutil.rmtree(out / "tensorboard", ignore_errors=True)
    judge = judges.of(recipe)
    ended = FAILED if failure else judge.outcome(out, by_class=plant.by_class)
    before = judge.outcome(out, by_class=plant.by_class, step=BREAKS) if plant.breaks else None
    found = {
        "kind": plant.name,
        "plant": written(plant),
        "seed": seed,
        "outcome": told(ended),
        "before": told(before),
        "failure": failure,
        "logistic": plain_logistic(recipe),
        "seconds": round(time.process_time() - began, 2),
    }
    write_whole(out / PLAYED, (json.dumps(found) + "\n").encode())
    return found


def plain_logistic(recipe: Recipe) -> bool:
    """Whether D's loss is that of a probability, of which rules of thumb speak."""
    return recipe.objective in ("minimax", "non_saturating", "paired_logistic")


def play_all(
    plants: Iterable[Plant], seeds: Iterable[int], runs: Path, mnist: Path, tell: Callable[[str], None]
) -> None:
    """Every run of these kinds, seed after seed, so that an early look sees all kinds."""
    data, judges, kinds = runs / "data", Judges(), list(plants)
    prepare(data, mnist)
    for seed in seeds:
        for plant in kinds:
            if already(plant, seed, runs) is None:
                played = play(plant, seed, runs, data, judges)
                tell(f"{plant.name}.{seed} {played['seconds']} s {played['failure'][:60]} {played['outcome']}")


def told(outcome: Outcome | None) -> dict[str, Any] | None:
    """An outcome as plain data."""
    return None if outcome is None else {**dataclasses.asdict(outcome), "well": outcome.well}
