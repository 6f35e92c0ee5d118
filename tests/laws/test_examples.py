"""The Python face shows how it is used: every public name has an example that runs, and stands on the page of the API.

The examples are one session in the order of docs/api/index.md, as a reader meets them; `folder` holds `pairs`, images
of two halves, and nothing else. A method has an example of its own, or is called in that of its class.
"""

import doctest
import inspect
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import saddlepoint as sp
from tests.laws.members import ROOT

PAGE = ROOT / "docs" / "api" / "index.md"
PROMPT = ">>> "
OPTIONS = doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL


def in_order_of(page: str) -> list[str]:
    """The names of `saddlepoint` that a page shows, from top to bottom."""
    return re.findall(r"^::: saddlepoint\.(\w+)$", page, flags=re.MULTILINE)


def methods(cls: type) -> dict[str, Any]:
    """The public functions of a class and of its bases in this package, but no properties."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.split(".")[0] in ("saddlepoint", __name__.split(".")[0]):
            found.update({name: value for name, value in vars(base).items() if not name.startswith("_")})
    return {name: value for name, value in found.items() if inspect.isfunction(value)}


def without_example(name: str, value: Any) -> Iterator[str]:
    """The names of what a function or class should show and does not."""
    shown = value.__doc__ or ""
    if PROMPT not in shown:
        yield name
    if inspect.isclass(value):
        called = [line for line in shown.splitlines() if line.lstrip().startswith((PROMPT, "... "))]
        for method, function in methods(value).items():
            if PROMPT not in (function.__doc__ or "") and not any(f".{method}(" in line for line in called):
                yield f"{name}.{method}"


def examples(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """The docstrings of a function, or of a class and then of its methods, that hold an example, by name."""
    yield name, inspect.getdoc(value) or ""
    if inspect.isclass(value):
        for method, function in methods(value).items():
            if PROMPT in (function.__doc__ or ""):
                yield f"{name}.{method}", function.__doc__


def public() -> list[str]:
    return [name for name in sp.__all__ if callable(getattr(sp, name))]


def test_every_public_name_stands_on_the_page_once():
    assert sorted(in_order_of(PAGE.read_text(encoding="utf-8"))) == sorted(public())


@pytest.mark.parametrize("name", public())
def test_every_public_function_and_method_has_an_example(name):
    assert not (missing := list(without_example(name, getattr(sp, name)))), f"no example: {', '.join(missing)}"


def test_every_example_runs_and_gives_what_it_says(tmp_path):
    pairs = tmp_path / "pairs"
    pairs.mkdir()
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 256, (64, 128, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(pairs / f"{number}.png")
    names: dict[str, Any] = {"sp": sp, "torch": torch, "folder": tmp_path}
    said = [
        complaint
        for name in in_order_of(PAGE.read_text(encoding="utf-8"))
        for place, text in examples(name, getattr(sp, name))
        for complaint in _failures(place, text, names)
    ]
    assert not said, "\n".join(said)


def _failures(place: str, text: str, names: dict[str, Any]) -> list[str]:
    """What of a text's examples failed; the names that they make stay for the next."""
    test = doctest.DocTestParser().get_doctest(text, names, place, None, 0)
    test.globs = names  # the session goes on
    said: list[str] = []
    doctest.DocTestRunner(optionflags=OPTIONS, verbose=False).run(test, out=said.append, clear_globs=False)
    return said


class _Shown:
    """A class whose example calls one method.

    >>> _Shown().called()
    1
    """

    def called(self) -> int:
        return 1

    def uncalled(self) -> int:
        return 2


def test_the_law_sees_what_has_no_example():
    assert list(without_example("Shown", _Shown)) == ["Shown.uncalled"]
    assert list(without_example("f", lambda: 1)) == ["f"]


def test_the_law_sees_an_example_that_says_something_else():
    assert len(_failures("place", ">>> 1 + 1\n3", {})) == 1
    assert not _failures("place", ">>> x = 1\n>>> x + 1\n2", {})
