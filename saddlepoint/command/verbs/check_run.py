"""`saddlepoint check-run LOGS`: what can be told of a run from its log alone, whatever tool wrote it."""

import argparse

from saddlepoint.command.uncollected import uncollected
from saddlepoint.command.verb import Answer, Verb


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "logs",
        metavar="LOGS",
        help="a table as text (.csv, .tsv), JSON lines, an event file of TensorBoard, or a folder with one of these;"
        " one row for each step, if cycling is to be judged",
    )
    parser.add_argument("--objective", metavar="NAME|TEXT", help="what was trained with; without it less can be told")
    parser.add_argument(
        "--columns",
        metavar="ROLE=NAME,...",
        help="which column is what: loss_d, loss_g, d_real, d_fake, gradient_d, gradient_g (default: by their names)",
    )
    parser.add_argument(
        "--outputs",
        choices=("logits", "probabilities"),
        help="what d_real and d_fake are (default: told by the numbers, where they can be)",
    )


def run(chosen: argparse.Namespace, command: str) -> Answer:
    with uncollected():
        from saddlepoint.diagnosis.logs.check import check_run
        from saddlepoint.diagnosis.logs.roles import columns_given

    checked = check_run(
        chosen.logs, objective=chosen.objective, columns=columns_given(chosen.columns), outputs=chosen.outputs
    )
    return Answer(json=checked.to_json(), text=str(checked))


CHECK_RUN = Verb(
    name="check-run",
    summary="say what the log of a training elsewhere tells of it (`diagnose` is for runs of this program)",
    add=add,
    run=run,
)
