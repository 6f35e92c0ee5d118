"""Evaluations during a run: when they are made, on which weights, and how they decide which checkpoint stays."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from saddlepoint.errors import UserError
from saddlepoint.training.averages import Average
from saddlepoint.training.records.checkpoint import steps_saved
from saddlepoint.training.records.evaluations import Evaluations
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.records.keeping import Best, Checkpoints
from tests.training.games import Game, image_game, tensors_of_game

SCORES = (5.0, 2.0, 3.0, 4.0, 1.5, 6.0, 7.0, 8.0)


class Measured:
    """Gives the scores in turn, and remembers which networks it was shown."""

    def __init__(self, scores: tuple[float, ...] = SCORES):
        self.scores, self.shown = iter(scores), []

    def __call__(self, networks: Mapping[str, nn.Module]) -> Iterator[tuple[str, dict[str, Any]]]:
        self.shown.append(networks)
        yield "score", {"metric": "score", "value": next(self.scores), "interval": [0, 9], "provenance": {"version": 1}}


def evaluations(path: Path, game: Game, measured: Any, every: int) -> Evaluations:
    return Evaluations(RunFolder(path), game.task, every=every, measure=measured, state=game.state)


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]


def test_they_are_made_every_so_many_images_and_at_the_last_step(tmp_path: Path) -> None:
    game = image_game()
    batch = game.task.batch  # pyright: ignore[reportAttributeAccessIssue]
    game.play(8, evaluations(tmp_path, game, Measured(), every=2 * batch + batch // 2))
    about = [line["provenance"] for line in lines(tmp_path)]
    # 2.5 batches are passed in step 3, 5 in step 5, 7.5 in step 8.
    assert [(each["step"], each["images"]) for each in about] == [(3, 3 * batch), (5, 5 * batch), (8, 8 * batch)]
    assert all(each["during"] == f"every {2 * batch + batch // 2} images" for each in about)
    game.play(9, evaluations(tmp_path, game, Measured(), every=100 * batch))
    assert lines(tmp_path)[-1]["provenance"]["during"] == "the last step"


def test_the_averages_are_measured_and_nothing_is_changed(tmp_path: Path) -> None:
    average = Average(half_life=20)
    game, plain, measured = image_game(average=average), image_game(average=average), Measured()
    game.play(4, evaluations(tmp_path, game, measured, every=1))
    plain.play(4)
    assert game.state.averages is not None
    assert all(networks is game.state.averages.networks for networks in measured.shown)
    for name, tensor in tensors_of_game(game).items():
        assert torch.equal(tensor, tensors_of_game(plain)[name]), name


def test_after_a_kill_each_line_stands_once(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for path in (whole, killed):
        path.mkdir()
    game = image_game()
    batch = game.task.batch  # pyright: ignore[reportAttributeAccessIssue]
    game.play(8, evaluations(whole, game, Measured(), every=2 * batch))
    game = image_game()
    game.play(3, evaluations(killed, game, Measured(), every=2 * batch))
    folder = RunFolder(killed)
    by_hand = '{"metric": "m", "value": 1, "interval": [0, 2], "provenance": {"step": 99}}\n'
    with folder.metrics.open("a") as file:
        file.write(by_hand + '{"metric": "sco')
    # The line of an end that is none any more goes, and the torn one; what a person measured stays.
    assert folder.rewind_metrics(3).dropped == 2
    assert folder.metrics.read_text().endswith(by_hand)
    game.play(8, evaluations(killed, game, Measured(SCORES[1:]), every=2 * batch))
    kept = [line for line in lines(killed) if line["metric"] == "score"]
    assert kept == lines(whole)
    # Back to step 4: what came later goes too.
    folder.rewind_metrics(4)
    assert [line["provenance"]["step"] for line in lines(killed)] == [2, 99, 4]
    assert folder.rewind_metrics(4).dropped == 0


def test_the_best_by_a_metric_is_saved_where_it_was_measured_and_stays(tmp_path: Path) -> None:
    game = image_game()
    observer = evaluations(tmp_path, game, Measured(), every=game.task.batch)  # pyright: ignore
    keeper = Checkpoints(
        RunFolder(tmp_path),
        game.task,
        game.steps,
        every=3,
        keep=1,
        best=Best(value="metrics.score"),
        about={},
        evaluated=observer.at,
    )
    game.play(8, observer, keeper)
    # Of 5, 2, 3, 4, 1.5, 6, 7, 8 the fifth; it is no multiple of three.
    assert steps_saved(tmp_path / "checkpoints") == [5, 8]
    manifest = json.loads((tmp_path / "checkpoints" / "00000005" / "manifest.json").read_text())
    assert manifest["about"]["watched"] == {"metrics.score": 1.5}


def test_samples_that_cannot_be_measured_do_not_end_the_run(tmp_path: Path) -> None:
    def refuses(networks: Mapping[str, nn.Module]) -> Iterator[tuple[str, dict[str, Any]]]:
        raise UserError("a NaN", "numbers", "look")
        yield

    game = image_game()
    observer = evaluations(tmp_path, game, refuses, every=1)
    game.play(2, observer)
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert [(event["event"], event["step"]) for event in events] == [("not measured", 1), ("not measured", 2)]
    assert observer.at(2) is None and not (tmp_path / "metrics.jsonl").exists()


@pytest.mark.parametrize("value", ["metrics.score", "losses.generator.total"])
def test_a_best_value_says_whether_it_is_a_metric(value: str) -> None:
    assert Best(value=value).metric == ("score" if value.startswith("metrics") else None)
