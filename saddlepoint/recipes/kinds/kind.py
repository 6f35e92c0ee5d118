"""What a kind of task is: all that a run has to know of what it plays, in one place.

A run asks its recipe's kind, and never the class of a task. A new kind is a file here, a line in `KINDS`, a task in
`tasks/`, and a recipe; what the kind leaves out is as it stands below.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from saddlepoint.data import Packed
from saddlepoint.data.fitting import Size
from saddlepoint.data.source import AUTO
from saddlepoint.diagnosis.probed import Probed
from saddlepoint.errors import UserError
from saddlepoint.game.network import Networks
from saddlepoint.game.task import Request, RunTask
from saddlepoint.objectives import Objective, Paired, Separable, as_text, objective
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.own_networks import OwnNetworks
from saddlepoint.recipes.parts import TaskPart
from saddlepoint.recipes.specification import Data, Recipe
from saddlepoint.tasks.kit.pixels import from_range

if TYPE_CHECKING:
    # Metrics take seconds to import, for which a run that measures nothing need not wait.
    from saddlepoint.measuring.measure import Samples
    from saddlepoint.metrics.features import Features


@dataclass(frozen=True, kw_only=True)
class Materials:
    """What a task is built of beside its recipe.

    Attributes:
        found: what the data was found to be.
        data: None where the task only samples.
        device: where it is played.
        own: a person's own networks, or None.
        references: what the options name that `Kind.references` lists, opened; empty where nothing is learnt.
    """

    found: DataFacts
    data: Any
    device: torch.device
    own: OwnNetworks | None = None
    references: Mapping[str, "Features"] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """The pictures of a run.

    Attributes:
        request: what they are made of, always the same.
        draw: writes what was made of it into a file.
        real: training images to be seen beside them, uint8 (as many, channels, height, width), each of the label that
            its place in the picture has; None where the picture itself shows what was to be made.
    """

    request: Request
    draw: Callable[[Tensor, Path], object]
    real: Callable[[], Tensor] | None = None


@dataclass(frozen=True, kw_only=True)
class Fixed:
    """Why a part of a recipe stays as it is in a run that goes on, and whether its weights fit a new run without it."""

    why: str
    weights_fit: bool = True


SHAPES = Fixed(why="the weights are those of such networks", weights_fit=False)
HISTORY = Fixed(why="its history is in the checkpoints")


@dataclass(frozen=True, kw_only=True)
class NothingRecorded:
    """What a task writes down beside its recipe where that is nothing."""

    __pydantic_config__ = {"extra": "forbid"}


class Kind:
    """A kind of task.

    Attributes:
        options: what a recipe says of the task; its `kind` is the kind's name.
        networks: what a recipe's `networks` may be, by its `pair`; empty for tasks that have networks of their own.
        open_words: words that may stand in their place.
        data: the class of what `open` gives.
        recorded: the form of what the task writes down beside its recipe (`RunTask.recorded`); `read` looks at it.
        references: options that name a file of weights or another run, by whose features the task learns.
        from_images: what is made is made of images.
        measured: its runs can be evaluated: what they make, or their network itself.
        fixed: options that stay as they are in a run that goes on.
        there_or_not: options that may change, but neither begin nor end in the middle of a run.
    """

    options: ClassVar[type[TaskPart]]
    networks: ClassVar[Mapping[str, type]] = {}
    open_words: ClassVar[tuple[str, ...]] = ()
    data: ClassVar[type] = object
    recorded: ClassVar[type] = NothingRecorded
    references: ClassVar[tuple[str, ...]] = ()
    from_images: ClassVar[bool] = False
    measured: ClassVar[bool] = False
    fixed: ClassVar[Mapping[str, Fixed]] = {}
    there_or_not: ClassVar[tuple[str, ...]] = ()

    @property
    def name(self) -> str:
        return self.options.model_fields["kind"].default

    # From a recipe to the task

    def open(self, recipe: Recipe, source: str) -> Any:
        """The recipe's data.

        Args:
            source: where it is.

        Raises:
            UserError: it cannot be read, or the recipe says something of it that this task has no use for.
        """
        raise NotImplementedError

    def found(self, data: Any) -> DataFacts:
        """What the data was found to be."""
        return DataFacts.of(data)

    def build(self, recipe: Recipe, materials: Materials) -> RunTask:
        """The recipe's task; without data it can only sample.

        Raises:
            UserError: the recipe's networks, data or settings are not those of such a task.
        """
        raise NotImplementedError

    def plays(self, task: Any) -> bool:
        """Whether a task that a person has built is of this kind."""
        return False

    def recipe_of(self, task: Any, base: Recipe) -> Recipe:
        """The recipe of a run of a task that a person has built: `base`, with what the task has fixed."""
        raise NotImplementedError

    def try_task(self, task: Any, *, averaged: bool, begins: bool) -> None:
        """The trial of a task that a person has built, before anything is written.

        Args:
            averaged: whether the run keeps an average of its generator.
            begins: the run begins with its weights; else they will be a checkpoint's.

        Raises:
            UserError: its networks are not what the game needs.
        """

    # From a run to what a person holds and sees

    def pictures(self, recipe: Recipe, task: Any, found: DataFacts, data: Any) -> Pictures | None:
        """What a run's sample pictures are made of, and what draws them; None where nothing is made."""
        return None

    def picture_bytes(self, recipe: Recipe, task: Any, found: DataFacts) -> int:
        """What a sample picture, and what it is made of, take of memory."""
        return 0

    def sampler(self, task: Any, found: DataFacts, step: int) -> Any:
        """The trained generator as a person holds it.

        Raises:
            UserError: there is none.
        """
        raise UserError(f"a run of the task {self.name}", "a run with a generator", "choose another")

    def duel(self, task: Any) -> Any:
        """The task as the diagnosis differentiates it (`diagnosis/local/duel.py: Duel`).

        Raises:
            UserError: it is not one discriminator against one generator of latents.
        """
        raise UserError(
            f"a run of the task {self.name}",
            "one discriminator against one generator of latents, the game whose local theory is known",
            "look at its curves: saddlepoint report RUN",
        )

    def reading(self, recipe: Recipe, recorded: Any) -> Recipe:
        """The recipe of a run that is rebuilt without its data, with what the run has recorded (`Kind.recorded`)."""
        return recipe

    def hints(self, recipe: Recipe, found: DataFacts, run: Path, *, begins: bool) -> list[str]:
        """What is worth saying of the data before the first step.

        Args:
            run: the folder, for commands.
            begins: it is a new run.
        """
        return []

    def probed(self, recipe: Recipe, task: Any, data: Any) -> Probed | str:
        """What the diagnosis of a run looks at; where its findings have no meaning, why."""
        return f"findings are about one generator of latents and one discriminator; this is {recipe.task.words}"

    # What is measured

    def generated_samples(
        self, task: Any, networks: Networks, data: Any, features: "Features", *, seed: int, about: Mapping[str, Any]
    ) -> "Samples | None":
        """What the task makes, to be measured; None for a task whose network is measured by itself.

        Args:
            task: its networks are not read.
            networks: those to sample with, in evaluation mode.
            data: of the run.
            features: what the vectors of the samples are.
            seed: of what is drawn.
            about: for the record.

        """
        return None

    def default_metrics(self, data: Any) -> tuple[str, ...]:
        """The metrics of `evaluate` where none are named."""
        from saddlepoint.measuring.catalogue import default_metrics

        return default_metrics(data)

    def reference(self, data: Any) -> str:
        """The split that is compared with unless a person says otherwise."""
        return "train"

    def as_features(self, task: Any, about: Mapping[str, Any]) -> "Features | None":
        """The features that the trained network gives to others (`classifier:RUN`); None where it gives none.

        Args:
            about: run, step and digest of the weights, for the record.
        """
        return None


# What builders share


def objective_of(recipe: Recipe) -> Objective:
    """The recipe's objective.

    Raises:
        UserError: it has none.
    """
    if recipe.objective is None:
        raise UserError(f"recipe {recipe.name} without an objective", "one", "set objective=non_saturating")
    return objective(recipe.objective)


def penalties_of(recipe: Recipe) -> tuple[str, ...]:
    """The names of the penalties that the recipe gives a weight."""
    return tuple(name for name, weight in recipe.penalties if weight is not None)


def refuse(recipe: Recipe, **given: bool) -> None:
    """Refuses settings that the recipe's task has no use for."""
    for name, present in given.items():
        if present:
            raise UserError(
                f"{name.replace('__', '.')} in a recipe of the task {recipe.task.kind}",
                "nothing there, because it would have no effect",
                f"leave {name.replace('__', '.')} out",
            )


def refuse_all_of_latents(recipe: Recipe) -> None:
    """Refuses what only a generator of latents has."""
    refuse(
        recipe,
        latent_prior=recipe.latent_prior is not None,
        penalties__orthogonal=recipe.penalties.orthogonal is not None,
        clip=recipe.clip is not None,
        dynamics__generator_batches=recipe.dynamics.generator_batches != 1,
        adaptive_augmentation=recipe.adaptive_augmentation is not None,
        augment=any(strength is not None for _, strength in recipe.augment),
    )


def refuse_of_data(recipe: Recipe, names: tuple[str, ...]) -> None:
    """Refuses settings of data that the recipe's task has no use for."""
    for name in names:
        if (given := getattr(recipe.data, name)) != Data.model_fields[name].default:
            raise UserError(
                f"data.{name} = {given} in a recipe of the task {recipe.task.kind}",
                "nothing there, because it would have no effect",
                f"leave data.{name} out",
            )


def given_size(recipe: Recipe) -> tuple[Size | None, int | None]:
    """The recipe's size and channels, where a task has a rule of its own for images of several.

    Raises:
        UserError: one of them is to be chosen.
    """
    size, channels = recipe.data.size, recipe.data.channels
    if size == AUTO or channels == AUTO:
        name = "size" if size == AUTO else "channels"
        raise UserError(
            f"data.{name} = {AUTO} in a recipe of the task {recipe.task.kind}",
            "what its networks are built for",
            f"leave data.{name} out, or give it as a number",
        )
    return size, channels


def place_of_cache(recipe: Recipe) -> Path | None:
    """Where data that is too large for memory is kept, or None."""
    return Path(recipe.data.cache) if recipe.data.cache is not None else None


def not_trained_on(data: Packed) -> np.ndarray:
    """Indices of held-out items, of test items, or where there are neither, of the training items."""
    splits = data.splits
    return next(splits[name] for name in ("held_out", "test", "train") if len(splits.get(name, ())))


def as_shown(stored: Tensor) -> Tensor:
    """Stored images, uint8, as a picture takes them: float32 in [0, 1]."""
    return from_range(stored.float(), (0.0, 255.0))


def digest(features: "Features") -> str:
    """The sha256 of the weights of a network whose features they are."""
    about = features.about
    return about["sha256"] if "sha256" in about else about["weights"]["sha256"]


def text_of(chosen: Objective) -> str:
    """The text by which a recipe names an objective.

    Raises:
        UserError: there is none.
    """
    if not isinstance(chosen, Separable | Paired):
        raise UserError(
            f"an objective of the class {type(chosen).__name__}",
            "a Separable or a Paired one, whose formulas can be recorded",
            "write it with saddlepoint.objectives.Separable",
        )
    return as_text(chosen)
