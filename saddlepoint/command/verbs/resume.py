"""`saddlepoint resume RUN`."""

import argparse

from saddlepoint.command.ended import ended
from saddlepoint.command.uncollected import uncollected
from saddlepoint.command.verb import Answer, Verb


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--steps", type=int, metavar="N", help="the new total number of steps; no schedule moves")
    parser.add_argument("--data", metavar="PATH", help="where the data is now, if it has moved")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change a leaf of the recipe from here on"
    )


def run(chosen: argparse.Namespace, command: str) -> Answer:
    with uncollected():
        from saddlepoint.api.train import resume

    resumed = resume(chosen.run, steps=chosen.steps, data=chosen.data, set=chosen.set)
    return ended(resumed, chosen.run)


RESUME = Verb(name="resume", summary="go on with a run, as if it had not been interrupted", add=add, run=run)
