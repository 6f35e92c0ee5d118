"""Checkpoints hold everything and give it back to the bit; damage is noticed wherever it is."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from saddlepoint.errors import UserError
from saddlepoint.game.steps import SGD, Adam, Optimizer, RMSProp
from saddlepoint.game.task import networks_of
from saddlepoint.tasks.toy.bilinear import Bilinear
from saddlepoint.training.averages import Average
from saddlepoint.training.records import checkpoint as checkpoints
from saddlepoint.training.records.checkpoint import (
    Checkpoint,
    NonFiniteWeights,
    load_network,
    newest_valid,
    read,
    restore,
    sampled_weights,
    save,
    steps_saved,
)
from saddlepoint.training.records.manifest import MANIFEST, NewerFormat
from tests.training.games import Game, bilinear_game, image_game, tensors_of_game

AVERAGE = Average(half_life=4, unit="steps", warm_up=None)


def save_game(folder: Path, game: Game, **about: str) -> Path:
    return save(folder, game.task, game.steps, game.state, about)


def newest(folder: Path, **options: Any) -> tuple[Checkpoint, list[str]]:
    """The newest whole checkpoint, and what is said of those that are left out."""
    problems: list[str] = []
    return newest_valid(folder, left_out=lambda lines, _: problems.extend(lines), **options), problems


def restore_game(folder: Path, game: Game) -> Game:
    restore(newest(folder)[0], game.task, game.steps, game.state)
    return game


def assert_equal(one: Game, two: Game) -> None:
    ours, theirs = tensors_of_game(one), tensors_of_game(two)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


# What is saved comes back


@pytest.mark.parametrize("optimizer", [Adam(beta1=0.5), SGD(rate=0.01, momentum=0.9), RMSProp(rate=1e-3, momentum=0.5)])
def test_a_restored_game_equals_the_saved_one_and_goes_on_like_it(optimizer: Optimizer, tmp_path: Path) -> None:
    game = image_game(optimizer, average=AVERAGE).play(3)
    save_game(tmp_path, game)
    other = image_game(optimizer, average=AVERAGE, seed=1)
    with pytest.raises(AssertionError):
        assert_equal(game, other)
    restore_game(tmp_path, other)
    assert_equal(game, other)
    assert (other.state.step, other.state.images) == (3, 18)
    # The run's seed decides what is drawn; everything else came from the checkpoint.
    other.state.seed = 0
    assert game.play(5).state.step == other.play(5).state.step
    assert_equal(game, other)


@pytest.mark.parametrize("optimizer", [Adam(), SGD(rate=0.01, momentum=0.9)])
def test_the_memory_layout_of_the_networks_is_kept(optimizer: Optimizer, tmp_path: Path) -> None:
    # Fused optimizers ignore strides: a state in another layout than its weight would move the wrong numbers.
    game = image_game(optimizer, memory_format=torch.channels_last).play(2)
    save_game(tmp_path, game)
    other = restore_game(tmp_path, image_game(optimizer, memory_format=torch.channels_last))
    step = other.steps["discriminator"]
    (index, weight) = next((i, p) for i, p in enumerate(step.parameters) if p.dim() == 4 and p.shape[1] > 1)
    assert not weight.is_contiguous() and weight.is_contiguous(memory_format=torch.channels_last)
    states = [
        value for value in step.torch_optimizer.state[step.parameters[index]].values() if value.shape == weight.shape
    ]
    assert states and all(state.stride() == weight.stride() for state in states)
    assert game.play(4).state.step == other.play(4).state.step
    assert_equal(game, other)


def test_the_tasks_history_the_corrections_and_what_was_asked_for_come_back(tmp_path: Path) -> None:
    task = Bilinear()
    task.state["pool"] = torch.arange(3)
    game = bilinear_game(task)
    game.state.correction = {"past": torch.tensor([1.5])}
    game.state.overrides = {"generator.rate": 0.25}
    game.state.seconds = 12.5
    save_game(tmp_path, game.play(2), device="cpu")
    other = restore_game(tmp_path, bilinear_game())
    assert other.task.state["pool"].tolist() == [0, 1, 2]
    assert other.state.correction["past"].tolist() == [1.5]
    assert other.state.overrides == {"generator.rate": 0.25}
    assert 12.5 <= other.state.seconds < 60
    assert newest(tmp_path)[0].manifest["about"] == {"device": "cpu"}


def test_samples_come_from_the_averages_where_there_are_any(tmp_path: Path) -> None:
    game = bilinear_game(average=AVERAGE).play(2)
    save_game(tmp_path / "averaged", game)
    assert game.state.averages is not None
    averaged = game.state.averages.networks["x"].state_dict()["value"]
    assert sampled_weights(newest(tmp_path / "averaged")[0], "x")["value"] == averaged
    game = bilinear_game().play(2)
    save_game(tmp_path / "plain", game)
    plain = networks_of(game.task)["x"].state_dict()["value"]
    assert sampled_weights(newest(tmp_path / "plain")[0], "x")["value"] == plain != averaged


# Damage


def two_checkpoints(folder: Path) -> Path:
    """Checkpoints of steps 1 and 2; gives the newer one."""
    game = bilinear_game(average=AVERAGE)
    save_game(folder, game.play(1))
    return save_game(folder, game.play(2))


def test_a_flipped_byte_anywhere_is_noticed_and_the_previous_checkpoint_used(tmp_path: Path) -> None:
    newer = two_checkpoints(tmp_path)
    files = sorted(path.name for path in newer.iterdir())
    assert files == ["averages.safetensors", MANIFEST, "networks.safetensors", "optimizers.safetensors"]
    for file in files:
        whole = (newer / file).read_bytes()
        for position in range(0, len(whole), 1 if file == MANIFEST else 3):
            damaged = bytearray(whole)
            # The lowest bit turns a digit into another, the sixth a letter into its capital.
            damaged[position] ^= 1 if position % 2 else 32
            (newer / file).write_bytes(damaged)
            found, problems = newest(tmp_path)
            assert found.step == 1, f"{file}: byte {position}"
            said = "manifest" if file == MANIFEST else file
            assert len(problems) == 1 and "00000002" in problems[0] and said in problems[0]
        (newer / file).write_bytes(whole)
    assert newest(tmp_path)[0].step == 2 and newest(tmp_path)[1] == []


def test_every_digit_of_the_manifest_counts(tmp_path: Path) -> None:
    newer = two_checkpoints(tmp_path)
    whole = (newer / MANIFEST).read_text()
    # Of the format another digit may be a newer format, which is refused in another way.
    begin = whole.index('"step"')
    for position in [place for place in range(begin, len(whole)) if whole[place].isdigit()]:
        for digit in {"0", "5", "9"} - {whole[position]}:
            (newer / MANIFEST).write_text(whole[:position] + digit + whole[position + 1 :])
            assert newest(tmp_path)[0].step == 1


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '{"format": 1}', '{"format": "one"}', '{"format": null, "files": {}}', "\x00" * 50],
)
def test_a_manifest_that_is_none_is_damage(text: str, tmp_path: Path) -> None:
    newer = two_checkpoints(tmp_path)
    (newer / MANIFEST).write_text(text)
    found, problems = newest(tmp_path)
    assert found.step == 1 and "manifest" in problems[0]


def test_a_missing_file_or_manifest_is_damage(tmp_path: Path) -> None:
    newer = two_checkpoints(tmp_path)
    (newer / "optimizers.safetensors").unlink()
    assert "optimizers.safetensors" in newest(tmp_path)[1][0]
    (newer / MANIFEST).unlink()
    assert "manifest" in newest(tmp_path)[1][0]


def test_the_layout_of_the_manifest_as_text_does_not_count(tmp_path: Path) -> None:
    newer = two_checkpoints(tmp_path)
    (newer / MANIFEST).write_text(json.dumps(json.loads((newer / MANIFEST).read_text()), sort_keys=True))
    assert newest(tmp_path)[0].step == 2


def test_without_any_valid_checkpoint_both_are_said(tmp_path: Path) -> None:
    newer = two_checkpoints(tmp_path)
    for path in (newer, tmp_path / "00000001"):
        (path / MANIFEST).unlink()
    with pytest.raises(UserError, match="2 damaged ones"):
        newest(tmp_path)
    with pytest.raises(UserError, match="none"):
        newest(tmp_path / "nowhere")


def test_a_newer_format_is_refused_and_nothing_older_is_taken(tmp_path: Path) -> None:
    newer = two_checkpoints(tmp_path)
    manifest = json.loads((newer / MANIFEST).read_text())
    # Also where it reckons its digest in a way that is unknown here.
    (newer / MANIFEST).write_text(json.dumps({**manifest, "format": 2, "sha256": {"tree": "?"}}))
    with pytest.raises(NewerFormat, match=r"00000002 of format 2; expected format 1.*newer saddlepoint"):
        newest(tmp_path)
    assert read(tmp_path / "00000001").step == 1


def test_a_step_is_chosen_by_its_number(tmp_path: Path) -> None:
    two_checkpoints(tmp_path)
    assert newest(tmp_path, at=1)[0].step == 1
    with pytest.raises(UserError, match=r"step 7; expected one of the saved steps 1, 2"):
        newest(tmp_path, at=7)


# Another network


def test_another_network_is_refused_with_the_tensors_that_do_not_fit(tmp_path: Path) -> None:
    save_game(tmp_path, image_game().play(1))
    with pytest.raises(UserError, match=r"do not fit this network.*value.*the same network"):
        restore_game(tmp_path, bilinear_game())


def test_names_shapes_and_types_must_fit(tmp_path: Path) -> None:
    network = torch.nn.Linear(2, 3)
    before = network.weight.clone()
    for wrong, named in [
        ({"weight": torch.ones(3, 2)}, "bias"),
        ({"weight": torch.ones(3, 2), "bias": torch.ones(3), "scale": torch.ones(1)}, "scale"),
        ({"weight": torch.ones(2, 3), "bias": torch.ones(3)}, "weight"),
        ({"weight": torch.ones(3, 2), "bias": torch.ones(3, dtype=torch.int8)}, "bias"),
    ]:
        with pytest.raises(UserError, match=rf"\({named}\)"):
            load_network(network, wrong, tmp_path)
    assert torch.equal(network.weight, before), "nothing was loaded"


# Saving


def test_a_weight_that_is_not_finite_is_not_saved(tmp_path: Path) -> None:
    game = image_game().play(1)
    save_game(tmp_path, game)
    game.play(2)
    with torch.no_grad():
        weight = dict(networks_of(game.task)["generator"].named_parameters())["body.0.weight"]
        weight[0, 0] = float("nan")
    with pytest.raises(NonFiniteWeights, match=r"generator/body\.0\.weight"):
        save_game(tmp_path, game)
    assert [path.name for path in tmp_path.iterdir()] == ["00000001"]


def test_a_disk_that_takes_no_more_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    game = bilinear_game().play(1)
    save_game(tmp_path, game)
    flushed = []

    def full(handle: int) -> None:
        flushed.append(handle)
        if len(flushed) == 2:
            raise OSError(28, "No space left on device")

    game.play(2)
    monkeypatch.setattr(checkpoints.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        save_game(tmp_path, game)
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["00000001"]
    assert newest(tmp_path)[0].step == 1


def test_a_step_is_written_again_over_what_a_kill_left(tmp_path: Path) -> None:
    newer = two_checkpoints(tmp_path)
    torn = tmp_path / ".00000002.writing"
    torn.mkdir()
    (torn / "networks.safetensors").write_bytes(b"torn")
    os.rename(newer, tmp_path / "00000002.damaged")
    assert steps_saved(tmp_path) == [1], "only whole ones count"
    game = restore_game(tmp_path, bilinear_game(average=AVERAGE))
    save_game(tmp_path, game.play(2))
    assert steps_saved(tmp_path) == [1, 2] and not torn.exists()
    ours, theirs = (read(path).tensors for path in (newer, tmp_path / "00000002.damaged"))
    assert all(torch.equal(ours[group][key], theirs[group][key]) for group in theirs for key in theirs[group])
    save_game(tmp_path, game)
    assert newest(tmp_path)[0].step == 2, "a step that is there is replaced"
