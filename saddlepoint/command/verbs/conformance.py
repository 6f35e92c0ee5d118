"""`saddlepoint conformance`."""

import argparse

from saddlepoint.command.verb import Answer, Verb


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--optimizer",
        metavar="MODULE:FACTORY",
        help="instead, say which games your own f(parameters_d, parameters_g) -> (optimizer_d, optimizer_g) solves",
    )


def run(chosen: argparse.Namespace, command: str) -> Answer:
    from saddlepoint.conformance import suite

    if chosen.optimizer is not None:
        from saddlepoint.command.own_code import load_own
        from saddlepoint.conformance.own import as_text, solved

        _, factory = load_own(chosen.optimizer)
        games = list(solved(factory, chosen.optimizer))
        # Which games it solves is the answer, whatever it is.
        return Answer(json=suite.as_json(games), text=as_text(games))
    rows = suite.run()
    return Answer(json=suite.as_json(rows), text=suite.as_text(rows), code=0 if all(row.ok for row in rows) else 1)


CONFORMANCE = Verb(
    name="conformance",
    summary="measure every exact number of the theory on the trainer's own pieces",
    add=add,
    run=run,
)
