"""`saddlepoint interpolate RUN`: the images between seeds; or a film through all of them."""

import argparse
from itertools import pairwise
from pathlib import Path
from typing import Any

from saddlepoint.command.options import add_latent_options
from saddlepoint.command.uncollected import uncollected
from saddlepoint.command.verb import Answer, Verb
from saddlepoint.errors import UserError

# Images from one seed to the next: a row of a picture; a leg of a film, which at 20 frames a second takes 1.2 s.
_ROW, _LEG, _RATE = 8, 24, 20.0


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--seeds", default="0-4", metavar="LIST", help="two or more (default 0-4)")
    parser.add_argument(
        "--count",
        type=int,
        metavar="N",
        help="images from each to the next (default 8, ends included; in a film 24, and back to the first)",
    )
    parser.add_argument("--spherical", action="store_true", help="along great circles instead of straight lines")
    add_latent_options(parser)
    parser.add_argument("--fps", type=float, metavar="F", help="frames a second of a film (default 20)")
    parser.add_argument(
        "--grid", type=int, metavar="N", help="images that move at once in a film, each through its share of the seeds"
    )
    parser.add_argument(
        "--out",
        metavar="FILE.png|FILE.npz|FILE.gif|FILE.mp4|DIR",
        help="default: a picture in the run's folder; .gif and .mp4 are films",
    )


def run(chosen: argparse.Namespace, command: str) -> Answer:
    """The images between seeds, a row from each to the next; or a film through all of them and back to the first."""
    with uncollected():
        import torch

        from saddlepoint.command.drawing import check_ending, choices, drawn, loaded, save
        from saddlepoint.command.places import new_place
        from saddlepoint.sampling.films import ENDINGS
        from saddlepoint.sampling.latents import parse_seeds

    seeds = parse_seeds(chosen.seeds)
    if len(seeds) < 2:
        raise UserError(f"--seeds {chosen.seeds}", "two seeds or more", "use --seeds 0,1")
    out = new_place(chosen, f"drawn/between-{chosen.seeds}{choices(chosen)}.png")
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
    check_ending(out, " (or FILE.gif or FILE.mp4, a film)")
    count = chosen.count if chosen.count is not None else _ROW
    gan = loaded(chosen)
    gan.refuse_without_room((len(seeds) - 1) * count)
    made = torch.cat([gan.interpolate(start, end, count, **options) for start, end in pairwise(seeds)])
    save(made, out, columns=count)
    return drawn(made, out, gan.step)


def _film(chosen: argparse.Namespace, seeds: list[int], out: Path, options: dict[str, Any]) -> Answer:
    import torch

    from saddlepoint.command.drawing import drawn, loaded
    from saddlepoint.sampling.films import check_film, frames_of, save_film

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
    gan = loaded(chosen)
    if gan.points:
        raise UserError("a film of points", "a run on images", "use --out FILE.png or FILE.npz")
    gan.refuse_without_room(len(seeds) * count)
    each = len(seeds) // at_once
    ways = [gan.loop(seeds[start : start + each], count, **options) for start in range(0, len(seeds), each)]
    save_film(frames_of(ways), out, fps=fps)
    return drawn(torch.cat(ways), out, gan.step, {"frames": len(ways[0]), "fps": fps})


INTERPOLATE = Verb(
    name="interpolate",
    summary="make the images between two seeds, and on to the next; or a film of them",
    add=add,
    run=run,
)
