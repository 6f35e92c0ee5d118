"""Every verb of the command line is a file of one form: it is found by walking the folder, and only main.py prints."""

import argparse
import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from saddlepoint.command.main import main
from saddlepoint.command.parser import build_parser, options_by_verb
from saddlepoint.command.verb import Answer, Verb
from saddlepoint.command.verbs import VERBS
from tests.laws.members import PACKAGE, check_reached, module_files

every_verb = pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)


def test_every_file_of_the_folder_holds_a_verb_of_the_tuple() -> None:
    not_verbs = {"saddlepoint.command.verbs": "the tuple of all verbs"}
    check_reached("command.verbs", [verb.run.__module__ for verb in VERBS], not_verbs)
    assert len({verb.name for verb in VERBS}) == len(VERBS)


@every_verb
def test_a_verb_stands_whole_in_the_file_of_its_name(verb: Verb) -> None:
    home = f"saddlepoint.command.verbs.{verb.name.replace('-', '_')}"
    assert (verb.add.__module__, verb.run.__module__) == (home, home)
    assert inspect.get_annotations(verb.run)["return"] is Answer
    assert list(inspect.signature(verb.run).parameters) == ["chosen", "command"]


@every_verb
def test_a_verb_answers_in_json_too_and_says_what_it_is_for(verb: Verb, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--json" in options_by_verb()[verb.name] and set(verb.signed) <= options_by_verb()[verb.name]
    capsys.readouterr()
    assert main([verb.name, "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert verb.summary in said and "--json" in said


def test_verbs_are_listed_in_the_order_of_the_tuple() -> None:
    (action,) = (each for each in build_parser()._actions if isinstance(each, argparse._SubParsersAction))
    assert list(action.choices) == [verb.name for verb in VERBS]


def printed(path: Path) -> Iterator[int]:
    """Lines that write to standard output."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
            if not any(word.arg == "file" and ast.unparse(word.value) == "sys.stderr" for word in node.keywords):
                yield node.lineno
        elif isinstance(node, ast.Attribute) and ast.unparse(node) == "sys.stdout.write":
            yield node.lineno


def test_answers_are_printed_in_one_place() -> None:
    places = {name for name, path in module_files(PACKAGE / "command").items() for _ in printed(path)}
    assert places == {"command.main"}


def test_what_prints_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text('print("a")\nprint("b", file=sys.stderr)\nprint(1, file=other)\nsys.stdout.write("c")', "utf-8")
    assert list(printed(file)) == [1, 3, 4]
