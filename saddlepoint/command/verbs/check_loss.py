"""`saddlepoint check-loss MODULE:FUNCTION`."""

import argparse

from saddlepoint.command.verb import Answer, Verb


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "target",
        metavar="MODULE:FUNCTION",
        help="MODULE:loss_d,loss_g; or what holds or gives both: a module (also FILE.py), a class, a function",
    )


def run(chosen: argparse.Namespace, command: str) -> Answer:
    from saddlepoint.command.own_code import load_losses
    from saddlepoint.theory.losses.report import check

    found = check(load_losses(chosen.target), chosen.target)
    return Answer(json=found.to_json(), text=str(found))


CHECK_LOSS = Verb(
    name="check-loss",
    summary="recognise and judge the GAN loss of your own PyTorch code, which it runs",
    add=add,
    run=run,
)
