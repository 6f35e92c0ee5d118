"""What is not as it was is said when a run goes on; what a person changes is recorded, and the run goes on with it."""

import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from saddlepoint.command.parser import build_parser
from saddlepoint.errors import UserError
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.text import known_keys, override
from saddlepoint.report import write_report
from saddlepoint.runs import opened
from saddlepoint.runs.changes import FIXED, changed_recipe
from saddlepoint.runs.loading import load_task, say_left_out
from saddlepoint.runs.session import start
from saddlepoint.training.records.checkpoint import read
from saddlepoint.training.records.manifest import MANIFEST, digest_of
from tests.runs.test_runs import BROUGHT, RECIPE, assert_the_same_end, begin, events, go_on, steps_logged


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 6 steps with checkpoints 2, 4 and 6 that has ended."""
    out = tmp_path_factory.mktemp("whole") / "run"
    begin(out)
    write_report(out)
    return out


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "run")
    return tmp_path / "run"


def killed_at(run: Path, step: int) -> None:
    """As after a kill that left the checkpoint of that step as the newest."""
    for path in (run / "checkpoints").iterdir():
        if int(path.name) > step:
            shutil.rmtree(path)


def edited(run: Path, key: str, value: Any) -> None:
    """Edits recipe.yaml as a person would."""
    data = yaml.safe_load((run / "recipe.yaml").read_text())
    place = data
    *parts, last = key.split(".")
    for part in parts:
        place = place[part]
    place[last] = value
    (run / "recipe.yaml").write_text(yaml.safe_dump(data, sort_keys=False))


def noted(run: Path, kind: str) -> list[list[str]]:
    return [event["changes"] for event in events(run) if event["event"] == kind]


# A recipe that was edited


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("penalties.r2", 8.1, "penalties.r2 0.1 -> 8.1"),
        ("seed", 7, "seed 0 -> 7"),
        ("average.half_life", 12000, "average.half_life 10000.0 -> 12000.0"),
        ("objective", "hinge", "objective paired_logistic -> hinge"),
        ("watch.keep", 2, "watch.keep 9 -> 2"),
    ],
)
def test_an_edited_recipe_is_said_and_gone_on_with(
    key: str, value: Any, said: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killed_at(run, 4)
    edited(run, key, value)
    assert go_on(run, show=True).step == 6
    assert f"not as it was saved at step 4: {said}\n" in capsys.readouterr().err
    assert noted(run, "recipe differs") == [[said]]
    # What is saved from here on is saved under it: nothing more is said.
    go_on(run, steps=8)
    assert len(noted(run, "recipe differs")) == 1


def test_the_number_of_steps_is_no_difference(run: Path) -> None:
    killed_at(run, 4)
    edited(run, "training.steps", 7)
    go_on(run)
    go_on(run, steps=9)
    assert noted(run, "recipe differs") == [] and steps_logged(run) == list(range(1, 10))


def test_a_log_that_is_to_be_written_less_often_keeps_its_lines(run: Path) -> None:
    killed_at(run, 4)
    edited(run, "watch.log_every", 3)
    go_on(run)
    assert steps_logged(run) == [1, 2, 3, 4, 6]


def test_a_checkpoint_from_before_recipes_were_recorded_is_silent(run: Path) -> None:
    killed_at(run, 4)
    file = run / "checkpoints" / "00000004" / MANIFEST
    manifest = json.loads(file.read_text())
    for name in ("recipe", "found"):
        del manifest["about"][name]
    manifest["sha256"] = digest_of(manifest)
    file.write_text(json.dumps(manifest))
    edited(run, "penalties.r2", 8.1)
    go_on(run)
    assert noted(run, "recipe differs") == []


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("found.pixel_range", [0.0, 1.0], "found.pixel_range [-1.0, 1.0] -> [0.0, 1.0]"),
        ("found.prior", "normal", "found.prior uniform -> normal"),
        ("found.classes", ["one", "two", "6"], "found.classes"),
    ],
)
def test_what_was_found_is_named_where_it_matters(
    key: str, value: Any, said: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edited(run, key, value)
    load_task(run, left_out=say_left_out)
    assert f"not as it was saved at step 6: {said}" in capsys.readouterr().err
    go_on(run, steps=7)
    (changes,) = noted(run, "found differs")
    assert len(changes) == 1 and changes[0].startswith(key)
    load_task(run, left_out=say_left_out)
    assert "not as it was" not in capsys.readouterr().err, "it was mended"


# Settings that are changed


CHANGES = [
    ["training.batch=2"],
    ["generator.rate=1e-4", "discriminator.beta2=0.9", "training.accumulate=2"],
    ["penalties.r1=null", "penalties.gradient_penalty=1"],
    ["penalties.lecam=0.1", "objective=hinge", "clip=0.1"],
    ["average.half_life=5", "average.warm_up=null"],
    ["augment.flip=0.5", "objective=non_saturating", "adaptive_augmentation.every=1"],
    ["dynamics.turn=simultaneous"],
    ["dynamics.discriminator_steps=2"],
    ["watch.log_every=2", "watch.checkpoint_every=1"],
]


@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: changes[0])
def test_a_changed_run_goes_on_with_the_change_when_it_is_killed(
    changes: list[str], run: Path, whole: Path, tmp_path: Path
) -> None:
    killed_at(run, 2)
    go_on(run, changes=changes)
    again = tmp_path / "again"
    shutil.copytree(run, again)
    # Killed before the next checkpoint, and resumed without a word of the change.
    killed_at(again, 2)
    go_on(again)
    assert_the_same_end(run, again)
    (said,) = noted(run, "recipe changed")
    recorded = yaml.safe_load((again / "recipe.yaml").read_text())["changed"]
    assert [(each["step"], each["key"]) for each in recorded] == [(2, each.split(" ")[0]) for each in said]
    assert noted(again, "recipe differs") == []
    if not changes[0].startswith("watch."):
        with pytest.raises(AssertionError):
            assert_the_same_end(run, whole)


def test_after_the_next_checkpoint_a_change_is_no_difference_and_may_be_said_again(run: Path) -> None:
    killed_at(run, 2)
    go_on(run, changes=["training.batch=2"])
    killed_at(run, 4)
    go_on(run, changes=["training.batch=2"])
    assert noted(run, "recipe differs") == [] and len(noted(run, "recipe changed")) == 1


def test_an_older_checkpoint_than_the_change_is_said(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    killed_at(run, 4)
    go_on(run, changes=["training.batch=2"])
    killed_at(run, 2)
    go_on(run, show=True)
    assert "changed later, and now from step 2 on: training.batch 4 -> 2 (step 4)" in capsys.readouterr().err
    killed_at(run, 4)
    go_on(run)
    assert noted(run, "recipe differs") == [] and len(noted(run, "recipe changed earlier")) == 1


def test_a_setting_that_a_request_holds_is_let_go_when_it_is_changed(run: Path) -> None:
    killed_at(run, 4)
    file = run / "checkpoints" / "00000004" / MANIFEST
    manifest = json.loads(file.read_text())
    manifest["overrides"] = {"generator.rate": 0.5, "discriminator.rate": 0.0}
    manifest["sha256"] = digest_of(manifest)
    file.write_text(json.dumps(manifest))
    go_on(run, changes=["generator.rate=0.25"])
    assert read(run / "checkpoints" / "00000006").manifest["overrides"] == {"discriminator.rate": 0.0}


@pytest.mark.parametrize(
    "change",
    [
        "seed=5",
        "data.hold_out=0.5",
        "networks.width=8",
        "latent_prior=normal",
        "task.conditional=true",
        "dynamics.correction=consensus",
        "generator.optimizer=sgd",
        "average=null",
        "training.steps=99",
    ],
)
def test_what_cannot_be_changed_names_a_command_that_can(change: str, run: Path) -> None:
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    with pytest.raises(UserError) as error:
        go_on(run, changes=[change], steps=8)
    assert before == {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    command = shlex.split(str(error.value).split("`")[1])
    chosen = build_parser().parse_args(command[1:])
    if chosen.verb == "train":
        assert Path(chosen.recipe).is_file() and chosen.set[0].split("=")[0] == change.split("=")[0]
        override(RECIPES["digits"], chosen.set)
    else:
        assert (chosen.verb, chosen.run, chosen.steps) == ("resume", str(run), 99)


def test_a_batch_that_this_machine_cannot_hold_is_refused_before_anything_is_written(run: Path) -> None:
    before = (run / "recipe.yaml").read_bytes(), (run / "events.jsonl").read_bytes()
    with pytest.raises(UserError, match="batch"):
        go_on(run, changes=["training.batch=100000000000"], steps=8)
    assert before == ((run / "recipe.yaml").read_bytes(), (run / "events.jsonl").read_bytes())


def test_what_is_fixed_are_keys_of_recipes_and_own_networks_are_told_of_python() -> None:
    assert set(FIXED) <= {*known_keys(), "data", "networks"}
    own = RECIPE.model_copy(update={"networks": "own"})
    with pytest.raises(UserError, match=r"saddlepoint\.train\(.*'seed'.*weights_from"):
        changed_recipe(own, ["seed=4"], Path("run"))


# Ends that are owed


def without_report(run: Path) -> None:
    (run / "report.html").unlink()


def without_the_event(run: Path) -> None:
    lines = (run / "events.jsonl").read_text().splitlines(keepends=True)
    (run / "events.jsonl").write_text("".join(line for line in lines if '"finished"' not in line))


def without_events_and_picture(run: Path) -> None:
    (run / "events.jsonl").unlink()
    (run / "samples" / "00000006.png").unlink()


@pytest.mark.parametrize("lack", [without_report, without_the_event, without_events_and_picture])
def test_a_run_that_was_killed_before_it_had_ended_is_ended(lack: Any, run: Path, whole: Path) -> None:
    lack(run)
    log = (run / "log.jsonl").read_bytes()
    ended = go_on(run)
    assert (ended.step, ended.stopped) == (6, None) and events(run)[-1]["event"] == "finished"
    assert (run / "log.jsonl").read_bytes() == log
    assert_the_same_end(whole, run)
    write_report(run)
    with pytest.raises(UserError, match="has done 6 of 6 steps"):
        go_on(run)


# Holes in the log


def test_a_hole_in_the_log_is_said_and_noted(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (run / "log.jsonl").read_bytes().splitlines(keepends=True)
    (run / "log.jsonl").write_bytes(b"".join([*lines[:3], b"#" + lines[3], *lines[4:]]))
    go_on(run, steps=7, show=True)
    assert steps_logged(run) == [1, 2, 3, 5, 6, 7]
    said = "log.jsonl: 1 damaged line left out (line 4, after step 3), kept in log.jsonl.damaged"
    assert said in capsys.readouterr().err
    (event,) = (event for event in events(run) if event["event"] == "damaged lines left out")
    assert event["lines"] == ["line 4, after step 3"] and event["file"] == "log.jsonl"
    assert (run / "log.jsonl.damaged").read_bytes() == b"#" + lines[3]


# Weights of another run


def test_a_run_from_another_one_says_which_step_and_takes_it_again(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "next"
    start(RECIPE, out, from_python=BROUGHT, weights_from=run)
    assert f"weights of {run}, step 6; step, images and schedules begin at 0\n" in capsys.readouterr().err
    shutil.copytree(out, tmp_path / "again")
    assert yaml.safe_load((out / "recipe.yaml").read_text())["weights_step"] == 6
    # Killed before its first checkpoint, while the source goes on.
    shutil.rmtree(tmp_path / "again" / "checkpoints")
    go_on(run, steps=8)
    go_on(tmp_path / "again")
    assert_the_same_end(out, tmp_path / "again")


# The rule by which dropout is seeded


def test_a_run_from_before_players_names_were_told_apart_whole_goes_on_by_its_own_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = override(RECIPE, ["networks.dropout=0.3"])
    older, newer = tmp_path / "older", tmp_path / "newer"
    begin(newer, recipe)
    with monkeypatch.context() as within:
        ordinary = opened.build_game
        within.setattr(opened, "build_game", lambda recipe, task, device, *_: ordinary(recipe, task, device, 1))
        begin(older, recipe)
    with pytest.raises(AssertionError):
        assert_the_same_end(older, newer)
    again = tmp_path / "again"
    shutil.copytree(older, again)
    killed_at(again, 2)
    file = again / "checkpoints" / "00000002" / MANIFEST
    manifest = json.loads(file.read_text())
    # As it was written then.
    del manifest["seeding"], manifest["branch"]
    manifest["sha256"] = digest_of(manifest)
    file.write_text(json.dumps(manifest))
    go_on(again)
    assert_the_same_end(older, again)
    assert read(again / "checkpoints" / "00000006").manifest["seeding"] == 1
    assert read(newer / "checkpoints" / "00000006").manifest["seeding"] == 2
