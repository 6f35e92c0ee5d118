"""What `sample` and `interpolate` draw from a run: pictures, arrays, films; by default in its folder drawn/."""

import argparse
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.api import Gan, load, next_free
from saddlepoint.data import Packed
from saddlepoint.errors import UserError
from saddlepoint.recipes.found import open_recipe_data
from saddlepoint.recipes.recorded import read_recorded
from saddlepoint.sampling.films import ENDINGS, check_film, frames_of, save_film
from saddlepoint.sampling.latents import parse_seeds
from saddlepoint.sampling.neighbours import Neighbours, neighbours, side_by_side, strip
from saddlepoint.sampling.pictures import grid, save_picture, scatter
from saddlepoint.training.folder import RunFolder

# Images from one seed to the next: a row of a picture; a leg of a film, which at 20 frames a second takes 1.2 s.
_ROW, _LEG, _RATE = 8, 24, 20.0


def sample(chosen: argparse.Namespace) -> int:
    """Images of a seed or of several, with their nearest training images where asked for."""
    near: int | None = chosen.neighbours
    if chosen.seeds is not None and (chosen.count is not None or chosen.seed is not None):
        raise UserError(
            "--seeds together with --count or --seed", "one way to choose", "use --seeds, or --count and --seed"
        )
    if chosen.back:
        raise UserError("--back for a run with latents", "a run of the task cycle", "leave --back out")
    if chosen.data is not None and near is None:
        raise UserError("--data without --neighbours", "both", "add --neighbours 1, or leave --data out")
    seeds = parse_seeds(chosen.seeds) if chosen.seeds is not None else None
    count, seed = chosen.count if chosen.count is not None else 64, chosen.seed or 0
    name = f"seeds{chosen.seeds}" if seeds is not None else f"seed{seed}-count{count}"
    beside = f"-neighbours{near}" if near is not None else ""
    out = new_place(chosen, f"drawn/{name}{_choices(chosen)}{beside}.png")
    _check_ending(out)
    gan = _loaded(chosen, chosen.step)
    data = _training_data(Path(chosen.run), chosen.data) if near is not None else None
    if seeds is not None:
        made = gan.sample_seeds(seeds, label=chosen.label, truncation=chosen.truncation)
    else:
        made = gan.sample(count, seed=seed, label=chosen.label, truncation=chosen.truncation)
    found = neighbours(made, data, near) if data is not None and near is not None else None
    _save(made, out, found=found)
    if found is None:
        return _answer(made, out, gan.step, chosen.json)
    answer = found.to_json()
    held_out = "" if found.held_out is None else f" of samples, {found.held_out:.4g} of held-out images"
    text = f"median distance to the nearest training image: {answer['median']:.4g}{held_out}"
    return _answer(made, out, gan.step, chosen.json, {"neighbours": answer}, text)


def interpolate(chosen: argparse.Namespace) -> int:
    """The images between seeds, a row from each to the next; or a film through all of them and back to the first."""
    seeds = parse_seeds(chosen.seeds)
    if len(seeds) < 2:
        raise UserError(f"--seeds {chosen.seeds}", "two seeds or more", "use --seeds 0,1")
    out = new_place(chosen, f"drawn/between-{chosen.seeds}{_choices(chosen)}.png")
    options: dict[str, Any] = {
        "spherical": chosen.spherical,
        "label": chosen.label,
        "truncation": chosen.truncation,
    }
    if out.suffix in ENDINGS:
        return _film(chosen, seeds, out, options)
    for option, value in (("--fps", chosen.fps), ("--grid", chosen.grid)):
        if value is not None:
            raise UserError(f"{option} for {out.name}", "a film, FILE.gif or FILE.mp4", f"leave {option} out")
    _check_ending(out, " (or FILE.gif or FILE.mp4, a film)")
    count = chosen.count if chosen.count is not None else _ROW
    gan = _loaded(chosen)
    gan.refuse_without_room((len(seeds) - 1) * count)
    made = torch.cat([gan.interpolate(start, end, count, **options) for start, end in pairwise(seeds)])
    _save(made, out, columns=count)
    return _answer(made, out, gan.step, chosen.json)


def _film(chosen: argparse.Namespace, seeds: list[int], out: Path, options: dict[str, Any]) -> int:
    fps = chosen.fps if chosen.fps is not None else _RATE
    check_film(out, fps)
    at_once = chosen.grid if chosen.grid is not None else 1
    if at_once < 1 or len(seeds) % at_once or len(seeds) // at_once < 2:
        raise UserError(
            f"{len(seeds)} seeds for --grid {at_once}",
            "as many seeds, two or more, for each of the images that move at once",
            f"use --seeds 0-{4 * max(1, at_once) - 1}",
        )
    count = chosen.count if chosen.count is not None else _LEG
    gan = _loaded(chosen)
    if gan.task.pixel_range is None:
        raise UserError("a film of points", "a run on images", "use --out FILE.png or FILE.npz")
    gan.refuse_without_room(len(seeds) * count)
    each = len(seeds) // at_once
    ways = [gan.loop(seeds[start : start + each], count, **options) for start in range(0, len(seeds), each)]
    save_film(frames_of(ways), out, fps=fps)
    return _answer(torch.cat(ways), out, gan.step, chosen.json, {"frames": len(ways[0]), "fps": fps})


def new_place(chosen: argparse.Namespace, default: str) -> Path:
    """Where to write: --out, or a new name in the run's folder; checked before anything is computed.

    Raises:
        UserError: something is there already.
    """
    if chosen.out is None:
        return next_free(Path(chosen.run) / default)
    out = Path(chosen.out)
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise UserError(f"--out {out}, which exists", "a new file or folder", "choose another --out")
    return out


def _loaded(chosen: argparse.Namespace, step: int | None = None) -> Gan:
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


def _choices(chosen: argparse.Namespace) -> str:
    label = f"-label{chosen.label}" if chosen.label is not None else ""
    truncated = f"-truncated{chosen.truncation:g}" if chosen.truncation is not None else ""
    return label + truncated + (f"-standing{chosen.standing}" if chosen.standing is not None else "")


def _check_ending(out: Path, further: str = "") -> None:
    if out.suffix not in (".png", ".npz", ""):
        expected = f"FILE.png, FILE.npz, or a folder for one picture each{further}"
        raise UserError(f"--out {out}", expected, "use one of these endings")


def _training_data(run: Path, source: str | None) -> Packed:
    """What a run was trained on, from its recipe or from where it is now."""
    recipe, recorded = read_recorded(RunFolder.existing(run))
    if source is not None:
        recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"source": source})})
    data = open_recipe_data(recipe)
    assert isinstance(data, Packed), "a run with latents has no pairs"
    before = recorded.facts.fingerprint
    if data.fingerprint != before:
        raise UserError(
            f"data with the fingerprint {data.fingerprint[:12]} ({data.source})",
            f"the data that the run was trained on, {before[:12]}",
            "give its place now with --data",
        )
    return data


def _save(made: Tensor, out: Path, *, columns: int | None = None, found: Neighbours | None = None) -> None:
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


def _answer(
    made: Tensor, out: Path, step: int, as_json: bool, more: dict[str, Any] | None = None, text: str = ""
) -> int:
    answer = {"out": str(out), "count": len(made), "shape": list(made.shape[1:]), "step": step, **(more or {})}
    print(json.dumps(answer) if as_json else f"{out}\n{text}".rstrip())
    return 0
