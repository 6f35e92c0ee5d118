"""The sweep of settings: each candidate is one that `images` can be given; ratios are of excesses over real data."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from PIL import Image

from benchmarks.time_to_quality import page
from benchmarks.time_to_quality.candidates import BEFORE, CANDIDATES, WORDS
from benchmarks.time_to_quality.sets import FACES, place_of
from saddlepoint.recipes.catalogue import recipe_named
from saddlepoint.recipes.text import override


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_candidate_is_a_change_of_the_recipe(name: str) -> None:
    recipe = recipe_named("images")
    settings = [f"{key}={json.dumps(value)}" for key, value in CANDIDATES[name].items()]
    changed = override(recipe, settings) if settings else recipe
    assert (changed == recipe) == (name == "default") and WORDS[name]


def _row(candidate: str, first: float, second: float) -> dict[str, Any]:
    def judged(value: float) -> dict[str, Any]:
        shares = {name: {"value": 0.5} for name in ("precision", "recall")}
        return {"frechet_distance": {"value": value, "real": {"value": 10.0}}, **shares}

    return {
        "candidate": candidate,
        "set": "faces-32",
        "minutes": 2.0,
        "seed": 0,
        "steps": 100,
        "cpu_seconds": 120.0,
        "judged": {"one": judged(first), "other": judged(second)},
    }


def test_a_ratio_is_the_mean_of_two_judges_excesses_over_those_of_before() -> None:
    before, better = _row(BEFORE, 110.0, 30.0), _row("default", 35.0, 30.0)
    assert page.ratio(before, [before, better]) == pytest.approx(1.0)
    assert page.ratio(better, [before, better]) == pytest.approx(0.5)
    assert page.ratio(better, [better]) is None
    # What scores better than real data is not infinitely good.
    assert page.excess(_row("default", 5.0, 30.0), "one") == 1.0


def test_the_faces_are_squares_of_two_sizes(tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (112, 92), dtype=np.uint8)).save(picture, "PNG")
    (tmp_path / FACES).parent.mkdir()
    table = pyarrow.table({"image": [{"bytes": picture.getvalue(), "path": None}] * 2})
    pyarrow.parquet.write_table(table, tmp_path / FACES)
    for side in (32, 64):
        found = sorted(place_of(f"faces-{side}", tmp_path, tmp_path / "made").iterdir())
        assert [Image.open(file).size for file in found] == [(side, side)] * 2
    with pytest.raises(SystemExit, match="emoji"):
        place_of("emoji", tmp_path, tmp_path / "made")
