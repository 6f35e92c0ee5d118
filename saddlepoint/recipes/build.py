"""From a recipe and data to a game that can be played: the one place where all the pieces meet."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from saddlepoint.data import Packed, open_data
from saddlepoint.errors import UserError
from saddlepoint.game.constraints import Clipping
from saddlepoint.game.corrections import CORRECTIONS, Correction
from saddlepoint.game.field import Field
from saddlepoint.game.schedules import Number
from saddlepoint.game.steps import Step
from saddlepoint.game.turns import Turn, alternating, simultaneous
from saddlepoint.objectives import objective
from saddlepoint.randomness import derive_seed
from saddlepoint.recipes.by_size import batch_by_size, pair_by_size
from saddlepoint.recipes.specification import Recipe
from saddlepoint.tasks.generation import DISCRIMINATOR, GENERATOR, Generation
from saddlepoint.training.averages import Averages
from saddlepoint.training.machine import precision_context
from saddlepoint.training.state import State


@dataclass(frozen=True, kw_only=True)
class OwnNetworks:
    """A person's own pair.

    Attributes:
        generator: (z (n, latent)[, labels (n,)]) -> (n, *shape of the data).
        discriminator: ((n, *shape)[, labels]) -> raw scores (n,).
        latent: width of z.
        pixel_range: (low, high) of the pixels that the networks make and see; None for points.
    """

    generator: nn.Module
    discriminator: nn.Module
    latent: int
    pixel_range: tuple[float, float] | None = (-1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a run found its data to be; recorded, so that a generator can be rebuilt without the data."""

    source: str
    kind: str
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    count: int
    splits: Mapping[str, int]
    split_rule: str
    fingerprint: str
    skipped: int

    @classmethod
    def of(cls, data: Packed) -> "Found":
        return cls(
            source=data.source,
            kind=data.kind,
            shape=tuple(data.shape),
            classes=tuple(data.classes),
            count=len(data.items),
            splits={name: len(indices) for name, indices in data.splits.items()},
            split_rule=data.split_rule,
            fingerprint=data.fingerprint,
            skipped=len(data.skipped),
        )


@dataclass(frozen=True, kw_only=True)
class Game:
    """A game that is ready to be played by the loop."""

    task: Generation
    field: Field
    turn: Turn
    correction: Correction
    steps: Mapping[str, Step]
    schedules: Mapping[str, Number]
    state: State


def open_recipe_data(recipe: Recipe) -> Packed:
    """The recipe's data.

    Raises:
        UserError: the recipe names none, or it cannot be read.
    """
    data = recipe.data
    if data.source is None:
        raise UserError(
            f"recipe {recipe.name} without data",
            "a folder, zip, .parquet, .npz, IDX files or hf:NAME",
            "add --data PATH",
        )
    return open_data(
        data.source,
        **shaping(recipe),
        count=data.count,
        image_column=data.image_column,
        label_column=data.label_column,
        labels=data.labels,
        skip_unreadable=data.skip_unreadable,
    )


def shaping(recipe: Recipe) -> dict[str, Any]:
    """The recipe's settings for data that apply wherever it comes from, a person's own Dataset included."""
    data = recipe.data
    return {
        "size": data.size,
        "channels": data.channels,
        "hold_out": data.hold_out,
        "first": data.first,
        "cache": Path(data.cache) if data.cache is not None else None,
    }


def resolved(recipe: Recipe, found: Found) -> Recipe:
    """The recipe with everything fixed that depends on the data's shape."""
    changes: dict[str, Any] = {}
    if recipe.networks == "by_size":
        changes["networks"] = pair_by_size(found.shape)
    if recipe.training.batch == "by_size":
        changes["training"] = recipe.training.model_copy(update={"batch": batch_by_size(found.shape)})
    return recipe.model_copy(update=changes)


def build_networks(recipe: Recipe, found: Found, data: Packed | None, own: OwnNetworks | None) -> OwnNetworks:
    """The recipe's pair, initialised from its seed; or the person's own, as they are."""
    if recipe.networks == "own":
        if own is None:
            raise UserError(
                f"a run of one's own networks ({recipe.name})",
                "the same networks",
                "use the Python API with generator= and discriminator=",
            )
        return own
    assert not isinstance(recipe.networks, str), "by_size is resolved before networks are built"
    pair = recipe.networks
    mean = _mean(data) if pair.uses_mean and data is not None and data.kind == "images" else None
    torch.manual_seed(derive_seed(recipe.seed, "initialisation"))
    classes = len(found.classes) if recipe.task.conditional else 0
    generator, discriminator = pair.build(found.shape, classes=classes, mean=mean)
    return OwnNetworks(
        generator=generator, discriminator=discriminator, latent=pair.latent, pixel_range=generator.pixel_range
    )


def _mean(data: Packed) -> torch.Tensor:
    """The training images' mean, in [0, 1], summed in pieces that fit into memory whatever the size of the data."""
    indices = data.splits["train"]
    total = torch.zeros(data.shape, dtype=torch.float64)
    for start in range(0, len(indices), 512):
        total += data.batch(indices[start : start + 512])[0].sum(0)
    return (total / (255 * len(indices))).float()


def build_task(
    recipe: Recipe, found: Found, data: Packed | None, device: torch.device, own: OwnNetworks | None = None
) -> Generation:
    """The recipe's task; without data it can only sample."""
    networks = build_networks(recipe, found, data, own)
    assert isinstance(recipe.training.batch, int)
    prior = recipe.latent_prior or getattr(recipe.networks, "prior", "normal")
    return Generation(
        generator=networks.generator.to(device),
        discriminator=networks.discriminator.to(device),
        data=data,
        objective=objective(recipe.objective),
        latent=networks.latent,
        prior=prior,
        pixel_range=networks.pixel_range,
        conditional=recipe.task.conditional,
        batch=recipe.training.batch,
        penalties=tuple(name for name, weight in recipe.penalties if weight is not None),
        augmentations=tuple(name for name, strength in recipe.augment if strength is not None),
        constraint=Clipping(bound=recipe.clip) if recipe.clip is not None else None,
        seed=recipe.seed,
        device=device,
    )


def build_game(recipe: Recipe, task: Generation, device: torch.device) -> Game:
    """A task with the recipe's dynamics around it.

    Raises:
        UserError: the task's players are not the two that the recipe has optimizers for.
    """
    names = [player.name for player in task.players]
    if sorted(names) != [DISCRIMINATOR, GENERATOR]:
        raise UserError(
            f"a task with the players {', '.join(names)}", f"{DISCRIMINATOR} and {GENERATOR}", "name the players so"
        )
    optimizers = {DISCRIMINATOR: recipe.discriminator, GENERATOR: recipe.generator}
    dynamics = recipe.dynamics
    if dynamics.turn == "simultaneous":
        if dynamics.discriminator_steps != 1:
            raise UserError(
                f"{dynamics.discriminator_steps} discriminator steps in simultaneous play",
                "one",
                "set dynamics.turn=alternating, or dynamics.discriminator_steps=1",
            )
        turn = simultaneous(DISCRIMINATOR, GENERATOR, share_draws=dynamics.share_draws)
    else:
        turn = alternating(
            DISCRIMINATOR, GENERATOR, first_steps=dynamics.discriminator_steps, share_draws=dynamics.share_draws
        )
    correction = CORRECTIONS[dynamics.correction]()
    if recipe.training.accumulate > task.batch:
        raise UserError(
            f"training.accumulate={recipe.training.accumulate} with a batch of {task.batch}",
            "at least one sample in each micro-batch",
            f"set training.accumulate={task.batch} or less",
        )
    if recipe.training.accumulate > 1 and task.objective.coupling == "means":
        raise UserError(
            f"training.accumulate={recipe.training.accumulate} with {recipe.objective}",
            "the whole batch at once, because each score is compared with the other side's mean over the batch",
            "set training.accumulate=1, or choose a paired objective",
        )
    schedules = recipe.numbers()
    for name in (
        *(f"penalties.{each}" for each in task.penalties),
        *(f"augment.{each}" for each in task.augmentations),
    ):
        if name not in schedules:
            raise UserError(f"a task with {name} and a recipe without it", "its weight", f"set {name} to a number")
    field = Field(
        task=task,
        accumulate=recipe.training.accumulate,
        precision=precision_context(recipe.training.precision, device),
    )
    steps = {player.name: Step(player, optimizers[player.name]) for player in task.players}
    if not correction.first_order and recipe.training.precision != "float32":
        raise UserError(
            f"training.precision={recipe.training.precision} with the correction {dynamics.correction}",
            "float32, because the field is differentiated again",
            "set training.precision=float32, or dynamics.correction=extragradient",
        )
    return Game(
        task=task,
        field=field,
        turn=turn,
        correction=correction,
        steps=steps,
        schedules=schedules,
        state=State(
            seed=recipe.seed,
            averages=Averages(task, recipe.average) if recipe.average is not None else None,
            correction=correction.init(field, steps),
        ),
    )
