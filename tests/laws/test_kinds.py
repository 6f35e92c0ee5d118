"""What differs between kinds of tasks stands in their own files: nothing else asks which one it has before it."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.kinds import KINDS, Kind
from saddlepoint.recipes.parts import TaskPart
from tests.laws.members import PACKAGE, modules, public

# Where a kind or a task may be told from another: in its own file.
OWN = ("recipes/kinds/", "tasks/")
TASKS = {
    name
    for module in modules("tasks")
    for name, value in public(module).items()
    if inspect.isclass(value) and all(hasattr(value, member) for member in ("players", "draw", "loss", "remember"))
}
PARTS = {kind.options.__name__ for kind in KINDS.values()} | {type(kind).__name__ for kind in KINDS.values()}


def tells_apart(source: str, names: set[str]) -> Iterator[str]:
    """Lines that ask for the class of one of these names, or compare a task's kind with a text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass"):
            asked = {each.id for each in ast.walk(node.args[1]) if isinstance(each, ast.Name)}
            asked |= {each.attr for each in ast.walk(node.args[1]) if isinstance(each, ast.Attribute)}
            if asked & names:
                yield f"line {node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            kinds = any(ast.unparse(side).endswith("task.kind") for side in sides)
            if kinds and any(isinstance(side, ast.Constant) for side in sides):
                yield f"line {node.lineno}: {ast.unparse(node)}"


def test_no_file_but_their_own_tells_kinds_or_tasks_apart() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}, {line}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if not path.relative_to(PACKAGE).as_posix().startswith(OWN)
        for line in tells_apart(path.read_text(encoding="utf-8"), TASKS | PARTS)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "isinstance(task, Generation)",
        "isinstance(task, Cycle | None)",
        "isinstance(recipe.task, (parts.CyclePart, int))",
        "if recipe.task.kind == 'cycle': pass",
        "issubclass(type(kind), GenerationKind)",
    ],
)
def test_what_tells_them_apart_is_found(source: str) -> None:
    assert len([*tells_apart(source, TASKS | PARTS)]) == 1


@pytest.mark.parametrize("source", ["isinstance(data, Packed)", "print(recipe.task.kind)", "kind == 'images'"])
def test_what_does_not_is_left_alone(source: str) -> None:
    assert [*tells_apart(source, TASKS | PARTS)] == []


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_is_whole(name: str) -> None:
    kind = KINDS[name]
    assert kind.name == name and issubclass(kind.options, TaskPart) and kind.options.__doc__
    options = kind.options.model_fields.keys()
    assert {*kind.references, *kind.fixed, *kind.there_or_not} <= options, "what it says of options is of its own"
    own = {each for each, _ in inspect.getmembers(type(kind), inspect.isfunction) if each in vars(Kind)}
    assert {"open", "build"} <= own
    played = [recipe for recipe in RECIPES.values() if recipe.task.kind == name]
    assert played or name == "own", "no recipe of the catalogue plays it"


def test_every_file_of_kinds_is_reached() -> None:
    files = {type(kind).__module__ for kind in KINDS.values()}
    there = {f"saddlepoint.recipes.kinds.{path.stem}" for path in Path(PACKAGE / "recipes/kinds").glob("[a-z]*.py")}
    assert there - files == {"saddlepoint.recipes.kinds.kind", "saddlepoint.recipes.kinds.of_latents"}
