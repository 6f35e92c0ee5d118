"""Synthetic run folders: what a trainer leaves behind, made from the contract of docs/architecture.md alone."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from saddlepoint.report import figures
from saddlepoint.sampling.pictures import grid, save_picture

# As it is when this file is read, before any test begins.
_DRAW = figures._draw

RECIPE = {
    "format": 1,
    "name": "digits",
    "summary": "Handwritten digits.",
    "seed": 7,
    "objective": "non_saturating",
    "training": {"steps": 100, "batch": 64},
    "command": "saddlepoint train digits --seed 7",
    "started": "2026-01-02T03:04:05+00:00",
    "machine": {"processor": "A CPU", "cores": 2, "threads": 1, "device": "cpu"},
    "versions": {"python": "3.11.0", "torch": "2.13.0"},
    "found": {"source": "digits", "kind": "images", "shape": [1, 8, 8], "fingerprint": "abcdef"},
}
FINISHED = (
    {"time": "2026-01-02T03:04:05+00:00", "event": "started", "step": 0, "until": 100},
    {"time": "2026-01-02T03:05:05+00:00", "event": "finished", "step": 100, "reason": None},
)
PARZEN = {
    "metric": "parzen_log_likelihood",
    "value": 225.125,
    "interval": [221.5, 228.75],
    "provenance": {"target": "nats", "version": 1, "samples": 10000, "reference": {"split": "test"}, "deviations": []},
}


def log_line(step: int) -> dict[str, Any]:
    return {
        "step": step,
        "images": 64 * step,
        "losses": {
            "discriminator": {"f1": -0.6, "f2": -0.7, "r1": 0.01 * step, "total": 1.3 + 0.01 * step},
            "generator": {"f3": -0.8, "total": 0.8},
        },
        "outputs": {"real": 0.6, "fake": 0.4},
        "gradient_norms": {"discriminator": 1.0 + step, "generator": 2.0},
        "settings": {"discriminator.rate": 2e-4 * (1 - step / 200), "generator.rate": 2e-4},
        "images_per_s": 5000.0,
        "seconds": 0.5 * step,
    }


def jsonl(records: Iterable[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


MakeRun = Callable[..., Path]


@pytest.fixture(scope="module", autouse=True)
def pages_with_curves(pages_without_curves: None) -> Iterator[None]:
    """Elsewhere they are left out of the pages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "_draw", _DRAW)
        yield


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Makes a run folder; each part can be replaced, and None leaves the file out."""

    def make(
        name: str = "digits-1",
        *,
        recipe: str | Mapping[str, Any] | None = RECIPE,
        log: str | Iterable[Mapping[str, Any]] | None = tuple(log_line(step) for step in range(10, 101, 10)),
        events: str | Iterable[Mapping[str, Any]] | None = FINISHED,
        metrics: str | Iterable[Mapping[str, Any]] | None = (PARZEN,),
        findings: str | Iterable[Mapping[str, Any]] | None = None,
        probes: str | Iterable[Mapping[str, Any]] | None = None,
        samples: Iterable[int] = (50, 100),
    ) -> Path:
        run = tmp_path / "runs" / name
        run.mkdir(parents=True)
        if recipe is not None:
            text = recipe if isinstance(recipe, str) else yaml.safe_dump(dict(recipe), sort_keys=False)
            (run / "recipe.yaml").write_text(text, encoding="utf-8")
        files = {"log": log, "events": events, "metrics": metrics, "findings": findings, "probes": probes}
        for file, lines in files.items():
            if lines is not None:
                (run / f"{file}.jsonl").write_text(lines if isinstance(lines, str) else jsonl(lines), encoding="utf-8")
        for step in samples:
            image = np.full((4, 1, 8, 8), (step % 250) / 255, np.float32)
            save_picture(grid(image), run / "samples" / f"{step:08d}.png")
        return run

    return make
