"""The imports of a file, read from its syntax tree: at the top, inside functions, relative, and by importlib."""

import ast
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Import:
    """One imported name.

    Attributes:
        module: dotted name; "" if the module is computed, so that nothing can be said about it.
        name: what is taken from the module, None for the module itself.
        line: where.
    """

    module: str
    name: str | None
    line: int


def imports(path: Path, module: str) -> list[Import]:
    """Every import of a file.

    Args:
        path: the file.
        module: its dotted name; what relative imports start from.
    """
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
        if isinstance(node, ast.Import):
            found += [Import(module=alias.name, name=None, line=node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            source = _absolute("." * node.level + (node.module or ""), package)
            found += [Import(module=source, name=alias.name, line=node.lineno) for alias in node.names]
        elif isinstance(node, ast.Call) and _called(node) in ("import_module", "__import__"):
            found.append(Import(module=_literal(node, package), name=None, line=node.lineno))
    return found


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _literal(call: ast.Call, package: str) -> str:
    target = call.args[0] if call.args else None
    if isinstance(target, ast.Constant) and isinstance(target.value, str):
        return _absolute(target.value, package)
    return ""


def _absolute(name: str, package: str) -> str:
    """`..game.field` in package saddlepoint.tasks -> saddlepoint.game.field."""
    level = len(name) - len(name.lstrip("."))
    if level == 0:
        return name
    parents = package.split(".")[: len(package.split(".")) - (level - 1)]
    return ".".join([*parents, *filter(None, [name.lstrip(".")])])
