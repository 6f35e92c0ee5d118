"""Reading one R3GAN step takes few files and calls, and docs/architecture.md walks through it as it is."""

import importlib
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import torch

from saddlepoint.networks.r3gan import Discriminator
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.tasks import build_task
from saddlepoint.recipes.text import override
from saddlepoint.runs.build import build_game
from saddlepoint.training.control import Control
from saddlepoint.training.loop import train
from tests.laws.members import PACKAGE, ROOT
from tests.tasks.examples import packed

TITLE = "## One step of R3GAN\n"
# A call as the page names it: (file in the package, function).
Call = tuple[str, str]


def walk(page: str) -> str:
    """The section of the page."""
    return page.split(TITLE)[1].split("\n## ")[0]


def named(text: str) -> list[Call]:
    """Every `file.py: function` of a text, in order."""
    return re.findall(r"`([\w/]+\.py): ([\w.]+)`", text)


def way(text: str) -> list[Call]:
    """The first call that each numbered line names: the way from the loop down."""
    return [named(line)[0] for line in re.findall(r"^\d+\. .*", text, flags=re.MULTILINE)]


@contextmanager
def stacks_at(function: Any, below: Any, found: list[list[Call]]) -> Iterator[None]:
    """Inside, the package's calls from one function down to another are noted whenever the latter is called.

    What torch calls in between (a module's own plumbing) is left out.
    """

    def profile(frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or frame.f_code is not function.__code__:
            return
        stack: list[Call] = []
        here: FrameType | None = frame
        while here is not None:
            path = Path(here.f_code.co_filename)
            if path.is_relative_to(PACKAGE):
                stack.append((path.relative_to(PACKAGE).as_posix(), here.f_code.co_qualname))
            if here.f_code is below.__code__:
                found.append(stack[::-1])
                return
            here = here.f_back

    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(None)


PAGE = walk((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"))


def test_a_step_is_read_in_six_files_and_seven_calls_as_the_page_walks_through_it() -> None:
    recipe, data = RECIPES["r3gan-32-small"].shrunken(), packed(channels=3, side=32)
    recipe = override(recipe, ["training.threads=1", "training.precision=float32", "training.batch=4"])
    task = build_task(recipe, DataFacts.of(data), data, torch.device("cpu"))
    game, stacks = build_game(recipe, task, task.device), []
    with stacks_at(Discriminator.forward, train, stacks):
        train(game, observers=[], control=Control(), until=1)
    of_discriminator, *_, of_generator = stacks
    assert of_discriminator == way(PAGE)
    for stack in (of_discriminator, of_generator):
        assert len(stack) - 1 <= 7, "calls from the loop to D"
        assert len({file for file, _ in stack[:-1]}) <= 6, "files to read on the way, D's own beside them"
    assert ("tasks/kit/adversary.py", "Adversary.generator") == of_generator[4]


@pytest.mark.parametrize("call", named(PAGE), ids=lambda call: ": ".join(call))
def test_every_function_that_the_walk_names_is_where_it_says(call: Call) -> None:
    file, name = call
    assert (PACKAGE / file).is_file()
    found: Any = importlib.import_module("saddlepoint." + file.removesuffix(".py").replace("/", "."))
    for part in name.split("."):
        found = getattr(found, part)
    assert callable(found) and found.__module__ == "saddlepoint." + file.removesuffix(".py").replace("/", ".")
