"""What the command line says to a mistyped argument: on one line what was given, what was expected, and which help."""

import argparse
import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from saddlepoint.errors import one_line
from saddlepoint.process.room import short

# What argparse says of a choice, of what is missing, and of a value; quoted texts are what was given.
_CHOICE = re.compile(
    r"argument (?P<name>\S+): invalid choice: (?P<given>'.*') \(choose from (?P<choices>.*)\)", re.DOTALL
)
_MISSING = re.compile(r"the following arguments are required: (?P<names>.*)")
_VALUE = re.compile(r"argument (?P<name>\S+): invalid (?P<kind>int|float) value: (?P<given>.*)", re.DOTALL)
_WITHOUT = re.compile(r"argument (?P<name>\S+): expected one argument")
_KINDS = {"int": "a whole number", "float": "a number"}
_QUOTED = re.compile(r"'([^']*)'")


class Parser(argparse.ArgumentParser):
    """Says a mistake on one line, with its cure, and names the help of the verb that was meant.

    Attributes:
        verbs: all verbs with their parsers; empty until `build_parser` is done.
    """

    verbs: Mapping[str, "Parser"] = {}

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        # Here, and not where argparse does it: there the verb is forgotten.
        chosen, further = super().parse_known_args(args, namespace)
        if further:
            self.error(self._unknown(further[0]))
        return chosen, further

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        # argparse takes the value of `--out=--` for the end of all options, and gives an empty list.
        if action.option_strings and arg_strings == ["--"] and action.nargs is None:
            self.error(f"argument {action.option_strings[-1]}: expected one argument")
        return super()._get_values(action, arg_strings)  # type: ignore[misc]

    @property
    def options(self) -> list[str]:
        """The long options."""
        return [option for action in self._actions for option in action.option_strings if option.startswith("--")]

    def error(self, message: str) -> NoReturn:
        if (choice := _CHOICE.fullmatch(message)) is not None:
            choices = [each.strip("'") for each in choice["choices"].split(", ")]
            given = choice["given"].strip("'")
            what = f"the verb {given!r}" if choice["name"] == "VERB" else f"{choice['name']} {given!r}"
            message = f"got {short(what)}; expected one of {', '.join(choices)}{_near(given, choices)}"
        elif (missing := _MISSING.fullmatch(message)) is not None:
            message = f"got no {missing['names']}; expected `{self._needed()}`"
        elif (value := _VALUE.fullmatch(message)) is not None:
            message = f"got {value['name']} {short(value['given'])}; expected {_KINDS[value['kind']]}"
        elif (without := _WITHOUT.fullmatch(message)) is not None:
            message = f"got {without['name']} without a value; expected {self._usage_of(without['name'])}"
        else:
            message = _QUOTED.sub(lambda found: f"'{short(found[1])}'", message)
        self.exit(2, f"{self.prog}: {one_line(message)}; see `{self.prog} --help`\n")

    def _unknown(self, given: str) -> str:
        if not given.startswith("-"):
            needed = f"expected `{self._needed()}` and options; leave it out, or quote a text with spaces"
            return f"got the further argument {short(given)!r}; {needed}"
        option = given.split("=")[0]
        others = {name: verb for name, verb in self.verbs.items() if verb is not self}
        owners = [f"`saddlepoint {name}`" for name, verb in others.items() if option in verb.options]
        belongs = f"; it belongs to {', '.join(owners[:4])}" if owners else ""
        return f"got the unknown option {short(option)}{_near(option, self.options)}{belongs}"

    def _usage_of(self, option: str) -> str:
        action = next(action for action in self._actions if option in action.option_strings)
        return f"{option} {action.metavar or '|'.join(action.choices or ())}"

    def _needed(self) -> str:
        """The command with the arguments that it cannot do without."""
        needed = [self.prog]
        for action in self._actions:
            if action.required:
                needed += [*action.option_strings[:1], str(action.metavar or "|".join(action.choices or ()))]
        return " ".join(needed)


def _near(given: str, choices: Sequence[str]) -> str:
    near = difflib.get_close_matches(given, choices, n=1, cutoff=0.75)
    return f"; did you mean {near[0]}?" if near else ""
