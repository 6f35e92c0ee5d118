"""The names in a run folder are those that the page of the architecture tells others to read."""

import re
from pathlib import Path

from saddlepoint import run_folder

PAGE = Path(__file__).resolve().parents[1] / "docs" / "architecture.md"


def test_the_page_shows_every_name():
    shown = PAGE.read_text(encoding="utf-8").partition("**A run folder**")[2].split("```")[1]
    told = set(re.findall(r"^([\w.]+)", shown, flags=re.MULTILINE))
    # What stands in a folder of its own is told beside that folder.
    told |= set(re.findall(r"[\w.]+\.(?:png|json)", shown))
    assert {name for key, name in vars(run_folder).items() if key.isupper()} <= told
