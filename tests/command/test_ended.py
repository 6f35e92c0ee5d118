"""What is answered for a run that has ended."""

from pathlib import Path

import pytest

from saddlepoint.api.run import Run
from saddlepoint.command.ended import ended


def test_paths_are_written_as_the_folder_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = Run(path=tmp_path / "runs" / "a", step=3, stopped=None)
    assert ended(run, "runs/a").json["report"] == "runs/a/report.html"
    assert ended(run, str(run.path)).json["report"] == str(run.path / "report.html")
    answer = ended(run, None)
    assert answer.code == 0 and answer.text == "done: 3 steps\nreport:  runs/a/report.html"


def test_a_run_that_a_signal_stopped_ends_with_130_and_another_stop_does_not(tmp_path: Path) -> None:
    codes = {why: ended(Run(path=tmp_path, step=3, stopped=why), None) for why in ("SIGTERM", "a request")}
    assert {why: answer.code for why, answer in codes.items()} == {"SIGTERM": 130, "a request": 0}
    assert codes["SIGTERM"].text.startswith("stopped by SIGTERM at step 3, and saved; go on by: saddlepoint resume ")
