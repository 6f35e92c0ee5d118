"""A budget of time: how many steps fit in it; and a run that was timed is the run of so many steps."""

import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import saddlepoint as sp
from saddlepoint.errors import UserError
from saddlepoint.game.turns import Bursts
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.text import override
from saddlepoint.runs import session
from saddlepoint.runs.diagnosing import SPACING
from saddlepoint.runs.pace import Budget, Length, Pace, steps_for

RECIPE = override(RECIPES["digits"], ["watch.log_every=10", "watch.checkpoint_every=300", "watch.sample_every=250"])
PACE = Pace(
    recipe=RECIPE,
    threads=1,
    step=0.25,
    burst=0.0,
    images=64.0,
    opening=2.0,
    picture=0.5,
    probe=1.0,
    line=0.125,
    checkpoint=4.0,
    closing=3.0,
    samples=32,
    judged=0.5,
)


def budget(minutes: float, free_end: bool = True) -> Budget:
    return Budget(
        minutes=minutes,
        began=time.perf_counter(),
        of_steps=lambda steps, samples: RECIPE,
        free_end=free_end,
        after=lambda folder: None,
    )


def test_a_run_costs_its_steps_and_all_that_it_writes() -> None:
    # Pictures at 0, 25, 50, 100, 200, 250, 500, 600; probes every 25 steps; checkpoints at 300 and 600.
    expected = 2 + 600 * 0.25 + 8 * 0.5 + 24 * 1 + 60 * 0.125 + 2 * 4 + 3 + 16
    assert PACE.seconds(600) == expected
    assert PACE.steps_in(expected) == 600 and PACE.steps_in(math.nextafter(expected, 0)) < 600
    # Too short to be measured at its end.
    assert PACE.seconds(4) == 2 + 4 * 0.25 + 2 * 0.5 + 0.125 + 4 + 3


def test_bursts_and_evaluations_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    for bursts in (Bursts(steps=5, first=7, every=3), Bursts(steps=5, first=2, every=50)):
        for steps in (1, 2, 7, 8, 9, 100, 151):
            assert bursts.count(steps) == sum(bursts.at(step) for step in range(steps))
    for steps in (1, 24, 25, 1000, 1001, 1050, 3000):
        assert SPACING.count(steps) == sum(SPACING.is_probed(step) for step in range(steps + 1))
    free = Pace(recipe=RECIPES["wgan-64"], threads=1, step=0.0, burst=1.0, images=64.0, opening=0.0)
    assert free.seconds(1000) == 26  # the first 25, and one at 500
    evaluating = override(RECIPE, ["watch.evaluate_every=6400"])
    often = Pace(recipe=evaluating, threads=1, step=0.0, burst=0.0, images=64.0, opening=0.0, evaluation=1.0)
    assert often.seconds(1000) == 11


def test_a_budget_is_told_in_steps_and_one_that_is_too_short_in_minutes() -> None:
    found = steps_for(budget(10), PACE)
    assert PACE.seconds(found.steps) <= 600 < PACE.seconds(found.steps + 1) + 1 and found.samples is None
    assert found.words.startswith(f"{found.steps:,} steps in about 10 min: 250 ms each, ")
    assert found.words.endswith(" for all else")
    assert "in about 1 h 30 min" in steps_for(budget(90), PACE).words
    with pytest.raises(UserError, match=r"--minutes 0\.1; expected more than 0\.2: here a step takes 250 ms"):
        steps_for(budget(0.1), PACE)


def test_a_short_run_is_measured_on_fewer_samples_unless_their_number_was_set() -> None:
    many = replace(PACE, samples=500, judged=0.1)
    assert [steps_for(budget(minutes), many).samples for minutes in (0.5, 1, 2, 10)] == [50, 90, 180, None]
    found, by_hand = steps_for(budget(2), many), steps_for(budget(2, free_end=False), many)
    assert "180 samples at the end instead of 500" in found.words
    assert by_hand.samples is None and by_hand.steps < found.steps


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"minutes": 0}, "--minutes 0; expected a number of minutes above 0"),
        ({"minutes": -3.5}, "--minutes -3.5; expected"),
        ({"minutes": math.inf}, "--minutes inf; expected"),
        ({"minutes": math.nan}, "minutes=nan"),
        ({"minutes": "ten"}, "minutes='ten'"),
        ({"minutes": 1, "steps": 5}, "--minutes 1 beside a number of steps"),
        ({"minutes": 1, "set": ["training.steps=5"]}, "--minutes 1 beside a number of steps"),
        ({"minutes": 1e-9}, "--minutes 1e-09; expected more than 0."),
    ],
)
def test_odd_budgets_are_refused_on_one_line_and_nothing_is_written(
    given: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as error:
        sp.train("digits", out=tmp_path / "run", show=False, **given)
    assert words in str(error.value) and "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_a_run_by_minutes_is_the_run_of_as_many_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[Pace] = []

    def few(given: Budget, pace: Pace) -> Length:
        seen.append(pace)
        return Length(steps=6, samples=None, words="6 steps")

    monkeypatch.setattr(session, "steps_for", few)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    settings = {"watch.evaluate_at_end": 80, "watch.samples": 4, "generator.rate": 1e-3, "watch.diagnosis": "treat"}
    lengths: dict[str, dict[str, Any]] = {"minutes": {"minutes": 0.2}, "steps": {"steps": 6}}
    for name, length in lengths.items():
        torch.manual_seed(0)
        # A person's own networks are the same objects in the game that is timed and in the run.
        generator = nn.Sequential(nn.Linear(4, 64), nn.Dropout(0.1), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))
        critic = nn.Sequential(nn.Flatten(), nn.Linear(64, 1), nn.Flatten(0))
        own: dict[str, Any] = {"generator": generator, "discriminator": critic, "latent": 4}
        torch.set_rng_state(state)
        sp.train("digits", out=tmp_path / name, set=settings, **own, **length)
    assert torch.equal(torch.get_rng_state(), state) and torch.get_num_threads() == threads
    assert sorted(path.name for path in tmp_path.iterdir()) == ["minutes", "steps"]
    timed, plain = tmp_path / "minutes", tmp_path / "steps"
    files = sorted(path.relative_to(plain) for path in plain.glob("*s/**/*.*") if "json" not in path.name)
    assert len(files) > 4
    for file in files:
        if "tensorboard" not in str(file):
            assert (timed / file).read_bytes() == (plain / file).read_bytes(), file
    recipes = [(run / "recipe.yaml").read_text().split("command:")[0] for run in (timed, plain)]
    assert recipes[0] == recipes[1] and "steps: 6" in recipes[0] and "over: 6.0" in recipes[0]
    (pace,) = seen
    assert pace.images == 64 and pace.burst == 0
    for cost in ("step", "opening", "picture", "probe", "line", "checkpoint", "closing", "samples", "judged"):
        assert 0 < getattr(pace, cost) < 99, cost
    said = capsys.readouterr().err.splitlines()
    assert said[:2] == ["timing some steps, for a run of 12 s", "6 steps"]
