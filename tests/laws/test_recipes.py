"""Laws of every recipe: shrunken, it is interrupted and resumed bit for bit, saved and loaded with the same samples."""

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

import saddlepoint as sp
from saddlepoint.data import Packed
from saddlepoint.data.pairs import ImagePairs
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.kinds import KINDS
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.text import override, recipe_from, to_yaml
from saddlepoint.runs import opened
from tests.laws.members import check_reached, modules

NAMES = sorted(RECIPES)
QUICK = {"watch.log_every": 1, "watch.sample_every": 3, "watch.samples": 4, "watch.checkpoint_every": 3}


# What these train makes no samples.
SILENT = {"classifier"}
# What a recipe asks a person for beside data: a file of published weights that no test has.
ASKED = {name: {"task.content": "pixels"} for name in ("srgan-x4", "srgan-x4-small")}
# WGAN's bursts of 100 steps of the critic, in fewer: how many there are is not what these laws are about.
ASKED |= {name: {"dynamics.bursts.steps": 7} for name in ("wgan-64", "wgan-64-small")}


def _images(recipe: Recipe) -> Packed | ImagePairs | None:
    """Stands in for the data that a recipe asks a person for."""
    if recipe.data.source is not None:
        return None
    if recipe.task.kind in ("translation", "cycle"):
        # The patches that D judges need so much room.
        packed = {seed: _packed(32, 3, seed) for seed in (0, 1)}
        return ImagePairs(
            sources=packed[0],
            targets=packed[1],
            paired=recipe.task.kind == "translation",
            layout="a test",
            fingerprint="2" * 64,
            source="random",
            split_rule="a test",
        )
    if recipe.task.kind == "super-resolution":
        return replace(_packed(100, 3, 0), labels=None, classes=())
    # Images of a size that the recipe names are in colour, as it says.
    return _packed(16, 3, 0) if recipe.data.size else _packed(28, 1, 0)


def _packed(side: int, channels: int, seed: int) -> Packed:
    random = np.random.default_rng(seed)
    return Packed(
        items=random.integers(0, 256, (60, channels, side, side), dtype=np.uint8),
        labels=np.arange(60) % 10,
        classes=tuple("0123456789"),
        kind="images",
        shape=(channels, side, side),
        fingerprint="1" * 64,
        splits={"train": np.arange(50), "held_out": np.arange(50, 60)},
        split_rule="a test",
        source="random",
    )


@pytest.fixture(autouse=True)
def without_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    """The estimate of memory takes longer than six steps; tests/training/machine/test_memory.py is about it."""
    monkeypatch.setattr(opened, "estimated", lambda game, **options: None)


def _train(
    name: str, out: Path, steps: int, settings: dict[str, Any] | None = None, stop_at: int | None = None
) -> sp.Run:
    recipe = RECIPES[name].shrunken()
    changes = {**QUICK, **ASKED.get(name, {}), **(settings or {})}
    return sp.train(recipe, data=_images(recipe), out=out, steps=steps, stop_at=stop_at, set=changes, show=False)


def test_every_recipe_is_reached() -> None:
    within = [name for name in modules("recipes") if name.startswith("saddlepoint.recipes.catalogue.")]
    held = {name: getattr(importlib.import_module(name), "RECIPES", ()) for name in within}
    themes = {name for name, recipes in held.items() if any(recipe in RECIPES.values() for recipe in recipes)}
    check_reached(
        "recipes",
        themes,
        {
            "saddlepoint.recipes.catalogue": "gathers the themes' recipes",
            "saddlepoint.recipes.catalogue.small": "makes the small siblings; what they change is the law below",
            "saddlepoint.recipes.specification": "what a recipe is",
            "saddlepoint.recipes.ranges": "what numbers may be; tests/recipes/test_ranges.py",
            "saddlepoint.recipes.text": "recipes as text; tests/recipes/test_text.py",
            "saddlepoint.recipes.horizons": "a recipe of another length; tests/recipes/test_horizons.py",
            "saddlepoint.recipes.data_facts": "the data of a recipe; tests/runs/test_build.py",
            "saddlepoint.recipes.tasks": "the task of a recipe; every recipe below goes through it",
            "saddlepoint.recipes.parts": "what a recipe is made of; tests/recipes/test_text.py",
            "saddlepoint.recipes.own_tasks": "the recipe of a person's own task; tests/recipes/test_own_tasks.py",
            **{
                f"saddlepoint.recipes.kinds{name}": "a kind of task; every recipe below is of one"
                for name in ("", ".kind", ".of_latents", *(f".{name.replace('-', '_')}" for name in KINDS))
            },
            "saddlepoint.recipes.by_size": "what follows from the data's shape; tests/recipes/test_by_size.py",
            "saddlepoint.recipes.network_trial": "own networks are tried; tests/recipes/test_own_networks.py",
            "saddlepoint.recipes.output_ranges": "own networks are tried; tests/recipes/test_own_networks.py",
            "saddlepoint.recipes.own_networks": "a person's own pair; tests/recipes/test_own_networks.py",
        },
    )


@pytest.mark.parametrize("name", NAMES)
def test_six_steps_stopped_at_three_and_resumed_equal_six_and_are_loaded_as_they_are(name: str, tmp_path: Path) -> None:
    whole = _check_resumed(name, tmp_path)
    if RECIPES[name].task.kind == "generation":
        _check_loaded(whole)


@pytest.mark.parametrize("name", ["mnist", "dcgan-64", "r3gan-32", "wgan-gp-32", "pix2pix", "cyclegan", "classifier"])
def test_resumed_runs_are_equal_with_every_fast_path_on(name: str, tmp_path: Path) -> None:
    # All others are on anyway.
    fast: dict[str, Any] = {"training.precision": "bfloat16"}
    if name in ("mnist", "r3gan-32"):
        fast["dynamics.share_draws"] = True
    _check_resumed(name, tmp_path, fast)


def _check_resumed(name: str, tmp_path: Path, settings: dict[str, Any] | None = None) -> sp.Run:
    whole = _train(name, tmp_path / "whole", 6, settings)
    part = _train(name, tmp_path / "part", 6, settings, stop_at=3)
    assert (part.step, part.stopped) == (3, "--stop-at")
    part = sp.resume(part, data=_images(RECIPES[name].shrunken()), show=False)
    for step in (3, 6):
        folders = [run.path / "checkpoints" / f"{step:08d}" for run in (whole, part)]
        files = sorted(path.name for path in folders[0].glob("*.safetensors"))
        assert files and files == sorted(path.name for path in folders[1].glob("*.safetensors"))
        for file in files:
            ours, theirs = (load_file(folder / file) for folder in folders)
            assert ours.keys() == theirs.keys()
            assert all(np.array_equal(ours[key], theirs[key]) for key in ours), (step, file)
    clocks = ("images_per_s", "seconds")
    logs = [[{k: v for k, v in line.items() if k not in clocks} for line in run.log()] for run in (whole, part)]
    assert logs[0] == logs[1] and [line["step"] for line in logs[0]] == [1, 2, 3, 4, 5, 6]
    if name not in SILENT:
        assert whole.samples is not None and part.samples is not None
        assert whole.samples.read_bytes() == part.samples.read_bytes()
    return whole


def _check_loaded(run: sp.Run) -> None:
    """Loaded twice it makes the same samples of a seed, whatever their number, and others of another seed."""
    one, two = sp.load(run).sample(5, seed=3), sp.load(str(run.path)).sample(7, seed=3)
    assert torch.equal(one, two[:5])
    assert one.dtype == torch.float32 and one.isfinite().all()
    if one.dim() == 4:
        assert one.min() >= 0 and one.max() <= 1
    assert not torch.equal(one, sp.load(run).sample(5, seed=4))


def test_only_classifiers_make_nothing() -> None:
    assert {name for name in NAMES if RECIPES[name].task.kind == "classification"} == SILENT


@pytest.mark.parametrize("name", NAMES)
def test_it_survives_yaml(name: str) -> None:
    import yaml

    recipe = RECIPES[name]
    assert recipe_from(yaml.safe_load(to_yaml(recipe)), "a test") == recipe


@pytest.mark.parametrize("name", NAMES)
def test_shrunken_changes_width_batch_and_size_only(name: str) -> None:
    before, after = RECIPES[name].model_dump(mode="json"), RECIPES[name].shrunken().model_dump(mode="json")
    changed = {key for key in before if before[key] != after[key]}
    assert changed <= {"networks", "training", "data"}
    assert {key for key in before["training"] if before["training"][key] != after["training"][key]} <= {"batch"}
    assert {key for key in before["data"] if before["data"][key] != after["data"][key]} <= {"size"}
    if isinstance(before["networks"], dict):
        # How deep, how noisy, how normalised it is stays; only numbers of units shrink.
        different = {key for key in before["networks"] if before["networks"][key] != after["networks"][key]}
        assert different <= {"width", "discriminator_width", "embedding", "units", "latent", "dimensions"}


@pytest.mark.parametrize("name", NAMES)
def test_every_leaf_of_the_training_part_can_be_set(name: str) -> None:
    player = next(iter(RECIPES[name].optimizers))
    changed = override(RECIPES[name], ["training.batch=7", f"{player}.rate=0.5", "watch.keep=9"])
    assert (changed.training.batch, changed.numbers()[f"{player}.rate"], changed.watch.keep) == (7, 0.5, 9)
