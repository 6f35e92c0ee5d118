"""`saddlepoint sample RUN`: images of a seed or of several; or what a run makes of a person's own images."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from saddlepoint.command.options import add_latent_options, add_step_option
from saddlepoint.command.uncollected import uncollected
from saddlepoint.command.verb import Answer, Verb
from saddlepoint.errors import UserError

if TYPE_CHECKING:
    from saddlepoint.data import Packed


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--count", type=int, metavar="N", help="how many (default 64)")
    parser.add_argument("--seed", type=int, metavar="S", help="the seed they all come from (default 0)")
    parser.add_argument("--seeds", metavar="LIST", help="one image for each seed: 0-31 or 1,5,9")
    add_latent_options(parser)
    add_step_option(parser)
    parser.add_argument("--neighbours", type=int, metavar="K", help="show the K nearest training images beside each")
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="your own image or folder, for a run that makes images from images; with --neighbours: where the training "
        "data is now, if it has moved",
    )
    parser.add_argument("--back", action="store_true", help="translate back, with a run of the task cycle")
    parser.add_argument("--out", metavar="FILE.png|FILE.npz|DIR", help="default: a picture in the run's folder")


def run(chosen: argparse.Namespace, command: str) -> Answer:
    with uncollected():
        from saddlepoint.command.translating import starts_from_images, translate

    return translate(chosen) if starts_from_images(chosen.run) else _sample(chosen)


def _sample(chosen: argparse.Namespace) -> Answer:
    """Images of a seed or of several, with their nearest training images where asked for."""
    with uncollected():
        from saddlepoint.command.drawing import check_ending, choices, drawn, loaded, save
        from saddlepoint.command.places import new_place
        from saddlepoint.sampling.latents import parse_seeds
        from saddlepoint.sampling.neighbours import neighbours

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
    out = new_place(chosen, f"drawn/{name}{choices(chosen)}{beside}.png")
    check_ending(out)
    gan = loaded(chosen, chosen.step)
    data = _training_data(Path(chosen.run), chosen.data) if near is not None else None
    if seeds is not None:
        made = gan.sample_seeds(seeds, label=chosen.label, truncation=chosen.truncation)
    else:
        made = gan.sample(count, seed=seed, label=chosen.label, truncation=chosen.truncation)
    found = neighbours(made, data, near) if data is not None and near is not None else None
    save(made, out, found=found)
    if found is None:
        return drawn(made, out, gan.step)
    answer = found.to_json()
    held_out = "" if found.held_out is None else f" of samples, {found.held_out:.4g} of held-out images"
    text = f"median distance to the nearest training image: {answer['median']:.4g}{held_out}"
    return drawn(made, out, gan.step, {"neighbours": answer}, text)


def _training_data(run: Path, source: str | None) -> "Packed":
    """What a run was trained on, from its recipe or from where it is now."""
    from saddlepoint.data import Packed
    from saddlepoint.recipes.tasks import open_recipe_data, with_source
    from saddlepoint.runs.recorded import read_recorded
    from saddlepoint.training.records.folder import RunFolder

    recipe, recorded = read_recorded(RunFolder.existing(run))
    if source is not None:
        recipe = with_source(recipe, source)
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


SAMPLE = Verb(name="sample", summary="make images with a trained generator", add=add, run=run)
