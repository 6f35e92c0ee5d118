"""What `sample` and `interpolate` share."""

import argparse
from pathlib import Path

import numpy as np
import pytest
import torch

from saddlepoint.command.drawing import check_ending, choices, drawn, save
from saddlepoint.errors import UserError


def test_what_was_chosen_stands_in_the_name() -> None:
    nothing = argparse.Namespace(label=None, truncation=None, standing=None)
    assert choices(nothing) == ""
    assert choices(argparse.Namespace(label="3", truncation=0.5, standing=16)) == "-label3-truncated0.5-standing16"


def test_other_endings_and_folders_of_points_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"FILE\.png, FILE\.npz, or a folder for one picture each, or a film"):
        check_ending(Path("a.avi"), ", or a film")
    with pytest.raises(UserError, match=r"for points; expected FILE\.png or FILE\.npz"):
        save(torch.zeros(3, 2), tmp_path / "points")


def test_an_array_is_exactly_what_was_made_and_never_written_over(tmp_path: Path) -> None:
    made = torch.rand(3, 1, 8, 8)
    save(made, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as file:
        assert np.array_equal(file["images"], made.numpy())
    with pytest.raises(FileExistsError):
        save(made, tmp_path / "a.npz")
    answer = drawn(made, tmp_path / "a.npz", 7, {"frames": 3}, "more")
    assert answer.json == {"out": str(tmp_path / "a.npz"), "count": 3, "shape": [1, 8, 8], "step": 7, "frames": 3}
    assert answer.text == f"{tmp_path / 'a.npz'}\nmore"
