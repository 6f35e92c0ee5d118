"""The kind of `trio_task.py`: with it, all that a run needs to know of that task."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field, PositiveInt
from torch import nn

from saddlepoint.data import Packed
from saddlepoint.game.schedules import Number
from saddlepoint.game.task import Networks, Request
from saddlepoint.measuring.measure import Samples
from saddlepoint.metrics.features import Features
from saddlepoint.randomness import derive_seed
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.kinds.generation import open_labelled
from saddlepoint.recipes.kinds.kind import SHAPES, Kind, Materials, Pictures, objective_of, penalties_of
from saddlepoint.recipes.kinds.of_latents import samples_of_latents
from saddlepoint.recipes.parts import TaskPart
from saddlepoint.recipes.specification import Recipe
from saddlepoint.sampling.gan import Gan
from saddlepoint.sampling.latents import latents
from saddlepoint.sampling.pictures import grid, save_picture
from tests.recipes.kinds.trio_task import ARTIST, CRITIC, Judging, Trio


class TrioPart(TaskPart):
    kind: Literal["trio"] = "trio"
    known_players: ClassVar = (CRITIC, ARTIST)
    latent: PositiveInt = 3
    width: PositiveInt = 8
    pull: Number = Field(default=0.5, description="weight of what the decoder makes of an image's own code")

    @property
    def numbers(self) -> dict[str, Number]:
        return {"pull": self.pull}


class TrioKind(Kind):
    options: ClassVar = TrioPart
    data: ClassVar = Packed
    measured: ClassVar = True
    fixed: ClassVar = {"latent": SHAPES, "width": SHAPES}

    def open(self, recipe: Recipe, source: str) -> Packed:
        return open_labelled(recipe, source)

    def build(self, recipe: Recipe, materials: Materials) -> Trio:
        part, shape = recipe.task, materials.found.shape
        assert isinstance(part, TrioPart) and isinstance(recipe.training.batch, int)
        pixels = int(torch.tensor(shape).prod())
        torch.manual_seed(derive_seed(recipe.seed, "initialisation"))
        body = nn.Sequential(nn.Linear(part.latent, part.width), nn.ReLU(), nn.Linear(part.width, pixels))
        return Trio(
            encoder=nn.Sequential(nn.Flatten(), nn.Dropout(0.1), nn.Linear(pixels, part.latent)),
            decoder=nn.Sequential(body, nn.Unflatten(1, shape), nn.Tanh()),
            critic=Judging(pixels, part.latent, part.width),
            data=materials.data,
            objective=objective_of(recipe),
            latent=part.latent,
            penalties=penalties_of(recipe),
            batch=recipe.training.batch,
            seed=recipe.seed,
            device=materials.device,
        )

    def pictures(self, recipe: Recipe, task: Trio, found: DataFacts, data: Any) -> Pictures:
        z = latents(recipe.seed, recipe.watch.samples, width=task.latent, prior_name="normal")
        return Pictures(request=Request(tensors={"z": z}), draw=lambda made, path: save_picture(grid(made), path))

    def sampler(self, task: Trio, found: DataFacts, step: int) -> Gan:
        return Gan(task, latent=task.latent, prior="normal", classes=(), points=False, step=step)

    def generated_samples(
        self, task: Trio, networks: Networks, data: Packed, features: Features, *, seed: int, about: Mapping[str, Any]
    ) -> Samples:
        return samples_of_latents(
            task, networks, data, features, latent=task.latent, prior="normal", seed=seed, about=about
        )
