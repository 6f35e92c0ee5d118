"""log.jsonl has a line for each logged step, and TensorBoard the same scalars, also after a resumption."""

import json
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.records.logs import Log
from tests.training.games import Game, bilinear_game

EVERY = 3


def log(path: Path, game: Game) -> Log:
    return Log(RunFolder(path), EVERY, game.state)


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in (path / "log.jsonl").read_text().splitlines()]


def scalars(path: Path) -> dict[str, dict[int, float]]:
    """By name, then by step, as TensorBoard shows them."""
    events = EventAccumulator(str(path / "tensorboard"), size_guidance={"scalars": 0}).Reload()
    shown = {name: [(event.step, event.value) for event in events.Scalars(name)] for name in events.Tags()["scalars"]}
    assert all(len(pairs) == len(dict(pairs)) for pairs in shown.values()), "each step once"
    return {name: dict(pairs) for name, pairs in shown.items()}


def flat(line: dict, prefix: str = "") -> dict[str, float]:
    found = {}
    for name, value in line.items():
        found.update(flat(value, f"{prefix}{name}/") if isinstance(value, dict) else {prefix + name: value})
    return found


def assert_the_same_scalars(path: Path) -> None:
    expected: dict[str, dict[int, float]] = {}
    for line in lines(path):
        step = line.pop("step")
        for name, value in flat(line).items():
            expected.setdefault(name, {})[step] = value
    found = scalars(path)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        # TensorBoard stores float32.
        assert found[name] == pytest.approx(values, rel=1e-6), name


def test_a_line_tells_everything_of_its_step(tmp_path: Path) -> None:
    game = bilinear_game()
    game.play(3, log(tmp_path, game))
    (line,) = lines(tmp_path)
    named = "step images losses outputs gradient_norms settings images_per_s seconds"
    assert set(line) == set(named.split())
    assert (line["step"], line["images"]) == (3, 3)
    assert line["losses"]["discriminator"]["total"] == pytest.approx(-line["losses"]["discriminator"]["f"])
    assert set(line["gradient_norms"]) == {"discriminator", "generator"}
    assert line["settings"]["generator.rate"] == 0.1
    assert line["images_per_s"] > 0 and line["seconds"] >= 0


def test_every_so_many_steps_and_the_last_are_logged_and_tensorboard_shows_the_same(tmp_path: Path) -> None:
    game = bilinear_game()
    game.play(8, log(tmp_path, game))
    assert [line["step"] for line in lines(tmp_path)] == [3, 6, 8]
    assert_the_same_scalars(tmp_path)


def test_after_a_resumption_both_hold_what_an_uninterrupted_run_would(tmp_path: Path) -> None:
    game = bilinear_game()
    game.play(11, log(tmp_path, game))
    # It was killed after step 11, and its newest checkpoint is that of step 7.
    again = bilinear_game().play(7)
    assert RunFolder(tmp_path).rewind_log(7, EVERY).dropped == 2
    again.play(14, log(tmp_path, again))
    assert [line["step"] for line in lines(tmp_path)] == [3, 6, 9, 12, 14]
    assert_the_same_scalars(tmp_path)


def test_the_end_of_a_shorter_run_is_no_line_of_the_longer_one(tmp_path: Path) -> None:
    game = bilinear_game()
    game.play(7, log(tmp_path, game))
    assert RunFolder(tmp_path).rewind_log(7, EVERY).dropped == 1
    game.play(12, log(tmp_path, game))
    assert [line["step"] for line in lines(tmp_path)] == [3, 6, 9, 12]
    assert_the_same_scalars(tmp_path)


def test_a_norm_that_is_not_finite_is_null_in_json_and_nothing_in_tensorboard(tmp_path: Path) -> None:
    game = bilinear_game()

    class Infinite(Log):
        def step(self, state, record) -> None:
            if record.gradient_norms:
                record.gradient_norms["generator"].fill_(float("inf"))
            super().step(state, record)

    game.play(3, Infinite(RunFolder(tmp_path), EVERY, game.state))
    assert lines(tmp_path)[0]["gradient_norms"]["generator"] is None
    assert "gradient_norms/generator" not in scalars(tmp_path) and "gradient_norms/discriminator" in scalars(tmp_path)


def test_without_a_line_no_writer_is_opened(tmp_path: Path) -> None:
    game = bilinear_game()
    log(tmp_path, game).close()
    assert list(tmp_path.iterdir()) == []
