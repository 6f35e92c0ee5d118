"""The end of a run: it is evaluated and seen beside its data, changes no bit by that, and never fails of it."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import saddlepoint as sp
from saddlepoint.recipes.kinds.generation import GenerationKind
from saddlepoint.training.observers import Observer
from saddlepoint.training.requests import Stop

# 20 samples, for which 400 images have to be shown: in batches of 64 the seventh step has done so.
SMALL = {"training.device": "cpu", "networks.width": 8, "watch.evaluate_at_end": 20, "watch.samples": 16}


def train(out: Path, steps: int = 7, **more: Any) -> Path:
    settings = {**SMALL, **more.pop("set", {})}
    return sp.train("digits", out=out, steps=steps, set=settings, show=False, **more).path


def lines(run: Path, name: str) -> list[dict[str, Any]]:
    file = run / name
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_a_run_ends_with_an_evaluation_that_changes_no_bit_and_goes_when_it_goes_on(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole", 9)
    plain = train(tmp_path / "plain", 9, set={"watch.evaluate_at_end": None})
    parts = train(tmp_path / "parts", 9, stop_at=7)
    assert {line["provenance"]["step"] for line in lines(parts, "metrics.jsonl")} == {7}
    sp.resume(parts, show=False)
    measured = lines(whole, "metrics.jsonl")
    assert {line["provenance"]["step"] for line in measured} == {9} and measured == lines(parts, "metrics.jsonl")
    assert {"value", "interval"} <= measured[0]["provenance"]["baseline"].keys() and not lines(plain, "metrics.jsonl")
    weights = [load_file(run / "checkpoints" / "00000009" / "networks.safetensors") for run in (whole, plain, parts)]
    for name, tensor in weights[0].items():
        assert all(torch.equal(tensor, other[name]) for other in weights[1:]), name
    # Of the average's weights, as `evaluate` measures them.
    (again,) = sp.evaluate(whole, metrics=["frechet_distance"], count=20, features="pixels")
    assert measured[0]["metric"] == "frechet_distance" and again["value"] == measured[0]["value"]


def test_real_images_and_the_nearest_stand_beside_the_samples(tmp_path: Path) -> None:
    run = train(tmp_path / "run", 1)
    pictures = [Image.open(file).size for file in (run / "samples" / "00000001.png", run / "beside" / "real.png")]
    assert pictures[0] == pictures[1]
    (told,) = lines(run, "beside/nearest.json")
    assert len(told["distances"]) == 8 and told["step"] == 1 and told["held_out"] > 0 and min(told["distances"]) > 0
    # A step is too short a run to be measured.
    assert not lines(run, "metrics.jsonl") and lines(run, "events.jsonl")[-1]["event"] == "finished"


class Asks(Observer):
    def __init__(self, reason: str):
        self.reason = reason

    def begin(self, game: Any, control: Any) -> None:
        self.control = control

    def step(self, state: Any, record: Any) -> None:
        if record.step == 7:
            self.control.ask(Stop(reason=self.reason))


def test_a_signal_is_not_kept_waiting_and_any_other_stop_is_evaluated(tmp_path: Path) -> None:
    stopped = {why: train(tmp_path / why, 9, observers=[Asks(why)]) for why in ("SIGINT", "asked")}
    assert {why: bool(lines(run, "metrics.jsonl")) for why, run in stopped.items()} == {"SIGINT": False, "asked": True}
    assert all((run / "beside" / "nearest.png").is_file() for run in stopped.values())


def test_a_signal_during_the_evaluation_leaves_it_out_and_the_run_is_whole(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(GenerationKind, "generated_samples", lambda *given, **more: os.kill(os.getpid(), signal.SIGINT))
    run = train(tmp_path / "run")
    kinds = [event["event"] for event in lines(run, "events.jsonl")]
    assert kinds[-2:] == ["finished", "no evaluation"] and not lines(run, "metrics.jsonl")
    assert (run / "report.html").is_file() and lines(run, "events.jsonl")[-1]["reason"] == "stopped by SIGINT"


@pytest.mark.parametrize("count", [4, 30])
def test_what_cannot_be_evaluated_is_said_on_one_line(tmp_path: Path, count: int, capfd) -> None:
    images = [torch.rand(1, 8, 8) for _ in range(count)]
    run = sp.train("digits", data=images, out=tmp_path / "run", steps=8, set=SMALL).path
    said = [line for line in capfd.readouterr().err.splitlines() if line.startswith("no evaluation")]
    assert len(said) == 1 and "to measure samples against" in said[0] and not lines(run, "metrics.jsonl")
