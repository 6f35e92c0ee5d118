"""Asking a run that another process is training: the request goes into its inbox, the answer stands in its events.

What is wrong with a request is said before it is sent, by the rules of `resume --set`.
"""

import shlex
import time
from pathlib import Path
from typing import Any

from saddlepoint.errors import UserError
from saddlepoint.files import read_lines
from saddlepoint.recipes.text import known_keys, shown
from saddlepoint.runs.changes import changed_recipe
from saddlepoint.runs.recorded import read_recorded
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.records.inbox import Message, post, withdraw

# Seconds between two looks for an answer.
_PAUSE = 0.05


def ask(run: Path, message: Message) -> str:
    """Puts a request into the inbox of a run; gives its id.

    Raises:
        UserError: there is no such run, nobody trains it, or it could not be asked for that.
    """
    folder = RunFolder.existing(run)
    recipe, _ = read_recorded(folder)
    if message.changes:
        changed_recipe(recipe, message.changes, run)
    for name in message.names:
        if name not in known_keys():
            raise UserError(f"release {shown(name)}", "a key that recipes have", "give one that was asked for")
    if not folder.written():
        raise UserError(f"the run {run}, which nobody is training", "a run that goes on", _way_on(run, message))
    return post(folder, message)


def _way_on(run: Path, message: Message) -> str:
    changes = "".join(f" --set {shlex.quote(change)}" for change in message.changes)
    return f"go on with it by `saddlepoint resume {shlex.quote(str(run))}{changes}`"


def answer_to(run: Path, identity: str) -> dict[str, Any]:
    """Waits for the answer to a request: the event that bears its id.

    Raises:
        UserError: the run has ended, or was ended, before it took the request, which is withdrawn.
    """
    folder = RunFolder.existing(run)
    while True:
        # In this order: a run that is no longer written has written all it will.
        written = folder.written()
        for line in read_lines(folder.events):
            if line.value is not None and line.value.get("id") == identity:
                return line.value
        if not written and withdraw(folder, identity):
            raise UserError(
                f"the run {run}, which has ended before it took the request",
                "a run that goes on",
                f"go on with it by `saddlepoint resume {shlex.quote(str(run))}`",
            )
        time.sleep(_PAUSE)
