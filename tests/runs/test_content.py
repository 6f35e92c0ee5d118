"""Where super-resolution compares images, VGG19 or a classifier; and what a run of SRGAN begins with."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

import saddlepoint as sp
from saddlepoint.errors import UserError
from saddlepoint.metrics.features.vgg import vgg19
from saddlepoint.recipes.catalogue import recipe_named
from saddlepoint.recipes.kinds.super_resolution import SuperResolutionPart, content_of
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.text import override, read_recipe
from saddlepoint.runs.content import absolute, open_reference
from saddlepoint.tasks.kit.content import Content
from tests.metrics.features.published import random_weights, vgg19_shapes
from tests.tasks.examples import packed

CPU = torch.device("cpu")
TILES = packed(labelled=False, channels=3, side=100)


def _recipe(name: str, *changes: str) -> Recipe:
    watch = ["watch.log_every=1", "watch.samples=1", "watch.checkpoint_every=1"]
    return override(recipe_named(name).shrunken(), [*watch, "networks.blocks=1", *changes])


def open_content(text: str, *, channels: int, crop: int) -> Content:
    """Where a recipe with this `task.content` compares images."""
    features = open_reference("task.content", text, channels=channels, device=CPU)
    return content_of(SuperResolutionPart(content=text, crop=crop), features)


def _train(name: str, out: Path, *changes: str, steps: int = 1, **options) -> sp.Run:
    return sp.train(_recipe(name, *changes), data=TILES, out=out, steps=steps, show=False, **options)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = packed(channels=3, side=16)
    out = tmp_path_factory.mktemp("classifier") / "run"
    return sp.train(recipe_named("classifier").shrunken(), data=data, out=out, steps=1, show=False).path


def test_vgg19_is_compared_in_its_last_map_divided_as_published(tmp_path: Path) -> None:
    path = tmp_path / "vgg19-dcbb9e9d.safetensors"
    save_file(random_weights(vgg19_shapes()), path)
    content = open_content(f"vgg19:{path}", channels=3, crop=32)
    assert content.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    made = (2 * torch.rand(2, 3, 32, 32) - 1).requires_grad_()
    real = 2 * torch.rand(2, 3, 32, 32) - 1
    found = content.distance(made, real, (-1.0, 1.0))
    maps = vgg19(path).maps
    assert maps is not None
    one, other = (maps((images + 1) / 2)[-1] / 12.75 for images in (made, real))
    torch.testing.assert_close(found, F.mse_loss(one, other))
    # The paper's other way to say it: the factor .006, rounded.
    torch.testing.assert_close(found, 0.006 * F.mse_loss(12.75 * one, 12.75 * other), rtol=0.03, atol=0)
    found.backward()
    assert made.grad is not None and made.grad.abs().max() > 0
    with pytest.raises(UserError, match="at least 16"):
        open_content(f"vgg19:{path}", channels=3, crop=12)


def test_a_classifier_is_compared_in_its_last_stage(classifier: Path) -> None:
    content = open_content(f"classifier:{classifier}", channels=3, crop=32)
    manifest = json.loads(next((classifier / "checkpoints").glob("*/manifest.json")).read_text())
    assert content.sha256 == manifest["files"]["networks.safetensors"]
    made, real = (2 * torch.rand(2, 3, 32, 32) - 1 for _ in range(2))
    found = content.distance(made.requires_grad_(), real, (-1.0, 1.0))
    assert found.requires_grad and float(found.detach()) > 0
    assert float(content.distance(real, real, (-1.0, 1.0))) == 0
    with pytest.raises(UserError, match="3 channels; expected 1"):
        open_content(f"classifier:{classifier}", channels=1, crop=32)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("vgg19", ["without the file", "vgg19-dcbb9e9d.pth", "https://", "task.content=pixels", "classifier:RUN"]),
        ("vgg19:nowhere.pth", ["where there is no file", "https://", "task.content=pixels"]),
        ("vgg16", ["vgg16", "pixels, vgg19:FILE or classifier:RUN"]),
        ("pixels:file", ["pixels:file"]),
        ("classifier", ["classifier", "classifier:RUN"]),
        ("classifier:nowhere", ["nowhere"]),
    ],
)
def test_what_is_missing_is_named(text: str, parts: list[str]) -> None:
    with pytest.raises(UserError) as refused:
        open_content(text, channels=3, crop=96)
    assert all(part in str(refused.value) for part in parts), refused.value


def test_places_are_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert absolute("vgg19:weights.pth") == f"vgg19:{tmp_path / 'weights.pth'}"
    assert [absolute(text) for text in ("pixels", "vgg19", "classifier:")] == ["pixels", "vgg19", "classifier:"]


def test_srgan_says_which_file_it_lacks_before_a_run_begins(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"vgg19-dcbb9e9d\.pth, published at"):
        _train("srgan-x4-small", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_srgan_begins_with_srresnets_generator_and_a_fresh_judge(tmp_path: Path) -> None:
    first = _train("srresnet-x4-small", tmp_path / "first", steps=2)
    # No step moves it, so that the weights that it began with are those that it ends with.
    still = [f"{player}.rate=0" for player in ("discriminator", "generator")]
    second = _train("srgan-x4-small", tmp_path / "second", "task.content=pixels", *still, weights_from=first)
    given = load_file(first.path / "checkpoints" / "00000002" / "networks.safetensors")
    taken = load_file(second.path / "checkpoints" / "00000001" / "networks.safetensors")
    weights = [name for name in given if "running" not in name and "tracked" not in name]
    assert weights and all(torch.equal(given[name], taken[name]) for name in weights)
    assert any(name.startswith("discriminator/") for name in taken)
    note = [json.loads(line) for line in (second.path / "events.jsonl").read_text().splitlines()][1]
    assert note["event"] == "weights taken" and note["fresh"] == ["discriminator"]


def test_weights_of_a_run_without_any_of_these_networks_are_refused(classifier: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="without generator"):
        _train("srresnet-x4-small", tmp_path / "run", weights_from=classifier)


def test_a_run_goes_on_in_the_network_that_it_began_with_alone(classifier: Path, tmp_path: Path) -> None:
    judge = tmp_path / "judge"
    shutil.copytree(classifier, judge)
    run = _train("srgan-x4-small", tmp_path / "run", f"task.content=classifier:{judge}")
    recorded = read_recipe(run.path / "recipe.yaml")[1]["found"]
    assert recorded["content"]["name"] == "classifier" and len(recorded["content"]["sha256"]) == 64
    assert sp.resume(run, steps=2, data=TILES, show=False).step == 2
    shutil.rmtree(judge)
    data = packed(channels=3, side=16)
    sp.train(recipe_named("classifier").shrunken(), data=data, out=judge, steps=2, show=False)
    with pytest.raises(UserError, match="those that the run began with"):
        sp.resume(run, steps=3, data=TILES, show=False)
    # What only enlarges does not need it.
    shutil.rmtree(judge)
    assert sp.load(run)(torch.rand(1, 3, 5, 5)).shape == (1, 3, 20, 20)


@pytest.mark.parametrize(
    ("name", "change", "complaint"),
    [
        ("srresnet-x4-small", "objective=hinge", "objective without task.adversarial"),
        ("srresnet-x4-small", "task.adversarial=0.1", "task.adversarial without objective"),
        ("srgan-x4-small", "objective=null", "task.adversarial without objective"),
        ("srgan-x4-small", "discriminator=null", "discriminator = null.*an optimizer for each player"),
        ("srresnet-x4-small", "clip=0.1", "clip in a recipe of the task super-resolution"),
        ("srresnet-x4-small", "task.crop=98", "task.crop=96, the nearest"),
        ("srresnet-x4-small", "task.factor=3", "task.factor"),
        ("srresnet-x4-small", "task.content_weight=-1", "weight of 0 or more"),
        ("srresnet-x4-small", "networks={pair: cyclegan}", "networks.pair = 'cyclegan' for the task super-resolution"),
    ],
)
def test_what_does_not_go_together_is_refused(name: str, change: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=complaint):
        _train(name, tmp_path / "run", "task.content=pixels", change)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("make", [lambda: packed(channels=3, side=40), lambda: packed(channels=1, side=8)])
def test_tiles_smaller_than_a_piece_are_refused(make: Callable, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"for pieces of 96x96"):
        sp.train(_recipe("srresnet-x4-small"), data=make(), out=tmp_path / "run", steps=1, show=False)
