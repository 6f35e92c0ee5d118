"""Runs begin, are interrupted at every awkward place, and go on; what a resumption finds changed it says."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file

from saddlepoint.data import Packed
from saddlepoint.errors import UserError
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.kinds.generation import fixed_request
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.tasks import build_task
from saddlepoint.recipes.text import override
from saddlepoint.report import write_report
from saddlepoint.runs.opened import FromPython
from saddlepoint.runs.segments import Ended
from saddlepoint.runs.session import resume, start
from saddlepoint.tasks.generation import Generation
from saddlepoint.training.control import Control
from saddlepoint.training.observers import Observer
from saddlepoint.training.records.checkpoint import steps_saved
from saddlepoint.training.requests import Stop
from tests.tasks.examples import packed

SMALL = ["networks.width=4", "networks.latent=5", "training.batch=4", "training.steps=6"]
QUICK = ["watch.log_every=1", "watch.sample_every=3", "watch.samples=4", "watch.checkpoint_every=2", "watch.keep=9"]
RECIPE = override(RECIPES["digits"], [*SMALL, *QUICK])
BROUGHT = FromPython(data=packed())


def begin(out: Path, recipe: Recipe = RECIPE, **options: Any) -> Ended:
    return start(recipe, out, from_python=BROUGHT, show=False, **options)


def go_on(out: Path, **options: Any) -> Ended:
    return resume(out, **{"from_python": BROUGHT, "show": False, **options})


def events(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]


def steps_logged(out: Path) -> list[int]:
    return [json.loads(line)["step"] for line in (out / "log.jsonl").read_text().splitlines()]


def assert_the_same_end(one: Path, two: Path) -> None:
    assert steps_logged(one) == steps_logged(two)
    newest = f"{steps_saved(one / 'checkpoints')[-1]:08d}"
    for path in sorted((one / "checkpoints" / newest).glob("*.safetensors")):
        ours, theirs = load_file(path), load_file(two / "checkpoints" / newest / path.name)
        assert ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)
    assert (one / "samples" / f"{newest}.png").read_bytes() == (two / "samples" / f"{newest}.png").read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody interrupted."""
    out = tmp_path_factory.mktemp("whole") / "run"
    assert begin(out).step == 6
    # As the command line does when a run has ended.
    write_report(out)
    return out


def without_checkpoints(out: Path) -> None:
    """As after a kill before the first checkpoint was whole."""
    shutil.rmtree(out / "checkpoints")
    (out / "checkpoints" / ".00000002.writing").mkdir(parents=True)


def without_log(out: Path) -> None:
    (out / "log.jsonl").unlink()
    without_checkpoints(out)


def damaged_at_the_end(out: Path) -> None:
    for step in (4, 6):
        (out / "checkpoints" / f"{step:08d}" / "networks.safetensors").write_bytes(b"torn")


def torn_log(out: Path) -> None:
    shutil.rmtree(out / "checkpoints" / "00000006")
    (out / "log.jsonl").write_bytes((out / "log.jsonl").read_bytes()[:-40])


@pytest.mark.parametrize("interrupt", [without_checkpoints, without_log, damaged_at_the_end, torn_log])
def test_wherever_it_was_interrupted_it_ends_the_same(
    interrupt: Callable[[Path], None], whole: Path, tmp_path: Path
) -> None:
    shutil.copytree(whole, tmp_path / "run")
    interrupt(tmp_path / "run")
    assert go_on(tmp_path / "run").step == 6
    assert_the_same_end(whole, tmp_path / "run")


def test_what_was_damaged_is_kept_under_another_name_each_time(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    shutil.copytree(whole, out)
    for _ in range(2):
        damaged_at_the_end(out)
        go_on(out)
    names = {path.name for path in (out / "checkpoints").iterdir()}
    assert names >= {"00000004.damaged", "00000004.damaged-2", "00000006.damaged", "00000006.damaged-2", "00000006"}
    said = [event["problem"] for event in events(out) if event["event"] == "checkpoint left out"]
    assert len(said) == 4 and all("networks.safetensors" in problem for problem in said)


def test_a_machine_that_has_changed_is_said_and_its_threads_are_set_as_they_were(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    shutil.copytree(whole, out)
    recorded = yaml.safe_load((out / "recipe.yaml").read_text())
    recorded["machine"] = {**recorded["machine"], "processor": "an abacus", "threads": 2}
    recorded["versions"]["torch"] = "1.0"
    (out / "recipe.yaml").write_text(yaml.safe_dump(recorded))
    seen = []

    class Watcher(Observer):
        def step(self, state, record) -> None:
            seen.append(torch.get_num_threads())

    before = torch.get_num_threads()
    go_on(out, steps=8, observers=[Watcher()])
    assert seen == [2, 2] and torch.get_num_threads() == before
    (changed,) = [event["changed"] for event in events(out) if event["event"] == "resumed"]
    assert (
        len(changed) == 2 and changed[0].startswith("processor an abacus -> ") and changed[1].startswith("torch 1.0 ->")
    )


def test_the_same_machine_is_not_mentioned(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "run")
    go_on(tmp_path / "run", steps=7)
    assert [event["changed"] for event in events(tmp_path / "run") if event["event"] == "resumed"] == [[]]


def test_steps_are_the_total_and_are_recorded(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    shutil.copytree(whole, out)
    with pytest.raises(UserError, match=r"has done 6 of 6 steps.*--steps 12"):
        go_on(out)
    assert go_on(out, steps=9).step == 9
    assert yaml.safe_load((out / "recipe.yaml").read_text())["training"]["steps"] == 9
    assert steps_logged(out) == list(range(1, 10))


def test_other_data_is_refused_and_nothing_is_written(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    shutil.copytree(whole, out)
    before = (out / "events.jsonl").read_bytes()
    other = FromPython(data=packed(fingerprint="f" * 64))
    with pytest.raises(UserError, match=r"fingerprint ffffffffffff.*began with, 000000000000.*--data.*--from"):
        go_on(out, steps=9, from_python=other)
    assert (out / "events.jsonl").read_bytes() == before


def test_a_stop_between_checkpoints_ends_whole_and_goes_on_the_same(whole: Path, tmp_path: Path) -> None:
    class Asker(Observer):
        def begin(self, game, control: Control) -> None:
            self.control = control

        def step(self, state, record) -> None:
            if record.step == 3:
                self.control.ask(Stop(reason="SIGTERM"))

    out = tmp_path / "run"
    ended = begin(out, observers=[Asker()])
    assert (ended.step, ended.stopped) == (3, "SIGTERM")
    assert steps_saved(out / "checkpoints") == [2, 3] and (out / "samples" / "00000003.png").is_file()
    assert [event["event"] for event in events(out)] == ["started", "stop asked", "stopped"]
    assert go_on(out).stopped is None
    assert_the_same_end(whole, out)
    assert events(out)[-1]["event"] == "finished"


def test_a_refused_run_writes_nothing(tmp_path: Path) -> None:
    for wrong in ("latent_prior=cauchy", "training.accumulate=9", "objective=nonsense", "penalties.r1=null"):
        recipe = override(RECIPE, [wrong, "networks.normalisation=batch"])
        with pytest.raises(UserError):
            begin(tmp_path / "run", recipe)
        assert not (tmp_path / "run").exists()


def test_sample_pictures_are_of_one_row_of_labels_after_the_other() -> None:
    data = packed()
    recipe = override(RECIPE, ["task.conditional=true", "watch.samples=7"])
    task = build_task(recipe, DataFacts.of(data), data, torch.device("cpu"))
    assert isinstance(task, Generation)
    request, again = (fixed_request(recipe, task, DataFacts.of(data)) for _ in range(2))
    assert request["labels"].tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert request["z"].shape == (7, 5) and torch.equal(request["z"], again["z"])
    plain = override(RECIPE, ["watch.samples=7"])
    task = build_task(plain, DataFacts.of(data), data, task.device)
    assert isinstance(task, Generation)
    assert fixed_request(plain, task, DataFacts.of(data)).get("labels") is None


def test_pictures_of_points_show_a_distribution() -> None:
    points = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    splits = {"train": np.arange(40), "held_out": np.arange(0)}
    data: Packed = packed(40, labelled=False, items=points, kind="points", shape=(2,), splits=splits)
    recipe = override(RECIPES["toy"], ["networks.width=4", "watch.samples=7"])
    task = build_task(recipe, DataFacts.of(data), data, torch.device("cpu"))
    assert isinstance(task, Generation)
    assert len(fixed_request(recipe, task, DataFacts.of(data))) == 1000
