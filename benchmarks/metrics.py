"""Frechet distance, kernel distance and precision, recall, density, coverage: ours beside torchmetrics and prdc.

    python -m benchmarks.metrics [--rows 10000] [--dimensions 2048] [--repetitions 3] [--out FILE]

Every measurement runs in a process of its own on the same float32 features, the programs taking turns. Seconds are
those of the metric alone; memory is the highest resident size while it runs, above that just before it, when the
features are there. Ours gives intervals in that time, theirs do not.
"""

import argparse
import contextlib
import io
import json
import platform
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil
import torch

from saddlepoint.files import write_whole
from saddlepoint.metrics.frechet import frechet
from saddlepoint.metrics.kernel import kernel_distance, kernel_distance_of_subsets
from saddlepoint.metrics.neighbours import neighbours

Values = dict[str, float]


def features(rows: int, dimensions: int, seed: int) -> np.ndarray:
    """Positive and skewed, with a spectrum that falls over three decades, as those of a classifier do."""
    generator = np.random.default_rng(seed)
    mixing = np.random.default_rng(7).standard_normal((dimensions, dimensions)).astype(np.float32)
    scales = np.geomspace(1.0, 0.03, dimensions, dtype=np.float32) / dimensions**0.5
    values = (generator.standard_normal((rows, dimensions), dtype=np.float32) * scales) @ mixing
    return np.maximum(values + 0.05 * (seed - 1), 0.0)


class _Vectors(torch.nn.Module):
    def __init__(self, dimensions: int):
        super().__init__()
        self.num_features = dimensions

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images


def _updated(metric: Any, made: np.ndarray, real: np.ndarray) -> Any:
    for table, is_real in ((real, True), (made, False)):
        for part in torch.from_numpy(table).split(1000):
            metric.update(part, real=is_real)
    return metric


def torchmetrics_frechet(made: np.ndarray, real: np.ndarray) -> Values:
    from torchmetrics.image.fid import FrechetInceptionDistance

    metric = FrechetInceptionDistance(feature=_Vectors(made.shape[1]))
    return {"frechet_distance": float(_updated(metric, made, real).compute())}


def torchmetrics_kernel(made: np.ndarray, real: np.ndarray) -> Values:
    from torchmetrics.image.kid import KernelInceptionDistance

    size = min(1000, len(made) // 2)
    metric = KernelInceptionDistance(feature=_Vectors(made.shape[1]), subset_size=size)
    return {"kernel_distance": float(_updated(metric, made, real).compute()[0])}


def prdc_neighbours(made: np.ndarray, real: np.ndarray) -> Values:
    from prdc import compute_prdc

    with contextlib.redirect_stdout(io.StringIO()):
        return {name: float(value) for name, value in compute_prdc(real, made, 5).items()}


def our_frechet(made: np.ndarray, real: np.ndarray) -> Values:
    return {"frechet_distance": frechet(made, real, provenance={}).value}


def our_kernel(made: np.ndarray, real: np.ndarray) -> Values:
    return {"kernel_distance": kernel_distance(made, real, provenance={}).value}


def our_kernel_of_subsets(made: np.ndarray, real: np.ndarray) -> Values:
    size = min(1000, len(made) // 2)
    return {"kernel_distance": kernel_distance_of_subsets(made, real, provenance={}, subset_size=size).value}


def our_neighbours(made: np.ndarray, real: np.ndarray) -> Values:
    return {name: result.value for name, result in neighbours(made, real, provenance={}).items()}


PROGRAMS: dict[str, Callable[[np.ndarray, np.ndarray], Values]] = {
    "ours.frechet": our_frechet,
    "torchmetrics.frechet": torchmetrics_frechet,
    "ours.kernel": our_kernel,
    "ours.kernel_of_subsets": our_kernel_of_subsets,
    "torchmetrics.kernel": torchmetrics_kernel,
    "ours.neighbours": our_neighbours,
    "prdc.neighbours": prdc_neighbours,
}
# What is set against what; subsets against subsets is the same work, blocks are how ours measures by default.
PAIRS = (
    ("ours.frechet", "torchmetrics.frechet"),
    ("ours.kernel", "torchmetrics.kernel"),
    ("ours.kernel_of_subsets", "torchmetrics.kernel"),
    ("ours.neighbours", "prdc.neighbours"),
)


@contextlib.contextmanager
def _watched(peak: dict[str, float]) -> Iterator[None]:
    """Highest resident size while it lasts, in MiB above what was there before."""
    process, done = psutil.Process(), threading.Event()
    before = process.memory_info().rss
    highest = before

    def look() -> None:
        nonlocal highest
        while not done.wait(0.002):
            highest = max(highest, process.memory_info().rss)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        peak["peak_memory_mb"] = (max(highest, process.memory_info().rss) - before) / 2**20


def measured(program: str, rows: int, dimensions: int) -> dict[str, Any]:
    """One run of one program, in this process."""
    made, real = features(rows, dimensions, 2), features(rows, dimensions, 1)
    # Modules are imported, and threads started, before the clock starts.
    PROGRAMS[program](made[:100, :16].copy(), real[:100, :16].copy())
    peak: dict[str, float] = {}
    with _watched(peak):
        started = time.perf_counter()
        values = PROGRAMS[program](made, real)
        seconds = time.perf_counter() - started
    return {"program": program, "seconds": seconds, **peak, "values": values}


def compared(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians of each program, and each pair's ratios."""
    medians = {
        program: {
            key: median(run[key] for run in runs if run["program"] == program) for key in ("seconds", "peak_memory_mb")
        }
        for program in PROGRAMS
    }
    values = {run["program"]: run["values"] for run in runs}
    rows = [
        {
            "ours": ours,
            "theirs": theirs,
            "seconds_ratio": medians[ours]["seconds"] / medians[theirs]["seconds"],
            "memory_ratio": medians[ours]["peak_memory_mb"] / medians[theirs]["peak_memory_mb"],
            "differences": {name: values[ours][name] - value for name, value in values[theirs].items()},
        }
        for ours, theirs in PAIRS
    ]
    kinds = ("frechet", "kernel", "neighbours")
    ours = sum(medians[f"ours.{kind}"]["seconds"] for kind in kinds)
    theirs = sum(medians[program]["seconds"] for program in medians if not program.startswith("ours."))
    return {"medians": medians, "pairs": rows, "together": {"ours_s": ours, "theirs_s": theirs, "ratio": ours / theirs}}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.metrics", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--dimensions", type=int, default=2048)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/metrics-results.json"))
    parser.add_argument("--program", choices=PROGRAMS, help="measure this one here and print it as JSON")
    given = parser.parse_args(arguments)
    if given.program is not None:
        print(json.dumps(measured(given.program, given.rows, given.dimensions)))
        return 0
    size = ["--rows", str(given.rows), "--dimensions", str(given.dimensions)]
    runs = []
    for repetition in range(given.repetitions):
        for program in PROGRAMS:
            command = [sys.executable, "-W", "ignore", "-m", "benchmarks.metrics", *size, "--program", program]
            answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            runs.append({"repetition": repetition, **json.loads(answer.splitlines()[-1])})
            print(f"{program:24} {runs[-1]['seconds']:8.2f} s {runs[-1]['peak_memory_mb']:8.0f} MiB", flush=True)
    found = compared(runs)
    for row in found["pairs"]:
        print(
            f"{row['ours']:24} / {row['theirs']:22} time {row['seconds_ratio']:.3f}  memory {row['memory_ratio']:.3f}"
        )
    print(f"together: {found['together']['ratio']:.3f} of their time")
    record = {
        "command": shlex.join(["python", "-m", "benchmarks.metrics", *arguments]),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "processor": platform.machine(),
            "threads": torch.get_num_threads(),
            "load_average": psutil.getloadavg(),
            "torch": torch.__version__,
        },
        "rows": given.rows,
        "dimensions": given.dimensions,
        **found,
        "runs": runs,
    }
    write_whole(given.out, (json.dumps(record, indent=1, allow_nan=False) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
