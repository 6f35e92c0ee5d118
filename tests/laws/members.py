"""What a family consists of, found by walking the package, so that no list has to be kept.

A law calls `check_reached` with the modules that its members came from: a module that gave no member and is not named,
with the reason, among those that hold none, fails. So nobody can add a file to a family behind its law's back.
"""

import ast
import importlib
import inspect
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "saddlepoint"


def module_files(package: Path = PACKAGE) -> dict[str, Path]:
    """Every Python file of a package, by dotted module name; a package's `__init__.py` goes by the package's name."""
    files = {}
    for path in sorted(package.rglob("*.py")):
        parts = [package.name, *path.relative_to(package).with_suffix("").parts]
        files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return files


def own_modules(package: Path = PACKAGE) -> list[str]:
    """Dotted names of the modules that hold something: all but an `__init__.py` that only passes names on."""
    return [name for name, path in module_files(package).items() if path.name != "__init__.py" or _defines(path)]


def modules(folder: str, package: Path = PACKAGE) -> list[str]:
    """Dotted names of the modules that hold something in one folder of the package, sub-folders included."""
    within = f"{package.name}.{folder}"
    return [name for name in own_modules(package) if name == within or name.startswith(within + ".")]


def public(module: str) -> dict[str, Any]:
    """The public functions and classes that a module defines itself, imported ones left out."""
    return {
        name: value
        for name, value in vars(importlib.import_module(module)).items()
        if not name.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module
    }


def check_reached(folder: str, reached: Iterable[str], not_members: Mapping[str, str], package: Path = PACKAGE) -> None:
    """Fails unless every module of the folder gave the law a member or is named, with a reason, as one that holds none.

    Args:
        folder: the family, a folder of the package such as "networks".
        reached: dotted names of the modules that the law's members are defined in (`member.__module__`).
        not_members: dotted module name -> why it holds no member of this family.
        package: where the package stands; another than ours only in the test of this function.
    """
    present, reached = set(modules(folder, package)), set(reached)
    complaints = [
        *(f"{name}: no member of it was found, and nothing says why" for name in present - reached - set(not_members)),
        *(f"{name}: said to hold no member, but one was found" for name in reached & set(not_members)),
        *(f"{name}: said to hold no member, but there is no such module" for name in set(not_members) - present),
        *(f"{name}: a member was found there, but it is no module of {folder}/" for name in reached - present),
        *(f"{name}: said to hold no member without a reason" for name, why in not_members.items() if not why.strip()),
    ]
    assert present, f"{folder}/ has no modules"
    assert not complaints, "\n".join(sorted(complaints))


def _defines(path: Path) -> bool:
    passive = (ast.Import, ast.ImportFrom, ast.Expr)
    return any(
        not isinstance(statement, passive) and not _is_all(statement)
        for statement in ast.parse(path.read_text(encoding="utf-8")).body
    )


def _is_all(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and [ast.unparse(target) for target in statement.targets] == ["__all__"]
