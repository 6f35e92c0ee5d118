"""`saddlepoint figure1 RUN`: a run on the line, read from its checkpoints, as a picture and an animation."""

from pathlib import Path

import numpy as np
import torch

from saddlepoint.api import load
from saddlepoint.data import TOY_SETS
from saddlepoint.errors import UserError
from saddlepoint.randomness import PRIORS
from saddlepoint.recipes.text import read_recipe
from saddlepoint.report.figure1 import Stage, draw_animation, draw_figure
from saddlepoint.tasks.generation import DISCRIMINATOR
from saddlepoint.theory.pushforward import pushforward
from saddlepoint.training.checkpoint import load_network, newest_valid, tensors_of
from saddlepoint.training.folder import RunFolder

_PLACES = 600
_SAMPLES = 20_000
_ARROWS = 17
_BINS = 60


def write_figure(run: Path, out: Path) -> tuple[Path, Path]:
    """Draws FILE.png and FILE.gif from all checkpoints that a run kept; gives both paths.

    Raises:
        UserError: the run is not one on the line whose density is known.
    """
    stages = read_stages(run)
    return draw_figure(stages, out), draw_animation(stages, out.with_suffix(".gif"))


def read_stages(run: Path) -> list[Stage]:
    """One stage for each checkpoint, from the first to the last.

    Raises:
        UserError: as in `write_figure`.
    """
    folder = RunFolder.existing(run)
    recipe, recorded = read_recipe(folder.recipe)
    source = recorded["found"]["source"]
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
    steps = sorted(int(path.name) for path in folder.checkpoints.iterdir() if path.name.isdigit())
    return [_stage(folder, step, x, real) for step in steps]


@torch.no_grad()
def _stage(folder: RunFolder, step: int, x: np.ndarray, real: np.ndarray) -> Stage:
    task = load(folder.path, device="cpu", step=step).task
    checkpoint, _ = newest_valid(folder.checkpoints, at=step)
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
