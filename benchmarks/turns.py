"""Processes that are measured: two sides taking turns, each training while the other waits, and single answers."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any

from benchmarks.rows import Row

ROOT = Path(__file__).resolve().parents[1]


def asked(module: str, *arguments: str) -> Any:
    """The JSON that a module of ours prints, in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", module, *arguments]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return json.loads(answer.stdout.splitlines()[-1])


class Side:
    """A running `benchmarks.side`; a context manager."""

    def __init__(self, side: str, row: Row, device: str, warm_up: float):
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.side", side, "--row", row.to_json()]
        self.name = f"{row.name}, {side}"
        self._process = subprocess.Popen(
            [*command, "--device", device, "--warm-up", str(warm_up)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def __enter__(self) -> "Side":
        return self

    def answer(self) -> dict[str, Any]:
        """The next answer; the first one comes by itself."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended with exit code {self._process.wait()}; its message stands above")
        return json.loads(line)

    def round(self, seconds: float) -> dict[str, Any]:
        """Trains for at least so many seconds."""
        return self._told(f"{seconds}\n")

    def end(self) -> dict[str, Any]:
        """Ends it, and gives its memory."""
        return self._told("\n")

    def _told(self, line: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(line)
        self._process.stdin.flush()
        return self.answer()

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            self._process.kill()
        self._process.communicate()


def interleaved(
    row: Row, sides: Sequence[str], *, device: str, seconds: float, rounds: int, warm_up: float
) -> dict[str, dict[str, Any]]:
    """Images a second of each side's rounds, and its memory, by side.

    Args:
        row: what is trained.
        sides: which; every other round has them in reverse, so that none is always the first.
        device: cpu or cuda.
        seconds: of a round, at least; whole iterations.
        rounds: of each side.
        warm_up: seconds before the first round.
    """
    speeds: dict[str, list[float]] = {side: [] for side in sides}
    with ExitStack() as stack:
        running = {}
        for side in sides:
            # One warms up after the other, so that neither is warmed beside the other's start.
            running[side] = stack.enter_context(Side(side, row, device, warm_up))
            running[side].answer()
        for index in range(rounds):
            for side in sides if index % 2 == 0 else reversed(sides):
                done = running[side].round(seconds)
                speeds[side].append(done["images"] / done["seconds"])
        memory = {side: running[side].end()["peak_memory_mb"] for side in sides}
    return {side: {"images_per_s": speeds[side], "peak_memory_mb": memory[side]} for side in sides}


def compared(row: Row, found: dict[str, dict[str, Any]], operations: float, peak: float) -> dict[str, Any]:
    """A row of the table; its ratio is the median of the rounds' ratios.

    Args:
        row: the row.
        found: what `interleaved` gave.
        operations: of an image.
        peak: 1e9 operations a second of the machine's matrix product, at its fastest precision.
    """
    ours, reference = (found[side]["images_per_s"] for side in ("ours", "reference"))
    ratios = sorted(one / other for one, other in zip(ours, reference, strict=True))
    gflops = median(ours) * operations / 1e9
    return {
        "name": row.name,
        "recipe": row.recipe,
        "batch": row.batch,
        "changes": list(row.changes),
        "images_per_s": median(ours),
        "reference_images_per_s": median(reference),
        "ratio": median(ratios),
        "ratio_range": [ratios[0], ratios[-1]],
        "gflop_per_image": operations / 1e9,
        "gflops": gflops,
        "reference_gflops": median(reference) * operations / 1e9,
        "fraction_of_peak": gflops / peak,
        "peak_memory_mb": found["ours"]["peak_memory_mb"],
        "reference_peak_memory_mb": found["reference"]["peak_memory_mb"],
        "rounds": {"images_per_s": ours, "reference_images_per_s": reference},
    }
