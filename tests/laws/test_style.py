"""Rules that a machine can check: length and names of files, docstrings, no unpickling, no private paths."""

import ast
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tests.laws.members import PACKAGE, ROOT

LONGEST = 400
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
# Each runs, or rebuilds by running, what stands in a file or a text.
EXECUTING_CALLS = {"eval", "exec", "compile", "sympify", "parse_expr", "unsafe_load", "full_load", "read_pickle"}
EXECUTING_MODULES = {"pickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}
# Joined here, so that this file does not contain what it forbids: folders of one machine, and where packages come from.
PRIVATE = re.compile(
    r"(?<![\w.])/(?:work|home|Users|root|tmp|opt|mnt)/\w|[A-Z]:\\\\?Users|-index-" + "url|--find-" + "links"
)

# A Python file with its folders, of which a person's own begin `path/to/`.
NAMED = re.compile(r"(?<![\w./])(?!path/to/)(?:[a-z_0-9]+/)+[a-z_0-9]+\.py\b")

MODULES = sorted(PACKAGE.rglob("*.py"))
SOURCES = [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))]


def executing(source: str) -> Iterator[str]:
    """Lines of a source that load or run foreign code: unsafe calls and modules, loaders without their safe switch."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            if any(name.split(".")[0] in EXECUTING_MODULES for name in names):
                yield f"line {node.lineno}: {ast.unparse(node)}"
        elif isinstance(node, ast.Call) and _executes(node):
            yield f"line {node.lineno}: {ast.unparse(node)}"


def _executes(call: ast.Call) -> bool:
    called = ast.unparse(call.func)
    owner, _, function = called.rpartition(".")
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
    if called == "torch.load":
        return given.get("weights_only") != "True"
    if called == "yaml.load":
        return True
    # A network's .eval() and re.compile are methods and stay allowed; the builtins and the loaders of others do not.
    is_builtin = function in ("eval", "exec", "compile")
    return (function in EXECUTING_CALLS and not (is_builtin and owner)) or given.get("allow_pickle") == "True"


def _tracked() -> list[Path]:
    """The files under version control; in a source archive without it, the files of the known folders."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listing.returncode == 0:
        return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]
    return [path for folder in ("saddlepoint", "tests", "docs") for path in (ROOT / folder).rglob("*.*")]


def _failing(paths: list[Path], wrong: Callable[[Path], Iterable[str]]) -> str:
    return "\n".join(f"{path.relative_to(ROOT)}: {found}" for path in paths for found in wrong(path))


def test_no_file_is_too_long():
    def wrong(path: Path) -> list[str]:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        return [f"{lines} lines; split it by concept, {LONGEST} are the limit"] if lines > LONGEST else []

    assert not (found := _failing(SOURCES, wrong)), found


def test_a_file_is_named_for_what_it_holds():
    assert not (found := _failing(SOURCES, lambda path: {path.stem.strip("_")} & VAGUE_NAMES)), found


def test_every_module_says_what_it_is():
    def wrong(path: Path) -> list[str]:
        return [] if ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) else ["no docstring"]

    assert not (found := _failing(MODULES, wrong)), found


def test_a_file_that_is_named_in_a_source_exists():
    def wrong(path: Path) -> list[str]:
        named = NAMED.findall(path.read_text(encoding="utf-8"))
        return [name for name in named if not any((base / name).exists() for base in (ROOT, PACKAGE, path.parent))]

    assert not (found := _failing(MODULES, wrong)), found


def test_the_root_of_the_package_is_for_doors_and_the_ground():
    found = sorted(path.name for path in PACKAGE.iterdir() if path.is_file())
    assert len(found) <= 8, f"a file belongs into a room: {', '.join(found)}"


def test_every_folder_says_what_it_is_and_what_may_be_changed_in_it():
    def wrong(folder: Path) -> list[str]:
        init = folder / "__init__.py"
        text = ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))) if init.exists() else None
        return [] if text and "\n\n" in text else ["`__init__.py` has not two paragraphs that say so"]

    folders = sorted({path.parent for path in MODULES} - {PACKAGE})
    assert not (found := _failing(folders, wrong)), found


def test_nothing_foreign_is_unpickled_or_evaluated():
    assert not (found := _failing(MODULES, lambda path: executing(path.read_text(encoding="utf-8")))), found


def test_no_tracked_file_names_a_path_of_one_machine():
    def wrong(path: Path) -> list[str]:
        try:
            return PRIVATE.findall(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            return []  # a picture

    assert not (found := _failing(_tracked(), wrong)), found


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "def f():\n    import dill.source",
        "eval('1')",
        "exec(text)",
        "compile(text, '', 'eval')",
        "import torch\ntorch.load(path)",
        "import torch\ntorch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "yaml.load(text)",
        "sympy.sympify(text)",
        "pandas.read_pickle(path)",
    ],
)
def test_executing_code_is_found(source):
    assert len(list(executing(source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "network.eval()",
        "re.compile('x')",
        "torch.compile(network)",
        "torch.load(path, weights_only=True)",
        "np.load(path, allow_pickle=False)",
        "yaml.safe_load(text)",
    ],
)
def test_harmless_code_is_left_alone(source):
    assert list(executing(source)) == []


@pytest.mark.parametrize(
    "text", ["see /" + "work/x", "in '/" + "home/me", "C:\\" + "Users\\me", "--extra-index-" + "url x"]
)
def test_a_private_path_is_found(text):
    assert PRIVATE.search(text)


@pytest.mark.parametrize("text", ["a/home/b", "../shared/data", "https://host/tmp/x", "images/s", "/dev/null"])
def test_other_paths_are_left_alone(text):
    assert not PRIVATE.search(text)
