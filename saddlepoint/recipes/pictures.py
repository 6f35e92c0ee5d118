"""The pictures of a run: what they are made of, and how they are drawn."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from saddlepoint.data import Packed
from saddlepoint.game.task import Request
from saddlepoint.recipes.found import Found
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.tasks import RecipeTask
from saddlepoint.sampling.latents import latents
from saddlepoint.sampling.pictures import grid, save_picture, scatter
from saddlepoint.tasks.classification import Classification


def fixed_request(recipe: Recipe, task: RecipeTask, found: Found) -> Request | None:
    """What a run's sample pictures are made of, always the same; None for a task that makes nothing.

    Labels come one row after the other.
    """
    if isinstance(task, Classification):
        return None
    # A picture of points needs many of them to show a distribution.
    count = recipe.watch.samples if found.kind == "images" else max(recipe.watch.samples, 1000)
    z = latents(recipe.seed, count, width=task.latent, prior_name=task.prior).to(task.device)
    labels = torch.arange(count, device=task.device) % len(found.classes) if task.conditional else None
    return Request(latents=z, labels=labels)


def drawer(data: Packed) -> Callable[[Tensor, Path], None]:
    """A function that writes what was made into a file, as a picture."""
    # A cloud of points says little by itself: the data is drawn behind it.
    reference = None if data.kind == "images" else data.batch(data.splits["train"][:2000])[0]

    def draw(made: Tensor, path: Path) -> None:
        save_picture(grid(made) if reference is None else scatter(made, reference), path)

    return draw
