"""A manifest with a fitting digest is believed in nothing that a run would not have written."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from saddlepoint.errors import UserError
from saddlepoint.training.records.checkpoint import newest_valid, read, restore, sampled_weights
from saddlepoint.training.records.manifest import MANIFEST, digest_of, read_manifest
from tests.training.games import bilinear_game, image_game
from tests.training.records.test_checkpoint import save_game, two_checkpoints

SETTINGS = ("generator.rate", "discriminator.rate")


def rewritten(path: Path, **changes: Any) -> None:
    """Changes entries of a manifest, and its digest with them, as whoever meant to would."""
    manifest = json.loads((path / MANIFEST).read_text())
    for key, value in changes.items():
        if value is ...:
            del manifest[key]
        else:
            manifest[key] = value
    manifest["sha256"] = digest_of(manifest)
    (path / MANIFEST).write_text(json.dumps(manifest))


SHA = "0" * 64
WRONG: list[dict[str, Any]] = [
    *({"files": files} for files in (None, [1], {}, "x", {"averages.safetensors": SHA})),
    *({"files": {"networks.safetensors": SHA, name: SHA}} for name in ("../../recipe.yaml", "a/b.safetensors", "..")),
    {"files": {"networks.safetensors": 3}},
    {"files": {"networks.safetensors": "x"}},
    *({"step": step} for step in (None, "2", -1, 9, 2.0, True, 10**30, ...)),
    *({"overrides": value} for value in (None, [1], {"generator.rate": "x"}, {"generator.rate": None}, ...)),
    {"overrides": {"generator.rate": float("inf")}},
    {"overrides": {"generator.rat": 0.5}},
    *({"images": images} for images in (None, "a", -1, 1.5, [], ...)),
    *({"seconds": seconds} for seconds in (None, "a", -1, float("nan"), ...)),
    {"seed": "x"},
    {"about": []},
    {"about": ...},
    {"about": json.loads("[" * 60 + "]" * 60)},
]


@pytest.mark.parametrize("changes", WRONG, ids=lambda changes: json.dumps(changes, default=str)[:40])
def test_an_entry_that_no_run_writes_is_damage_like_any_other(changes: dict[str, Any], tmp_path: Path) -> None:
    newer = two_checkpoints(tmp_path)
    rewritten(newer, **changes)
    problems: list[str] = []
    found = newest_valid(tmp_path, left_out=lambda lines, _: problems.extend(lines), settings=SETTINGS)
    assert found.step == 1 and len(problems) == 1 and "00000002 whose manifest" in problems[0]


def test_what_a_later_version_adds_is_no_damage(tmp_path: Path) -> None:
    newer = two_checkpoints(tmp_path)
    rewritten(newer, branch=3, about={"machine": {"cores": 2}}, overrides={"generator.rate": 1})
    assert read(newer, SETTINGS).manifest["branch"] == 3
    assert read_manifest(newer)["overrides"] == {"generator.rate": 1}


def refit(path: Path, file: str, content: bytes) -> None:
    """Puts other bytes into a file, with a fitting digest in the manifest."""
    (path / file).write_bytes(content)
    files = json.loads((path / MANIFEST).read_text())["files"]
    rewritten(path, files={**files, file: hashlib.sha256(content).hexdigest()})


@pytest.mark.parametrize("content", [b"", b"x" * 7, b"\xff" * 64, b"\x08" + 7 * b"\0" + b"{" * 8], ids=repr)
def test_tensors_that_are_none_are_damage(content: bytes, tmp_path: Path) -> None:
    newer = two_checkpoints(tmp_path)
    refit(newer, "networks.safetensors", content)
    problems: list[str] = []
    assert newest_valid(tmp_path, left_out=lambda lines, _: problems.extend(lines)).step == 1
    assert "networks.safetensors cannot be read" in problems[0] and "\n" not in problems[0]


@pytest.mark.parametrize(
    "name", ["discriminator/x/exp_avg", "discriminator/-1/exp_avg", "discriminator/99999/exp_avg", "discriminator/0"]
)
def test_an_optimizers_tensors_belong_to_its_weights(name: str, tmp_path: Path) -> None:
    game = image_game().play(1)
    path = save_game(tmp_path, game)
    tensors = {**read(path).tensors["optimizers"], name: torch.zeros(3, 3)}
    refit(path, "optimizers.safetensors", safetensors.torch.save(tensors))
    with pytest.raises(UserError, match="do not fit this network"):
        restore(read(path), game.task, game.steps, game.state)


def test_a_tasks_history_has_the_shapes_of_the_task(tmp_path: Path) -> None:
    game = bilinear_game()
    game.task.state["pool"] = torch.zeros(2, 3)
    path = save_game(tmp_path, game.play(1))
    game.task.state["pool"] = torch.zeros(4)
    with pytest.raises(UserError, match="pool"):
        restore(read(path), game.task, game.steps, game.state)


def test_an_optimizer_keeps_the_same_of_every_weight(tmp_path: Path) -> None:
    game = image_game().play(1)
    path = save_game(tmp_path, game)
    tensors = dict(read(path).tensors["optimizers"])
    gone = next(name for name in tensors if name.startswith("discriminator") and name.endswith("exp_avg"))
    del tensors[gone]
    refit(path, "optimizers.safetensors", safetensors.torch.save(tensors))
    with pytest.raises(UserError, match=r"do not fit this network \(discriminator/\.\.\./exp_avg\)"):
        restore(read(path), game.task, game.steps, game.state)


def test_averages_that_were_emptied_are_not_the_networks(tmp_path: Path) -> None:
    game = image_game().play(1)
    path = save_game(tmp_path, game)
    refit(path, "averages.safetensors", safetensors.torch.save({}))
    assert sampled_weights(read(path), "generator") == {}


@pytest.mark.parametrize("names", [{}, {"n0": torch.zeros(1)}], ids=["none", "of nobody"])
def test_an_optimizers_history_is_not_left_out(names: dict[str, torch.Tensor], tmp_path: Path) -> None:
    game = image_game().play(1)
    path = save_game(tmp_path, game)
    refit(path, "optimizers.safetensors", safetensors.torch.save(names))
    with pytest.raises(UserError, match=r"do not fit this network \((no history of discriminator's optimizer|n0)\)"):
        restore(read(path), game.task, game.steps, game.state)
