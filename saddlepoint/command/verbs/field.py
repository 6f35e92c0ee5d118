"""`saddlepoint field OBJECTIVE --start D,P --pd P`."""

import argparse
from pathlib import Path

from saddlepoint.command.verb import Answer, Verb
from saddlepoint.errors import UserError


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("objective", metavar="OBJECTIVE", help="as in prove")
    parser.add_argument(
        "--start", action="append", required=True, metavar="D,P", help="where to start: D and p_g; as many as wanted"
    )
    parser.add_argument("--pd", type=float, required=True, metavar="P", help="the data's density at the point")
    parser.add_argument("--method", choices=("euler", "rk"), default="euler", help="rk is adaptive (default euler)")
    parser.add_argument("--step", type=float, default=1e-3, metavar="H", help="of Euler's method (default 1e-3)")
    parser.add_argument(
        "--steps", type=int, default=100_000, metavar="N", help="the time is N times H (default 100000)"
    )
    region = parser.add_mutually_exclusive_group()
    region.add_argument("--plane", action="store_true", help="any p_g, as in the first experiment (the default)")
    region.add_argument("--nonnegative", action="store_true", help="keep p_g >= 0 by projection, as a density is")
    parser.add_argument("--out", metavar="FILE.png", help="draw the phase portrait")


def run(chosen: argparse.Namespace, command: str) -> Answer:
    from saddlepoint.theory.flow.experiment import follow, read_start

    starts = [read_start(text) for text in chosen.start]
    out = None if chosen.out is None else Path(chosen.out)
    if out is not None and (out.suffix != ".png" or out.exists()):
        raise UserError(f"--out {out}", "a new file whose name ends in .png", "choose another --out")
    experiment = follow(
        chosen.objective,
        starts,
        p_d=chosen.pd,
        method=chosen.method,
        step=chosen.step,
        steps=chosen.steps,
        nonnegative=chosen.nonnegative,
    )
    if out is not None:
        from saddlepoint.report.portrait import draw_portrait

        draw_portrait(experiment, out)
    return Answer(json=experiment.to_json(), text=str(experiment))


FIELD = Verb(
    name="field",
    summary="follow and draw the trajectories of an objective's pointwise field",
    add=add,
    run=run,
    signed=("--pd",),
)
