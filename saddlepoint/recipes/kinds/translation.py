"""Translation of images, learnt from pairs (pix2pix, `tasks/translation.py`)."""

from pathlib import Path
from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from saddlepoint.data.pairs import ImagePairs, open_pairs
from saddlepoint.errors import UserError
from saddlepoint.game.schedules import Number
from saddlepoint.game.task import Request, RunTask
from saddlepoint.networks import CycleGan, UnetPatchgan
from saddlepoint.randomness import derive_seed
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.kinds.kind import (
    Kind,
    Materials,
    Pictures,
    as_shown,
    given_size,
    not_trained_on,
    objective_of,
    penalties_of,
    place_of_cache,
    refuse_all_of_latents,
    refuse_of_data,
)
from saddlepoint.recipes.parts import TaskPart
from saddlepoint.recipes.specification import Recipe
from saddlepoint.sampling.pictures import grid, save_picture
from saddlepoint.sampling.translator import Translator
from saddlepoint.tasks.translation import Translation

# Translations in a picture: each is three large images wide.
SHOWN = 8


class TranslationPart(TaskPart):
    """A generator that translates images, learnt from pairs (pix2pix)."""

    kind: Literal["translation"] = "translation"
    l1: Number = Field(default=100.0, description="weight of the distance from the targets")
    scale: float = Field(default=1.0, ge=1, le=2, description="enlarge pairs so much and cut their size out again")
    mirror: bool = Field(default=False, description="mirror each pair with probability 1/2")

    @property
    def numbers(self) -> dict[str, Number]:
        return {"l1": self.l1}


class OfImages(Kind):
    """What kinds share that learn to make images of one sort from images of another."""

    from_images: ClassVar = True
    data: ClassVar = ImagePairs

    def pictures(self, recipe: Recipe, task: RunTask, found: DataFacts, data: ImagePairs) -> Pictures:
        """Sources that were not trained on, where there are any; a row shows source, image and, of a pair, target."""
        chosen = not_trained_on(data.sources)[: min(recipe.watch.samples, SHOWN)]
        sources = data.sources.batch(chosen)[0]
        columns = [as_shown(sources)]
        if data.paired:
            columns.append(as_shown(data.targets.batch(chosen)[0]))

        def draw(made: Tensor, path: Path) -> None:
            shown = [columns[0], made, *columns[1:]]
            # One number of channels in a picture: grey beside colour becomes colour, alpha is left out.
            if len({images.shape[1] for images in shown}) > 1:
                shown = [images[:, :3].expand(-1, 3, -1, -1) for images in shown]
            rows = torch.stack(shown, dim=1).flatten(0, 1)
            save_picture(grid(rows, columns=len(shown)), path)

        return Pictures(request=Request(tensors={"source": sources.to(task.device)}), draw=draw)

    def sampler(self, task: RunTask, found: DataFacts, step: int) -> Translator:
        assert found.source_shape is not None
        return Translator(task, channels=(found.source_shape[0], found.shape[0]), enlarges=False, step=step)

    def hints(self, recipe: Recipe, found: DataFacts, run: Path, *, begins: bool) -> list[str]:
        """How the images could be had in the one size that they had before they were cut."""
        own = found.own_size
        # A run that goes on keeps the size that it began with.
        if not begins or found.source_shape is None or own is None or own == found.shape[1:]:
            return []
        try:
            # Whether the networks take this size they say when they are built, which costs nothing on this device.
            with torch.random.fork_rng(devices=[]), torch.device("meta"):
                recipe.networks.build((found.source_shape[0], *own), (found.shape[0], *own))
        except UserError as error:
            return [f"in place of {found.shape[1]}x{found.shape[2]} (height x width): {error.cure}"]
        cut = recipe.data.fit == "crop" and own[0] * found.shape[2] != own[1] * found.shape[1]
        pad = ", --set data.fit=pad the whole pictures on a border" if cut else ""
        return [f"--set data.size=native keeps their own size, {own[1]}x{own[0]}{pad}"]


class TranslationKind(OfImages):
    options: ClassVar = TranslationPart
    networks: ClassVar = {"unet-patchgan": UnetPatchgan, "cyclegan": CycleGan}

    def open(self, recipe: Recipe, source: str) -> ImagePairs:
        return open_two_sides(recipe, source, paired=True)

    def build(self, recipe: Recipe, materials: Materials) -> Translation:
        part, found = recipe.task, materials.found
        assert isinstance(part, TranslationPart) and isinstance(recipe.training.batch, int)
        assert found.source_shape is not None
        refuse_all_of_latents(recipe)
        torch.manual_seed(derive_seed(recipe.seed, "initialisation"))
        generator, discriminator = recipe.networks.build(found.source_shape, found.shape)
        return Translation(
            generator=generator.to(materials.device),
            discriminator=discriminator.to(materials.device),
            data=materials.data,
            objective=objective_of(recipe),
            source_range=generator.source_range,
            pixel_range=generator.pixel_range,
            batch=recipe.training.batch,
            penalties=penalties_of(recipe),
            scale=part.scale,
            mirror=part.mirror,
            conditional=recipe.networks.conditional_discriminator,
            seed=recipe.seed,
            device=materials.device,
        )


def open_two_sides(recipe: Recipe, source: str, *, paired: bool) -> ImagePairs:
    """Images of two kinds, in pairs or not, as the recipe wants them."""
    data = recipe.data
    size, channels = given_size(recipe)
    refuse_of_data(recipe, ("first", "count", "image_column", "label_column", "tile"))
    return open_pairs(
        source,
        paired=paired,
        direction=data.direction,
        columns=data.columns,
        size=size,
        channels=channels,
        fit=data.fit,
        source_channels=data.source_channels,
        range=data.range,
        hold_out=data.hold_out,
        skip_unreadable=data.skip_unreadable,
        cache=place_of_cache(recipe),
    )
