"""What the diagnosis costs: the processor time of its looks over that of the training that they look at.

    python -m benchmarks.diagnosis_cost [--only SETTING ...] [--steps N] [--repeats N] [--out FILE]

Each setting is a run as `saddlepoint train` starts it, on one thread, with `watch.diagnosis=advise`. Beside every
iteration the clock of the process is read before and after the diagnosis, so that both are measured in the same seconds
of the same run, whatever else the machine does; making its fixed items ready counts with the looks. A run is played as
it is in its first 1,000 steps, and one as if these were over; of the repeats the median and the range are told.
"""

import argparse
import gc
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks import random_data, speed_page
from benchmarks.record import DIAGNOSIS_COST, merged, now, read, record
from benchmarks.rows import Row
from saddlepoint.diagnosis.spacing import Spacing
from saddlepoint.recipes.catalogue import recipe_named
from saddlepoint.recipes.text import override
from saddlepoint.runs import diagnosing
from saddlepoint.runs.diagnosing import Diagnosis
from saddlepoint.runs.opened import FromPython
from saddlepoint.runs.session import start
from saddlepoint.training.observers import Observer, Record
from saddlepoint.training.state import State

# Of a run, before anything is counted: torch looks for algorithms, and imports.
WARM_UP = 50


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is trained.

    Attributes:
        name: of the line.
        recipe, changes: as after `saddlepoint train` and `--set`.
        shape: of the random images that it trains on; None for the recipe's own data.
        classes: of their labels.
        steps: of a run, a multiple of 400, unless the command says otherwise.
    """

    name: str
    recipe: str
    changes: tuple[str, ...] = ()
    shape: tuple[int, int, int] | None = None
    classes: int = 0
    steps: int = 800


_MNIST = (1, 28, 28)
SETTINGS = (
    Setting(name="toy", recipe="toy"),
    Setting(name="digits, MLP", recipe="digits", changes=("networks.pair=mlp",)),
    Setting(name="digits, narrow MLP", recipe="digits", changes=("networks.pair=mlp", "networks.width=128")),
    Setting(name="digits, DCGAN", recipe="digits"),
    Setting(name="MNIST, MLP", recipe="mnist", changes=("networks.pair=mlp", "networks.width=256"), shape=_MNIST),
    Setting(name="MNIST, introductory", recipe="mnist-intro", changes=("data.hold_out=0.1",), shape=_MNIST),
    Setting(name="32 x 32, R3GAN, batch 8", recipe="r3gan-32-small", shape=(3, 32, 32), classes=10, steps=400),
)
NAMES = [setting.name for setting in SETTINGS]
SPACINGS = {"early": Spacing(), "later": Spacing(early=0)}


class Clock(Observer):
    """The processor time at the end of each iteration; it is asked last."""

    def __init__(self) -> None:
        self.at: dict[int, float] = {}

    def step(self, state: State, record: Record) -> None:
        self.at[record.step] = time.process_time()


@contextmanager
def counted() -> Iterator[dict[int, float]]:
    """Inside, the seconds that the diagnosis takes after each step are kept; at 0 those of its beginning."""
    taken: dict[int, float] = {}
    begin, step = Diagnosis.__init__, Diagnosis.step

    def begins(self: Diagnosis, *given: Any, **named: Any) -> None:
        began = time.process_time()
        begin(self, *given, **named)
        taken[0] = time.process_time() - began

    def looks(self: Diagnosis, state: State, record: Record) -> None:
        # Read twice, for reading the clock takes as long as most iterations' looks, which look at nothing.
        before, began = time.process_time(), time.process_time()
        step(self, state, record)
        taken[record.step] = time.process_time() - began - (began - before)

    with patch.object(Diagnosis, "__init__", begins), patch.object(Diagnosis, "step", looks):
        yield taken


def share(setting: Setting, spacing: Spacing, steps: int) -> tuple[float, float]:
    """The diagnosis' part of the time without it, and that time in ms of an iteration."""
    fixed = ("training.threads=1", "watch.diagnosis=advise", "augment={}", f"training.steps={steps}")
    recipe = override(recipe_named(setting.recipe), (*setting.changes, *fixed))
    clock = Clock()
    gc.collect()
    with tempfile.TemporaryDirectory() as folder, counted() as taken, patch.object(diagnosing, "SPACING", spacing):
        start(recipe, Path(folder) / "run", from_python=_brought(setting), show=False, observers=[clock])
    looks = sum(taken[step] for step in range(WARM_UP + 1, steps + 1))
    whole = clock.at[steps] - clock.at[WARM_UP]
    training = (whole - looks) / (steps - WARM_UP)
    # Its beginning is shared by the steps that it comes before, of which the first thousand are the fewest.
    return (looks / (steps - WARM_UP) + taken[0] / 1000) / training, 1e3 * training


def _brought(setting: Setting) -> FromPython:
    if setting.shape is None:
        return FromPython()
    data = random_data.packed(Row(name="", recipe="", shape=setting.shape, batch=64, classes=setting.classes))
    train, held_out = np.split(data.splits["train"], [-128])
    return FromPython(data=replace(data, splits={"train": train, "held_out": held_out}))


def measured(setting: Setting, steps: int, repeats: int) -> dict[str, Any]:
    """A line of the table."""
    found = {name: [share(setting, each, steps) for _ in range(repeats)] for name, each in SPACINGS.items()}
    times = [ms for runs in found.values() for _, ms in runs]
    return {
        "name": setting.name,
        "recipe": setting.recipe,
        "changes": list(setting.changes),
        "steps": steps,
        "iteration_ms": median(times),
        **{name: median(part for part, _ in runs) for name, runs in found.items()},
        **{f"{name}_range": [min(runs)[0], max(runs)[0]] for name, runs in found.items()},
    }


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.diagnosis_cost")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="SETTING", help="; ".join(NAMES))
    parser.add_argument("--steps", type=int, help="of each run (default 800, of the large networks 400)")
    parser.add_argument("--repeats", type=int, default=3, help="of each run (default 3)")
    parser.add_argument("--out", type=Path, default=None, help="instead of the recorded figures and docs/speed.md")
    given = parser.parse_args(arguments)
    out = given.out or DIAGNOSIS_COST
    command = shlex.join(["python", "-m", "benchmarks.diagnosis_cost", *arguments])
    for setting in SETTINGS:
        if setting.name in given.only:
            line = {**measured(setting, given.steps or setting.steps, given.repeats), "command": command, "date": now()}
            print(speed_page.cost_line(line), flush=True)
            # After every line, so that an interrupted table keeps what it has.
            record(out, rows=merged(read(out).get("rows", []), [line], NAMES))
    if given.out is None:
        speed_page.write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
