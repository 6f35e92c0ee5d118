"""One side of a row in a process of its own: it trains for so many seconds whenever it is told to.

    python -m benchmarks.side ours|reference --row JSON [--device cpu|cuda] [--warm-up S]

It reads a number of seconds from each line of its standard input, trains for at least so long in whole iterations, and
answers with a line of JSON, {"images", "seconds", "iterations"}; the first answer comes by itself, after the warm-up.
At the end of its input it answers {"peak_memory_mb"} and ends. Between rounds it waits, so that two sides can take
turns.

Ours is a run as `saddlepoint train` starts it: its own threads, precision and fast paths; only its folder is thrown
away. Memory is what the process has at its highest above what it has when everything is imported (on CUDA what torch
has allocated at its highest on the device); the data and the networks count.
"""

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import torch

from benchmarks import random_data
from benchmarks.rows import Row, recipe_of

# Of the warm-up: torch looks for algorithms, and a compiled step is compiled.
LEAST_ITERATIONS = 2


class Enough(BaseException):
    """There are no more rounds. No Exception, so that a run takes it for nobody's failure."""


class Rounds:
    """Counts iterations into rounds, and answers for each."""

    def __init__(self, device: torch.device, warm_up: float):
        self.device = device
        _forget_highest()
        self.before = psutil.Process().memory_info().rss
        self._begin(warm_up, LEAST_ITERATIONS)

    def _begin(self, seconds: float, iterations: int) -> None:
        self._synchronise()
        self.wanted, self.least = seconds, iterations
        self.images = self.iterations = 0
        self.began = time.perf_counter()

    def count(self, images: int) -> None:
        """Notes an iteration; where it ends the round, answers, and waits for the next."""
        self.images += images
        self.iterations += 1
        if self.iterations < self.least or time.perf_counter() - self.began < self.wanted:
            return
        self._synchronise()
        seconds = time.perf_counter() - self.began
        _answer({"images": self.images, "seconds": seconds, "iterations": self.iterations})
        line = sys.stdin.readline()
        if not line.strip():
            _answer({"peak_memory_mb": self._peak() / 2**20})
            raise Enough
        self._begin(float(line), 1)

    def _synchronise(self) -> None:
        # An asynchronous device has iterations under way that no clock here has seen.
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def _peak(self) -> float:
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated(self.device)
        return highest_resident() - self.before


def highest_resident() -> int:
    """Bytes; of this process alone. Linux's ru_maxrss would include what the parent had when it started this one."""
    if sys.platform == "linux":
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _forget_highest() -> None:
    """Where the system can, the highest resident size begins anew: what imports took for a moment is not training's."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _answer(content: dict[str, Any]) -> None:
    print(json.dumps(content), flush=True)


def _warm_imports() -> None:
    """torch imports its compiler with the first optimizer; that is no memory of a recipe's."""
    parameter = torch.nn.Parameter(torch.zeros(1))
    parameter.grad = torch.zeros(1)
    torch.optim.Adam([parameter]).step()


def train_ours(row: Row, device: torch.device, rounds: Callable[[], Rounds]) -> None:
    """The row's recipe, played by the trainer's own loop."""
    from saddlepoint.runs.opened import FromPython
    from saddlepoint.runs.session import start
    from saddlepoint.training.observers import Observer, Record
    from saddlepoint.training.state import State

    class Clock(Observer):
        def __init__(self, rounds: Rounds):
            self.rounds, self.images = rounds, 0

        def step(self, state: State, record: Record) -> None:
            images, self.images = state.images - self.images, state.images
            self.rounds.count(images)

    recipe = recipe_of(row, device.type)
    clock = Clock(rounds())
    brought = FromPython(data=random_data.data(row))
    with tempfile.TemporaryDirectory() as folder:
        start(recipe, Path(folder) / "run", from_python=brought, show=False, observers=[clock])


def train_reference(row: Row, device: torch.device, rounds: Callable[[], Rounds]) -> None:
    """The row's reference."""
    from benchmarks.references import REFERENCES

    counting = rounds()
    labels = random_data.labels(row)
    options = dict(row.options)
    if row.pairs:
        options["sources"] = torch.from_numpy(random_data.images(row, 1)).to(device)
    training = REFERENCES[row.reference](
        torch.from_numpy(random_data.images(row)).to(device),
        None if labels is None else torch.from_numpy(labels).to(device),
        batch=row.batch,
        **options,
    )
    while True:
        counting.count(training.iteration())


SIDES = {"ours": train_ours, "reference": train_reference}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.side")
    parser.add_argument("side", choices=SIDES)
    parser.add_argument("--row", type=Row.from_json, required=True)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--warm-up", type=float, default=1.0)
    given = parser.parse_args(arguments)
    device = torch.device(given.device)
    torch.manual_seed(0)
    _warm_imports()
    try:
        SIDES[given.side](given.row, device, lambda: Rounds(device, given.warm_up))
    except Enough:
        return 0
    raise AssertionError("the training ended before it was told to")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
