"""The kind of `guided_task.py`."""

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
from saddlepoint.recipes.kinds.kind import Kind, Materials, Pictures, objective_of
from saddlepoint.recipes.kinds.of_latents import samples_of_latents
from saddlepoint.recipes.parts import TaskPart
from saddlepoint.recipes.specification import Recipe
from saddlepoint.sampling.gan import Gan
from saddlepoint.sampling.latents import latents
from saddlepoint.sampling.pictures import grid, save_picture
from tests.recipes.kinds.guided_task import IMITATOR, JUDGE, Guided, Judge


class GuidedPart(TaskPart):
    kind: Literal["guided"] = "guided"
    known_players: ClassVar = (JUDGE, IMITATOR)
    latent: PositiveInt = 3
    naming: Number = Field(default=1.0, description="weight of the cross-entropy of what is labelled")

    @property
    def numbers(self) -> dict[str, Number]:
        return {"naming": self.naming}


class GuidedKind(Kind):
    options: ClassVar = GuidedPart
    data: ClassVar = Packed
    measured: ClassVar = True

    def open(self, recipe: Recipe, source: str) -> Packed:
        return open_labelled(recipe, source)

    def build(self, recipe: Recipe, materials: Materials) -> Guided:
        part, found = recipe.task, materials.found
        assert isinstance(part, GuidedPart) and isinstance(recipe.training.batch, int)
        pixels = int(torch.tensor(found.shape).prod())
        torch.manual_seed(derive_seed(recipe.seed, "initialisation"))
        # Dropout, so that what a draw makes of the network depends on how torch's generator stands.
        body = nn.Sequential(nn.Linear(part.latent, 8), nn.Dropout(0.3), nn.Linear(8, pixels))
        return Guided(
            policy=nn.Sequential(body, nn.Tanh(), nn.Unflatten(1, found.shape)),
            judge=Judge(pixels, len(found.classes), 8),
            data=materials.data,
            objective=objective_of(recipe),
            latent=part.latent,
            batch=recipe.training.batch,
            seed=recipe.seed,
            device=materials.device,
        )

    def pictures(self, recipe: Recipe, task: Guided, found: DataFacts, data: Any) -> Pictures:
        z = latents(recipe.seed, recipe.watch.samples, width=task.latent, prior_name="normal")
        return Pictures(request=Request(tensors={"z": z}), draw=lambda made, path: save_picture(grid(made), path))

    def sampler(self, task: Guided, found: DataFacts, step: int) -> Gan:
        return Gan(task, latent=task.latent, prior="normal", classes=(), points=False, step=step)

    def generated_samples(
        self, task: Guided, networks: Networks, data: Packed, features: Features, *, seed: int, about: Mapping[str, Any]
    ) -> Samples:
        return samples_of_latents(
            task, networks, data, features, latent=task.latent, prior="normal", seed=seed, about=about
        )
