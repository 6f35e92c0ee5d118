"""`saddlepoint prove OBJECTIVE`."""

import argparse
from pathlib import Path

from saddlepoint.command.verb import Answer, Verb


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "objective", metavar="OBJECTIVE", help='such as hinge, minimax@logit, or "f1=-D**2/2; f2=D; f3=-D"'
    )
    parser.add_argument(
        "--domain", metavar="A,B", help="of D, ends left out; inf is allowed (default: all D with a value)"
    )
    parser.add_argument(
        "--rest", metavar="D0", help="the rest point, where there are several (default: the first stable one)"
    )
    parser.add_argument("--pd", default="1", metavar="P", help="the data's density at the point (default 1)")
    parser.add_argument(
        "--seconds",
        default="20",
        metavar="S",
        help="of processor time at most, about; what is open then is called undecided (default 20)",
    )
    parser.add_argument("--out", metavar="FILE.html", help="also write a page with the phase portrait")


def run(chosen: argparse.Namespace, command: str) -> Answer:
    from saddlepoint.theory.proof.prove import prove

    proof = prove(chosen.objective, domain=chosen.domain, rest=chosen.rest, p_d=chosen.pd, seconds=chosen.seconds)
    if chosen.out is not None:
        from saddlepoint.report.proof_page import write_proof

        write_proof(proof, Path(chosen.out))
    return Answer(json=proof.to_json(), text=str(proof))


PROVE = Verb(
    name="prove",
    summary="say, and prove, whether an objective can converge",
    add=add,
    run=run,
    signed=("--domain", "--rest", "--pd", "--seconds"),
)
