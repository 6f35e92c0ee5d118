"""`saddlepoint report RUN`."""

import argparse
from pathlib import Path

from saddlepoint.command.verb import Answer, Verb


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN")


def run(chosen: argparse.Namespace, command: str) -> Answer:
    from saddlepoint.report import write_report

    path = write_report(Path(chosen.run))
    return Answer(json={"report": str(path)}, text=str(path))


REPORT = Verb(name="report", summary="write a run's report.html anew", add=add, run=run)
