"""Generation: a generator of latents against a discriminator, unconditional or by class (`tasks/generation.py`)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field, PositiveInt
from torch import Tensor

from saddlepoint.data import Packed, open_data
from saddlepoint.diagnosis.probed import Probed, fixed_items, fixed_latents, looks_for
from saddlepoint.errors import UserError, counted
from saddlepoint.game.constraints import Clipping
from saddlepoint.game.network import Networks
from saddlepoint.game.penalties import refuse_batch_statistics
from saddlepoint.game.schedules import Number
from saddlepoint.game.task import Request
from saddlepoint.networks import PAIRS, Pair
from saddlepoint.networks.layers import couples_samples
from saddlepoint.randomness import derive_seed
from saddlepoint.recipes.data_facts import DataFacts, shaping
from saddlepoint.recipes.kinds.kind import (
    SHAPES,
    Kind,
    Materials,
    Pictures,
    objective_of,
    penalties_of,
    refuse_of_data,
    text_of,
)
from saddlepoint.recipes.kinds.of_latents import samples_of_latents
from saddlepoint.recipes.network_trial import ITEMS, Setting, try_networks
from saddlepoint.recipes.own_networks import OwnNetworks
from saddlepoint.recipes.parts import TaskPart
from saddlepoint.recipes.specification import Recipe
from saddlepoint.sampling.batches import labels_in_turn
from saddlepoint.sampling.gan import Gan
from saddlepoint.sampling.latents import latents
from saddlepoint.sampling.pictures import grid, save_picture, scatter
from saddlepoint.tasks.generation import Generation
from saddlepoint.tasks.kit.adversary import INPUT_PENALTIES

if TYPE_CHECKING:
    from saddlepoint.measuring.measure import Samples
    from saddlepoint.metrics.features import Features

# So few images a generator soon shows again instead of new ones.
_LEARNT_BY_HEART = 50
# A picture of points needs many of them to show a distribution, and shows so many of the data behind them.
_POINTS, _POINTS_BEHIND = 1000, 2000


class GenerationPart(TaskPart):
    """A generator of latents against a discriminator."""

    kind: Literal["generation"] = "generation"
    conditional: bool = Field(default=False, description="give labels to both networks")
    top_k: Number | None = Field(default=None, description="G learns from this share of its best-scored fakes")
    mirror: bool = Field(default=False, description="mirror each real image with probability 1/2")
    dequantise: bool = Field(default=False, description="add noise of one grey level to the real images (WGAN-GP)")

    @property
    def numbers(self) -> dict[str, Number]:
        return {"top_k": self.top_k} if self.top_k is not None else {}

    @property
    def words(self) -> str:
        return "conditional" if self.conditional else "unconditional"


@dataclass(frozen=True, kw_only=True)
class OfGeneration:
    """What the task writes down; None for what is not known."""

    latent: PositiveInt | None = None
    prior: str | None = None
    pixel_range: tuple[float, float] | None = None
    __pydantic_config__ = {"extra": "forbid"}

    def __post_init__(self) -> None:
        if self.pixel_range is not None and not self.pixel_range[0] < self.pixel_range[1]:
            raise UserError(
                f"found.pixel_range = {list(self.pixel_range)}", "a range that rises", "restore recipe.yaml from a copy"
            )


class GenerationKind(Kind):
    options: ClassVar = GenerationPart
    networks: ClassVar = PAIRS
    open_words: ClassVar = ("by_size", "own")
    measured: ClassVar = True
    data: ClassVar = Packed
    recorded: ClassVar = OfGeneration
    fixed: ClassVar = {"conditional": SHAPES}

    def open(self, recipe: Recipe, source: str) -> Packed:
        refuse_of_data(recipe, ("direction", "source_channels", "columns", "tile"))
        return open_labelled(recipe, source)

    def build(self, recipe: Recipe, materials: Materials) -> Generation:
        part, data = recipe.task, materials.data
        assert isinstance(part, GenerationPart) and isinstance(recipe.training.batch, int)
        networks = _pair(recipe, part, materials)
        penalties = penalties_of(recipe)
        if getattr(recipe.networks, "normalisation", None) == "batch":
            on_gradient = [name for name in penalties if name in INPUT_PENALTIES]
            refuse_batch_statistics(networks.discriminator, on_gradient, "set networks.normalisation=none")
        # A person's own D may compare the samples of a batch in ways that nobody knows here.
        alone = recipe.training.joint_scoring and materials.own is None
        alone = alone and not couples_samples(networks.discriminator)
        return Generation(
            generator=networks.generator.to(materials.device),
            discriminator=networks.discriminator.to(materials.device),
            data=data,
            objective=objective_of(recipe),
            latent=networks.latent,
            prior=recipe.latent_prior or getattr(recipe.networks, "prior", "normal"),
            pixel_range=networks.pixel_range,
            conditional=part.conditional,
            batch=recipe.training.batch,
            generator_batches=recipe.dynamics.generator_batches,
            adaptive=recipe.adaptive_augmentation,
            top_k=part.top_k is not None,
            # A person's own D may compare the samples of a batch in ways that nobody knows here.
            joint_scoring=recipe.training.joint_scoring
            and materials.own is None
            and not couples_samples(networks.discriminator),
            mirror=part.mirror,
            dequantise=part.dequantise,
            penalties=penalties,
            augmentations=tuple(name for name, strength in recipe.augment if strength is not None),
            constraint=Clipping(bound=recipe.clip) if recipe.clip is not None else None,
            seed=recipe.seed,
            device=materials.device,
        )

    def plays(self, task: Any) -> bool:
        return isinstance(task, Generation)

    def recipe_of(self, task: Generation, base: Recipe) -> Recipe:
        gone = {name: None for name, _ in base.penalties if name not in task.penalties}
        off = {name: None for name, _ in base.augment if name not in task.augmentations}
        return base.model_copy(
            update={
                "name": "own",
                "summary": "a task of one's own",
                "seed": task.seed,
                "networks": "own",
                "objective": text_of(task.objective),
                "penalties": base.penalties.model_copy(update=gone),
                "augment": base.augment.model_copy(update=off),
                "training": base.training.model_copy(update={"batch": task.batch}),
            }
        )

    def try_task(self, task: Generation, *, averaged: bool, begins: bool) -> None:
        if task.data is None:
            raise UserError("a task without data", "what it is to imitate", "build it with data=...")
        own = OwnNetworks(
            generator=task.generator,
            discriminator=task.discriminator,
            latent=task.latent,
            pixel_range=task.pixel_range,
            begins=begins,
        )
        found, shown_labels, top_k = DataFacts.of(task.data), task.conditional, task.top_k
        try_networks(
            own, _setting(found, task.data, task.device, conditional=shown_labels, top_k=top_k, averaged=averaged)
        )

    def pictures(self, recipe: Recipe, task: Generation, found: DataFacts, data: Packed) -> Pictures:
        # A cloud of points says little by itself: the data is drawn behind it.
        behind = None if data.kind == "images" else data.batch(data.splits["train"][:_POINTS_BEHIND])[0]

        def draw(made: Tensor, path: Path) -> None:
            save_picture(grid(made) if behind is None else scatter(made, behind), path)

        request = fixed_request(recipe, task, found)
        real = partial(_beside, data, request) if behind is None else None
        return Pictures(request=request, draw=draw, real=real)

    def picture_bytes(self, recipe: Recipe, task: Generation, found: DataFacts) -> int:
        return recipe.watch.samples * (4 * math.prod(found.shape) + 16 * task.latent)

    def sampler(self, task: Generation, found: DataFacts, step: int) -> Gan:
        return Gan(
            task,
            latent=task.latent,
            prior=task.prior,
            classes=found.classes if task.conditional else (),
            points=task.pixel_range is None,
            step=step,
        )

    def duel(self, task: Generation) -> Generation:
        return task

    def reading(self, recipe: Recipe, recorded: OfGeneration) -> Recipe:
        if recorded.prior is None:
            return recipe
        return recipe.model_copy(update={"latent_prior": recorded.prior})

    def hints(self, recipe: Recipe, found: DataFacts, run: Path, *, begins: bool) -> list[str]:
        if found.kind != "images" or (count := found.splits["train"]) >= _LEARNT_BY_HEART:
            return []
        return [
            f"a generator learns {counted(count, 'training image')} by heart; `saddlepoint sample {run} --neighbours 2`"
            " shows each sample beside the training images nearest to it"
        ]

    def probed(self, recipe: Recipe, task: Generation, data: Packed) -> Probed | str:
        looks = looks_for(math.prod(data.shape), task.batch)
        items = fixed_items(data.splits, recipe.seed, looks.items)
        if items is None:
            return f"findings need more than {len(data.splits['train'])} training items"
        (train, train_labels), (others, other_labels) = data.batch(items.train), data.batch(items.others)
        labels = None
        if task.conditional:
            assert train_labels is not None and other_labels is not None
            labels = train_labels.to(task.device), other_labels.to(task.device)
        return Probed(
            generator=task.generator,
            discriminator=task.discriminator,
            objective=task.objective,
            train=task.seen(train.to(task.device)),
            others=task.seen(others.to(task.device)),
            held_out=items.held_out,
            train_count=items.train_count,
            latents=fixed_latents(len(others), recipe.seed, width=task.latent, prior_name=task.prior).to(task.device),
            labels=labels,
            classes=len(data.classes),
            joint=task.joint_scoring,
            followed=looks.followed,
            apart=looks.apart,
        )

    def generated_samples(
        self, task: Generation, networks: Networks, data: Packed, features: "Features", *, seed: int, about: Mapping
    ) -> "Samples":
        """What the generator makes; each label is asked for as often as in training."""
        drawn = {"labels": "as often as in training"} if task.conditional else {}
        return samples_of_latents(
            task,
            networks,
            data,
            features,
            latent=task.latent,
            prior=task.prior,
            seed=seed,
            about={**about, **drawn},
            labels=partial(_as_often, data) if task.conditional else None,
        )


def open_labelled(recipe: Recipe, source: str) -> Packed:
    """Images or points with the labels that they have, as the recipe wants them."""
    data = recipe.data
    return open_data(
        source,
        **shaping(recipe),
        count=data.count,
        image_column=data.image_column,
        label_column=data.label_column,
        labels=data.labels,
        skip_unreadable=data.skip_unreadable,
    )


def fixed_request(recipe: Recipe, task: Generation, found: DataFacts) -> Request:
    """The latents of a run's sample pictures: always the same; labels come one row after the other."""
    count = recipe.watch.samples if found.kind == "images" else max(recipe.watch.samples, _POINTS)
    tensors = {"z": latents(recipe.seed, count, width=task.latent, prior_name=task.prior)}
    if task.conditional:
        tensors["labels"] = labels_in_turn(count, len(found.classes))
    return Request(tensors=tensors).to(task.device)


def _beside(data: Packed, request: Request) -> Tensor:
    """Training images, as many as the request makes, and each with the label that its place has; always the same."""
    # Seeded by nothing: files come sorted, and so by class.
    order = np.random.default_rng(0).permutation(data.splits["train"])
    count = len(request.tensors["z"])
    if "labels" not in request.tensors or data.labels is None:
        return data.batch(np.resize(order, count))[0]
    known, wanted = data.labels[order], request.tensors["labels"].cpu().numpy()
    chosen = np.resize(order, count)
    for label in np.unique(wanted):
        places, those = np.flatnonzero(wanted == label), order[known == label]
        if len(those):
            chosen[places] = np.resize(those, len(places))
    return data.batch(chosen)[0]


def _pair(recipe: Recipe, part: GenerationPart, materials: Materials) -> OwnNetworks:
    """The recipe's pair, initialised from its seed; or the person's own, as they are, after they were tried."""
    found, data, own = materials.found, materials.data, materials.own
    if recipe.networks == "own":
        if own is None:
            raise UserError(
                f"a run of one's own networks ({recipe.name})",
                "the same networks",
                "use the Python API with generator= and discriminator=",
            )
        averaged, top_k = recipe.average is not None, part.top_k is not None
        setting = _setting(found, data, materials.device, conditional=part.conditional, top_k=top_k, averaged=averaged)
        try_networks(own, setting)
        return own
    if own is not None:
        raise UserError(
            f"generator= for a run of {recipe.name}, which has networks of its recipe",
            "networks only for a run that began with such",
            "leave generator= and discriminator= out",
        )
    pair: Pair = recipe.networks
    mean = _mean(data) if pair.uses_mean and data is not None and data.kind == "images" else None
    torch.manual_seed(derive_seed(recipe.seed, "initialisation"))
    classes = len(found.classes) if part.conditional else 0
    generator, discriminator = pair.build(found.shape, classes=classes, mean=mean)
    return OwnNetworks(
        generator=generator, discriminator=discriminator, latent=pair.latent, pixel_range=generator.pixel_range
    )


def _setting(
    found: DataFacts, data: Packed | None, device: torch.device, *, conditional: bool, top_k: bool, averaged: bool
) -> Setting:
    """What a person's own networks are tried with: the data's first training items, or nothing where there is none."""
    # The last class too: who counts one class too few should meet it here.
    labels = torch.tensor([max(len(found.classes) - 1, 0), 0]) if conditional else None
    real = None
    if data is not None:
        indices = data.splits["train"] if len(data.splits["train"]) else np.arange(len(data))
        real, _ = data.batch(np.resize(indices, ITEMS))
    return Setting(
        shape=found.shape,
        points=found.kind == "points",
        real=real,
        labels=labels,
        single_scores=top_k,
        averaged=averaged,
        device=device,
    )


def _mean(data: Packed) -> Tensor:
    """The training images' mean, in [0, 1], summed in pieces that fit into memory whatever the size of the data."""
    indices = data.splits["train"]
    total = torch.zeros(data.shape, dtype=torch.float64)
    for start in range(0, len(indices), 512):
        total += data.batch(indices[start : start + 512])[0].sum(0)
    return (total / (255 * len(indices))).float()


def _as_often(data: Packed, count: int) -> Tensor:
    """Labels, each as often as in training."""
    assert data.labels is not None
    known = data.labels[data.splits["train"]]
    # Seeded by nothing, and drawn one by one: more of them begin with the same ones.
    drawn = np.random.default_rng(0).random(count)
    return torch.from_numpy(known[(drawn * len(known)).astype(np.int64)])
