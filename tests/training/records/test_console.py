"""Progress: plain lines where the output is no terminal; a bar, losses by term and D's outputs where it is one."""

import io
import re
import time
from pathlib import Path

import pytest
from rich.console import Console as Terminal

from saddlepoint.training.observers import Observer, Record
from saddlepoint.training.records.console import Console
from saddlepoint.training.state import State
from tests.training.games import bilinear_game, image_game


def shown(
    terminal: bool, steps: int = 4, refresh: float = 0.0, start: int = 0, pictures: Path | None = None, width: int = 160
) -> str:
    """What a run of the small image game writes."""
    file = io.StringIO()
    game = image_game().play(start)
    console = Terminal(file=file, force_terminal=terminal, width=width, color_system=None)
    game.play(steps, Console(steps, game.state, pictures, console, refresh=refresh))
    return file.getvalue()


def test_without_a_terminal_each_update_is_a_plain_line() -> None:
    lines = shown(terminal=False).splitlines()
    assert len(lines) == 4 and "\x1b" not in "".join(lines)
    number = r"-?\d+\.\d{3}"
    for step, line in enumerate(lines, 1):
        assert re.fullmatch(
            rf"step {step}/4  [\d,]+ images/s  D\(real\) {number}  D\(fake\) {number}"
            rf"  discriminator {number} \(f1 {number}, f2 {number}\)  generator {number} \(f3 {number}\)  \d+ s left",
            line,
        ), line


def test_a_line_is_never_broken_by_the_width() -> None:
    file = io.StringIO()
    game = image_game()
    game.play(1, Console(1, game.state, terminal=Terminal(file=file, force_terminal=False, width=20), refresh=0))
    assert len(file.getvalue().splitlines()) == 1


def test_between_updates_nothing_is_written_but_the_last_step_is() -> None:
    lines = shown(terminal=False, refresh=1000).splitlines()
    assert len(lines) == 1 and lines[0].startswith("step 4/4") and lines[0].endswith("  0 s left")


def test_plain_lines_come_more_rarely_than_updates_of_a_terminal() -> None:
    state = bilinear_game().state
    plain, live = (
        Console(9, state, terminal=Terminal(force_terminal=terminal), refresh=0.5).refresh for terminal in (False, True)
    )
    assert plain == 20 * live == 10


def test_a_terminal_shows_progress_losses_by_term_outputs_and_the_time_left() -> None:
    text = shown(terminal=True)
    assert "4/4" in text and "images/s" in text
    assert re.search(r"D\(real\) 0\.\d{3} +D\(fake\) 0\.\d{3}", text)
    assert re.search(r"discriminator \d+\.\d{3} \(f1 -\d+\.\d{3}, f2 -\d+\.\d{3}\)", text)
    assert re.search(r"generator -?\d+\.\d{3} \(f3 -?\d+\.\d{3}\)", text)
    assert re.search(r"4/4 +0 s left", text)


def test_a_terminal_is_left_with_its_cursor() -> None:
    text = shown(terminal=True)
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l"), "hidden while the bar moves, shown again at the end"


def test_a_resumed_run_counts_from_where_it_stands() -> None:
    assert shown(terminal=False, steps=5, start=3).startswith("step 4/5")


@pytest.mark.parametrize("terminal", [False, True])
def test_a_game_without_outputs_is_shown_too(terminal: bool) -> None:
    file = io.StringIO()
    game = bilinear_game()
    game.play(2, Console(2, game.state, terminal=Terminal(file=file, force_terminal=terminal, width=120), refresh=0))
    assert "2/2" in file.getvalue() and "D(" not in file.getvalue()


@pytest.mark.parametrize("terminal", [False, True])
def test_the_newest_picture_is_named_as_one_would_open_it(
    terminal: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "png" not in shown(terminal, pictures=tmp_path / "run" / "samples")
    (tmp_path / "run" / "samples").mkdir(parents=True)
    for step in (0, 25, 100):
        (tmp_path / "run" / "samples" / f"{step:08d}.png").write_bytes(b"picture")
    monkeypatch.chdir(tmp_path)
    assert "run/samples/00000100.png" in shown(terminal, pictures=tmp_path / "run" / "samples")
    monkeypatch.chdir(tmp_path / "run" / "samples")
    text = shown(terminal, pictures=tmp_path / "run" / "samples", width=400)
    assert "00000100.png" in text and "samples/0" not in text
    monkeypatch.chdir("/")
    # Also where a name looks like markup.
    (tmp_path / "[red]a").mkdir()
    (tmp_path / "[red]a" / "00000001.png").write_bytes(b"picture")
    assert f"{tmp_path}/[red]a/00000001.png"[1:] in shown(terminal, pictures=tmp_path / "[red]a", width=400)


def test_the_time_left_is_told_in_hours_and_minutes_by_the_recent_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    file, game = io.StringIO(), bilinear_game()
    console = Console(1000, game.state, terminal=Terminal(file=file, force_terminal=False), refresh=1)

    class Watch(Observer):
        """Iterations of 4 s, and from the 100th on of half a second."""

        def step(self, state: State, record: Record) -> None:
            clock[0] += 4 if record.step < 100 else 0.5
            console.step(state, record)

    game.play(400, Watch())
    lines = file.getvalue().splitlines()
    said = {int(re.findall(r"step (\d+)/", line)[0]): line.rsplit("  ", 1)[-1] for line in lines}
    assert said[5] == "1 h 06 min left"
    # What was slow a minute ago is forgotten by then.
    assert said[400] == "5 min left"


def test_closing_without_a_step_is_harmless() -> None:
    file = io.StringIO()
    Console(2, bilinear_game().state, terminal=Terminal(file=file, force_terminal=True)).close()
    assert file.getvalue() == ""
