"""Where the time of a row's step goes: the shares of its kinds of operations, by torch's profiler, for both sides.

    python -m benchmarks.profile [--device cpu|cuda] [--only ROW ...] [--out FILE]

Each side is profiled in a process of its own, over whole iterations after a warm-up. What an operation does by itself
counts for its kind; what is no operation of torch's (Python, drawing, the calling of functions) is the rest of the
time that passes.
"""

import argparse
import contextlib
import json
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import speed_page
from benchmarks.record import default_path, merged, now, read, record
from benchmarks.rows import ROWS, Row
from benchmarks.turns import asked

NAMES = [row.name for row in ROWS]
# By what an operation's name contains; the first kind that fits has it.
KINDS = {
    "products": ("convolution", "conv", "addmm", "::mm", "bmm", "matmul", "linear"),
    "normalisation": ("norm",),
    "optimizer": ("adam", "sgd", "rmsprop", "_foreach_lerp", "_foreach_mul", "_foreach_add"),
    "copies": ("copy", "clone", "cat", "contiguous", "fill", "zero", "empty", "pad", "index", "resize"),
    "maps": (
        "relu",
        "tanh",
        "sigmoid",
        "add",
        "mul",
        "sub",
        "div",
        "pool",
        "upsample",
        "sum",
        "mean",
        "threshold",
        "clamp",
    ),
}
WARM_UP = 2


class Enough(BaseException):
    """What was to be profiled has been. No Exception, so that a run takes it for nobody's failure."""


def kind(name: str) -> str:
    """The kind of an operation, by its name."""
    lowered = name.lower()
    return next((each for each, parts in KINDS.items() if any(part in lowered for part in parts)), "others")


class Profiled:
    """In the place of the clock of `benchmarks.side`: it profiles what comes after the warm-up."""

    def __init__(self, seconds: float) -> None:
        from torch.profiler import ProfilerActivity, profile

        self.iterations, self.least = 0, seconds
        self.profiler = profile(activities=[ProfilerActivity.CPU])

    def count(self, images: int) -> None:
        self.iterations += 1
        if self.iterations == WARM_UP:
            self.profiler.__enter__()
            self.began = time.perf_counter()
        elif self.iterations > WARM_UP and time.perf_counter() - self.began > self.least:
            self.seconds = time.perf_counter() - self.began
            self.profiler.__exit__(None, None, None)
            raise Enough


def profiled(row: Row, side: str, device: str, seconds: float = 2.0) -> dict[str, Any]:
    """Shares of the time that passes, by kind; milliseconds of an iteration."""
    import torch

    from benchmarks.side import SIDES

    rounds = Profiled(seconds)
    with contextlib.suppress(Enough):
        SIDES[side](row, torch.device(device), lambda: rounds)  # type: ignore[arg-type,return-value]
    shares = dict.fromkeys([*KINDS, "others"], 0.0)
    for average in rounds.profiler.key_averages():
        shares[kind(average.key)] += average.self_cpu_time_total / 1e6 / rounds.seconds
    shares["outside"] = max(0.0, 1.0 - sum(shares.values()))
    return {"shares": shares, "ms": 1e3 * rounds.seconds / (rounds.iterations - WARM_UP)}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="ROW", help=", ".join(NAMES))
    parser.add_argument("--side", help="profile this side here and print it as JSON")
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args(arguments)
    rows = [row for row in ROWS if row.name in given.only]
    if given.side:
        print(json.dumps(profiled(rows[0], given.side, given.device)))
        return 0
    out = given.out or default_path(given.device)
    for row in rows:
        options = ("--device", given.device, "--only", row.name)
        line: dict[str, Any] = {"name": row.name, "date": now()}
        for side in ("ours", "reference"):
            line[side] = asked("benchmarks.profile", *options, "--side", side)
        print(json.dumps(line), flush=True)
        before = read(out).get("profile", {}).get("rows", [])
        command = shlex.join(["python", "-m", "benchmarks.profile", *arguments])
        record(out, profile={"rows": merged(before, [line], NAMES), "command": command})
    if given.out is None:
        speed_page.write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
