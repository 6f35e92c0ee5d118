"""One run of so many CPU minutes, judged: its samples beside the set, by two judges that have little in common.

The budget is in seconds of the processor, all threads and what begins a run included: so a busy machine, which takes
longer, makes the same run. A step's cost is measured first, on steps of a run that is thrown away; from it follow the
steps, and the horizons of all schedules with them.
"""

import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch

import saddlepoint as sp
from benchmarks.record import now
from saddlepoint.recipes.catalogue import recipe_named
from saddlepoint.recipes.horizons import begun_with
from saddlepoint.sampling.pictures import grid, save_picture
from saddlepoint.training.machine.device import describe, versions
from saddlepoint.training.observers import Observer, Record
from saddlepoint.training.state import State

# Steps whose cost is looked at, after those in which kernels are chosen and memory is found.
_FIRST, _LOOKED_AT = 5, 20
# Nothing but the end is written: how often pictures are made is a person's choice and costs the same for all.
_QUIET = {
    "watch.sample_every": 10**6,
    "watch.checkpoint_every": 10**6,
    "watch.evaluate_at_end": None,
    "training.threads": 1,
    "training.device": "cpu",
}
# The second, histograms of oriented gradients, always stands beside it.
JUDGE = "efficientnet-lite0"
METRICS = ("frechet_distance", "kernel_distance", "precision", "recall", "coverage")


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What is trained.

    Attributes:
        candidate: the name of the settings.
        recipe: that they change.
        settings: of it, by dotted key.
        set: the name of the data.
        place: where that is.
        minutes: of the processor.
        seed: of the run.
    """

    candidate: str
    recipe: str
    settings: Mapping[str, Any]
    set: str
    place: Path
    minutes: float
    seed: int


class _Clock(Observer):
    def __init__(self) -> None:
        self.times: list[float] = []

    def step(self, state: State, record: Record) -> None:
        self.times.append(time.process_time())


def played(trial: Trial, out: Path, samples: int) -> dict[str, Any]:
    """The trial's row: what was trained, for how long, and what the judges say. The run and its grid stay in `out`.

    Args:
        trial: what is trained.
        out: the run's folder, new.
        samples: made and judged, beside as many of the set.
    """
    before, a_step = _cost(trial)
    began = time.process_time()
    steps = max(1, round((60 * trial.minutes - before) / a_step))
    run = _train(trial, out, steps)
    spent = time.process_time() - began
    made = sp.load(run).sample(samples, seed=1)
    save_picture(grid(made[:64]), out / "grid.png")
    return {
        "candidate": trial.candidate,
        "recipe": trial.recipe,
        "settings": dict(trial.settings),
        "set": trial.set,
        "minutes": trial.minutes,
        "seed": trial.seed,
        "steps": steps,
        "images": run.log()[-1]["images"],
        "cpu_seconds": round(spent, 1),
        "judged": judged(made, trial.place, samples),
        "date": now(),
        "machine": {**describe(torch.device("cpu")), **versions()},
    }


def judged(made: torch.Tensor, place: Path, samples: int) -> dict[str, dict[str, Any]]:
    """By judge and metric: value, interval, and what real data scores."""
    found: dict[str, dict[str, Any]] = {}
    for result in sp.evaluate((made, place), metrics=METRICS, features=JUDGE, count=samples):
        about = result["provenance"]
        of_judge = found.setdefault(about["features"]["name"], {})
        of_judge[result["metric"]] = {
            "value": result["value"],
            "interval": result["interval"],
            "real": about["baseline"],
        }
    return found


def _train(trial: Trial, out: Path, steps: int, observers: tuple[Observer, ...] = ()) -> sp.Run:
    recipe = begun_with(recipe_named(trial.recipe), [f"training.steps={steps}"])
    return sp.train(
        recipe,
        data=trial.place,
        out=out,
        seed=trial.seed,
        set={**_QUIET, "data.hold_out": 0.0, **trial.settings},
        show=False,
        observers=observers,
    )


def _cost(trial: Trial) -> tuple[float, float]:
    """Seconds of the processor before the first step, and of a step."""
    clock = _Clock()
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        _train(trial, Path(folder) / "run", _FIRST + _LOOKED_AT, (clock,))
    times = clock.times[_FIRST - 1 :]
    return clock.times[0] - began, statistics.median(after - before for before, after in pairwise(times))
