"""No file of the package stands outside the tests' reach, and no family without its law.

Two nets. Every family whose members obey a law has a law that calls `check_reached` for it, so that a new member is
found by walking the package. And every module is within reach of a test: a test imports it or one of its names, or a
module of the same folder, rooms included, that is within reach imports it. Other folders do not count: each has tests
of its own.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.laws.imports import imports
from tests.laws.members import PACKAGE, ROOT, check_reached, module_files, own_modules

# The families of which docs/architecture.md says that a law runs over every member.
FAMILIES = ("objectives", "networks", "augment", "metrics", "tasks", "recipes")
TESTS = ROOT / "tests"
# Reached otherwise than by an import in a test.
REACHED_OTHERWISE = {
    "saddlepoint.__main__": "started as a process by the tests of the command line",
}


def reached_families(laws: Path) -> set[str]:
    """The folders for which a test function in a law file calls `check_reached("folder", ...)`."""
    return {folder for path in sorted(laws.glob("test_*.py")) for folder in _checked(path)}


def unreached(package: Path, tests: Path) -> list[str]:
    """Modules out of reach of every test file."""
    files, own = module_files(package), own_modules(package)
    passed_on = {
        (name, item.name): item.module for name in set(files) - set(own) for item in imports(files[name], name)
    }

    def targets(path: Path, module: str) -> set[str]:
        """What a file imports; a name that a folder's `__init__.py` only passes on is looked up where it comes from."""
        found = set()
        for item in imports(path, module):
            found |= {item.module, f"{item.module}.{item.name}", passed_on.get((item.module, item.name), "")}
        return found & set(own)

    reached: set[str] = set()
    found = {target for path in tests.rglob("*.py") for target in targets(path, f"tests.{path.stem}")}
    while found - reached:
        reached |= found
        found = {
            target
            for name in reached
            for target in targets(files[name], name)
            if _folder(files[target], package) == _folder(files[name], package)
        }
    return [name for name in own if name not in reached]


def _folder(path: Path, package: Path) -> str:
    """The folder at the package's top that a file is in, with its rooms; of a file at the top, the top."""
    return path.relative_to(package).parent.as_posix().split("/")[0]


def _checked(path: Path) -> Iterator[str]:
    for function in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
            calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and node.args]
            for call in calls:
                folder = call.args[0]
                if ast.unparse(call.func).endswith("check_reached") and isinstance(folder, ast.Constant):
                    yield str(folder.value)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_a_law_that_walks_it(family):
    assert family in reached_families(TESTS / "laws"), f'no test in tests/laws/ calls check_reached("{family}", ...)'


def test_every_module_is_within_reach_of_a_test():
    missing = set(unreached(PACKAGE, TESTS))
    assert set(REACHED_OTHERWISE) <= missing, "no longer needed there"
    assert missing <= set(REACHED_OTHERWISE), "\n".join(sorted(missing - set(REACHED_OTHERWISE)))


def test_a_module_out_of_reach_is_found(tmp_path):
    package, tests = tmp_path / "pack", tmp_path / "tests"
    _write(package / "__init__.py", "")
    _write(package / "a" / "__init__.py", "from pack.a.named import Named\nfrom pack.a.unnamed import Unnamed")
    _write(package / "a" / "named.py", "from pack.a.room.inner import x\nimport pack.b.elsewhere\nclass Named: ...")
    for name in ("a/unnamed", "a/direct", "a/within", "a/room/inner", "a/forgotten", "b/elsewhere", "b/__init__"):
        _write(package / f"{name}.py", "class Unnamed: ...")
    _write(tests / "test_a.py", "from pack.a import Named\nimport pack.a.direct\ndef f():\n  from pack.a import within")
    assert unreached(package, tests) == ["pack.a.forgotten", "pack.a.unnamed", "pack.b", "pack.b.elsewhere"]


def test_a_law_counts_only_where_a_test_calls_it(tmp_path):
    _write(tmp_path / "test_x.py", "def test_x():\n    check_reached('x', [], {})\ncheck_reached('y', [], {})")
    _write(tmp_path / "x.py", "def test_z():\n    check_reached('z', [], {})")
    assert reached_families(tmp_path) == {"x"}


@pytest.mark.parametrize(
    ("reached", "not_members", "complaint"),
    [
        (["pack.a.one"], {}, "pack.a.two: no member of it was found"),
        (["pack.a.one", "pack.a.two"], {"pack.a.two": "why"}, "pack.a.two: said to hold no member, but one was found"),
        (
            ["pack.a.one", "pack.a.two"],
            {"pack.a.old": "why"},
            "pack.a.old: said to hold no member, but there is no such",
        ),
        (["pack.a.one", "pack.a.two", "pack.b"], {}, "pack.b: a member was found there, but it is no module of a/"),
        (["pack.a.one"], {"pack.a.two": " "}, "pack.a.two: said to hold no member without a reason"),
    ],
)
def test_check_reached_fails(tmp_path, reached, not_members, complaint):
    for name in ("__init__", "one", "two"):
        _write(tmp_path / "pack" / "a" / f"{name}.py", "")
    with pytest.raises(AssertionError, match=complaint):
        check_reached("a", reached, not_members, tmp_path / "pack")


def test_check_reached_passes_when_each_module_is_accounted_for(tmp_path):
    for name in ("one", "two"):
        _write(tmp_path / "pack" / "a" / f"{name}.py", "")
    check_reached("a", ["pack.a.one"], {"pack.a.two": "the layers that pairs share"}, tmp_path / "pack")


def test_an_empty_family_fails(tmp_path):
    with pytest.raises(AssertionError, match="has no modules"):
        check_reached("a", [], {}, tmp_path)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
