"""A run that is open in this process: its folder, its data, what it was found to be, and the game of its segment."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import torch
from torch import Tensor

from saddlepoint.files import write_whole
from saddlepoint.game.task import RunTask, networks_of
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.own_networks import OwnNetworks
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.tasks import build_task, open_recipe_data
from saddlepoint.recipes.text import to_yaml
from saddlepoint.runs.build import Built, build_game
from saddlepoint.runs.content import check_unchanged, open_references
from saddlepoint.runs.evaluations import planned_evaluation
from saddlepoint.runs.memory_needed import estimated
from saddlepoint.runs.recorded import Recorded
from saddlepoint.runs.saved import about_recipe
from saddlepoint.training.machine import device as machine
from saddlepoint.training.machine.memory import Estimate
from saddlepoint.training.records.evaluations import Measure
from saddlepoint.training.records.folder import RunFolder

# Settings that a run records as the machine chose them.
ON_THE_MACHINE = ("threads", "precision")


@dataclass(frozen=True, kw_only=True)
class FromPython:
    """What a person brings from Python in place of what a recipe names; each may be left out."""

    data: Any = None
    networks: OwnNetworks | None = None
    task: RunTask | None = None


@dataclass(frozen=True, kw_only=True)
class OpenRun:
    """A run that is open.

    Attributes:
        folder: of the run.
        recipe: the effective one.
        recorded: what stands beside it in recipe.yaml.
        data, found: what is trained on, and what it was found to be.
        from_python: what a person has brought.
        device: of the run.
        show: progress on standard error.
        game: what is played in this segment.
        memory: what the run will take, where that could be estimated.
        measure: what is evaluated on the way, or None.
        first: the first weights of what was brought, from which a game is built anew.
    """

    folder: RunFolder
    recipe: Recipe
    recorded: Recorded
    data: Any
    found: DataFacts
    from_python: FromPython
    device: torch.device
    show: bool
    game: Built
    memory: Estimate | None
    measure: Measure | None
    first: "Weights | None"

    @property
    def about(self) -> dict[str, Any]:
        """What a checkpoint tells its readers: the machine, and the recipe that it is saved under."""
        return {**self.here, **about_recipe(self.recipe, self.recorded.found)}

    @property
    def here(self) -> dict[str, Any]:
        """What the bits of the run depend on beside its recipe and data."""
        return {**machine.describe(self.device), "precision": self.game.fitted.precision}

    @property
    def found_now(self) -> dict[str, Any]:
        """What the data was found to be, and what the task adds to it, as it is recorded."""
        return plain_values({**asdict(self.found), **self.game.task.recorded})

    def write_recipe(self) -> None:
        """Writes recipe.yaml."""
        write_whole(self.folder.recipe, to_yaml(self.recipe, self.recorded.plain()).encode())

    def anew(self, recipe: Recipe, recorded: Recorded, seeding: Literal[1, 2]) -> "OpenRun":
        """The same run with a game that is built anew, at its first weights; this one's weights are as they were.

        Threads and precision stay as the run has them, unless the recipe changes them.

        Args:
            recipe, recorded: of the run as it goes on.
            seeding: the rule of `Field.seeding` of the checkpoint that will be put into it.

        Raises:
            UserError: no game can be built from that recipe, and this one can be gone on with.
        """
        pinned = as_begun(recipe, self.recipe, recorded)
        with self._shared_weights_kept():
            opened = open_run(
                self.folder,
                recipe,
                recorded,
                data=self.data,
                found=self.found,
                from_python=self.from_python,
                device=self.device,
                show=self.show,
                pinned=pinned,
                seeding=seeding,
                first=self.first,
            )
        if anew := chosen_anew(recipe, self.recipe):
            machine.set_threads(opened.game.fitted.threads)
            mended = opened.recorded.machine.model_copy(update={name: opened.here[name] for name in anew})
            opened = replace(opened, recorded=recorded.model_copy(update={"machine": mended}))
        return opened

    @contextmanager
    def _shared_weights_kept(self) -> Iterator[None]:
        """Inside, what a person has brought stands at its first weights: the games of all segments share it."""
        if self.first is None:
            yield
            return
        now = Weights.of(self.game.task)
        self.first.put_into(self.game.task)
        try:
            yield
        finally:
            now.put_into(self.game.task)


@dataclass(frozen=True, kw_only=True)
class Weights:
    """A task's networks and history, copied."""

    networks: Mapping[str, Mapping[str, Tensor]]
    state: Mapping[str, Tensor]

    @classmethod
    def of(cls, task: RunTask) -> "Weights":
        networks = {name: network.state_dict() for name, network in networks_of(task).items()}
        return cls(
            networks={name: {key: each.clone() for key, each in group.items()} for name, group in networks.items()},
            state={name: tensor.clone() for name, tensor in task.state.items()},
        )

    def put_into(self, task: RunTask) -> None:
        for name, network in networks_of(task).items():
            network.load_state_dict(dict(self.networks[name]))
        task.state.clear()
        task.state.update({name: tensor.clone() for name, tensor in self.state.items()})


def open_run(
    folder: RunFolder,
    recipe: Recipe,
    recorded: Recorded | None,
    *,
    data: Any,
    found: DataFacts,
    from_python: FromPython,
    device: torch.device,
    show: bool,
    command: str = "",
    pinned: Recipe | None = None,
    seeding: Literal[1, 2] = 2,
    first: Weights | None = None,
) -> OpenRun:
    """Builds a run's game; nothing is written.

    Args:
        recorded: what the run has recorded; None for one that begins.
        command: what a person typed to begin it.
        pinned: the recipe with what the run has chosen on its machine; None for one that begins.
        seeding: the rule of `Field.seeding` that its checkpoint was made by.
        first: weights of before, of what was brought.

    Raises:
        UserError: no game can be built from that recipe.
    """
    references = open_references(recipe, found, device)
    if recorded is not None:
        check_unchanged(recipe, references, recorded.of_task(recipe))
    task = from_python.task or build_task(recipe, found, data, device, from_python.networks, references)
    brought = from_python.task is not None or from_python.networks is not None
    first = first or (Weights.of(task) if brought else None)
    game = build_game(pinned or recipe, task, device, seeding)
    if pinned is None:
        machine.set_threads(game.fitted.threads)
    recorded = recorded or Recorded(command=command, found={})
    return OpenRun(
        folder=folder,
        recipe=recipe,
        recorded=recorded,
        data=data,
        found=found,
        from_python=from_python,
        device=device,
        show=show,
        game=game,
        memory=estimated(game),
        measure=planned_evaluation(recipe, task, data, recorded.command),
        first=first,
    )


def data_of(recipe: Recipe, from_python: FromPython) -> Any:
    """The data of a run: what was brought, or else what the recipe names."""
    if from_python.data is not None:
        return from_python.data
    held = from_python.task.data if from_python.task is not None else None
    return held or open_recipe_data(recipe)


def chosen_anew(recipe: Recipe, before: Recipe) -> set[str]:
    """What of the machine's part a recipe chooses otherwise than one before: names of `ON_THE_MACHINE`."""
    return {name for name in ON_THE_MACHINE if getattr(recipe.training, name) != getattr(before.training, name)}


def as_begun(recipe: Recipe, before: Recipe, recorded: Recorded) -> Recipe:
    """The recipe with threads and precision as the run has them, but for what it chooses otherwise than before."""
    anew = chosen_anew(recipe, before)
    return with_training(recipe, **{n: getattr(recorded.machine, n) for n in ON_THE_MACHINE if n not in anew})


def with_training(recipe: Recipe, **changes: Any) -> Recipe:
    """The recipe with other entries of its part `training`."""
    return recipe.model_copy(update={"training": recipe.training.model_copy(update=changes)})


def plain_values(value: Any) -> Any:
    """The same with lists in the place of tuples, as YAML and JSON give it back."""
    if isinstance(value, dict):
        return {key: plain_values(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain_values(item) for item in value]
    return value
