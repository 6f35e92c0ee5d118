"""Every call of a library that parses bytes stands inside the one door, `errors.reading` or `reading_item` of data/.

Libraries raise anything on hostile bytes, so what they raise is not listed where they are called: a tuple of types is
always one short. Calls on bytes that are our own are named here, with the reason.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.laws.members import PACKAGE, module_files

# By the end of a call's dotted name.
PARSERS = (
    *("json.load", "json.loads", "yaml.safe_load", "yaml.safe_load_all"),
    *("np.load", "format.read_array", "format.read_magic", "np.loadtxt", "np.genfromtxt"),
    *("zipfile.ZipFile", "tarfile.open", "tarfile.TarFile", "gzip.decompress", "bz2.decompress", "lzma.decompress"),
    *("pq.ParquetFile", "pq.read_schema", "pq.read_metadata", "pq.read_table", "pc.read_csv", "pd.read_csv"),
    *("torch.load", "torch.load_file", "safe_open", "datasets.load_dataset", "Image.open"),
)
DOORS = ("reading", "reading_item")
# Function -> why its calls need no door.
OTHERWISE = {
    "saddlepoint.data.embedded.digits._values_and_labels": "a file of scikit-learn's own installation",
    "saddlepoint.data.raster.decode": "it is the door of one image: whatever is raised becomes an UnreadableError",
    "saddlepoint.data.raster.outline": "as decode: whatever is raised becomes an UnreadableError",
    "saddlepoint.data.deep_colour.deep_colour": "called by raster.decode, inside its door",
    "saddlepoint.metrics.features.weights._read_state_dict": "any exception is caught there; torch's words are left "
    "out, because they advise to run what the file holds",
}


def outside(source: str, module: str) -> Iterator[str]:
    """The functions of a source that call a parser outside a door, once for each call."""
    tree = ast.parse(source)
    aliases = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _is_alias(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    yield from _calls(tree, module, False, (*DOORS, *aliases))


def _is_alias(value: ast.expr) -> bool:
    """partial(reading, ...)."""
    called = isinstance(value, ast.Call) and ast.unparse(value.func) == "partial" and value.args
    return bool(called) and ast.unparse(value.args[0]) in DOORS  # type: ignore[attr-defined]


def _calls(node: ast.AST, name: str, inside: bool, doors: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        # What is defined inside a door runs later, outside of it.
        inside = False
        name = name if isinstance(node, ast.Lambda) else f"{name}.{node.name}"
    if isinstance(node, ast.ClassDef):
        name = f"{name}.{node.name}"
    if isinstance(node, ast.With):
        for item in node.items:
            yield from _calls(item.context_expr, name, inside, doors)
            call = item.context_expr
            inside = inside or (isinstance(call, ast.Call) and ast.unparse(call.func) in doors)
        for statement in node.body:
            yield from _calls(statement, name, inside, doors)
        return
    if isinstance(node, ast.Call) and not inside and _parses(node):
        yield name
    for child in ast.iter_child_nodes(node):
        yield from _calls(child, name, inside, doors)


def _parses(call: ast.Call) -> bool:
    called = ast.unparse(call.func)
    if not any(called == parser or called.endswith(f".{parser}") for parser in PARSERS):
        return False
    first, *others = [*(ast.unparse(argument) for argument in call.args), ""]
    # A round trip of our own values, and an archive that is written.
    return not (called == "json.loads" and first.startswith("json.dumps(")) and "'w'" not in others


FOUND = [
    found for name, path in module_files(PACKAGE).items() for found in outside(path.read_text(encoding="utf-8"), name)
]


def test_every_parse_stands_in_the_door():
    assert not (missing := sorted(set(FOUND) - set(OTHERWISE))), "\n".join(missing)


def test_what_needs_no_door_is_there_and_says_why():
    assert set(OTHERWISE) <= set(FOUND), "no longer needed"
    assert all(OTHERWISE.values())


@pytest.mark.parametrize(
    "source",
    [
        "json.loads(text)",
        "with open(path) as file:\n    yaml.safe_load(file)",
        "with reading('a', 'b', 'c'):\n    later = lambda: np.load(path)",
        "with reading('a', 'b', 'c'):\n    def later():\n        return json.load(file)",
        "with zipfile.ZipFile(path) as archive, reading('a', 'b', 'c'):\n    archive.namelist()",
        "with reading('a', 'b', 'c'):\n    pass\nsafetensors.torch.load(content)",
        "try:\n    np.lib.format.read_array(file)\nexcept ValueError:\n    pass",
    ],
)
def test_a_parse_outside_is_found(source):
    assert len(list(outside(source, "module"))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "with reading('a', 'b', 'c'):\n    found = [json.loads(line) for line in lines]",
        "with reading(*words), zipfile.ZipFile(path) as archive:\n    archive.namelist()",
        "door = partial(reading, 'a', 'b', 'c')\nwith door():\n    tarfile.TarFile(fileobj=stream)",
        "json.loads(json.dumps(value))",
        "zipfile.ZipFile(path, 'w')",
        "archive.load(text)",
    ],
)
def test_a_parse_inside_is_left_alone(source):
    assert list(outside(source, "module")) == []
