"""Translation there and back between two kinds of images, learnt without pairs (CycleGAN, `tasks/cycle.py`)."""

from typing import ClassVar, Literal

import torch
from pydantic import Field, NonNegativeInt

from saddlepoint.data.pairs import ImagePairs
from saddlepoint.game.schedules import Number
from saddlepoint.networks import CycleGan
from saddlepoint.randomness import derive_seed
from saddlepoint.recipes.kinds.kind import HISTORY, Materials, objective_of, penalties_of, refuse_all_of_latents
from saddlepoint.recipes.kinds.translation import OfImages, open_two_sides
from saddlepoint.recipes.parts import TaskPart
from saddlepoint.recipes.specification import Recipe
from saddlepoint.tasks.cycle import Cycle


class CyclePart(TaskPart):
    """Two generators, there and back between two kinds of images, learnt without pairs (CycleGAN)."""

    kind: Literal["cycle"] = "cycle"
    cycle: Number = Field(default=10.0, description="weight of the distance after there and back")
    identity: Number = Field(default=5.0, description="weight of what a generator changes in its own kind")
    pool: NonNegativeInt = Field(default=50, description="old fakes that each discriminator is shown again")
    scale: float = Field(default=1.0, ge=1, le=2, description="enlarge images so much and cut their size out again")
    mirror: bool = Field(default=False, description="mirror each image with probability 1/2")

    @property
    def numbers(self) -> dict[str, Number]:
        return {"cycle": self.cycle, "identity": self.identity}

    @property
    def words(self) -> str:
        return "translation without pairs"


class CycleKind(OfImages):
    options: ClassVar = CyclePart
    networks: ClassVar = {"cyclegan": CycleGan}
    fixed: ClassVar = {"pool": HISTORY}

    def open(self, recipe: Recipe, source: str) -> ImagePairs:
        return open_two_sides(recipe, source, paired=False)

    def build(self, recipe: Recipe, materials: Materials) -> Cycle:
        part, pair, found, device = recipe.task, recipe.networks, materials.found, materials.device
        assert isinstance(part, CyclePart) and isinstance(recipe.training.batch, int)
        assert found.source_shape is not None
        refuse_all_of_latents(recipe)
        torch.manual_seed(derive_seed(recipe.seed, "initialisation"))
        generator, discriminator = pair.build(found.source_shape, found.shape)
        generator_back, discriminator_back = pair.build(found.shape, found.source_shape)
        return Cycle(
            generator=generator.to(device),
            discriminator=discriminator.to(device),
            generator_back=generator_back.to(device),
            discriminator_back=discriminator_back.to(device),
            data=materials.data,
            objective=objective_of(recipe),
            shape=found.shape,
            pixel_range=generator.pixel_range,
            batch=recipe.training.batch,
            penalties=penalties_of(recipe),
            scale=part.scale,
            mirror=part.mirror,
            pool=part.pool,
            seed=recipe.seed,
            device=device,
        )
