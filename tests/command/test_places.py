"""Where verbs write: a new place, always."""

import argparse
from pathlib import Path

import pytest

from saddlepoint.command.places import new_place
from saddlepoint.errors import UserError


def test_the_default_is_a_new_name_in_the_runs_folder(tmp_path: Path) -> None:
    chosen = argparse.Namespace(run=str(tmp_path), out=None)
    assert new_place(chosen, "a.png") == tmp_path / "a.png"
    (tmp_path / "a.png").touch()
    assert new_place(chosen, "a.png") == tmp_path / "a-2.png"


def test_what_exists_is_refused_but_for_an_empty_folder(tmp_path: Path) -> None:
    assert new_place(argparse.Namespace(run="run", out=str(tmp_path)), "a.png") == tmp_path
    (tmp_path / "a.png").touch()
    for out in (tmp_path, tmp_path / "a.png"):
        with pytest.raises(UserError, match="which exists; expected a new file or folder"):
            new_place(argparse.Namespace(run="run", out=str(out)), "b.png")
