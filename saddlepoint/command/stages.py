"""What `saddlepoint figure1 RUN` draws: a run on the line, read from its checkpoints, as a picture and an animation."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from saddlepoint.data import TOY_SETS
from saddlepoint.errors import UserError
from saddlepoint.process.saying import say
from saddlepoint.randomness import PRIORS
from saddlepoint.report.figure1 import Stage, draw_animation, draw_figure
from saddlepoint.runs.loading import load_task, say_left_out
from saddlepoint.runs.recorded import read_recorded
from saddlepoint.tasks.kit.adversary import DISCRIMINATOR
from saddlepoint.theory.density.pushforward import pushforward
from saddlepoint.training.records.checkpoint import load_network, read, steps_saved, tensors_of
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.records.manifest import NewerFormat

_PLACES = 600
_SAMPLES = 20_000
_ARROWS = 17
_BINS = 60


def write_figure(run: Path, out: Path) -> tuple[Path, Path, list[int]]:
    """Draws FILE.png and FILE.gif from all checkpoints that a run kept; gives both paths, and the steps drawn.

    Raises:
        UserError: the run is not one on the line whose density is known.
    """
    stages = read_stages(run)
    picture, animation = draw_figure(stages, out), draw_animation(stages, out.with_suffix(".gif"))
    return picture, animation, [stage.step for stage in stages]


def read_stages(run: Path) -> list[Stage]:
    """One stage for each checkpoint, from the first to the last; which are damaged and left out is said.

    Raises:
        UserError: as in `write_figure`.
    """
    folder = RunFolder.existing(run)
    recipe, recorded = read_recorded(folder)
    source = recorded.facts.source
    toy = TOY_SETS.get(source)
    if toy is None or toy.dimensions != 1 or getattr(recipe.networks, "latent", None) != 1:
        raise UserError(
            f"a run on {source}",
            "a run on the line with one latent number",
            "train one: saddlepoint train figure1",
        )
    spread = 4 * float(toy.deviations.max())  # type: ignore[union-attr]
    x = np.linspace(float(toy.modes.min()) - spread, float(toy.modes.max()) + spread, _PLACES)
    real = np.exp(toy.log_density(x[:, None]))
    return [_stage(folder, step, x, real) for step in _whole_steps(folder)]


def _whole_steps(folder: RunFolder) -> list[int]:
    whole, problems = [], []
    for step in steps_saved(folder.checkpoints):
        try:
            read(folder.checkpoints / f"{step:08d}")
        except NewerFormat:
            raise
        except UserError as error:
            problems.append(error.got)
        else:
            whole.append(step)
    if not whole:
        found = f"{len(problems)} damaged ones ({problems[0]})" if problems else "none"
        raise UserError(
            f"checkpoints in {folder.checkpoints}: {found}", "whole ones", "train again: `saddlepoint train figure1`"
        )
    for problem in problems:
        say(True, f"left out: {problem}; drawn are the steps {', '.join(map(str, whole))}")
    return whole


@torch.no_grad()
def _stage(folder: RunFolder, step: int, x: np.ndarray, real: np.ndarray) -> Stage:
    loaded = load_task(folder.path, left_out=say_left_out, device="cpu", step=step)
    checkpoint = loaded.checkpoint
    # The recipe figure1 is one of generation.
    task: Any = loaded.task
    load_network(task.discriminator, tensors_of(checkpoint, "networks", DISCRIMINATOR), checkpoint.path)
    task.discriminator.eval()

    def generated(z: np.ndarray) -> np.ndarray:
        return task.generator(torch.from_numpy(z).float()[:, None])[:, 0].double().numpy()

    # Even steps of probability are even shares of mass, whatever the prior is; its two tails are cut off.
    share = np.linspace(0, 1, _SAMPLES + 1)
    shares = np.clip(share, 1e-6, 1 - 1e-6)
    z = PRIORS[task.prior](torch.from_numpy(shares)).double().numpy()
    made = generated(z)
    counts, edges = np.histogram(made, _BINS, (float(x[0]), float(x[-1])))
    arrows = np.linspace(-1, 1, _ARROWS)
    scores = task.discriminator(torch.from_numpy(x).float()[:, None])
    return Stage(
        step=step,
        x=x,
        real=real,
        generated=pushforward(z, np.diff(share), made, x),
        score=task.objective.score(scores).double().numpy(),
        counts=counts / len(made) / (edges[1] - edges[0]),
        edges=edges,
        z=arrows,
        arrows=generated(arrows),
    )
