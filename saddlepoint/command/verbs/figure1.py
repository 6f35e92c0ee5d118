"""`saddlepoint figure1 RUN`."""

import argparse
from pathlib import Path

from saddlepoint.command.verb import Answer, Verb
from saddlepoint.errors import UserError


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--out", metavar="FILE.png", help="beside it stands FILE.gif (default: in the run's folder)")


def run(chosen: argparse.Namespace, command: str) -> Answer:
    from saddlepoint.command.places import new_place
    from saddlepoint.command.stages import write_figure

    out = new_place(chosen, "figure1.png")
    if out.suffix != ".png":
        raise UserError(f"--out {out}", "a file whose name ends in .png", "choose another --out")
    picture, animation, steps = write_figure(Path(chosen.run), out)
    answer = {"picture": str(picture), "animation": str(animation), "steps": steps}
    return Answer(json=answer, text=f"{picture}\n{animation}")


FIGURE1 = Verb(
    name="figure1", summary="draw figure 1 of the 2014 paper from a run of the recipe figure1", add=add, run=run
)
