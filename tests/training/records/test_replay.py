"""What is asked of a run again: later than its checkpoint, on the checkpoint's branch, and not undone by a person."""

import json
from pathlib import Path

import pytest

from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.records.replay import asked_after
from saddlepoint.training.requests import Rebuild, Release, RollBack, SaveCheckpoint, SetSettings, Stop


def noted(path: Path, *events: dict) -> RunFolder:
    folder = RunFolder(path)
    folder.events.write_text("".join(json.dumps(event) + "\n" for event in events))
    return folder


def setting(step: int, **more) -> dict:
    return {"event": "setting", "step": step, "branch": 0, "values": {"generator.rate": step / 10}, **more}


def test_later_ones_come_in_the_order_of_their_steps(tmp_path: Path) -> None:
    folder = noted(tmp_path, setting(8), setting(3), setting(4), setting(6))
    assert [each.step for each in asked_after(folder, 4, 0)] == [6, 8]


def test_those_of_another_branch_and_those_that_were_asked_again_do_not(tmp_path: Path) -> None:
    folder = noted(tmp_path, setting(6), setting(6, branch=1), setting(7, branch=1, replayed=True), setting(9))
    assert [each.step for each in asked_after(folder, 4, 0)] == [6, 9]
    assert [each.step for each in asked_after(folder, 4, 1)] == [6]


def test_each_kind_is_read_back_as_it_was_noted(tmp_path: Path) -> None:
    requests = [
        SetSettings(values={"a.b": 0.5}, reason="one"),
        Release(names=("a.b",), reason="two"),
        RollBack(to=2, values={"a.b": 1.0}, changes=("c=1",), reason="three"),
        Rebuild(changes=("c=1", "d=null"), reason="four"),
        SaveCheckpoint(reason="five"),
    ]
    events = [{"event": each.EVENT, "step": 5, "branch": 0, **each.details()} for each in [*requests, Stop(reason="x")]]
    assert [each.request for each in asked_after(noted(tmp_path, *events), 4, 0)] == requests


def test_a_setting_of_an_older_version_is_read(tmp_path: Path) -> None:
    folder = noted(tmp_path, {"event": "setting", "step": 5, "name": "a.b", "value": 2, "reason": "old"})
    (each,) = asked_after(folder, 4, 0)
    assert each.request == SetSettings(values={"a.b": 2.0}, reason="old")


def test_the_answer_to_a_failure_counts_at_its_own_step(tmp_path: Path) -> None:
    event = {"event": "rolled back", "step": 4, "branch": 0, "to": 2, "failed": "a loss"}
    assert [each.failed for each in asked_after(noted(tmp_path, event), 4, 0)] == [True]
    assert asked_after(noted(tmp_path, event | {"branch": 1}), 4, 0) == []


def test_what_a_person_has_changed_since_is_his(tmp_path: Path) -> None:
    both = {"values": {"generator.rate": 0.5, "penalties.r1": 1.0}}
    changed = {"event": "recipe changed", "step": 4, "keys": ["generator.rate"]}
    folder = noted(tmp_path, setting(6), setting(7, **both), changed, setting(8))
    found = [(each.step, dict(each.request.values)) for each in asked_after(folder, 4, 0)]  # type: ignore[attr-defined]
    assert found == [(7, {"penalties.r1": 1.0}), (8, {"generator.rate": 0.8})]


@pytest.mark.parametrize(
    "damage",
    [
        {"values": "all"},
        {"values": {"generator.rate": "fast"}},
        {"values": {"generator.rate": None}},
        {"step": "6"},
        {"step": True},
        {"branch": "0"},
        {"event": ["setting"]},
        {"values": None, "name": ["x"]},
    ],
)
def test_damaged_events_are_no_requests(damage: dict, tmp_path: Path) -> None:
    assert asked_after(noted(tmp_path, setting(6) | damage), 4, 0) == []
