"""The default judge: by the images' size and what is installed; a run writes down which, and keeps it."""

from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

import saddlepoint as sp
from saddlepoint.recipes.catalogue import recipe_named
from saddlepoint.recipes.text import override
from saddlepoint.runs import features
from saddlepoint.runs.evaluations import with_features
from saddlepoint.runs.features import default_features

EVALUATED = ["watch.evaluate_every=64"]


@pytest.mark.parametrize(
    ("shape", "name"),
    [
        *(((3, 32, 32), "efficientnet-lite0"), ((1, 112, 92), "efficientnet-lite0"), ((1, 28, 28), "pixels")),
        *(((1, 200, 31), "pixels"), ((2,), "points")),
    ],
)
def test_the_network_judges_from_32_pixels_on(shape: tuple[int, ...], name: str):
    assert default_features(shape) == name


def test_without_the_wheel_pixels_judge_and_it_is_said(monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setattr(features, "weights_file", lambda: None)
    assert default_features((3, 64, 64)) == "pixels"
    images = np.random.default_rng(0).integers(0, 256, (24, 1, 32, 32), dtype=np.uint8)
    first, second = sp.evaluate((images, images), metrics=["frechet_distance"])
    assert [each["provenance"]["features"]["name"] for each in (first, second)] == ["pixels", "hog"]
    assert capsys.readouterr().err == (
        "efficientnet-lite0 is not installed, so that pixels judge in its place; install it: "
        "pip install 'saddlepoint[features]'\n"
    )
    recipe = override(recipe_named("images"), EVALUATED)
    assert with_features(recipe, (1, 32, 32), show=True).watch.evaluate_features == "pixels"
    assert "not installed" in capsys.readouterr().err


def test_a_run_that_evaluates_names_its_judge_and_keeps_it():
    recipe = override(recipe_named("images"), EVALUATED)
    assert recipe.watch.evaluate_features is None
    named = with_features(recipe, (1, 32, 32), show=False)
    assert named.watch.evaluate_features == "efficientnet-lite0"
    assert with_features(named, (1, 8, 8), show=False) is named
    plain = recipe_named("images")
    assert with_features(plain, (1, 32, 32), show=False) is plain
    # A run from before wrote pixels down whether it evaluated or not.
    assert override(plain, ["watch.evaluate_features=pixels"]).watch.evaluate_features == "pixels"


def test_a_run_is_judged_twice_as_it_goes_on_and_the_best_is_chosen_by_the_first_judge(tmp_path: Path):
    (tmp_path / "data").mkdir()
    for index, image in enumerate(np.random.default_rng(0).integers(0, 256, (24, 32, 32), dtype=np.uint8)):
        Image.fromarray(image).save(tmp_path / "data" / f"{index}.png")
    settings = {
        "training.device": "cpu",
        "training.batch": 4,
        "data.hold_out": 0.0,
        "watch.evaluate_every": 8,
        "watch.evaluate": ["frechet_distance"],
        "watch.best.value": "metrics.frechet_distance",
    }
    run = sp.train("images", data=str(tmp_path / "data"), out=tmp_path / "run", steps=2, set=settings, show=False).path
    watch = yaml.safe_load((run / "recipe.yaml").read_text())["watch"]
    assert watch["evaluate_features"] == "efficientnet-lite0"
    first, second = sp.evaluate(run, metrics=["frechet_distance"], count=12)
    assert [each["provenance"]["features"]["name"] for each in (first, second)] == ["efficientnet-lite0", "hog"]
    lines = (run / "metrics.jsonl").read_text().splitlines()
    assert len(lines) == 4
    manifest = (run / "checkpoints" / "00000002" / "manifest.json").read_text()
    assert str(first["value"]) in manifest and str(second["value"]) not in manifest
