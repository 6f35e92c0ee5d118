"""`saddlepoint diagnose RUN`: the real game near where a run stands, and why it circles."""

import argparse
import sys
from pathlib import Path

from saddlepoint.command.options import add_step_option
from saddlepoint.command.uncollected import uncollected
from saddlepoint.command.verb import Answer, Verb


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN")
    parser.add_argument("--data", metavar="PATH", help="where the run's data is, if it has moved")
    add_step_option(parser)
    parser.add_argument(
        "--probe", type=int, metavar="N", help="items of each side to look with (default 256, of large networks 64)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=60.0,
        metavar="S",
        help="of processor time at most, about; what is open then is said to be (default 60)",
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="it computes in double precision")
    parser.add_argument("--out", metavar="FILE.html", help="also write a page with pictures")


def run(chosen: argparse.Namespace, command: str) -> Answer:
    with uncollected():
        from saddlepoint.api.diagnosis import diagnose

    diagnosis = diagnose(
        chosen.run,
        data=chosen.data,
        step=chosen.step,
        probe=chosen.probe,
        seconds=chosen.seconds,
        device=chosen.device,
        tell=lambda line: print(f"measuring {line}", file=sys.stderr),
    )
    if chosen.out is not None:
        from saddlepoint.report.diagnosis_page import write_diagnosis

        write_diagnosis(diagnosis, Path(chosen.out))
    return Answer(json=diagnosis.to_json(), text=str(diagnosis))


DIAGNOSE = Verb(
    name="diagnose",
    summary="say whether and why the game of a run circles where it stands (`doctor` is for the machine)",
    add=add,
    run=run,
)
