"""Rolled back and rebuilt in the middle, killed wherever it may be, a run ends as the one that was left alone."""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor, nn

from benchmarks.hostile.same_run import differences
from saddlepoint.errors import Diverged, RunStopped, UserError
from saddlepoint.recipes.own_networks import OwnNetworks
from saddlepoint.runs.changes import changed_recipe
from saddlepoint.runs.opened import FromPython
from saddlepoint.runs.session import resume, start
from saddlepoint.training.control import Control
from saddlepoint.training.observers import Observer
from saddlepoint.training.records.checkpoint import read, steps_saved
from saddlepoint.training.requests import Rebuild, RollBack, RunRequest, SetSettings
from tests.runs.test_runs import RECIPE, begin, events, go_on, steps_logged
from tests.tasks.examples import packed


class Killed(BaseException):
    """Stands for SIGKILL: from then on nothing can be written or renamed."""


class Asks(Observer):
    """Asks at steps, each once in a process."""

    def __init__(self, asked: Mapping[int, RunRequest]):
        self.asked = dict(asked)
        self.begun: list[int] = []

    def begin(self, game, control: Control) -> None:
        self.control = control
        self.begun.append(game.state.step)

    def step(self, state, record) -> None:
        if (request := self.asked.pop(record.step, None)) is not None:
            self.control.ask(request)


def killed(monkeypatch: pytest.MonkeyPatch, operation: int, play: Callable[[], Any]) -> bool:
    """Whether a play was killed: nothing is written, renamed or removed from the so-manieth such operation on."""
    done = 0

    def dying(ordinary: Callable) -> Callable:
        def maybe(*arguments: Any, **named: Any) -> Any:
            nonlocal done
            done += 1
            if done >= operation:
                raise Killed
            return ordinary(*arguments, **named)

        return maybe

    with monkeypatch.context() as within:
        for name in ("rename", "replace", "fsync"):
            within.setattr(os, name, dying(getattr(os, name)))
        within.setattr(shutil, "rmtree", dying(shutil.rmtree))
        import saddlepoint.training.records.folder as folder

        within.setattr(folder, "append_line", dying(folder.append_line))
        try:
            play()
        except Killed:
            return True
    return False


ROLL_BACK = {5: RollBack(to=3, values={"generator.rate": 0.01}, reason="a test")}
REBUILD = {3: Rebuild(changes=("penalties.lecam=0.1", "objective=hinge"), reason="a test")}
# Operations between two kills; with 1, every moment is met (a minute and a half).
STRIDE = 9
# A setting between checkpoints, a rebuild that the roll back undoes, and a roll back that changes a leaf.
ALL = {
    3: SetSettings(values={"discriminator.rate": 1e-3}),
    4: Rebuild(changes=("training.batch=2",)),
    5: RollBack(to=2, changes=("penalties.r1=null", "penalties.gradient_penalty=1")),
}


@pytest.fixture(scope="module", params=[ROLL_BACK, REBUILD, ALL], ids=["roll back", "rebuild", "all"])
def asked(request) -> dict[int, RunRequest]:
    return request.param


@pytest.fixture(scope="module")
def whole(asked, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "run"
    assert begin(out, observers=[Asks(asked)]).step == 6
    return out


def test_it_is_another_run_than_without(whole: Path, tmp_path: Path) -> None:
    begin(tmp_path / "plain")
    assert any("safetensors" in line for line in differences(tmp_path / "plain", whole, stopped=True))
    assert steps_logged(whole) == [1, 2, 3, 4, 5, 6]


def test_killed_between_any_two_writes_it_ends_the_same(
    asked: Mapping[int, RunRequest], whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every so-manieth moment, in a run of its own each time; afterwards only what was not yet asked is asked."""
    moments = 0
    for operation in range(8, 400, STRIDE):
        out = tmp_path / str(operation)
        if not killed(monkeypatch, operation, lambda out=out: begin(out, observers=[Asks(asked)])):
            break
        if not (out / "recipe.yaml").is_file():
            continue
        moments += 1
        said = {event["event"] for event in events(out)} if (out / "events.jsonl").exists() else set()
        # What was not yet asked when it died has to be asked by the one who asks.
        left = {step: request for step, request in asked.items() if request.EVENT not in said}
        go_on(out, observers=[Asks(left)])
        assert differences(whole, out) == [], f"killed at operation {operation}, after {sorted(said)}"
    assert moments > 3


# What a roll back leaves


@pytest.fixture
def rolled(tmp_path: Path) -> Path:
    begin(tmp_path / "run", observers=[Asks(ROLL_BACK)])
    return tmp_path / "run"


def test_what_it_undoes_is_kept_under_other_names(rolled: Path) -> None:
    assert steps_saved(rolled / "checkpoints") == [2, 4, 6]
    names = {path.name for path in (rolled / "checkpoints").iterdir()}
    assert names == {"00000002", "00000004", "00000006", "00000004.branch-0"}
    assert {path.name for path in (rolled / "samples").iterdir()} == {
        "00000000.png",
        "00000003.png",
        "00000003.png.branch-0",
        "00000006.png",
    }
    aside = [json.loads(line)["step"] for line in (rolled / "log.jsonl.branch-0").read_text().splitlines()]
    assert aside == [3, 4, 5]
    branches = {step: read(rolled / "checkpoints" / f"{step:08d}").manifest["branch"] for step in (2, 4, 6)}
    assert branches == {2: 1, 4: 1, 6: 1}
    (event,) = [event for event in events(rolled) if event["event"] == "rolled back"]
    assert (event["step"], event["branch"], event["to"], event["reason"]) == (5, 0, 2, "a test")


def test_what_is_drawn_is_drawn_anew_and_a_setting_holds(rolled: Path, tmp_path: Path) -> None:
    """The same roll back without another setting: another branch is not the run that it was."""
    begin(tmp_path / "same", observers=[Asks({5: RollBack(to=2)})])
    begin(tmp_path / "plain")
    lines = {
        name: [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
        for name, run in {"rolled": rolled, "same": tmp_path / "same", "plain": tmp_path / "plain"}.items()
    }
    assert lines["same"][1]["losses"] == lines["plain"][1]["losses"]
    assert lines["same"][2]["losses"] != lines["plain"][2]["losses"], "step 3 was drawn from another branch"
    assert lines["rolled"][2]["settings"]["generator.rate"] == 0.01


def test_every_roll_back_is_a_branch_of_its_own(tmp_path: Path) -> None:
    out = tmp_path / "run"
    begin(out, observers=[Asks({3: RollBack(to=2), 5: RollBack(to=4), 6: RollBack(to=None)})])
    assert [event["branch"] for event in events(out) if event["event"] == "rolled back"] == [0, 1, 2]
    assert read(out / "checkpoints" / "00000006").manifest["branch"] == 3


def test_where_there_is_nothing_to_go_back_to_the_run_goes_on(tmp_path: Path) -> None:
    out = tmp_path / "run"
    observer = Asks({1: RollBack(), 3: RollBack(to=1), 5: Rebuild(changes=("seed=3",))})
    assert begin(out, observers=[observer]).step == 6
    refused = [event for event in events(out) if event["event"] == "request refused"]
    assert [event["asked"] for event in refused] == ["rolled back", "rolled back", "rebuilt"]
    assert "without checkpoints" in refused[0]["reason"] and "to step 1" in refused[1]["reason"]
    assert "ask for one of 2" in refused[1]["reason"]
    assert "all that was drawn follow" in refused[2]["reason"] and observer.begun == [0]
    begin(tmp_path / "plain")
    assert differences(tmp_path / "plain", out) == []


class _Maker(nn.Module):
    pixel_range, latent = (-1.0, 1.0), 5

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(5, 64)
        self.normalise = nn.BatchNorm1d(64)

    def forward(self, z: Tensor) -> Tensor:
        return self.normalise(self.linear(z)).tanh().unflatten(1, (1, 8, 8))


def brought(seed: int, begins: bool) -> FromPython:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        judge = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.LeakyReLU(), nn.Linear(8, 1))
        own = OwnNetworks(generator=_Maker(), discriminator=judge, latent=5, pixel_range=(-1.0, 1.0), begins=begins)
    return FromPython(data=packed(), networks=own)


@pytest.mark.parametrize("asked_of_own", [{5: RollBack(to=3)}, {3: Rebuild(changes=("objective=hinge",))}])
def test_networks_that_a_person_has_brought_go_through_all_segments(asked_of_own: dict, tmp_path: Path) -> None:
    """The games of all segments share them; what is refused on the way leaves them as they were."""
    recipe = RECIPE.model_copy(update={"networks": "own"})
    refused = {4: RollBack(values={"generator.rat": 1.0})}
    start(recipe, tmp_path / "run", from_python=brought(0, True), show=False, observers=[Asks(asked_of_own | refused)])
    assert [e["event"] for e in events(tmp_path / "run")].count("request refused") == 1
    shutil.copytree(tmp_path / "run", tmp_path / "again")
    for step in (4, 6):
        shutil.rmtree(tmp_path / "again" / "checkpoints" / f"{step:08d}")
    resume(tmp_path / "again", from_python=brought(1, False), show=False)
    assert differences(tmp_path / "run", tmp_path / "again") == []


# What a rebuild changes


def test_a_rebuilt_run_is_the_one_that_was_stopped_and_resumed_with_the_change(tmp_path: Path) -> None:
    begin(tmp_path / "rebuilt", observers=[Asks(REBUILD)])
    begin(tmp_path / "resumed", changed_recipe(RECIPE, ["watch.checkpoint_every=3"], tmp_path))
    for step in (6,):
        shutil.rmtree(tmp_path / "resumed" / "checkpoints" / f"{step:08d}")
    go_on(tmp_path / "resumed", changes=[*REBUILD[3].changes])  # type: ignore[attr-defined]
    assert differences(tmp_path / "rebuilt", tmp_path / "resumed", stopped=True) == []
    recorded = yaml.safe_load((tmp_path / "rebuilt" / "recipe.yaml").read_text())
    assert recorded["objective"] == "hinge" and recorded["penalties"]["lecam"] == 0.1
    changed = [(each["step"], each["key"], each["asked"]) for each in recorded["changed"]]
    assert changed == [(3, "objective", True), (3, "penalties.lecam", True)]


def test_what_a_request_changed_is_taken_back_by_a_roll_back_and_by_an_older_checkpoint(tmp_path: Path) -> None:
    out = tmp_path / "run"
    begin(out, observers=[Asks({3: Rebuild(changes=("training.batch=2",)), 5: RollBack(to=2)})])
    assert yaml.safe_load((out / "recipe.yaml").read_text())["training"]["batch"] == 4
    begin(tmp_path / "rebuilt", observers=[Asks(REBUILD)])
    shutil.copytree(tmp_path / "rebuilt", tmp_path / "again")
    for step in (3, 4, 6):
        shutil.rmtree(tmp_path / "again" / "checkpoints" / f"{step:08d}")
    go_on(tmp_path / "again")
    assert differences(tmp_path / "rebuilt", tmp_path / "again") == []


# A game that has diverged


class Breaks(Observer):
    """Makes a weight infinite after a step of branch 0, and may answer what comes of it."""

    def __init__(self, at: int, answer: RunRequest | None):
        self.at, self.answer = at, answer
        self.shown: list[str] = []

    def begin(self, game, control: Control) -> None:
        self.game, self.control = game, control

    def step(self, state, record) -> None:
        if record.step == self.at and state.branch == 0:
            with torch.no_grad():
                self.game.steps["generator"].parameters[0].fill_(float("nan"))

    def failed(self, state, error: Diverged) -> None:
        self.shown.append(error.what)
        if self.answer is not None:
            self.control.ask(self.answer)


@pytest.mark.parametrize("at", [3, 4])
def test_a_failure_is_answered_by_a_roll_back_and_the_run_goes_on_from_it(
    at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    observer = Breaks(at, RollBack(to=None, values={"generator.rate": 1e-5}, reason="not finite"))
    assert begin(out, observers=[observer]).step == 6
    assert len(observer.shown) == 1 and "not finite" in observer.shown[0]
    (event,) = [event for event in events(out) if event["event"] == "rolled back"]
    assert event["to"] == 2 and "not finite" in event["failed"]
    assert read(out / "checkpoints" / "00000006").manifest["overrides"] == {"generator.rate": 1e-5}
    # Killed right after it was written down: the roll back is owed, and nobody has to ask again.
    noted = len((out / "events.jsonl").read_text().splitlines())
    assert noted
    cut = tmp_path / "cut"
    with monkeypatch.context() as within:
        within.setattr("saddlepoint.runs.between.set_aside", _dying)
        with pytest.raises(Killed):
            begin(cut, observers=[Breaks(at, observer.answer)])
    assert steps_saved(cut / "checkpoints")[-1] == 2
    go_on(cut)
    assert differences(out, cut) == []


def _dying(*_: Any) -> None:
    raise Killed


def test_nobody_answers_and_it_ends_as_it_did(tmp_path: Path) -> None:
    with pytest.raises(RunStopped, match="not finite"):
        begin(tmp_path / "run", observers=[Breaks(3, None)])
    assert [event["event"] for event in events(tmp_path / "run")] == ["started", "could not go on"]


def test_an_answer_that_is_refused_ends_it_too(tmp_path: Path) -> None:
    with pytest.raises(RunStopped, match="not finite") as error:
        begin(tmp_path / "run", observers=[Breaks(1, RollBack())])
    assert isinstance(error.value.__cause__, UserError)
    assert [e["event"] for e in events(tmp_path / "run")] == ["started", "request refused", "could not go on"]
