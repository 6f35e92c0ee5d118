"""The inbox: each request is taken once, whatever else lies there is set aside, and looking costs microseconds."""

import json
import os
import time
from pathlib import Path

import pytest

from saddlepoint.errors import UserError
from saddlepoint.training.control import Control
from saddlepoint.training.game import Game
from saddlepoint.training.observers import Observer
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.records.inbox import LARGEST, Inbox, Message, post, withdraw
from saddlepoint.training.records.replay import answered_in
from saddlepoint.training.requests import RunRequest, SetSettings, Stop
from tests.training.games import bilinear_game

RATE = "generator.rate"


def read(message: Message, identity: str, game: Game) -> RunRequest:
    if message.ask == "stop":
        return Stop(reason=message.reason, id=identity)
    if not message.changes:
        raise UserError("nothing", "something", "ask again")
    return SetSettings(values={RATE: float(message.changes[0])}, id=identity)


def events(folder: RunFolder) -> list[dict]:
    return [json.loads(line) for line in folder.events.read_text().splitlines()] if folder.events.exists() else []


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def test_a_request_is_taken_between_two_iterations_answered_and_removed(folder: RunFolder) -> None:
    seen = []

    class Poster(Observer):
        def step(self, state, record) -> None:
            seen.append(record.settings[RATE])
            if record.step == 2:
                post(folder, Message(ask="set", changes=["0.5"]))
            if record.step == 4:
                post(folder, Message(ask="stop", reason="enough"))

    game = bilinear_game()
    game.play(9, Poster(), control=Control(note=folder.note, inbox=Inbox(folder, read)))
    assert seen == [0.1, 0.1, 0.5, 0.5] and game.state.step == 4
    assert list(folder.requests.iterdir()) == []
    assert [(event["event"], event["step"]) for event in events(folder)] == [("setting", 2), ("stop asked", 4)]
    assert len({event["id"] for event in events(folder)}) == 2


def test_requests_are_taken_in_the_order_in_which_they_came(folder: RunFolder) -> None:
    for value in (0.3, 0.2, 0.7):
        post(folder, Message(ask="set", changes=[str(value)]))
    game = bilinear_game()
    game.play(1, control=Control(note=folder.note, inbox=Inbox(folder, read)))
    assert [event["values"][RATE] for event in events(folder)] == [0.3, 0.2, 0.7]
    assert game.state.overrides == {RATE: 0.7}


def test_one_that_was_answered_before_a_kill_is_not_taken_again(folder: RunFolder) -> None:
    answered = post(folder, Message(ask="set", changes=["0.3"]))
    folder.note("setting", step=3, id=answered)
    waiting = post(folder, Message(ask="set", changes=["0.4"]))
    game = bilinear_game()
    game.play(1, control=Control(note=folder.note, inbox=Inbox(folder, read, answered_in(folder))))
    assert [event["id"] for event in events(folder)] == [answered, waiting]
    assert game.state.overrides == {RATE: 0.4} and list(folder.requests.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\x00",
        b"[1]",
        b'{"ask": "set"',
        b'{"ask": "format the disk"}',
        b'{"ask": "set", "changes": "a=1"}',
        b'{"ask": "set", "changes": ["a=1"], "code": "import os"}',
        b'{"ask": "rollback", "to": -1}',
        b'{"ask": "rollback", "to": 1.5}',
        b'{"format": 2, "ask": "stop"}',
        b"[" * 5000,
        b'{"ask": "stop", "reason": "' + b"a" * LARGEST + b'"}',
        json.dumps({"ask": "set", "changes": ["a=1"] * 101}).encode(),
    ],
    ids=range(13),
)
def test_what_is_no_request_is_set_aside_and_said(content: bytes, folder: RunFolder) -> None:
    folder.requests.mkdir()
    (folder.requests / "0.json").write_bytes(content)
    game = bilinear_game()
    game.play(2, control=Control(note=folder.note, inbox=Inbox(folder, read)))
    (event,) = events(folder)
    assert event["event"] == "request refused" and event["id"] == "0.json" and "requests/0.json" in event["reason"]
    assert (folder.requests / "refused" / "0.json").read_bytes() == content
    assert game.state.step == 2 and game.state.overrides == {}


def test_links_folders_and_other_names_are_no_requests(folder: RunFolder, tmp_path: Path) -> None:
    folder.requests.mkdir()
    (tmp_path / "elsewhere").write_text('{"ask": "stop"}')
    (folder.requests / "1.json").symlink_to(tmp_path / "elsewhere")
    (folder.requests / "2.json").mkdir()
    (folder.requests / "notes.txt").write_text("stop")
    os.mkfifo(folder.requests / "4.json")
    (folder.requests / ".5.json.writing").write_text("{")
    game = bilinear_game()
    game.play(2, control=Control(note=folder.note, inbox=Inbox(folder, read)))
    assert [event["id"] for event in events(folder)] == ["1.json", "2.json", "4.json", "notes.txt"]
    assert game.state.step == 2 and (tmp_path / "elsewhere").exists()


def test_a_request_that_cannot_be_carried_out_is_refused_and_removed(folder: RunFolder) -> None:
    identity = post(folder, Message(ask="set"))
    bilinear_game().play(1, control=Control(note=folder.note, inbox=Inbox(folder, read)))
    (event,) = events(folder)
    assert (event["event"], event["id"], event["asked"]) == ("request refused", identity, "set")
    assert list(folder.requests.iterdir()) == []


def test_an_inbox_that_was_removed_and_one_that_has_ended(folder: RunFolder) -> None:
    game, inbox = bilinear_game(), Inbox(folder, read)
    folder.requests.rmdir()
    assert list(inbox.take(game)) == []
    identity = post(folder, Message(ask="stop"))
    inbox.close(game)
    (event,) = events(folder)
    assert event["id"] == identity and "has ended" in event["reason"] and not withdraw(folder, identity)


def test_looking_into_an_empty_inbox_is_cheap(folder: RunFolder) -> None:
    """A step of the smallest game takes half a millisecond."""
    game, inbox = bilinear_game(), Inbox(folder, read)
    (folder.requests / "refused").mkdir()
    best = float("inf")
    for _ in range(20):
        began = time.perf_counter()
        for _ in range(100):
            list(inbox.take(game))
        best = min(best, (time.perf_counter() - began) / 100)
    assert best < 20e-6, f"{best * 1e6:.1f} microseconds"
