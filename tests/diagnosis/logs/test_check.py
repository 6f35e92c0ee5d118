"""A log is checked: what is in it is seen, what is not is said, and a healthy one is left alone."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from saddlepoint.command.main import main
from saddlepoint.diagnosis.logs.check import Checked, check_run
from saddlepoint.diagnosis.logs.judge import SHARE, share_of_period
from saddlepoint.diagnosis.logs.scale import Range, gain_of, loss_of, loss_range
from saddlepoint.diagnosis.rules import FINDINGS
from saddlepoint.errors import UserError
from saddlepoint.objectives import objective
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.text import override
from saddlepoint.runs.opened import FromPython
from saddlepoint.runs.session import start

ROWS = 450


def drawn(seed: int = 3) -> np.random.Generator:
    return np.random.default_rng(seed)


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def written(path: Path, real: np.ndarray, fake: np.ndarray, **more: np.ndarray) -> Path:
    """A table of D's outputs; the step of a row is its number times 2."""
    columns = {"iteration": 2 * np.arange(len(real)), "D(x)": real, "D(G(z))": fake, **more}
    rows = zip(*columns.values(), strict=True)
    path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]), encoding="utf-8")
    return path


def named(checked: Checked) -> list[str]:
    return [line["finding"] for line in checked.findings]


def healthy(rows: int = ROWS) -> tuple[np.ndarray, np.ndarray]:
    """Raw outputs that wander as those of a regularised run do."""
    walk = np.cumsum(drawn().normal(0, 0.01, (2, rows)), axis=1)
    noise = drawn(1).normal(0, 0.1, (2, rows))
    return 0.6 + walk[0] + noise[0], -0.6 + walk[1] + noise[1]


def test_a_healthy_log_is_left_alone(tmp_path: Path) -> None:
    checked = check_run(written(tmp_path / "log.csv", *healthy()), objective="non_saturating")
    assert not checked.findings and checked.outputs == "logits"
    assert checked.taken.columns == {"d_real": "D(x)", "d_fake": "D(G(z))"}
    assert checked.unjudged.keys() == set(FINDINGS) - {
        "nan_ahead",
        "vanishing_generator_gradient",
        "discriminator_won",
        "cycling",
        "no_progress",
    }


@pytest.mark.parametrize(
    ("name", "finding"),
    [("minimax", "vanishing_generator_gradient"), ("non_saturating", "discriminator_won"), ("wasserstein", None)],
)
def test_a_discriminator_that_runs_away_is_named_by_the_objective(name: str, finding: str | None, tmp_path) -> None:
    real, fake = healthy()
    away = np.clip((np.arange(ROWS) - 150) / 10, 0, 6)
    path = written(tmp_path / "log.csv", real + away, fake - away)
    checked = check_run(path, objective=name)
    assert [each for each in named(checked) if each != "cycling"] == ([finding] if finding else [])
    if finding is None:
        assert "has no least value" in checked.unjudged["discriminator_won"]
        return
    line = checked.findings[0]
    assert 320 < line["since"] < 480 and line["step"] == 2 * (ROWS - 1) and line["do"] and line["state"] == "open"
    assert line["evidence"]["left"] < 0.01 and line["healthy"].keys() == line["evidence"].keys()
    unknown = check_run(path)
    assert "discriminator_won" not in named(unknown) and "give --objective" in unknown.unjudged["discriminator_won"]


def test_losses_alone_tell_what_they_can(tmp_path: Path) -> None:
    loss = np.concatenate([np.full(200, 1.3), np.full(200, 0.02)]) + drawn().normal(0, 0.001, 400)
    (tmp_path / "log.csv").write_text("\n".join(["errD", *map(str, loss)]), encoding="utf-8")
    # Under minimax a discriminator that has won gives the generator nothing.
    assert named(check_run(tmp_path / "log.csv", objective="minimax"))[0] == "vanishing_generator_gradient"
    assert named(check_run(tmp_path / "log.csv", objective="non_saturating"))[0] == "discriminator_won"


def test_a_discriminator_that_is_worse_than_none_is_behind(tmp_path: Path) -> None:
    real, fake = healthy()
    checked = check_run(written(tmp_path / "log.csv", fake, real + 1), objective="non_saturating")
    assert named(checked) == ["no_progress"] and "is behind" in checked.findings[0]["words"]


@pytest.mark.parametrize("outputs", [True, False])
@pytest.mark.parametrize(("factor", "more"), [(0.5, 0.0), (1.0, 5.0)], ids=["half", "with a penalty"])
def test_a_healthy_loss_that_is_written_otherwise_is_left_alone(outputs: bool, factor, more, tmp_path: Path) -> None:
    real, fake = healthy()
    loss = factor * loss_of(objective("non_saturating"), real + 0.4, fake - 0.4) + more
    path = written(tmp_path / "log.csv", real, fake, d_loss=loss)
    if not outputs:
        (tmp_path / "log.csv").write_text("\n".join(["d_loss", *map(str, loss)]), encoding="utf-8")
    assert not named(check_run(path, objective="non_saturating"))


def test_a_run_that_circles_is_seen_and_one_with_few_rows_is_not_judged(tmp_path: Path) -> None:
    real, fake = healthy()
    turns = np.sin(2 * math.pi * np.arange(ROWS) / 50)
    checked = check_run(written(tmp_path / "log.csv", real + turns, fake), objective="hinge")
    assert named(checked) == ["cycling"] and checked.findings[0]["evidence"]["share"] > SHARE
    assert (
        "it asks for 256 rows" in check_run(written(tmp_path / "few.csv", real[:250], fake[:250])).unjudged["cycling"]
    )


def test_what_dies_away_is_the_end_of_a_first_descent(tmp_path: Path) -> None:
    real, fake = healthy()
    turns = 3 * np.sin(2 * math.pi * np.arange(ROWS) / 50)
    for decay, found in ((1e9, ["cycling"]), (100, [])):
        path = written(tmp_path / "log.csv", real + turns * np.exp(-np.arange(ROWS) / decay), fake)
        assert named(check_run(path, objective="wasserstein")) == found


def test_the_share_of_a_period() -> None:
    place = np.arange(256)
    assert share_of_period(drawn().normal(size=256)) < 0.1
    # A trend is none, and what turns within a few rows is noise of the batch.
    assert share_of_period(3.0 * place + drawn().normal(size=256)) < 0.1
    assert share_of_period(np.sin(math.pi * place * 0.9)) < 0.01
    assert share_of_period(np.sin(place / 8)) > 0.4 and math.isnan(share_of_period(np.full(256, np.nan)))


def test_what_is_not_finite_is_seen_since_when_it_is(tmp_path: Path) -> None:
    real, fake = healthy()
    loss = np.where(np.arange(ROWS) < 300, 1.3, np.nan)
    loss[100] = np.inf  # one that passed
    checked = check_run(written(tmp_path / "log.csv", real, fake, D_loss=loss), objective="hinge")
    assert named(checked)[0] == "nan_ahead" and checked.findings[0]["since"] == 600
    loss[-1] = 1.0
    assert not named(check_run(written(tmp_path / "log.csv", real, fake, D_loss=loss), objective="hinge"))


@pytest.mark.parametrize("half", [1.0, 0.5])
@pytest.mark.parametrize("probabilities", [True, False])
def test_logits_and_probabilities_are_told_apart_by_the_loss(half: float, probabilities: bool, tmp_path: Path) -> None:
    # Raw outputs that lie in 0..1, as those of a penalised pair may.
    real, fake = 0.7 + drawn().normal(0, 0.03, ROWS), 0.2 + drawn(1).normal(0, 0.03, ROWS)
    loss = half * loss_of(
        objective("non_saturating"), *((np.log(v / (1 - v)) if probabilities else v) for v in (real, fake))
    )
    path = written(tmp_path / "log.csv", real, fake, d_loss=loss)
    assert check_run(path, objective="non_saturating").outputs == ("probabilities" if probabilities else "logits")
    assert check_run(path).outputs is None and "give --outputs" in str(check_run(path))
    assert check_run(path, outputs="logits").outputs == "logits"


def test_scales_are_those_of_the_objectives() -> None:
    minimax = loss_range(objective("minimax"))
    assert (minimax.rest, minimax.least) == (pytest.approx(2 * math.log(2)), pytest.approx(0, abs=1e-9))
    assert loss_range(objective("paired_logistic")).rest == pytest.approx(math.log(2))
    assert (
        loss_range(objective("hinge")) == Range(rest=2.0, least=0.0)
        and loss_range(objective("wasserstein")).least is None
    )
    gain = gain_of(objective("minimax"), np.zeros(2), np.array([0.0, -3.0]))
    assert gain == pytest.approx([1.0, 2 * sigmoid(np.array(-3.0))])


def test_a_run_of_ours_brings_its_objective_and_its_own_findings(tmp_path: Path, capsys) -> None:
    out = tmp_path / "run"
    small = ["training.steps=4", "watch.log_every=1", "networks.width=16", "training.batch=16", "average=null"]
    start(override(RECIPES["digits"], small), out, from_python=FromPython(), show=False)
    line = {"finding": "collapse", "state": "open", "step": 3, "since": 2, "words": "w", "evidence": {}, "healthy": {}}
    rows = [
        {**line, "do": "d"},
        {**line, "finding": "cycling", "do": "d"},
        {**line, "finding": "cycling", "state": "withdrawn"},
    ]
    (out / "findings.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (out / "probes.jsonl").write_text('{"step": 2, "signals": {"x_nn": 0.1}}\n', encoding="utf-8")
    capsys.readouterr()
    assert main(["check-run", str(out), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["objective"] == RECIPES["digits"].objective and found["columns"]["d_fake"] == "outputs.fake"
    assert [(each["finding"], each["by"]) for each in found["findings"]] == [("collapse", "probes")]
    assert list(found) == ["path", "unit", "columns", "also", "objective", "outputs", "findings", "not_judged", "trust"]
    (out / "log.jsonl").rename(out / "kept.jsonl")  # as `sp.Watch` leaves a folder
    assert named(check_run(out)) == ["collapse"] and not check_run(out).unjudged
    (out / "kept.jsonl").rename(out / "log.jsonl")
    # Penalties are no part of what is judged.
    log = [json.loads(text) for text in (out / "log.jsonl").read_text().splitlines()]
    assert check_run(out).log.columns["losses.discriminator.total"].values[0] == -log[0]["losses"]["discriminator"]["f"]


def test_the_command_says_what_it_took_and_ends_well_whatever_is_seen(tmp_path: Path, capsys) -> None:
    real, fake = healthy()
    path = written(tmp_path / "log.csv", real + 6, fake - 6, d_score_fake=fake)
    capsys.readouterr()
    assert main(["check-run", str(path), "--objective", "minimax", "--columns", "d_fake=D(G(z))"]) == 0
    said = capsys.readouterr().out
    for part in (
        "D on generated items: D(G(z))",
        "since iteration",
        "Do first: ",
        "Not judged:",
        "How far to trust this: ",
    ):
        assert part in said
    assert main(["check-run", str(tmp_path / "nothing.csv")]) == 2
    with pytest.raises(UserError, match="write --outputs logits"):
        check_run(path, outputs="neither")
