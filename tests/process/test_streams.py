"""Standard streams that nobody reads any more: nothing that writes to them fails, but a full disk behind an answer."""

import errno
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest
from rich.console import Console as Terminal

from saddlepoint.process.streams import Guarded, guarded_streams, standard_error
from saddlepoint.training.records.console import Console
from tests.training.games import image_game

ROOT = Path(__file__).resolve().parents[2]


def _without_reader() -> TextIO:
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w", buffering=1)


def _full() -> TextIO:
    return open("/dev/full", "w", buffering=1)


def _closed() -> TextIO:
    file = _full()
    os.close(file.fileno())
    return file


BROKEN = {"no reader": _without_reader, "full": _full, "closed": _closed, "none from the start": lambda: None}
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="the device that is always full is Linux's")


@contextmanager
def broken(kind: str) -> Iterator[None]:
    file = BROKEN[kind]()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "stderr", file)
        yield
    if file is not None:
        # Its descriptor leads to nowhere now, so that what is left in its buffer can be written.
        file.flush() if kind != "closed" else file.detach().detach()


@needs_full
@pytest.mark.parametrize("kind", BROKEN)
def test_whoever_writes_to_a_broken_standard_error_goes_on(kind: str) -> None:
    heard: list[str] = []
    with broken(kind), guarded_streams(), standard_error().telling(heard.append):
        Terminal(file=standard_error()).print("a line")  # type: ignore[arg-type]
        Terminal(stderr=True).print("a line")
        print("a line", file=sys.stderr)
        sys.stderr.flush()
        assert len(heard) == 1 and standard_error().lost == heard[0]


@needs_full
@pytest.mark.parametrize("kind", BROKEN)
def test_a_run_is_played_to_its_last_step(kind: str) -> None:
    with broken(kind):
        game = image_game()
        game.play(4, Console(4, game.state, refresh=0))
        assert game.state.step == 4 and standard_error().lost


def test_a_loss_before_the_listening_is_told_at_once_and_what_works_is_left_alone() -> None:
    heard: list[str] = []
    lost = Guarded(_without_reader())
    lost.write("x\n")
    with lost.telling(heard.append):
        assert heard == [os.strerror(errno.EPIPE)]
    file = io.StringIO()
    with Guarded(file).telling(heard.append):
        assert Guarded(file).write("whole") == 5
    assert file.getvalue() == "whole" and len(heard) == 1


def test_a_pipe_that_does_not_wait_may_lose_a_line_but_is_not_given_up() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with os.fdopen(writer, "w", buffering=1) as file:
        guarded = Guarded(file)
        for _ in range(100):
            guarded.write("x" * 1000 + "\n")
        assert guarded.lost is None
        os.set_blocking(reader, False)
        while len(os.read(reader, 1 << 16)) == 1 << 16:
            pass
        guarded.write("y\n")
        guarded.flush()
        assert os.read(reader, 1 << 16).endswith(b"y\n")
    os.close(reader)


def test_names_that_no_encoding_can_write_are_escaped(capfd: pytest.CaptureFixture[str]) -> None:
    with open(os.dup(1), "w", encoding="ascii") as file, pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "stdout", file)
        with guarded_streams():
            print("caf\xe9 \udcff")
    assert capfd.readouterr().out == "caf\\xe9 \\udcff\n"


def test_a_terminal_has_nothing_to_obey_in_an_answer(capfd: pytest.CaptureFixture[str]) -> None:
    with open(os.dup(1), "w", encoding="utf-8") as file, pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "stdout", file)
        with guarded_streams():
            print("runs/\x1b[31m\x9b2J\r\ncaf\xe9")
    assert capfd.readouterr().out == "runs/\\x1b[31m\\x9b2J\\r\ncaf\xe9\n"


# As a shell starts the command: what is said, the exit code, and nothing of Python's own at the end (code 120).


@needs_full
@pytest.mark.parametrize(
    ("redirected", "code", "said"),
    [
        ("trian 2>/dev/full", 2, ""),
        ("trian 2>&-", 2, ""),
        ("--version >/dev/full", 3, "No space left on device (standard output); make room"),
        ("--help >&-", 0, ""),
        ("--help | true", 0, ""),
    ],
)
def test_exit_codes_with_streams_that_are_gone(redirected: str, code: int, said: str) -> None:
    command = f"set -o pipefail; '{sys.executable}' -m saddlepoint {redirected}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": ""}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr.strip()) == (code, f"saddlepoint: {said}" if said else "")


def test_the_place_of_a_missing_stream_is_not_given_to_a_file() -> None:
    program = (
        "import os, sys\nfrom saddlepoint.process.streams import guarded_streams\n"
        "with guarded_streams():\n    print(open(os.devnull).fileno())\n    os.write(2, b'x')"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = f"'{sys.executable}' -c \"{program}\" 2>&- <&-"
    done = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, text=True, env=environment)
    assert done.returncode == 0 and int(done.stdout) > 2
