"""`saddlepoint ask`: a run in training is asked from outside, and says what it has done; any other is not asked."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from saddlepoint.command.main import main
from saddlepoint.errors import UserError
from saddlepoint.runs.asking import answer_to, ask
from saddlepoint.training.observers import Observer
from saddlepoint.training.records.checkpoint import steps_saved
from saddlepoint.training.records.inbox import Message
from tests.runs.test_runs import begin, events, go_on


class Outside(Observer):
    """Runs commands at steps, as another process would."""

    def __init__(self, out: Path, commands: dict[int, list[str]]):
        self.out, self.commands = out, commands
        self.codes: list[int] = []

    def step(self, state, record) -> None:
        if record.step in self.commands:
            self.codes.append(main(["ask", str(self.out), *self.commands.pop(record.step)]))


def log(out: Path) -> dict[int, dict[str, Any]]:
    return {line["step"]: line for line in map(json.loads, (out / "log.jsonl").read_text().splitlines())}


def test_a_penalty_that_the_recipe_left_null_and_another_objective_are_played_from_then_on(tmp_path: Path) -> None:
    from saddlepoint.recipes.text import override
    from tests.runs.test_runs import RECIPE

    out = tmp_path / "run"
    outside = Outside(out, {2: ["penalties.r1=3"], 3: ["objective=hinge"], 4: ["penalties.r1=0.5", "--reason", "less"]})
    begin(out, override(RECIPE, ["penalties.r1=null", "penalties.r2=null"]), observers=[outside])
    assert outside.codes == [0, 0, 0]
    lines = log(out)
    assert [("r1" in lines[step]["losses"]["discriminator"]) for step in (1, 2, 3, 4)] == [False, False, True, True]
    assert [sorted(lines[step]["losses"]["generator"]) for step in (3, 4)] == [["f", "total"], ["f3", "total"]]
    assert [lines[step]["settings"].get("penalties.r1") for step in (2, 3, 4, 5)] == [None, 3.0, 3.0, 0.5]
    answers = [(event["event"], event["step"]) for event in events(out) if "id" in event]
    assert answers == [("rebuilt", 2), ("rebuilt", 3), ("setting", 4)]
    recorded = yaml.safe_load((out / "recipe.yaml").read_text())
    assert recorded["objective"] == "hinge" and recorded["penalties"]["r1"] == 3.0


def test_optimizers_begin_afresh_where_that_is_asked(tmp_path: Path) -> None:
    out = tmp_path / "run"
    outside = Outside(out, {2: ["generator.rate=0.01", "--forget"], 4: ["rollback", "generator.rate=0.02", "--forget"]})
    begin(out, observers=[outside])
    answers = [(event["event"], event["step"], event["forget"]) for event in events(out) if "id" in event]
    assert outside.codes == [0, 0] and answers == [("rebuilt", 2, True), ("rolled back", 4, True)]


def test_everything_else_that_can_be_asked(tmp_path: Path) -> None:
    out = tmp_path / "run"
    commands = {
        1: ["generator.rate=0.01", "discriminator.rate=0.02"],
        2: ["sample"],
        3: ["checkpoint"],
        4: ["release", "generator.rate"],
        5: ["stop"],
    }
    outside = Outside(out, commands)
    ended = begin(out, observers=[outside])
    assert (ended.step, ended.stopped) == (5, "a request") and outside.codes == [0] * 5
    assert (out / "samples" / "00000002.png").is_file() and 3 in steps_saved(out / "checkpoints")
    rates = [log(out)[step]["settings"]["generator.rate"] for step in range(1, 6)]
    assert rates[1:4] == [0.01] * 3 and rates[4] == pytest.approx(rates[0], rel=1e-3)
    assert go_on(out).step == 6
    back = Outside(out, {7: ["rollback", "penalties.r1=2", "--to", "5"]})
    assert go_on(out, steps=8, observers=[back]).step == 8
    (event,) = [event for event in events(out) if event["event"] == "rolled back"]
    assert event["to"] == 5 and event["changes"] == ["penalties.r1=2"]
    assert [log(out)[step]["settings"]["penalties.r1"] for step in (5, 6, 8)] == [0.1, 2.0, 2.0]


def test_who_waits_is_told_what_was_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    codes: list[int] = []

    class Waiting(Observer):
        """Starts the command beside the run, and lets an iteration pass when the request is there."""

        def __init__(self) -> None:
            self.threads: dict[int, threading.Thread] = {}
            self.commands = {
                1: ["generator.rate=0.01", "--wait", "--json"],
                2: ["seed=4", "--wait"],
                3: ["dynamics.discriminator_steps=2", "--wait"],
                4: ["release", "discriminator.rate", "--wait"],
            }

        def step(self, state, record) -> None:
            if record.step - 1 in self.threads:
                self.threads.pop(record.step - 1).join(20)
            if (words := self.commands.pop(record.step, None)) is not None:
                thread = threading.Thread(target=lambda: codes.append(main(["ask", str(out), *words])))
                self.threads[record.step] = thread
                thread.start()
                while thread.is_alive() and not list((out / "requests").glob("[0-9]*.json")):
                    pass

    begin(out, observers=[Waiting()])
    said = capsys.readouterr()
    answer = json.loads(said.out.splitlines()[0])
    assert answer["answer"]["values"] == {"generator.rate": 0.01} and answer["answer"]["step"] == 1
    assert codes == [0, 2, 0, 2]
    assert "rebuilt after step 3: dynamics.discriminator_steps=2" in said.out
    assert "seed as it is, because" in said.err and "follows the recipe" in said.err


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("ended") / "run"
    begin(out)
    return out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["penalties.r1=1"], r"nobody is training.*resume .*run --set penalties\.r1=1`"),
        (["stop"], r"nobody is training.*resume"),
        (["penalties.r3=1"], r"unknown key 'penalties\.r3'"),
        (["objective=nonsense"], "nonsense"),
        (["seed=4"], "seed as it is, because"),
        (["training.steps=9"], "--steps 9"),
        (["release", "generator.rat"], r"release 'generator\.rat'"),
        (["release"], "one of KEY=VALUE"),
        (["dance"], "one of KEY=VALUE"),
        (["stop", "--to", "3"], "rollback --to STEP"),
        (["rollback", "--to", "-1"], "rollback --to STEP"),
        (["stop", "--forget"], r"KEY=VALUE \.\.\. or rollback"),
    ],
)
def test_what_cannot_be_asked_is_said_at_once(
    words: list[str], said: str, ended: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import re

    assert main(["ask", str(ended), *words]) == 2
    assert re.search(said, capsys.readouterr().err)
    assert not list((ended / "requests").iterdir())


def test_a_run_that_has_ended_meanwhile_did_not_take_the_request(ended: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: Callable = lambda self: True  # noqa: E731
    with monkeypatch.context() as within:
        within.setattr("saddlepoint.training.records.folder.RunFolder.written", written)
        identity = ask(ended, Message(ask="stop"))
    with pytest.raises(UserError, match="ended before it took the request"):
        answer_to(ended, identity)
    assert not list((ended / "requests").iterdir())
