"""Numbers that run away: gradients beyond float32 and scores that resolve nothing end a run; large scores are said."""

import json
from pathlib import Path

import pytest
import torch

import saddlepoint as sp
from saddlepoint.errors import RunStopped
from saddlepoint.game.task import Loss, networks_of
from saddlepoint.training.finite import Finite
from saddlepoint.training.observers import Record
from saddlepoint.training.records.checkpoint import steps_saved
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.records.keeping import Checkpoints
from saddlepoint.training.records.logs import Log
from saddlepoint.training.runaway import SAID, STOPPED, Runaway
from saddlepoint.training.state import State
from tests.training.games import bilinear_game, image_game


def test_a_gradient_beyond_float32_is_an_end_where_norms_are_read(tmp_path: Path) -> None:
    game = image_game()
    first, second = game.steps["discriminator"].parameters[:2]
    for parameter in (first, second):
        parameter.register_hook(lambda gradient: torch.full_like(gradient, 1e25))
    before = first.detach().clone()
    with pytest.raises(RunStopped, match=r"the discriminator's gradient was not finite at step 1 \(inf\).*lower"):
        game.play(1, Log(RunFolder(tmp_path), 1, game.state))
    assert torch.equal(first, before), "its step was not taken"


def test_losses_are_looked_at_before_gradients() -> None:
    finite = Finite()
    finite._unread = [("at step 3: generator's term f was", torch.tensor(float("nan")))]
    with pytest.raises(RunStopped, match="the loss was not finite at step 3"):
        finite.gradient("generator", torch.tensor(float("nan")), step=3)


def test_moments_that_are_not_finite_are_no_checkpoint(tmp_path: Path) -> None:
    game = bilinear_game().play(2)
    keeper = Checkpoints(RunFolder(tmp_path), game.task, game.steps, every=1, keep=9, best=None, about={})
    keeper.end(game.state)
    # The game is played in float64: its loss is 1 and D's gradient 1e200. Nobody reads a norm, and D stands still.
    for name, value in (("y", 1e-200), ("x", 1e200)):
        networks_of(game.task)[name].get_parameter("value").data.fill_(value)
    game.play(3)
    said = r"the optimizer's discriminator/0/exp_avg_sq was not finite at step 3.*00000002"
    with pytest.raises(RunStopped, match=said):
        keeper.end(game.state)
    assert steps_saved(tmp_path / "checkpoints") == [2]


def _record(step: int, fake: float) -> Record:
    loss = Loss(value={"f": torch.zeros(())}, outputs={"real": torch.zeros(()), "fake": torch.tensor(fake)})
    return Record(step=step, images=step, losses={"d": loss}, gradient_norms={}, settings={}, last=False)


@pytest.mark.parametrize("sign", [1, -1])
def test_large_scores_are_said_once_and_again_at_the_end(tmp_path: Path, sign: int) -> None:
    said: list[str] = []
    looks, state = Runaway(RunFolder(tmp_path), 2, said.append), State(seed=0)
    for step, fake in enumerate([1e4, 0.9 * SAID, 1e9, 2e6, 1e4, 3e7], start=1):
        looks.step(state, _record(step, sign * fake))
    assert said == [line for line in said if "step 4" in line] and len(said) == 1 and "penalties.r1" in said[0]
    looks.end(state)
    assert "from step 4 on: D's mean score on fake was" in said[1] and "3e+07 at step 6" in said[1]
    (event,) = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert event["event"] == "scores ran off" and event["step"] == 4 and event["value"] == sign * 2e6


def test_scores_that_resolve_nothing_are_an_end(tmp_path: Path) -> None:
    looks = Runaway(RunFolder(tmp_path), 1, lambda line: None)
    with pytest.raises(RunStopped, match=r"on fake was -1.1e\+10 at step 8, where float32 resolves nothing.*lower"):
        looks.step(State(seed=0), _record(8, -1.1 * STOPPED))


def test_a_run_whose_scores_run_off_does_not_end_in_done(tmp_path: Path) -> None:
    runaway = {"discriminator.rate": 1.0, "penalties.r1": None, "penalties.r2": None, "training.batch": 4}
    settings = {**runaway, "watch.log_every": 5, "watch.samples": 4, "training.threads": 1}
    changes = [f"{key}={json.dumps(value)}" for key, value in settings.items()]
    with pytest.raises(RunStopped, match="where float32 resolves nothing; it had no checkpoint yet; begin again"):
        sp.train("digits", objective="wasserstein", out=tmp_path / "run", steps=500, set=changes, show=False)
    events = [json.loads(line)["event"] for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines()]
    assert [event for event in events if event != "finding"] == ["started", "scores ran off", "could not go on"]
    assert "scores ran off" in (tmp_path / "run" / "report.html").read_text()
