"""A file system that fails under a run: the run ends with a line, or goes on without what is not worth ending it."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import saddlepoint as sp
from saddlepoint.errors import RunStopped, UserError
from saddlepoint.files import append_line, write_whole
from saddlepoint.training.observers import Observer
from saddlepoint.training.records.failing import stop_of
from saddlepoint.training.records.folder import RunFolder
from saddlepoint.training.records.logs import Log
from tests.tasks.examples import packed
from tests.training.games import bilinear_game

QUICK = ["training.batch=4", "networks.width=4", "networks.latent=5", "watch.log_every=1", "watch.samples=4"]


class At(Observer):
    """Does something after the third step."""

    def __init__(self, do: Callable[[], object]):
        self.do = do

    def step(self, state, record) -> None:
        if record.step == 3:
            self.do()


def train(out: Path | str, do: Callable[[], object], *more: str) -> sp.Run:
    return sp.train("digits", data=packed(), out=out, steps=6, set=[*QUICK, *more], observers=[At(do)], show=False)


@pytest.mark.parametrize("more", [(), ("watch.log_every=9", "watch.checkpoint_every=4")])
def test_a_run_folder_that_was_removed_ends_the_run_and_does_not_come_back(tmp_path: Path, more: tuple) -> None:
    out = tmp_path / "run"
    with pytest.raises(RunStopped, match=rf"the run folder was removed at step 4 \({out} is not there\)"):
        train(out, lambda: shutil.rmtree(out), *more)
    assert not out.exists()


def test_a_folder_that_was_replaced_by_a_file_is_named(tmp_path: Path) -> None:
    out = tmp_path / "run"

    def replace() -> None:
        shutil.rmtree(out / "samples")
        (out / "samples").write_text("")

    with pytest.raises(RunStopped, match=rf"written at step 4 \(File exists: {out}/samples\).*kept; put things there"):
        train(out, replace, "watch.sample_every=2")
    assert json.loads((out / "events.jsonl").read_text().splitlines()[-1])["event"] == "could not go on"
    assert (out / "checkpoints" / "00000004").is_dir(), "the last whole step, which no checkpoint was due for"


def test_another_current_folder_is_no_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    run = train("run", lambda: os.chdir("elsewhere"))
    assert run.path == tmp_path / "run" and run.report.is_file() and (run.path / "checkpoints" / "00000006").is_dir()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "run"]


def test_tensorboard_is_no_reason_to_end_a_run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "tensorboard").write_text("in its place")
    game = bilinear_game()
    game.play(9, Log(RunFolder(tmp_path), 3, game.state))
    assert [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [3, 6, 9]
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 1 and "no more is written from step 3 on (File exists" in said[0]
    (event,) = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert event["event"] == "tensorboard left out" and event["step"] == 3


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.EIO, errno.EROFS, errno.EACCES])
def test_what_fails_in_the_run_folder_ends_the_run_and_what_fails_elsewhere_is_another_matter(
    number: int, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    stop = stop_of(OSError(number, os.strerror(number), str(folder.log)), folder, 7)
    assert stop is not None and f"at step 7 ({os.strerror(number)}: {folder.log})" in str(stop)
    assert f"go on by `saddlepoint resume {tmp_path}`" in stop.cure and stop.kept == "it had no checkpoint yet"
    assert stop_of(OSError(number, "x", str(tmp_path.parent / "cache")), folder, 7) is None
    assert stop_of(OSError(number, "x"), folder, 7) is None


# Where there can be no run


@pytest.mark.parametrize(
    ("name", "words"), [("a\0b", "without NUL bytes"), ("dangling", "a link to nothing"), ("file", "which is a file")]
)
def test_places_that_can_hold_no_run_are_refused(name: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=words):
        sp.train("digits", out=tmp_path / name, show=False)


def test_a_current_folder_that_was_removed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with pytest.raises(UserError, match="a current folder that was removed; expected a current folder that exists"):
        sp.train("digits", show=False)


# Errors name the file that a person knows


@pytest.mark.parametrize("write", [lambda path: write_whole(path, b"x"), lambda path: append_line(path, {})])
def test_the_file_that_cannot_be_written_is_named(write: Callable[[Path], None], tmp_path: Path) -> None:
    with pytest.raises(OSError, match=f"{tmp_path}/nowhere/a.png'$"):
        write(tmp_path / "nowhere" / "a.png")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=f"{tmp_path}/folder'$"):
        write(tmp_path / "folder")
    if Path("/dev/full").exists():
        (tmp_path / ".full.writing").symlink_to("/dev/full")
        (tmp_path / "full").symlink_to("/dev/full")
        with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}/full'$"):
            write(tmp_path / "full")
