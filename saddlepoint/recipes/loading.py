"""From a run folder back to its task, with the weights that a person would use: averaged ones where it kept them."""

from dataclasses import dataclass, fields
from pathlib import Path

import torch
from torch import nn

from saddlepoint.game.task import networks_of
from saddlepoint.recipes.found import Found
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.tasks import OwnNetworks, RecipeTask, build_task
from saddlepoint.recipes.text import read_recipe
from saddlepoint.training.checkpoint import load_network, newest_valid, sampled_weights
from saddlepoint.training.folder import RunFolder
from saddlepoint.training.machine import device_named


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A task as a checkpoint left it.

    Attributes:
        task: without data; its averaged networks hold the checkpoint's weights and are in evaluation mode.
        recipe: the run's.
        found: what the run found its data to be.
        step: of the checkpoint.
        checkpoint: its folder.
    """

    task: RecipeTask
    recipe: Recipe
    found: Found
    step: int
    checkpoint: Path


def load_task(
    path: Path,
    *,
    device: str = "auto",
    networks: tuple[nn.Module, nn.Module] | None = None,
    latent: int | None = None,
    step: int | None = None,
) -> Loaded:
    """The task of a run, from its newest valid checkpoint.

    Args:
        path: the run's folder.
        device: auto, cpu, cuda or mps.
        networks: a person's own generator and discriminator, if the run was made with such.
        latent: width of z of these; None for what the run recorded.
        step: of the checkpoint; None for the newest valid one.

    Raises:
        UserError: there is no run, or no valid checkpoint.
    """
    folder = RunFolder.existing(path)
    recipe, recorded = read_recipe(folder.recipe)
    known = {field.name for field in fields(Found)}
    found = Found.read({key: value for key, value in recorded["found"].items() if key in known})
    more = {key: value for key, value in recorded["found"].items() if key not in known}
    own = None
    if networks is not None:
        own = OwnNetworks(
            generator=networks[0],
            discriminator=networks[1],
            latent=latent or more["latent"],
            pixel_range=tuple(more["pixel_range"]) if more["pixel_range"] else None,
        )
    if "prior" in more:
        recipe = recipe.model_copy(update={"latent_prior": more["prior"]})
    checkpoint, _ = newest_valid(folder.checkpoints, at=step)
    with torch.random.fork_rng(devices=[]):
        task = build_task(recipe, found, None, device_named(device), own)
    modules = networks_of(task)
    for name in task.averaged:
        load_network(modules[name], sampled_weights(checkpoint, name), checkpoint.path)
        modules[name].eval()
    return Loaded(task=task, recipe=recipe, found=found, step=checkpoint.step, checkpoint=checkpoint.path)
