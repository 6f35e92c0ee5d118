"""Real images and the nearest training images beside the samples; a run from before says how to have them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from saddlepoint.report.beside import beside
from saddlepoint.sampling.pictures import grid, save_picture
from tests.report.test_onward import TRAINED
from tests.report.test_page import written

TOLD = {"distances": [3.0, 4.0], "held_out": 5.0, "held_out_images": 40, "training_images": 360}


def with_beside(run: Path, **changes: Any) -> Path:
    for name in ("real.png", "nearest.png"):
        save_picture(grid(np.zeros((4, 1, 8, 8), np.float32)), run / "beside" / name)
    (run / "beside" / "nearest.json").write_text(json.dumps({**TOLD, **changes}))
    return run


def test_real_images_stand_beside_the_samples_and_distances_below_their_pairs(make_run) -> None:
    _, page = written(with_beside(make_run(recipe=TRAINED)))
    text = page.text()
    for expected in (
        *("Made , after 100 steps.", "Real : training images", "Is it copying?", "3.5 in the middle of these 2"),
        *("(40 of them) lie 5 from the nearest of the 360 training images", "no sign that the generator has learnt"),
    ):
        assert expected in text, expected
    assert len(page.all("img")) == 5


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"distances": [0.1, 4.0]}, "1 of the 2 samples lie at less than half of that"),
        ({"held_out": None}, "a copy would lie near 0"),
    ],
)
def test_what_the_distances_mean(make_run, changes, said) -> None:
    seen = beside(with_beside(make_run(), **changes), [])
    assert seen is not None and said in " ".join(seen.meaning)


def test_what_cannot_be_read_is_left_out_and_said(make_run) -> None:
    run, remarks = with_beside(make_run(), distances="none"), []
    (run / "beside" / "real.png").write_bytes(b"no picture")
    seen = beside(run, remarks)
    assert seen is not None and seen.real is None and seen.nearest is None and len(remarks) == 2
    assert "Is it copying?" not in written(run)[1].text()


def test_a_run_from_before_says_how_to_have_them(make_run) -> None:
    said = "Real images beside them are written when a run ends; this one has none yet."
    assert said in written(make_run(recipe=TRAINED))[1].text()
    assert said not in written(make_run("other", recipe={**TRAINED, "task": {"kind": "translation"}}))[1].text()
