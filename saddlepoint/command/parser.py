"""All verbs with their options, read from what a person typed. Nothing heavy is imported here."""

import argparse
import re
from collections.abc import Sequence

from saddlepoint.command.mistyped import Parser
from saddlepoint.command.verbs import VERBS

_NETWORK_NOTE = "Nothing is fetched from the network unless --data names a Hugging Face data set (hf:NAME)."
_SIGNED = frozenset(option for verb in VERBS for option in verb.signed)
# The beginning of a point D,P.
_POINT = re.compile(r"[-+]?(\d|\.|inf|nan).*,")


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command; what it has read says with `run` what is done."""
    parser = Parser(
        prog="saddlepoint",
        description="Trains generative adversarial networks.",
        epilog=_NETWORK_NOTE,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version and end")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=Parser)
    for verb in VERBS:
        made = verbs.add_parser(verb.name, help=verb.summary, description=verb.summary, allow_abbrev=False)
        made.add_argument("--json", action="store_true", help="print the answer as JSON")
        verb.add(made)
    for each in (parser, *verbs.choices.values()):
        each.verbs = verbs.choices
    return parser


def options_by_verb() -> dict[str, frozenset[str]]:
    """The options of each verb: {"resume": {"--steps", "--data", "--json", "--help"}, ...}."""
    (verbs,) = (action for action in build_parser()._actions if isinstance(action, argparse._SubParsersAction))
    return {
        name: frozenset(option for action in verb._actions for option in action.option_strings)
        for name, verb in verbs.choices.items()
    }


def joined(arguments: Sequence[str]) -> list[str]:
    """`--domain -1,2` as `--domain=-1,2`: argparse would take a value that begins with a minus for an option.

    `--start` may be followed by several points: each becomes a `--start=D,P` of its own.
    """
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1].startswith("--start") and _POINT.match(argument):
            joined[-1:] = [f"--start={argument}"] if joined[-1] == "--start" else [joined[-1], f"--start={argument}"]
        elif joined and joined[-1] in _SIGNED and argument.startswith("-") and not argument.startswith("--"):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined
