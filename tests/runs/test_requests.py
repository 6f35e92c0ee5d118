"""A request is part of the run: killed after it, at a checkpoint's step or between two, the run goes on with it."""

import os
import shutil
from pathlib import Path

import pytest

from benchmarks.hostile.same_run import differences
from saddlepoint.training.control import Control
from saddlepoint.training.observers import Observer
from saddlepoint.training.records.checkpoint import read, steps_saved
from saddlepoint.training.requests import SetSettings
from tests.runs.test_runs import begin, events, go_on


class Killed(BaseException):
    """Stands for SIGKILL: raised while a checkpoint is renamed, after which nothing can be written."""


class Asks(Observer):
    """Asks for a rate at a step."""

    def __init__(self, step: int, value: float = 0.01):
        self.at, self.value = step, value

    def begin(self, game, control: Control) -> None:
        self.control = control

    def step(self, state, record) -> None:
        if record.step == self.at:
            self.control.ask(SetSettings(values={"generator.rate": self.value}, reason="a test"))


def kill_at(step: int, monkeypatch: pytest.MonkeyPatch, out: Path, *observers: Observer) -> None:
    """Begins a run whose process is gone while the checkpoint of a step is written, without any cleaning up."""

    def rename(source, target, rename=os.rename) -> None:
        if Path(target).name == f"{step:08d}":
            raise Killed
        rename(source, target)

    with monkeypatch.context() as within:
        within.setattr(os, "rename", rename)
        with pytest.raises(Killed):
            begin(out, observers=observers)


@pytest.mark.parametrize("at", [3, 4, 5])
@pytest.mark.parametrize("killed", [4, 6])
def test_a_request_survives_a_kill_wherever_it_came(at: int, killed: int, tmp_path: Path, monkeypatch) -> None:
    begin(tmp_path / "whole", observers=[Asks(at)])
    kill_at(killed, monkeypatch, tmp_path / "run", Asks(at))
    newest = steps_saved(tmp_path / "run" / "checkpoints")[-1]
    assert newest == killed - 2
    overrides = read(tmp_path / "run" / "checkpoints" / f"{newest:08d}").manifest["overrides"]
    assert overrides == ({"generator.rate": 0.01} if at <= newest else {}), "applied before it was saved"
    go_on(tmp_path / "run", observers=[] if at < killed else [Asks(at)])
    assert differences(tmp_path / "whole", tmp_path / "run") == []


def test_what_was_asked_again_is_not_asked_a_third_time(tmp_path: Path, monkeypatch) -> None:
    begin(tmp_path / "whole", observers=[Asks(3)])
    kill_at(4, monkeypatch, tmp_path / "run", Asks(3))
    go_on(tmp_path / "run")
    for step in (4, 6):
        shutil.rmtree(tmp_path / "run" / "checkpoints" / f"{step:08d}")
    go_on(tmp_path / "run")
    assert differences(tmp_path / "whole", tmp_path / "run") == []
    settings = [event for event in events(tmp_path / "run") if event["event"] == "setting"]
    assert [event.get("replayed", False) for event in settings] == [False, True, True]


def test_what_a_person_changes_when_he_resumes_is_not_undone_by_an_older_request(tmp_path: Path, monkeypatch) -> None:
    kill_at(4, monkeypatch, tmp_path / "run", Asks(3))
    go_on(tmp_path / "run", changes=["generator.rate=0.05"])
    (newest, _) = sorted((tmp_path / "run" / "checkpoints").iterdir(), reverse=True)[:2]
    assert read(newest).manifest["overrides"] == {}
    assert [event["event"] for event in events(tmp_path / "run")].count("setting") == 1
