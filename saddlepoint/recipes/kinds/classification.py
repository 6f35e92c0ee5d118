"""Classification: a classifier without an opponent, in whose features data are measured (`tasks/classification.py`)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch

from saddlepoint.data import Packed
from saddlepoint.errors import UserError
from saddlepoint.game.task import networks_of
from saddlepoint.networks import Classifier
from saddlepoint.randomness import derive_seed
from saddlepoint.recipes.kinds.generation import open_labelled
from saddlepoint.recipes.kinds.kind import Kind, Materials, penalties_of, refuse, refuse_all_of_latents, refuse_of_data
from saddlepoint.recipes.parts import TaskPart
from saddlepoint.recipes.specification import Recipe
from saddlepoint.tasks.classification import CLASSIFIER, Classification

if TYPE_CHECKING:
    from saddlepoint.metrics.features import Features


class ClassificationPart(TaskPart):
    """A classifier, without an opponent."""

    kind: Literal["classification"] = "classification"
    known_players: ClassVar = (CLASSIFIER,)


class ClassificationKind(Kind):
    options: ClassVar = ClassificationPart
    networks: ClassVar = {"classifier": Classifier}
    data: ClassVar = Packed
    measured: ClassVar = True

    def open(self, recipe: Recipe, source: str) -> Packed:
        refuse_of_data(recipe, ("direction", "source_channels", "columns", "tile"))
        return open_labelled(recipe, source)

    def build(self, recipe: Recipe, materials: Materials) -> Classification:
        found = materials.found
        assert isinstance(recipe.training.batch, int)
        refuse(recipe, objective=recipe.objective is not None, penalties=bool(penalties_of(recipe)))
        refuse_all_of_latents(recipe)
        if len(found.shape) != 3:
            raise UserError(f"{found.kind} ({found.source})", "labelled images", "give images sorted by class")
        torch.manual_seed(derive_seed(recipe.seed, "initialisation"))
        classifier = recipe.networks.build(found.shape, len(found.classes))
        return Classification(
            classifier=classifier.to(materials.device),
            data=materials.data,
            pixel_range=classifier.pixel_range,
            batch=recipe.training.batch,
            seed=recipe.seed,
            device=materials.device,
        )

    def default_metrics(self, data: Packed) -> tuple[str, ...]:
        return ("accuracy",)

    def reference(self, data: Packed) -> str:
        return "test" if "test" in data.splits else "held_out"

    def as_features(self, task: Classification, about: Mapping[str, Any]) -> "Features":
        from saddlepoint.metrics.features import classifier_features

        return classifier_features(networks_of(task)[CLASSIFIER], about)
