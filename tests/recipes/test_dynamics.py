"""Dynamics of a recipe: corrections by name, with a strength that is in the log, and what is refused with the cure."""

from pathlib import Path

import pytest

import saddlepoint as sp
from saddlepoint.errors import UserError

SMALL = {"networks.width": 4, "training.batch": 8, "data.count": 40, "watch.samples": 4, "watch.log_every": 1}


def test_second_derivatives_are_taken_in_single_precision(tmp_path: Path) -> None:
    changes = {**SMALL, "dynamics.correction": "consensus", "training.precision": "bfloat16"}
    with pytest.raises(UserError, match=r"bfloat16 .*consensus.*training\.precision=float32"):
        sp.train("toy", out=tmp_path / "run", steps=1, set=changes, show=False)
    changes["dynamics.correction"] = "extragradient"
    assert sp.train("toy", out=tmp_path / "run", steps=1, set=changes, show=False).step == 1


def test_the_cure_for_competitive_descent_works(tmp_path: Path) -> None:
    changes = {**SMALL, "dynamics.correction": "competitive"}
    with pytest.raises(UserError, match=r"set discriminator\.optimizer=sgd"):
        sp.train("toy", out=tmp_path / "run", steps=1, set=changes, show=False)
    changes |= {"discriminator.optimizer": "sgd", "generator.optimizer": "sgd"}
    run = sp.train("toy", out=tmp_path / "run", steps=2, set=changes, show=False)
    assert run.log()[-1]["settings"]["dynamics.strength"] == 1.0


def test_a_scheduled_strength_is_followed(tmp_path: Path) -> None:
    changes = {
        **SMALL,
        "dynamics.correction": "optimistic",
        "dynamics.strength": {"schedule": "linear", "start": 0.0, "end": 1.0, "over": 4},
    }
    run = sp.train("toy", out=tmp_path / "run", steps=3, set=changes, show=False)
    assert [line["settings"]["dynamics.strength"] for line in run.log()] == [0.0, 0.25, 0.5]
