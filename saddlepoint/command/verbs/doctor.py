"""`saddlepoint doctor`."""

import argparse

from saddlepoint.command.verb import Answer, Verb


def add(parser: argparse.ArgumentParser) -> None:
    """It takes no arguments."""


def run(chosen: argparse.Namespace, command: str) -> Answer:
    from saddlepoint.doctor.examination import examine, render

    found = examine()
    return Answer(json=found, text=render(found), code=0 if found["ok"] else 1)


DOCTOR = Verb(
    name="doctor",
    summary="check whether this machine and installation can train, and how fast; it looks at no run",
    add=add,
    run=run,
)
