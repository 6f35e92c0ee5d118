"""What a verb of the command line is, and what it answers."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a verb says on standard output, in two forms of which one is printed, and how the command ends.

    Attributes:
        json: the answer as plain values, for `--json`.
        text: the answer for a person, without the last line's end.
        code: the exit code.
        remark: what is said besides on standard error, on one line; empty for nothing.
    """

    json: Any
    text: str
    code: int = 0
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class Verb:
    """A verb.

    Attributes:
        name: as it is typed.
        summary: its line in `saddlepoint --help`.
        add: gives its parser the arguments and options; `--json` is there already.
        run: does it, for the parsed arguments and the command line as it was typed; what is told on the way goes to
            standard error. Whatever is heavy to import is imported inside.
        signed: options whose value may begin with a minus.
    """

    name: str
    summary: str
    add: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, str], Answer]
    signed: tuple[str, ...] = ()
