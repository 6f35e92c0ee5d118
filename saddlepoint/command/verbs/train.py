"""`saddlepoint train RECIPE`."""

import argparse

from saddlepoint.command.ended import ended
from saddlepoint.command.options import DEVICES
from saddlepoint.command.uncollected import uncollected
from saddlepoint.command.verb import Answer, Verb
from saddlepoint.errors import UserError


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", metavar="RECIPE", help="see `saddlepoint recipes`")
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="folder, .zip, .tar.gz, .parquet, .npz, .csv of pixels, IDX or CIFAR files, an embedded name, hf:NAME",
    )
    parser.add_argument("--out", metavar="DIR", help="the run's folder, new or empty (default: runs/RECIPE)")
    parser.add_argument("--steps", type=int, metavar="N", help="the total number of steps; schedules follow it")
    parser.add_argument(
        "--minutes", type=float, metavar="M", help="in place of --steps: as many as this machine does in M minutes"
    )
    parser.add_argument(
        "--stop-at", type=int, metavar="K", help="stop early, after step K of them; `resume` then does the rest"
    )
    parser.add_argument("--seed", type=int, metavar="S", help="of everything that is random")
    parser.add_argument("--device", choices=DEVICES)
    parser.add_argument(
        "--objective", metavar="NAME|TEXT", help='such as hinge, or "f1=log(D); f2=log(1-D); f3=log(D); link=sigmoid"'
    )
    parser.add_argument("--from", dest="weights_from", metavar="RUN", help="begin with another run's weights")
    parser.add_argument(
        "--fit",
        choices=("crop", "pad"),
        help="images of other proportions: the middle cut out, or whole on a border (data.fit)",
    )
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change any leaf of the recipe")


def run(chosen: argparse.Namespace, command: str) -> Answer:
    with uncollected():
        from saddlepoint.api.train import train

    if chosen.steps is not None and chosen.steps < 1:
        raise UserError(f"--steps {chosen.steps}", "1 or more", "give the total number of steps")
    trained = train(
        chosen.recipe,
        data=chosen.data,
        out=chosen.out,
        steps=chosen.steps,
        minutes=chosen.minutes,
        stop_at=chosen.stop_at,
        seed=chosen.seed,
        device=chosen.device,
        objective=chosen.objective,
        weights_from=chosen.weights_from,
        set=[*([f"data.fit={chosen.fit}"] if chosen.fit is not None else []), *chosen.set],
        command=command,
    )
    return ended(trained, chosen.out)


TRAIN = Verb(name="train", summary="train a recipe: its name, or a YAML file", add=add, run=run)
