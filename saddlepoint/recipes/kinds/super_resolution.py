"""Super-resolution (`tasks/super_resolution.py`): photographs enlarged, alone (SRResNet) or against a D (SRGAN).

Where images are compared is the option `content`, which names features: in pixels, or in the last map of a network.

pixels           SRResNet's mean squared error
vgg19:FILE       the last map of VGG19, phi_54, divided by 12.75 (SRGAN)
classifier:RUN   the last map of a network that the recipe `classifier` has trained
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field, PositiveInt
from torch import Tensor

from saddlepoint.data import Packed, open_tiles
from saddlepoint.errors import UserError
from saddlepoint.game.schedules import Number
from saddlepoint.game.task import Request
from saddlepoint.networks import SrResNet
from saddlepoint.randomness import derive_seed
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.kinds.kind import (
    SHAPES,
    Fixed,
    Kind,
    Materials,
    Pictures,
    as_shown,
    digest,
    given_size,
    not_trained_on,
    objective_of,
    penalties_of,
    place_of_cache,
    refuse_all_of_latents,
    refuse_of_data,
)
from saddlepoint.recipes.kinds.translation import SHOWN
from saddlepoint.recipes.parts import TaskPart
from saddlepoint.recipes.specification import Recipe
from saddlepoint.sampling.pictures import grid, save_picture
from saddlepoint.sampling.translator import Translator
from saddlepoint.tasks.kit.bicubic import bicubic
from saddlepoint.tasks.kit.content import PIXELS, Content
from saddlepoint.tasks.super_resolution import SuperResolution

if TYPE_CHECKING:
    from saddlepoint.metrics.features import Features

# Ledig et al. 2017, section 3.2: by this the losses in the maps are of the size of the MSE.
VGG_SCALE = 1 / 12.75


class SuperResolutionPart(TaskPart):
    """A generator that enlarges images, alone (SRResNet) or against a discriminator (SRGAN)."""

    kind: Literal["super-resolution"] = "super-resolution"
    factor: Literal[2, 4, 8] = Field(default=4, description="by which images are enlarged")
    crop: PositiveInt = Field(default=96, description="side of the pieces that are learnt from, in large pixels")
    content: str = Field(default="pixels", description="compare images in pixels, vgg19:FILE or classifier:RUN")
    content_weight: Number = Field(default=1.0, description="of the content; VGG's maps are divided by 12.75 besides")
    adversarial: Number | None = Field(
        default=None, description="of the objective, for G; null without a discriminator"
    )

    @property
    def players(self) -> tuple[str, ...]:
        return self.known_players if self.adversarial is not None else self.known_players[1:]

    @property
    def numbers(self) -> dict[str, Number]:
        against = {"adversarial": self.adversarial} if self.adversarial is not None else {}
        return {"content_weight": self.content_weight, **against}


@dataclass(frozen=True, kw_only=True)
class OfSuperResolution:
    """What the task writes down: the network that images are compared in, or None for pixels."""

    content: Mapping[str, Any] | None = None
    __pydantic_config__ = {"extra": "forbid"}


class SuperResolutionKind(Kind):
    options: ClassVar = SuperResolutionPart
    networks: ClassVar = {"srresnet": SrResNet}
    data: ClassVar = Packed
    recorded: ClassVar = OfSuperResolution
    references: ClassVar = ("content",)
    from_images: ClassVar = True
    fixed: ClassVar = {
        "factor": SHAPES,
        "crop": SHAPES,
        "content": Fixed(why="it has compared images there from the beginning"),
    }
    there_or_not: ClassVar = ("adversarial",)

    def open(self, recipe: Recipe, source: str) -> Packed:
        refuse_of_data(recipe, ("direction", "source_channels", "columns"))
        _, channels = given_size(recipe)
        refuse_of_data(recipe, ("size", "fit", "first", "count", "image_column", "label_column", "labels"))
        data = recipe.data
        return open_tiles(
            source,
            tile=data.tile,
            channels=channels or 3,
            range=data.range,
            hold_out=data.hold_out,
            skip_unreadable=data.skip_unreadable,
            cache=place_of_cache(recipe),
        )

    def build(self, recipe: Recipe, materials: Materials) -> SuperResolution:
        part, found, device = recipe.task, materials.found, materials.device
        assert isinstance(part, SuperResolutionPart) and isinstance(recipe.training.batch, int)
        refuse_all_of_latents(recipe)
        _check_opponent(recipe, part)
        if len(found.shape) != 3:
            raise UserError(f"{found.kind} ({found.source})", "photographs", "give a folder of images")
        channels, small = found.shape[0], part.crop // part.factor
        content = content_of(part, materials.references.get("content"))
        torch.manual_seed(derive_seed(recipe.seed, "initialisation"))
        large = small * part.factor
        generator, discriminator = recipe.networks.build((channels, small, small), (channels, large, large))
        against = recipe.objective is not None
        return SuperResolution(
            generator=generator.to(device),
            discriminator=discriminator.to(device) if against else None,
            data=materials.data,
            objective=objective_of(recipe) if against else None,
            penalties=penalties_of(recipe),
            factor=part.factor,
            crop=part.crop,
            content=content,
            source_range=generator.source_range,
            pixel_range=generator.pixel_range,
            batch=recipe.training.batch,
            seed=recipe.seed,
            device=device,
        )

    def pictures(self, recipe: Recipe, task: SuperResolution, found: DataFacts, data: Packed) -> Pictures:
        """Tiles that were not trained on, where there are any; a row: bicubic interpolation, what G made, original."""
        tiles = not_trained_on(data)
        count = min(recipe.watch.samples, SHOWN, len(tiles))
        # Tiles of a photograph follow each other: evenly spread ones show many photographs.
        originals = data.batch(tiles[np.linspace(0, len(tiles) - 1, count).astype(np.int64)])[0]
        height, width = (side - side % task.factor for side in data.shape[1:])
        originals = originals[:, :, :height, :width]
        sources = bicubic(originals, (height // task.factor, width // task.factor))
        interpolated = bicubic(sources, (height, width))

        def draw(made: Tensor, path: Path) -> None:
            rows = torch.stack([as_shown(interpolated), made, as_shown(originals)], dim=1).flatten(0, 1)
            save_picture(grid(rows, columns=3), path)

        return Pictures(request=Request(tensors={"source": sources.to(task.device)}), draw=draw)

    def sampler(self, task: SuperResolution, found: DataFacts, step: int) -> Translator:
        # The run found large images alone.
        return Translator(task, channels=(found.shape[0], found.shape[0]), enlarges=True, step=step)


def content_of(part: SuperResolutionPart, features: "Features | None") -> Content:
    """Where images are compared: in the features that were opened, or in pixels."""
    if features is None or features.maps is None:
        return PIXELS
    from saddlepoint.metrics.features.vgg import SMALLEST

    name = part.content.partition(":")[0]
    if name == "vgg19" and part.crop < SMALLEST:
        raise UserError(
            f"task.crop = {part.crop} with task.content = {part.content}",
            f"at least {SMALLEST}, because VGG19 halves images four times",
            f"set task.crop={SMALLEST} or more",
        )
    maps = features.maps
    return Content(
        name=features.name,
        maps=lambda images: maps(images)[-1],
        scale=VGG_SCALE if name == "vgg19" else 1.0,
        sha256=digest(features),
        about=features.about,
    )


def _check_opponent(recipe: Recipe, part: SuperResolutionPart) -> None:
    """Objective and its weight are there together, or neither is."""
    given = {"objective": recipe.objective is not None, "task.adversarial": part.adversarial is not None}
    if len(set(given.values())) > 1:
        there, missing = sorted(given, key=lambda name: not given[name])
        raise UserError(
            f"{there} without {missing} in a recipe of the task {part.kind}",
            "both, and with them a discriminator, or none",
            "see `saddlepoint recipes srgan-x4` for all, `saddlepoint recipes srresnet-x4` for none",
        )
