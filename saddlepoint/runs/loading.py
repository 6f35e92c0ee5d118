"""From a run folder back to its task, with the weights that a person would use: averaged ones where it kept them."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from saddlepoint.errors import UserError
from saddlepoint.game.task import RunTask, networks_of
from saddlepoint.process.saying import say
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.own_networks import OwnNetworks
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.tasks import build_task
from saddlepoint.runs.recorded import read_recorded
from saddlepoint.runs.saved import saved_under
from saddlepoint.training.machine.device import device_named
from saddlepoint.training.records.checkpoint import Checkpoint, LeftOut, load_network, newest_valid, sampled_weights
from saddlepoint.training.records.folder import RunFolder


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A task as a checkpoint left it.

    Attributes:
        task: without data; its averaged networks hold the checkpoint's weights and are in evaluation mode.
        recipe: the run's.
        found: what the run found its data to be.
        checkpoint: what was loaded.
    """

    task: RunTask
    recipe: Recipe
    found: DataFacts
    checkpoint: Checkpoint

    @property
    def step(self) -> int:
        return self.checkpoint.step


def say_left_out(problems: Sequence[str], taken: Checkpoint) -> None:
    """Says which newer checkpoints are damaged and which one is taken, for what only looks at a run."""
    for problem in problems:
        say(True, f"left out: {problem}; from step {taken.step}")


def refuse_left_out(run: Path) -> LeftOut:
    """Refuses a run whose newest checkpoint is damaged, for what says something of the run.

    Args:
        run: its folder, for the cure.
    """

    def refuse(problems: Sequence[str], older: Checkpoint) -> None:
        raise UserError(
            f"{run}, whose newest checkpoint is damaged: {problems[0]}",
            "a whole one, because an older one is another model",
            f"make it anew by `saddlepoint resume {shlex.quote(str(run))}`, which goes on from step {older.step}, or "
            f"remove its folder to use step {older.step}",
        )

    return refuse


def load_task(
    path: Path,
    *,
    left_out: LeftOut,
    device: str = "auto",
    networks: tuple[nn.Module, nn.Module] | None = None,
    latent: int | None = None,
    step: int | None = None,
) -> Loaded:
    """The task of a run, from its newest valid checkpoint.

    Args:
        path: the run's folder.
        left_out: what is done where newer checkpoints than the one that is taken are damaged.
        device: auto, cpu, cuda or mps.
        networks: a person's own generator and discriminator, if the run was made with such.
        latent: width of z of these; None for what the run recorded.
        step: of the checkpoint; None for the newest valid one.

    Raises:
        UserError: there is no run, or no valid checkpoint.
    """
    folder = RunFolder.existing(path)
    recipe, recorded = read_recorded(folder)
    found, of_task = recorded.facts, recorded.of_task(recipe)
    own = None
    if networks is not None:
        width = latent if latent is not None else getattr(of_task, "latent", None)
        if width is None:
            raise UserError("networks of your own without a latent width", "the width of z", "give latent=64")
        own = OwnNetworks(
            generator=networks[0],
            discriminator=networks[1],
            latent=width,
            pixel_range=getattr(of_task, "pixel_range", None),
            begins=False,
        )
    checkpoint = newest_valid(folder.checkpoints, left_out=left_out, at=step)
    if differs := saved_under(checkpoint, recipe, recorded).of_samples:
        say(True, f"{folder.recipe}: not as it was saved at step {checkpoint.step}: {'; '.join(differs)}")
    recipe = kind_of(recipe).reading(recipe, of_task)
    with torch.random.fork_rng(devices=[]):
        task = build_task(recipe, found, None, device_named(device), own)
    modules = networks_of(task)
    for name in task.averaged:
        load_network(modules[name], sampled_weights(checkpoint, name), checkpoint.path)
        modules[name].eval()
    return Loaded(task=task, recipe=recipe, found=found, checkpoint=checkpoint)
