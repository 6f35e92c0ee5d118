"""A file imports only from floors below its own and from its own folder (docs/architecture.md, which is read here).

No modules import each other in a circle, within a folder either, and neither inside functions nor for types alone.
"""

import re
from collections.abc import Mapping, Set
from pathlib import Path

import pytest

from tests.laws.imports import Import, imports
from tests.laws.members import PACKAGE, ROOT, module_files

# Below every numbered floor.
GROUND = -1
# What a folder must not see although it stands on a lower floor: the loop knows the game, not what is played in it.
UNSEEN = {"training/": ("objectives/", "networks/", "metrics/", "diagnosis/")}
# Who imports a module by a computed name, and why no floor needs to be known there.
COMPUTED = {
    "saddlepoint": "the names that the package lends, each from the module that a type checker is told of beside it",
    "saddlepoint.command.own_code": "a person's own modules",
}


def read_map(text: str) -> dict[str, int]:
    """The table of docs/architecture.md: `folder/` or `file.py` -> its floor."""
    floors = {}
    for floor, units in re.findall(r"^\| *(ground|\d+) *\|([^|]*)\|", text, flags=re.MULTILINE):
        floors |= dict.fromkeys(re.findall(r"`([^`]+)`", units), GROUND if floor == "ground" else int(floor))
    return floors


def violations(package: Path, floors: dict[str, int]) -> list[str]:
    """One line for each file that stands on no floor and each import that does not lead down or stay in its folder."""
    files = module_files(package)
    units = {name: _unit(path, package) for name, path in files.items()}
    found = []
    for name, path in files.items():
        here = units[name]
        if here not in floors:
            found.append(f"{name}: {here} is not on the map of docs/architecture.md")
            continue
        for item in imports(path, name):
            place = f"{name}, line {item.line}"
            if not item.module and name not in COMPUTED:
                found.append(f"{place}: imports a module whose name is computed, so its floor cannot be checked")
            target = _target(item, files)
            if target.split(".")[0] != package.name:
                continue
            there = units.get(target)
            if there is None:
                found.append(f"{place}: imports {target}, which does not exist")
            elif there in floors and not _allowed(here, there, floors):
                found.append(f"{place}: {here} (floor {floors[here]}) imports {target} (floor {floors[there]})")
    return found


def circles(files: Mapping[str, Path]) -> list[list[str]]:
    """The modules that import each other round a circle, a list for each circle."""
    follows = {
        name: {_target(item, files) for item in imports(path, name)} & files.keys() for name, path in files.items()
    }
    reached = {name: _reached(name, follows) for name in files}
    rings = {tuple(sorted(n for n in reached[name] if name in reached[n])) for name in files if name in reached[name]}
    return [list(ring) for ring in sorted(rings)]


def _reached(start: str, follows: Mapping[str, Set[str]]) -> set[str]:
    """Every module that a chain of imports leads to; the start itself only if one leads back."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = follows[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def _target(item: Import, files: Mapping[str, Path]) -> str:
    """The module that an import leads to: what is named after `import` where that is a module, else what it is from."""
    return f"{item.module}.{item.name}" if f"{item.module}.{item.name}" in files else item.module


def _unit(path: Path, package: Path) -> str:
    """The folder that a file belongs to, as the map writes it; a file at the package's top is its own unit."""
    first, *rest = path.relative_to(package).parts
    return f"{first}/" if rest else first


def _allowed(here: str, there: str, floors: dict[str, int]) -> bool:
    if there in UNSEEN.get(here, ()):
        return False
    # The files at the top share one folder, but errors.py may still not look up to the command line; the ground is one.
    together = here == there or (here.endswith(".py") and there.endswith(".py")) or floors[here] == GROUND
    return floors[there] < floors[here] or (together and floors[there] == floors[here])


FLOORS = read_map((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"))


def test_every_import_leads_down_or_stays_in_its_folder():
    found = violations(PACKAGE, FLOORS)
    assert not found, "\n".join(found)


def test_no_modules_import_each_other_in_a_circle():
    found = circles(module_files(PACKAGE) | module_files(ROOT / "benchmarks"))
    assert not found, "\n".join(" <-> ".join(ring) for ring in found)


def test_the_map_names_what_exists():
    missing = [unit for unit in FLOORS if not (PACKAGE / unit).exists()]
    assert missing == []


def test_the_map_is_read_from_the_table():
    text = "| floor | folder |\n|---|---|\n| ground | `errors.py` | x `y` |\n| 0 | `a/` | |\n| 5 | `b.py`, `c.py` | |\n"
    assert read_map(text) == {"errors.py": GROUND, "a/": 0, "b.py": 5, "c.py": 5}


ORIGIN = "saddlepoint/tasks/play.py"


@pytest.mark.parametrize(
    ("file", "source", "complaint"),
    [
        (ORIGIN, "from saddlepoint.training import loop", "tasks/ (floor 2) imports saddlepoint.training.loop"),
        (ORIGIN, "def f():\n    import saddlepoint.training.loop", "line 2"),
        (ORIGIN, "from ..training.loop import train", "imports saddlepoint.training.loop"),
        (ORIGIN, "from .. import training", "imports saddlepoint.training (floor 3)"),
        (ORIGIN, "import importlib\nimportlib.import_module('saddlepoint.training')", "line 2"),
        (ORIGIN, "from importlib import import_module\nimport_module('..training', __package__)", "line 2"),
        (ORIGIN, "__import__('saddlepoint.training')", "imports saddlepoint.training"),
        (ORIGIN, "import importlib\nname = 'x'\nimportlib.import_module(name)", "computed"),
        (
            ORIGIN,
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from saddlepoint.api import train",
            "line 3",
        ),
        (ORIGIN, "import saddlepoint", "imports saddlepoint (floor 7)"),
        (ORIGIN, "import saddlepoint.nothing", "does not exist"),
        ("saddlepoint/data/load.py", "from saddlepoint.networks import layers", "data/ (floor 0)"),
        ("saddlepoint/errors.py", "import saddlepoint.api.train", "errors.py (floor -1)"),
        ("saddlepoint/training/loop.py", "import saddlepoint.networks.layers", "training/ (floor 3)"),
        ("saddlepoint/process/room.py", "from saddlepoint.networks import layers", "process/ (floor -1)"),
        ("saddlepoint/extra/more.py", "", "extra/ is not on the map"),
        ("saddlepoint/stray.py", "", "stray.py is not on the map"),
    ],
)
def test_a_bad_tree_is_found(tmp_path, file, source, complaint):
    (found,) = violations(_tree(tmp_path, {file: source}), FLOORS)
    assert complaint in found


def test_a_good_tree_passes(tmp_path):
    good = {
        ORIGIN: "import os\nfrom . import more\nfrom saddlepoint import errors\nfrom ..networks import layers",
        "saddlepoint/tasks/more.py": "",
        "saddlepoint/process/room.py": "from saddlepoint import errors",
        "saddlepoint/command/main.py": "from saddlepoint.api import train",
        "saddlepoint/command/own_code.py": "import importlib\nname = 'x'\nimportlib.import_module(name)",
    }
    assert violations(_tree(tmp_path, good), FLOORS) == []


@pytest.mark.parametrize(
    ("files", "ring"),
    [
        ({"a": "import saddlepoint.b", "b": "from saddlepoint import a"}, ["a", "b"]),
        ({"a": "def f():\n    from .b import x", "b": "from .c import x", "c": "from . import a"}, ["a", "b", "c"]),
        (
            {"a": "if TYPE_CHECKING:\n    from .b import T", "b": "from .a import T", "c": "import saddlepoint.a"},
            ["a", "b"],
        ),
        ({"room/__init__": "from .a import x", "room/a": "from saddlepoint.room import y"}, ["room", "room.a"]),
    ],
)
def test_a_circle_is_found(tmp_path, files, ring):
    tree = _tree(tmp_path, {f"saddlepoint/{name}.py": source for name, source in files.items()})
    assert circles(module_files(tree)) == [[f"saddlepoint.{name}" for name in ring]]


def test_modules_that_share_what_they_import_are_no_circle(tmp_path):
    files = {
        "a": "from . import b, c",
        "b": "from .c import x",
        "c": "",
        "room/__init__": "from .a import x",
        "room/a": "",
    }
    tree = _tree(tmp_path, {f"saddlepoint/{name}.py": source for name, source in files.items()})
    assert circles(module_files(tree)) == []


def _tree(root: Path, files: dict[str, str]) -> Path:
    empty = ["__init__", "errors", "api/train", "networks/__init__", "networks/layers", "training/__init__"]
    for name, source in {**{f"saddlepoint/{name}.py": "" for name in [*empty, "training/loop"]}, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    return root / "saddlepoint"
