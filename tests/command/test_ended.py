"""What is answered for a run that has ended: where things are, how good they are, what to do next."""

import json
from pathlib import Path

import pytest

from saddlepoint.api.run import Run
from saddlepoint.command.ended import ended

MEASURED = {
    "metric": "frechet_distance",
    "value": 146.0,
    "interval": [137.0, 157.0],
    "provenance": {
        "step": 3,
        "samples": 180,
        "features": {"name": "seen"},
        "baseline": {"value": 31.0, "interval": [23.0, 44.0], "samples": 180, "same_counts": True},
    },
}


def folder(path: Path, event: str, *, planned: int = 3) -> Path:
    path.mkdir(parents=True)
    recipe = {"task": {"kind": "generation"}, "data": {"source": "digits"}, "training": {"steps": planned}}
    (path / "recipe.yaml").write_text(json.dumps(recipe))
    (path / "events.jsonl").write_text(json.dumps({"event": event, "step": 3}) + "\n")
    return path


def test_paths_are_written_as_the_folder_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = Run(path=folder(tmp_path / "runs" / "a", "finished"), step=3, stopped=None)
    assert ended(run, "runs/a").json["report"] == "runs/a/report.html"
    assert ended(run, str(run.path)).json["report"] == str(run.path / "report.html")
    answer = ended(run, None)
    assert answer.code == 0 and answer.text.splitlines()[:2] == ["done: 3 steps", "report:  runs/a/report.html"]
    assert "next:    saddlepoint evaluate runs/a" in answer.text


def test_the_number_stands_beside_real_data_and_says_what_next(tmp_path: Path) -> None:
    path = folder(tmp_path / "a", "finished")
    (path / "metrics.jsonl").write_text(json.dumps(MEASURED) + "\n")
    answer = ended(Run(path=path, step=3, stopped=None), None)
    assert "quality: distance from the data 146; real in their place: 31 (by seen)" in answer.text
    (quality,) = answer.json["quality"]
    assert quality["features"] == "seen" and quality["frechet_distance"]["real"] == 31.0
    assert answer.json["next"][0]["command"].endswith("--steps 6") and "train longer" in answer.json["next"][0]["why"]
    # A number of an earlier step is none of this end.
    assert ended(Run(path=path, step=5, stopped=None), None).json["quality"] == []


def test_a_run_that_a_signal_stopped_ends_with_130_and_another_stop_does_not(tmp_path: Path) -> None:
    path = folder(tmp_path / "a", "stopped", planned=10)
    answers = {why: ended(Run(path=path, step=3, stopped=why), None) for why in ("SIGTERM", "a request")}
    assert {why: answer.code for why, answer in answers.items()} == {"SIGTERM": 130, "a request": 0}
    said = answers["SIGTERM"].text
    assert said.startswith("stopped by SIGTERM at step 3, and saved; go on by: saddlepoint resume ")
    assert said.count("saddlepoint resume") == 1
