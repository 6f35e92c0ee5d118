"""A recipe that measures itself: the same bits with and without, the same lines after a resume, mistakes said first."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import saddlepoint as sp
from saddlepoint.data import open_data
from saddlepoint.errors import UserError
from saddlepoint.recipes.catalogue import recipe_named
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.kinds.generation import GenerationKind
from saddlepoint.recipes.tasks import build_task
from saddlepoint.recipes.text import override
from saddlepoint.runs.build import build_game
from saddlepoint.runs.evaluations import planned_evaluation
from saddlepoint.runs.features import features_for

# With constant numbers a run that is longer than planned is the run that was planned so long.
CONSTANT = {"generator.rate": 1e-3, "discriminator.rate": 1e-3, "average.half_life": 1000}
SMALL = {"training.device": "cpu", "networks.width": 8, "watch.checkpoint_every": 8, **CONSTANT}
WATCHED = {
    **SMALL,
    "watch.evaluate_every": 640,
    "watch.evaluate": ["frechet_distance", "recall"],
    "watch.evaluate_count": 50,
    "watch.best.value": "metrics.frechet_distance",
}


def weights(run: Path, step: int) -> dict[str, torch.Tensor]:
    return load_file(run / "checkpoints" / f"{step:08d}" / "networks.safetensors")


def test_evaluations_change_no_bit_and_stand_once_after_a_resume(tmp_path: Path) -> None:
    whole = sp.train("digits", out=tmp_path / "whole", steps=24, set=WATCHED, show=False).path
    plain = sp.train("digits", out=tmp_path / "plain", steps=24, set=SMALL, show=False).path
    # 13 steps are between two evaluations and between two checkpoints.
    parts = sp.train("digits", out=tmp_path / "parts", steps=13, set=WATCHED, show=False).path
    sp.resume(parts, steps=24, show=False)
    for name, tensor in weights(whole, 24).items():
        assert torch.equal(tensor, weights(plain, 24)[name]) and torch.equal(tensor, weights(parts, 24)[name]), name
    assert (parts / "metrics.jsonl").read_text() == (whole / "metrics.jsonl").read_text()
    lines = [json.loads(line) for line in (whole / "metrics.jsonl").read_text().splitlines()]
    assert [(line["metric"], line["provenance"]["step"]) for line in lines] == [
        (name, step) for step in (10, 20, 24) for name in ("frechet_distance", "recall")
    ]
    # What is written is what `evaluate` gives for the averaged weights of that checkpoint.
    (again,) = sp.evaluate(whole, metrics=["frechet_distance"], count=50, seed=0)
    newest = lines[-2]
    assert (again["value"], again["interval"]) == (newest["value"], newest["interval"])
    assert again["provenance"]["baseline"] == newest["provenance"]["baseline"]


def test_samples_are_those_of_the_seed(tmp_path: Path) -> None:
    run = sp.train("digits", out=tmp_path / "run", steps=2, set=SMALL, show=False).path
    gan = sp.load(run, device="cpu")
    data = open_data("digits")
    features = features_for("pixels", data.shape, torch.device("cpu"))
    samples = GenerationKind().generated_samples(
        gan.task, {"generator": gan.task.generator}, data, features, seed=4, about={}
    )
    assert torch.equal(samples.make(37).values, gan.sample(37, seed=4))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["watch.evaluate_count=100"], "watch.evaluate_count without watch.evaluate_every"),
        (["watch.best.value=metrics.recall"], "metrics.recall"),
        (["watch.evaluate_every=64", "watch.best.value=metrics.parzen"], "metrics.parzen"),
    ],
)
def test_what_would_have_no_effect_is_refused(settings: list[str], words: str) -> None:
    with pytest.raises(UserError, match=words):
        override(recipe_named("digits"), settings)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("watch.evaluate=[fid]", "metric 'fid'"),
        ("watch.evaluate=[mode_count]", "name no classes"),
        ("watch.evaluate_features=nothing", "features 'nothing'"),
    ],
)
def test_a_mistake_is_said_before_anything_is_written(setting: str, words: str, tmp_path: Path) -> None:
    settings = ["training.device=cpu", "watch.evaluate_every=64", setting]
    with pytest.raises(UserError, match=words):
        sp.train("digits", out=tmp_path / "run", steps=2, set=settings, show=False)
    assert not (tmp_path / "run").exists()


def test_a_task_that_makes_nothing_cannot_be_watched() -> None:
    recipe = override(recipe_named("classifier"), ["watch.evaluate_every=64"])
    data = open_data("digits")
    task = build_task(recipe, DataFacts.of(data), data, torch.device("cpu"))
    assert build_game(recipe, task, torch.device("cpu"))
    with pytest.raises(UserError, match="classification"):
        planned_evaluation(recipe, task, data, "")
