"""What `sample` and `interpolate` share: the generator they load, and where and how its images are written.

Pictures, arrays or folders; by default a picture in the run's folder drawn/.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from saddlepoint.api.load import load
from saddlepoint.command.verb import Answer
from saddlepoint.errors import UserError
from saddlepoint.sampling.gan import Gan
from saddlepoint.sampling.neighbours import Neighbours, side_by_side, strip
from saddlepoint.sampling.pictures import grid, save_picture, scatter


def loaded(chosen: argparse.Namespace, step: int | None = None) -> Gan:
    """The generator of a run, its statistics gathered anew where that was asked for.

    Raises:
        UserError: the run's generator starts from images, and not from latents.
    """
    gan = load(chosen.run, step=step)
    if not isinstance(gan, Gan):
        raise UserError(
            f"{chosen.run}, a run that starts from images",
            "a run with latents",
            "use `saddlepoint sample RUN --data PATH`",
        )
    if chosen.standing is not None:
        gan.standing_statistics(chosen.standing, truncation=chosen.truncation)
    return gan


def choices(chosen: argparse.Namespace) -> str:
    """What was chosen of latents, as a part of a file's name."""
    label = f"-label{chosen.label}" if chosen.label is not None else ""
    truncated = f"-truncated{chosen.truncation:g}" if chosen.truncation is not None else ""
    return label + truncated + (f"-standing{chosen.standing}" if chosen.standing is not None else "")


def check_ending(out: Path, further: str = "") -> None:
    """Refuses a file that nothing can be written as; `further` names what else would be right."""
    if out.suffix not in (".png", ".npz", ""):
        expected = f"FILE.png, FILE.npz, or a folder for one picture each{further}"
        raise UserError(f"--out {out}", expected, "use one of these endings")


def save(made: Tensor, out: Path, *, columns: int | None = None, found: Neighbours | None = None) -> None:
    """Writes images or points, with the nearest training images of each where they were looked for."""
    points = made.dim() == 2
    if points and out.suffix == "":
        raise UserError(f"--out {out} for points", "FILE.png or FILE.npz", "use one of these endings")
    if out.suffix == ".npz":
        arrays: dict[str, Any] = {"images": made.numpy()}
        if found is not None:
            arrays |= {name: getattr(found, name).numpy() for name in ("indices", "distances")}
            arrays["neighbours"] = found.images.numpy()
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("xb") as file:
            np.savez_compressed(file, **arrays)
    elif out.suffix == ".png":
        save_picture(
            scatter(made) if points else side_by_side(found) if found is not None else grid(made, columns=columns), out
        )
    else:
        for index, image in enumerate(made):
            # Exactly the image: no border, no enlargement.
            alone = grid(image[None], padding=0, enlarge=False)
            picture = alone if found is None else strip(image, found.images[index])
            save_picture(picture, out / f"{index:06d}.png")


def drawn(made: Tensor, out: Path, step: int, more: dict[str, Any] | None = None, text: str = "") -> Answer:
    """The answer for what was written."""
    answer = {"out": str(out), "count": len(made), "shape": list(made.shape[1:]), "step": step, **(more or {})}
    return Answer(json=answer, text=f"{out}\n{text}".rstrip())
