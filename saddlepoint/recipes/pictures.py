"""The pictures of a run: what they are made of, and how they are drawn."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from saddlepoint.data import Packed
from saddlepoint.data.pairs import ImagePairs
from saddlepoint.game.task import Request
from saddlepoint.recipes.found import Found, RecipeData
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.tasks import RecipeTask
from saddlepoint.sampling.latents import latents
from saddlepoint.sampling.pictures import grid, save_picture, scatter
from saddlepoint.tasks.classification import Classification
from saddlepoint.tasks.generation import Generation
from saddlepoint.tasks.kit.bicubic import bicubic
from saddlepoint.tasks.kit.pixels import from_range
from saddlepoint.tasks.super_resolution import SuperResolution

Drawer = Callable[[Tensor, Path], None]

# Translations in a picture: each is three large images wide.
_TRANSLATED = 8


def planned_pictures(recipe: Recipe, task: RecipeTask, found: Found, data: RecipeData) -> tuple[Request, Drawer] | None:
    """What a run's sample pictures are made of, always the same, and what draws them; None where nothing is made."""
    if isinstance(task, Classification):
        return None
    if isinstance(task, Generation):
        assert isinstance(data, Packed)
        return fixed_request(recipe, task, found), _drawer(data)
    if isinstance(task, SuperResolution):
        assert isinstance(data, Packed)
        return _enlarged(data, task, min(recipe.watch.samples, _TRANSLATED))
    assert isinstance(data, ImagePairs)
    return _translated(data, task.device, min(recipe.watch.samples, _TRANSLATED))


def fixed_request(recipe: Recipe, task: Generation, found: Found) -> Request:
    """The latents of a run's sample pictures: always the same; labels come one row after the other."""
    # A picture of points needs many of them to show a distribution.
    count = recipe.watch.samples if found.kind == "images" else max(recipe.watch.samples, 1000)
    z = latents(recipe.seed, count, width=task.latent, prior_name=task.prior).to(task.device)
    labels = torch.arange(count, device=task.device) % len(found.classes) if task.conditional else None
    return Request(latents=z, labels=labels)


def _drawer(data: Packed) -> Drawer:
    # A cloud of points says little by itself: the data is drawn behind it.
    reference = None if data.kind == "images" else data.batch(data.splits["train"][:2000])[0]

    def draw(made: Tensor, path: Path) -> None:
        save_picture(grid(made) if reference is None else scatter(made, reference), path)

    return draw


def _translated(data: ImagePairs, device: torch.device, count: int) -> tuple[Request, Drawer]:
    """Sources that were not trained on, where there are any; a row shows source, translation and, of a pair, target."""
    chosen = _not_trained_on(data.sources)[:count]
    sources = data.sources.batch(chosen)[0]
    columns = [_as_shown(sources)]
    if data.paired:
        columns.append(_as_shown(data.targets.batch(chosen)[0]))

    def draw(made: Tensor, path: Path) -> None:
        shown = [columns[0], made, *columns[1:]]
        # One number of channels in a picture: grey beside colour becomes colour, alpha is left out.
        if len({images.shape[1] for images in shown}) > 1:
            shown = [images[:, :3].expand(-1, 3, -1, -1) for images in shown]
        rows = torch.stack(shown, dim=1).flatten(0, 1)
        save_picture(grid(rows, columns=len(shown)), path)

    return Request(sources=sources.to(device)), draw


def _enlarged(data: Packed, task: SuperResolution, count: int) -> tuple[Request, Drawer]:
    """Tiles that were not trained on, where there are any; a row shows bicubic interpolation, what G made, original."""
    tiles = _not_trained_on(data)
    # Tiles of a photograph follow each other: evenly spread ones show many photographs.
    originals = data.batch(tiles[np.linspace(0, len(tiles) - 1, min(count, len(tiles))).astype(np.int64)])[0]
    height, width = (side - side % task.factor for side in data.shape[1:])
    originals = originals[:, :, :height, :width]
    sources = bicubic(originals, (height // task.factor, width // task.factor))
    interpolated = bicubic(sources, (height, width))

    def draw(made: Tensor, path: Path) -> None:
        rows = torch.stack([_as_shown(interpolated), made, _as_shown(originals)], dim=1).flatten(0, 1)
        save_picture(grid(rows, columns=3), path)

    return Request(sources=sources.to(task.device)), draw


def _not_trained_on(data: Packed) -> np.ndarray:
    """Indices of held-out items, of test items, or where there are neither, of the training items."""
    splits = data.splits
    return next(splits[name] for name in ("held_out", "test", "train") if len(splits.get(name, ())))


def _as_shown(stored: Tensor) -> Tensor:
    return from_range(stored.float(), (0.0, 255.0))
