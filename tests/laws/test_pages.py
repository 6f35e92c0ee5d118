"""The pages (README, CONTRIBUTING, docs/) name only what is there: commands, settings, files, functions, links; and
what the pages of the API show is documented.

The commands of results.md are left out: they say what was once run.
"""

import importlib
import inspect
import re
import shlex
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.guide_pictures import GUIDE, PICTURES, commands_of, needed, written
from tests.laws.members import PACKAGE, ROOT, module_files, public
from tests.laws.test_cures import impossible_commands, unknown_settings

DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS]
GUIDES = sorted(GUIDE.glob("*.md"))
# Each page of a folder shows all modules in it.
API_FOLDERS = [
    name
    for page in sorted((ROOT / "docs" / "api").glob("*.md"))
    for name in re.findall(r"^::: ([\w.]+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if name in module_files()
]
TASK = "saddlepoint.game.task"
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
# In code: a file of the project, perhaps with a function in it; its folder may be left out where it is the package's.
FILE = re.compile(r"`((?:[a-z_0-9.]+/)+[a-z_0-9]+\.(?:py|md|yaml|jinja))(?:: (\w+))?[`,]")
FOLDER = re.compile(r"`((?:[a-z_0-9]+/)+)`")
BLOCK = re.compile(r"^```.*?^```", flags=re.MULTILINE | re.DOTALL)
# Folders of a run and of a person, which the pages speak of too.
NOT_OURS = ("runs/", "samples/", "beside/", "checkpoints/", "tensorboard/", "requests/")


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def broken_links(text: str, folder: Path) -> list[str]:
    """Links of a page to files that are not there."""
    return [link for link in LINK.findall(text) if "://" not in link and not (folder / link).exists()]


def missing_files(text: str) -> Iterator[str]:
    """Files, functions of files, and folders that a page names in code and that are not there."""
    for path, function in FILE.findall(text):
        found = [place for place in _places(path) if place.is_file()]
        if not found and (path.endswith(".py") or not path.startswith(NOT_OURS)):
            yield path
        elif found and function and not any(_defines(place, function) for place in found):
            yield f"{path}: {function}"
    yield from (path for path in FOLDER.findall(text) if not path.startswith(NOT_OURS) and not _places(path))


def undocumented(name: str, value: Any, contracts: Collection[str]) -> Iterator[str]:
    """A function or class without a docstring, and the members of a class that neither it nor a contract says one of.

    Args:
        name: dotted.
        value: the function or class.
        contracts: members that a protocol documents for all who keep it.
    """
    # A dataclass without a docstring gets its signature for one.
    if not value.__doc__ or value.__doc__.startswith(f"{value.__name__}("):
        yield name
    if inspect.isclass(value):
        for member, given in vars(value).items():
            shown = inspect.isfunction(given) or isinstance(given, property | classmethod | staticmethod)
            if shown and not (member.startswith("_") or member in contracts or inspect.getdoc(getattr(value, member))):
                yield f"{name}.{member}"


def documented_contracts(shown: Iterable[tuple[str, Any]]) -> set[str]:
    """The members that the protocols among these document."""
    protocols = [value for _, value in shown if getattr(value, "_is_protocol", False)]
    return {
        member for protocol in protocols for member, given in vars(protocol).items() if getattr(given, "__doc__", None)
    }


def exists(dotted: str) -> bool:
    """Whether a dotted name is a module, or a member of one."""
    try:
        return importlib.import_module(dotted) is not None
    except ModuleNotFoundError:
        module, _, name = dotted.rpartition(".")
        return bool(module) and exists(module) and hasattr(importlib.import_module(module), name)


def _places(path: str) -> list[Path]:
    """What a path may stand for: from the project's folder, or from any folder of the package or of the pages."""
    above = [ROOT / path] if (ROOT / path).exists() else []
    return [*above, *PACKAGE.rglob(path), *(ROOT / "docs").rglob(path)]


def _defines(path: Path, name: str) -> bool:
    return re.search(rf"^\s*(?:def|class) {name}\b|^{name}\b", _text(path), flags=re.MULTILINE) is not None


def wrong_commands(text: str) -> list[str]:
    """Commands of a page, in its blocks and in its lines, that the parser refuses or whose settings do not exist."""
    blocks = [f"saddlepoint {shlex.join(words[1:])}" for words in commands_of(text)]
    lines = BLOCK.sub("", text)
    return [
        each
        for each in [*blocks, *re.findall(r"`(saddlepoint [a-z][^`]*)`", lines)]
        if impossible_commands(f"`{each}`") or unknown_settings(f"`{each}`")
    ]


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_to_a_file(page):
    assert not (broken := broken_links(_text(page), page.parent)), "\n".join(broken)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_file_that_a_page_names_is_there(page):
    assert not (missing := list(missing_files(_text(page)))), "\n".join(missing)


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "results.md"], ids=_name)
def test_every_command_of_a_page_is_taken(page, capsys):
    wrong = wrong_commands(_text(page))
    capsys.readouterr()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "api").glob("*.md")), ids=_name)
def test_every_name_that_a_page_of_the_api_refers_to_is_there(page):
    text = _text(page)
    named = re.findall(r"^::: ([\w.]+)$", text, flags=re.MULTILINE) + re.findall(r"\]\[([\w.]+)\]", text)
    assert named and not (missing := [name for name in named if not exists(name)]), "\n".join(missing)


def test_every_picture_of_the_guide_is_made_by_a_command_of_its_page():
    shown = {name for page in GUIDES for name in re.findall(r"\]\((pictures/[^)]+)\)", _text(page))}
    made = [each for page in GUIDES for each in needed(commands_of(_text(page))) if each[1] != "train"]
    assert shown == {written(each).removeprefix("docs/guide/") for each in made}
    assert shown == {f"pictures/{path.name}" for path in (ROOT / PICTURES).iterdir()}


def test_the_code_of_the_guide_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for page in GUIDES:
        names: dict[str, Any] = {"__name__": "guide"}
        for block in re.findall(r"^```python\n(.*?)^```", _text(page), flags=re.MULTILINE | re.DOTALL):
            exec(compile(block, _name(page), "exec"), names)  # the page's own text, not a user's


@pytest.mark.parametrize("folder", API_FOLDERS)
def test_what_a_page_of_the_api_shows_is_documented(folder):
    modules = [name for name in module_files() if name == folder or name.startswith(f"{folder}.")]
    shown = [(f"{module}.{name}", value) for module in modules for name, value in public(module).items()]
    contracts = documented_contracts([*shown, *((name, value) for name, value in public(TASK).items())])
    missing = [each for name, value in shown for each in undocumented(name, value, contracts)]
    assert not missing, "\n".join(missing)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (lambda text: [text] * (not exists(text)), "saddlepoint.game.task.Tusk"),
        (lambda text: broken_links(text, ROOT), "see [there](docs/nowhere.md#part)"),
        (missing_files, "in `game/nowhere.py`, and"),
        (missing_files, "in `runs/nowhere.py`, and"),
        (missing_files, "as `game/task.py: nothing_like_it` does"),
        (missing_files, "a file in `gamma/`"),
        (wrong_commands, "by `saddlepoint train digits --quickly`"),
        (wrong_commands, "```sh\nsaddlepoint train digits --set training.butch=3  # comment\n```"),
    ],
)
def test_the_laws_see_what_is_not_there(wrong, text, capsys):
    assert len(list(wrong(text))) == 1
    capsys.readouterr()
