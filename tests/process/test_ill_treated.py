"""Runs whose process is treated badly: a signal, two of them, a terminal that is closed, a standard error that is gone.

Each is a process of its own, forked from a server that has torch imported already.
"""

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from saddlepoint.command.main import main

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="these are the signals of POSIX")
OPTIONS = ["training.batch=4", "training.threads=1", "watch.log_every=1", "watch.samples=4", "watch.checkpoint_every=9"]

# What a short run spends most of its time on importing.
PRELOADED = [
    "saddlepoint.api.train",
    "saddlepoint.recipes.catalogue",
    "matplotlib.figure",
    "sklearn.datasets",
    "pandas",
]


def _train(out: str, prepare: Callable[[], None] | None, said: str) -> None:
    with open(said, "w", buffering=1) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    if prepare is not None:
        prepare()
    settings = [part for option in OPTIONS for part in ("--set", option)]
    raise SystemExit(main(["train", "digits", "--out", out, "--steps", "100000", *settings]))


class Child:
    """A training process; what it says goes to a file."""

    def __init__(self, folder: Path, prepare: Callable[[], None] | None = None):
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(
            ["saddlepoint.api.train", "saddlepoint.recipes.catalogue", "saddlepoint.report.figures"]
        )
        self.run, self._said = folder / "run", folder / "said"
        self.process = context.Process(target=_train, args=(str(self.run), prepare, str(self._said)))
        self.process.start()

    def until(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not happened():
            assert time.monotonic() < deadline and self.process.is_alive(), self.said
            time.sleep(0.002)

    def send(self, number: int) -> None:
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def end(self) -> int | None:
        self.process.join(60)
        return self.process.exitcode

    @property
    def said(self) -> str:
        return self._said.read_text()

    @property
    def logged(self) -> int:
        return (self.run / "log.jsonl").read_bytes().count(b"\n") if (self.run / "log.jsonl").exists() else 0

    @property
    def saved(self) -> list[int]:
        return sorted(int(path.name) for path in (self.run / "checkpoints").glob("[0-9]*"))

    @property
    def events(self) -> list[dict]:
        return [json.loads(line) for line in (self.run / "events.jsonl").read_text().splitlines()]


def test_a_closed_terminal_stops_the_run_as_a_signal_to_stop_does(tmp_path: Path) -> None:
    child = Child(tmp_path)
    child.until(lambda: child.logged > 2)
    child.send(signal.SIGHUP)
    assert child.end() == 130
    assert child.saved[-1] == child.logged and (child.run / "report.html").is_file()
    assert child.events[-1]["event"] == "stopped" and child.events[-1]["reason"] == "SIGHUP"
    assert f"stopped by SIGHUP at step {child.logged}, and saved" in child.said


def test_a_second_signal_says_which_checkpoint_is_kept(tmp_path: Path) -> None:
    child = Child(tmp_path)
    child.until(lambda: len(child.saved) > 1)
    child.send(signal.SIGINT)
    time.sleep(0.1)
    child.send(signal.SIGINT)
    assert child.end() == 130
    kept = child.saved[-1]
    kept_and_how = f"the checkpoint of step {kept} is kept; go on by `saddlepoint resume {child.run}`"
    assert f"stopped at once by SIGINT; {kept_and_how}" in child.said
    assert {"stopped", "interrupted"} & {event["event"] for event in child.events}
    assert main(["resume", str(child.run), "--steps", str(kept + 1)]) == 0


def test_a_signal_before_the_first_step_is_no_loss(tmp_path: Path) -> None:
    child = Child(tmp_path)
    child.until((child.run / "events.jsonl").exists)
    child.send(signal.SIGTERM)
    assert child.end() == 130
    assert child.saved == [child.logged] and "and saved; go on by" in child.said


def test_a_signal_before_there_is_anything_says_so(tmp_path: Path) -> None:
    child = Child(tmp_path, _signal_itself_at_the_first_data)
    assert child.end() == 130 and not child.run.exists()
    assert "interrupted before anything could be saved" in child.said


def _signal_itself_at_the_first_data() -> None:
    from saddlepoint.runs import opened

    def interrupted(recipe: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)

    opened.open_recipe_data = interrupted  # type: ignore[assignment]


# Standard error


def _read_no_more() -> None:
    reader, writer = os.pipe()
    os.dup2(writer, 2)
    os.close(reader)


def test_a_run_without_standard_error_goes_on_and_is_complete(tmp_path: Path) -> None:
    child = Child(tmp_path, _read_no_more)
    child.until(lambda: child.logged > 3)
    child.send(signal.SIGINT)
    assert child.end() == 130
    assert child.saved[-1] == child.logged and (child.run / "report.html").is_file()
    assert [event["event"] for event in child.events] == ["started", "standard error lost", "stop asked", "stopped"]


def test_a_terminal_that_goes_away_takes_nothing_with_it(tmp_path: Path) -> None:
    child = Child(tmp_path, _on_a_terminal_that_will_close)
    assert child.end() == 130
    assert child.saved[-1] == child.logged > 0 and (child.run / "report.html").is_file()
    assert {"standard error lost", "stopped"} <= {event["event"] for event in child.events}


def _on_a_terminal_that_will_close() -> None:
    """A terminal of its own for standard output and error; the other end is closed while the run trains."""
    import pty
    import threading

    from saddlepoint.training.records import console

    os.setsid()
    ours, its = pty.openpty()
    os.close(os.open(os.ttyname(its), os.O_RDWR))  # the first terminal that a session opens is the one it hangs by
    for descriptor in (1, 2):
        os.dup2(its, descriptor)
    os.close(its)

    def read_until_it_trains() -> None:
        while b"images/s" not in os.read(ours, 1 << 16):
            pass
        os.close(ours)

    threading.Thread(target=read_until_it_trains, daemon=True).start()
    assert console.Terminal(stderr=True).is_terminal
