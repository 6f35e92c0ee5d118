"""`sp.load`: a trained generator, from the folder of its run."""

from pathlib import Path
from typing import Any

from torch import nn

from saddlepoint.api.run import Run, run_path
from saddlepoint.arguments import whole_number
from saddlepoint.errors import UserError
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.runs.loading import load_task, say_left_out


def load(
    run: str | Path | Run,
    *,
    device: str = "auto",
    generator: nn.Module | None = None,
    discriminator: nn.Module | None = None,
    latent: int | None = None,
    step: int | None = None,
) -> Any:
    """The generator of a run, with its averaged weights where it kept an average.

    It is a `Translator` where the run makes images from images (translation, cycle, super-resolution), else a `Gan`.

    Args:
        run: its folder.
        device: auto, cpu, cuda or mps.
        generator, discriminator, latent: your own networks, if the run was made with such.
        step: of the checkpoint; None for the newest valid one.

    Raises:
        UserError: there is no run, or no valid checkpoint.

    Examples:
        >>> gan = sp.load(run)
        >>> gan.sample(16, seed=0).shape
        torch.Size([16, 1, 8, 8])
    """
    path = run_path(run)
    step = whole_number("step", step, least=0) if step is not None else None
    if generator is None and not (discriminator is None and latent is None):
        raise UserError(
            "discriminator= or latent= without generator=", "a generator, which is what is loaded", "give generator="
        )
    # Only the generator is needed to sample.
    own = None if generator is None else (generator, discriminator if discriminator is not None else nn.Identity())
    loaded = load_task(path, left_out=say_left_out, device=device, networks=own, latent=latent, step=step)
    return kind_of(loaded.recipe).sampler(loaded.task, loaded.found, loaded.step)
