"""How much arithmetic an iteration is: forward operations of the networks, times the passes that a step needs.

    python -m benchmarks.work ROW ...        prints {row: operations per image} as JSON

Operations (2 for each multiplication with its addition) are counted on the meta device by hooks on convolutions and
linear layers; all else, the resampling filters among it, is left out. With g and d those of one image through G and D,
by the passes of the plain recipe, whatever a fast path makes of them:

    D's step, an image   g + 3d + 3d    forward through G; real and fake forward, backward to weights, backward to maps
                         + 3d for R1, and for R2: backward to the image, and that pass differentiated, which is two
    G's step, an image   3g + 2d        D backward to its maps alone
                         + d where the objective compares with real images
    G alone              3g

Draws that both steps share spare the second forward pass through G. An "image" is a real image that D's steps draw, or
in a recipe without D an image that G's step draws.
"""

import json
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from benchmarks.random_data import data
from benchmarks.rows import ROWS, Row, recipe_of
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.tasks import build_task
from saddlepoint.tasks.generation import Generation
from saddlepoint.tasks.super_resolution import SuperResolution
from saddlepoint.tasks.translation import Translation
from saddlepoint.training.machine.work import forward_operations


def per_image(row: Row) -> float:
    """Operations per image of a whole iteration of the row's recipe."""
    recipe = recipe_of(row)
    items = data(row)
    with torch.device("meta"):
        task = build_task(recipe, DataFacts.of(items), items, torch.device("meta"))
    return operations_per_image(recipe, *_forward(task, row))


def operations_per_image(recipe: Recipe, g: float, d: float) -> float:
    """The rule at the top of this file; g and d per image, forward."""
    if "discriminator" not in recipe.optimizers:
        return 3 * g
    assert recipe.penalties.gradient_penalty is None and not recipe.dynamics.bursts
    penalised = [recipe.penalties.r1 is not None, recipe.penalties.r2 is not None]
    steps, batches = recipe.dynamics.discriminator_steps, recipe.dynamics.generator_batches
    on_real = d if recipe.objective is not None and recipe.objective.startswith(("paired", "average")) else 0
    spared = g if recipe.dynamics.share_draws else 0
    return g + (6 + 3 * sum(penalised)) * d + batches * (3 * g + 2 * d + on_real - spared) / steps


# Batch normalisation of a map of one pixel needs two images.
_PROBED = 2


def _forward(task: Any, row: Row) -> tuple[float, float]:
    zeros: Callable[..., Tensor] = torch.zeros
    images = zeros(_PROBED, *row.shape, device="meta")
    if isinstance(task, Generation):
        labels = (zeros(_PROBED, dtype=torch.int64, device="meta"),) if task.conditional else ()
        given = (zeros(_PROBED, task.latent, device="meta"), *labels)
        judged = (images, *labels)
    elif isinstance(task, Translation):
        given, judged = (images,), (images, images)
    else:
        assert isinstance(task, SuperResolution) and task.discriminator is None
        side = task.crop // task.factor
        return forward_operations(task.generator, zeros(_PROBED, 3, side, side, device="meta")) / _PROBED, 0.0
    made = forward_operations(task.generator, *given)
    return made / _PROBED, forward_operations(task.discriminator, *judged) / _PROBED


if __name__ == "__main__":
    print(json.dumps({row.name: per_image(row) for row in ROWS if row.name in sys.argv[1:]}))
