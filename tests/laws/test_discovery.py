"""No file of the package stands outside the tests' reach, and no family without its law.

Two nets. Every family whose members obey a law has a law that calls `check_reached` for it, so a new member is found by
walking the package. And every module of the package is imported by a test directly: either itself or one of its names.
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
    """Modules that no test file imports, neither as a module nor by a name that they define or pass on."""
    files = module_files(package)
    exported = {
        (name, item.name): item.module
        for name, path in files.items()
        if path.name == "__init__.py"
        for item in imports(path, name)
    }
    reached = set()
    for path in tests.rglob("*.py"):
        for item in imports(path, f"tests.{path.stem}"):
            reached |= {item.module, f"{item.module}.{item.name}", exported.get((item.module, item.name), "")}
    return [name for name in own_modules(package) if name not in reached and name != package.name]


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


def test_every_module_is_imported_by_a_test():
    missing = set(unreached(PACKAGE, TESTS))
    assert set(REACHED_OTHERWISE) <= set(module_files())
    assert not missing - set(REACHED_OTHERWISE), "\n".join(sorted(missing - set(REACHED_OTHERWISE)))


def test_a_module_that_no_test_imports_is_found(tmp_path):
    package, tests = tmp_path / "pack", tmp_path / "tests"
    _write(package / "__init__.py", "")
    _write(package / "a" / "__init__.py", "from pack.a.passed import Passed\n__all__ = ['Passed']")
    for name in ("passed", "direct", "within", "forgotten"):
        _write(package / "a" / f"{name}.py", "class Passed: ...")
    _write(package / "b" / "__init__.py", "def more(): ...")
    _write(
        tests / "test_a.py", "from pack.a import Passed\nimport pack.a.direct\ndef f():\n    from pack.a import within"
    )
    assert unreached(package, tests) == ["pack.a.forgotten", "pack.b"]


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
