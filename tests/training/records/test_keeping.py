"""The newest checkpoints stay, and the best one, however old; what a kill left behind goes."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from saddlepoint.errors import RunStopped, UserError
from saddlepoint.training.control import Control
from saddlepoint.training.observers import Observer
from saddlepoint.training.records.checkpoint import read, steps_saved
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.records.keeping import Best, Checkpoints, clear_unfinished
from saddlepoint.training.requests import Stop
from saddlepoint.training.state import State
from tests.training.games import Game, bilinear_game


def keeper(path: Path, game: Game, *, every: int = 1, keep: int = 2, best: Best | None = None) -> Checkpoints:
    return Checkpoints(RunFolder(path), game.task, game.steps, every=every, keep=keep, best=best, about={})


def kept(path: Path) -> list[int]:
    return steps_saved(path / "checkpoints")


def play_values(path: Path, values: list[float | None], *, mode: Literal["min", "max"], start: int = 0) -> None:
    """Shows a keeper of the best one record for each value."""
    game = bilinear_game()
    checkpoints = keeper(path, game, best=Best(value="outputs.quality", mode=mode))
    for index, value in enumerate(values):
        step = game.state.step = start + index + 1
        record: Any = SimpleNamespace(step=step, last=False, numbers={"outputs": {"quality": value}})
        checkpoints.settled(game.state, record, [])


def test_the_newest_are_kept_and_the_last_step_is_always_saved(tmp_path: Path) -> None:
    game = bilinear_game()
    game.play(11, keeper(tmp_path, game, every=3, keep=2))
    assert kept(tmp_path) == [9, 11]
    assert read(tmp_path / "checkpoints" / "00000011").step == 11


@pytest.mark.parametrize(("mode", "best"), [("min", 2), ("max", 4)])
def test_the_best_survives_however_old_it_is(mode: Literal["min", "max"], best: int, tmp_path: Path) -> None:
    play_values(tmp_path, [0.5, 0.1, 0.4, 0.9, 0.3, 0.2, 0.3, 0.4], mode=mode)
    assert kept(tmp_path) == [best, 7, 8]


def test_a_better_one_takes_the_place_of_the_best(tmp_path: Path) -> None:
    play_values(tmp_path, [0.5, 0.1, 0.4, 0.4, 0.05, 0.4, 0.4, 0.4], mode="min")
    assert kept(tmp_path) == [5, 7, 8]


def test_of_equals_the_first_stays(tmp_path: Path) -> None:
    play_values(tmp_path, [0.5, 0.1, 0.1, 0.1, 0.4, 0.4], mode="min")
    assert kept(tmp_path) == [2, 5, 6]


def test_the_best_is_known_after_a_resumption_too(tmp_path: Path) -> None:
    # Nothing stands outside the checkpoints that a kill could leave behind the times.
    play_values(tmp_path, [0.5, 0.1, 0.4, 0.4], mode="min")
    play_values(tmp_path, [0.4, 0.3, 0.2], mode="min", start=4)
    assert kept(tmp_path) == [2, 6, 7]
    assert not [path for path in (tmp_path / "checkpoints").iterdir() if not path.is_dir()]


def test_a_value_that_was_not_finite_is_the_worst(tmp_path: Path) -> None:
    play_values(tmp_path, [None, 0.3, None, 0.5, None, None], mode="min")
    assert kept(tmp_path) == [2, 5, 6]
    play_values(tmp_path / "other", [None, 0.3, None, 0.5, None, None], mode="max")
    assert kept(tmp_path / "other") == [4, 5, 6]


def test_a_real_run_is_judged_by_what_it_logs(tmp_path: Path) -> None:
    seen: dict[int, float] = {}

    class Watcher(Observer):
        def measures(self, step: int, until: int) -> bool:
            return True

        def step(self, state: State, record) -> None:
            seen[record.step] = record.numbers["gradient_norms"]["generator"]

    game = bilinear_game()
    game.play(30, Watcher(), keeper(tmp_path, game, best=Best(value="gradient_norms.generator", mode="max")))
    best = max(seen, key=lambda step: seen[step])
    assert 1 < best < 29 and kept(tmp_path) == [best, 29, 30]


def test_gradient_norms_are_measured_where_a_checkpoint_is_judged_by_them(tmp_path: Path) -> None:
    game = bilinear_game()
    checkpoints = keeper(tmp_path, game, every=5, best=Best(value="gradient_norms.generator"))
    assert [step for step in range(1, 13) if checkpoints.measures(step, 12)] == [*range(1, 13)], "until it is tried"
    game.play(1, checkpoints)
    assert [step for step in range(2, 13) if checkpoints.measures(step, 12)] == [5, 10, 12]
    assert not keeper(tmp_path, game).measures(5, 5)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("losses.generater.total", ["losses.generater.total", "generator"]),
        ("loss", ["outputs", "gradient_norms"]),
        ("losses.generator.total.mean", ["nothing below it"]),
        ("losses.generator", ["a single number", "total"]),
    ],
)
def test_a_value_that_is_not_logged_is_said_at_the_first_step(value: str, words: list[str], tmp_path: Path) -> None:
    game = bilinear_game()
    with pytest.raises(UserError) as error:
        game.play(500, keeper(tmp_path, game, every=1000, best=Best(value=value)))
    assert game.state.step == 1 and kept(tmp_path) == []
    assert all(word in str(error.value) for word in words)


def test_a_run_that_was_asked_to_stop_saves_where_it_stands(tmp_path: Path) -> None:
    control = Control()
    game = bilinear_game()

    class Asker(Observer):
        def step(self, state: State, record) -> None:
            if record.step == 7:
                control.ask(Stop(reason="enough"))

    game.play(100, Asker(), keeper(tmp_path, game, every=5, best=None), control=control)
    assert kept(tmp_path) == [5, 7]


def test_a_disk_that_takes_no_more_stops_the_run_and_names_the_last_good_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    game = bilinear_game()
    game.play(2, keeper(tmp_path, game))

    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("saddlepoint.training.records.checkpoint.os.fsync", full)
    with pytest.raises(RunStopped, match=r"step 3 could not be saved \(No space.*00000002; make room.*resume"):
        game.play(3, keeper(tmp_path, game))
    assert kept(tmp_path) == [1, 2]


def test_a_weight_that_is_not_finite_stops_the_run_and_is_named(tmp_path: Path) -> None:
    game = bilinear_game()
    for step in game.steps.values():
        step.parameters[0].data.fill_(float("inf"))
    with pytest.raises(RunStopped, match=r"weight .*/value was not finite at step 0; none was kept"):
        keeper(tmp_path, game).end(State(seed=0))


def test_what_a_kill_left_is_cleared_away_and_nothing_else(tmp_path: Path) -> None:
    assert clear_unfinished(tmp_path / "nowhere") == []
    game = bilinear_game()
    game.play(2, keeper(tmp_path, game))
    checkpoints = tmp_path / "checkpoints"
    (checkpoints / ".00000003.writing").mkdir()
    (checkpoints / ".00000003.writing" / "networks.safetensors").write_bytes(b"torn")
    (checkpoints / ".note.writing").write_text("torn")
    (checkpoints / "00000001.damaged").mkdir()
    assert clear_unfinished(checkpoints) == [".00000003.writing", ".note.writing"]
    assert sorted(path.name for path in checkpoints.iterdir()) == ["00000001", "00000001.damaged", "00000002"]


def test_a_damaged_manifest_does_not_stop_the_run(tmp_path: Path) -> None:
    play_values(tmp_path, [0.1, 0.2], mode="min")
    (tmp_path / "checkpoints" / "00000001" / "manifest.json").write_text(json.dumps([1]))
    play_values(tmp_path, [0.3, 0.4], mode="min", start=2)
    assert kept(tmp_path) == [2, 3, 4]


def test_what_a_kill_left_to_be_removed_is_removed_at_the_end(tmp_path: Path) -> None:
    """Killed after the last step was saved, and before an older one was removed."""
    game = bilinear_game()
    game.play(4, keeper(tmp_path, game, every=1, keep=4))
    keeper(tmp_path, game, every=1, keep=2).end(game.state)
    assert kept(tmp_path) == [3, 4]
