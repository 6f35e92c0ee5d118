"""`saddlepoint ask RUN ...`: a request to a run that another process is training."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saddlepoint.command.uncollected import uncollected
from saddlepoint.command.verb import Answer, Verb
from saddlepoint.errors import UserError

if TYPE_CHECKING:
    from saddlepoint.training.records.inbox import Message

_WORDS = ("release", "stop", "sample", "checkpoint", "rollback")
_FORMS = f"KEY=VALUE ..., release KEY ..., {', '.join(_WORDS[1:])}"


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN")
    parser.add_argument(
        "what",
        nargs="+",
        metavar="WHAT",
        help=f"{_FORMS}; after rollback, KEY=VALUE for what is other from there on",
    )
    parser.add_argument("--to", type=int, metavar="STEP", help="of rollback: to the newest checkpoint at or before it")
    parser.add_argument(
        "--forget",
        action="store_true",
        help="with KEY=VALUE or rollback: the optimizers begin afresh, without what they remember of gradients before",
    )
    parser.add_argument("--reason", default="", help="why, for events.jsonl")
    parser.add_argument("--wait", action="store_true", help="wait until the run has answered")


def run(chosen: argparse.Namespace, command: str) -> Answer:
    """Asks; with --wait the code is 2 where the run has refused."""
    with uncollected():
        from saddlepoint.runs.asking import answer_to, ask

    place = Path(chosen.run)
    identity = ask(place, _message(chosen))
    answer = {"run": chosen.run, "id": identity, "answer": None}
    if not chosen.wait:
        return Answer(json=answer, text=f"asked; the answer will stand in {place / 'events.jsonl'} under {identity}")
    event = answer_to(place, identity)
    answer["answer"] = event
    if event["event"] == "request refused":
        return Answer(json=answer, text="refused", code=2, remark=str(event.get("reason")))
    return Answer(json=answer, text=_in_words(event))


def _message(chosen: argparse.Namespace) -> "Message":
    from saddlepoint.training.records.inbox import Message

    first, *others = chosen.what
    if chosen.to is not None and (first != "rollback" or chosen.to < 0):
        raise UserError(f"--to {chosen.to} for {first}", "a step of rollback", "ask for rollback --to STEP")
    if "=" in first and all("=" in each for each in others):
        return Message(ask="set", changes=chosen.what, forget=chosen.forget, reason=chosen.reason)
    if first == "release" and others:
        return Message(ask="release", names=others, reason=chosen.reason)
    if first == "rollback" and all("=" in each for each in others):
        return Message(ask="rollback", to=chosen.to, changes=others, forget=chosen.forget, reason=chosen.reason)
    if chosen.forget:
        raise UserError(f"--forget for {first}", "KEY=VALUE ... or rollback", "ask for one of these")
    if first in ("stop", "sample", "checkpoint") and not others:
        return Message(ask=first, reason=chosen.reason)
    raise UserError(f"the request {' '.join(chosen.what)!r}", f"one of {_FORMS}", "write it like that")


def _in_words(event: dict[str, Any]) -> str:
    """An answer for a person: what was done, and when."""
    kind, step = event["event"], event["step"]
    if kind == "setting":
        values = ", ".join(f"{name} = {value:g}" for name, value in event["values"].items())
        return f"set after step {step}: {values}"
    if kind == "released":
        return f"released after step {step}: {', '.join(event['names'])}"
    if kind == "rebuilt":
        return f"rebuilt after step {step}: {', '.join(event['changes'])}"
    if kind == "rolled back":
        changes = f", with {', '.join(event['changes'])}" if event["changes"] else ""
        return f"rolled back from step {step} to step {event['to']}{changes}"
    return f"{kind}, after step {step}"


ASK = Verb(name="ask", summary="ask a run that is being trained for something: settings, a roll back", add=add, run=run)
