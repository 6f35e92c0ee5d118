"""Runs one command: its answer on standard output, all else on standard error, and one line for each mistake.

Exit codes: 0; 2 the user's mistake; 3 the run could not go on; 130 stopped by a signal after saving; 1 our own fault.
"""

import argparse
import os
import re
import shlex
import sys
from collections.abc import Sequence

from saddlepoint.command.ends import end_of
from saddlepoint.command.parser import build_parser, joined, options_by_verb
from saddlepoint.command.verb import Answer
from saddlepoint.command.verbs import VERBS
from saddlepoint.errors import UserError
from saddlepoint.process.signals import answered, interrupt
from saddlepoint.process.streams import guarded_streams

# What a cure may name.
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_COMMAND = re.compile(r"`saddlepoint [^`]*`")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; gives its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    with guarded_streams(), answered(interrupt):
        try:
            chosen = build_parser().parse_args(joined(arguments))
        except SystemExit as ended:
            return int(ended.code or 0)
        try:
            code = _run(chosen, arguments)
            sys.stdout.flush()
            return code
        except (Exception, KeyboardInterrupt) as error:
            end = end_of(error)
            if end is None:
                raise
            more = _belonging(error.cure, chosen.verb) if isinstance(error, UserError) else ""
            _say(chosen.verb, end.said + more)
            return end.code


def _run(chosen: argparse.Namespace, arguments: Sequence[str]) -> int:
    if chosen.version:
        import saddlepoint

        print(saddlepoint.__version__)
        return 0
    if chosen.verb is None:
        build_parser().print_help()
        return 0
    try:
        os.getcwd()
    except FileNotFoundError:
        # Said before torch is loaded, whose libraries end the process there.
        raise UserError(
            "a current folder that was removed", "one that exists", "go to another folder, as with `cd`"
        ) from None
    (verb,) = (verb for verb in VERBS if verb.name == chosen.verb)
    answer = verb.run(chosen, "saddlepoint " + shlex.join(arguments))
    print(_as_json(answer) if chosen.json else answer.text)
    if answer.remark:
        _say(verb.name, answer.remark)
    return answer.code


def _as_json(answer: Answer) -> str:
    import json  # here, because --help must not wait for it

    return json.dumps(answer.json)


def _say(verb: str | None, text: str) -> None:
    print(f"saddlepoint{f' {verb}' if verb else ''}: {text}", file=sys.stderr)


def _belonging(cure: str, verb: str) -> str:
    """What a cure leaves open: which verb has an option that it names and that this verb has not; empty otherwise.

    An error may be raised wherever a run or data is read: `sample` can meet data whose cure is a setting of `train`.
    """
    verbs = options_by_verb()
    # A whole command says by itself whose its options are.
    named = dict.fromkeys(_OPTION.findall(_COMMAND.sub("", cure)))
    foreign = [option for option in named if option not in verbs[verb]]
    owners = {option: [name for name, options in verbs.items() if option in options] for option in foreign}
    said = [f"{option} belongs to `saddlepoint {names[0]}`" for option, names in owners.items() if names]
    return f" ({'; '.join(said)})" if said else ""
