"""Training speed: our recipes beside plain eager float32 PyTorch of the same recipes (`benchmarks/references/`).

    python -m benchmarks.training [--device cpu|cuda] [--only ROW ...] [--seconds S] [--rounds N] [--out FILE]

Each row trains on random uint8 images that are in memory, ours through the trainer's own loop with the settings that a
person gets, the reference as it is written. Both are processes of their own that take turns, so that what else the
machine does falls on both; figures are medians of the rounds. `benchmarks/work.py` says how operations are counted, and
`benchmarks/machine.py` what they are set against.
"""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import speed_page
from benchmarks.record import default_path, merged, now, read, record
from benchmarks.rows import ROWS
from benchmarks.turns import asked, compared, interleaved

NAMES = [row.name for row in ROWS]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, metavar="ROW", help=", ".join(NAMES))
    parser.add_argument("--seconds", type=float, default=10.0, help="of a round (default 10)")
    parser.add_argument("--rounds", type=int, default=5, help="of each side (default 5)")
    parser.add_argument("--warm-up", type=float, default=5.0, metavar="SECONDS")
    parser.add_argument("--out", type=Path, default=None, help="instead of the recorded figures and docs/speed.md")
    given = parser.parse_args(arguments)
    out = given.out or default_path(given.device)

    machine = asked("benchmarks.machine", "--device", given.device)
    operations = asked("benchmarks.work", *given.only)
    peak = max(machine["float32_gflops"], machine["bfloat16_gflops"])
    print(f"matrix product: {machine['float32_gflops']:.0f} GF/s float32, {machine['bfloat16_gflops']:.0f} bfloat16")
    command = shlex.join(["python", "-m", "benchmarks.training", *arguments])
    print(speed_page.HEADER)
    for row in ROWS:
        if row.name not in given.only:
            continue
        found = interleaved(
            row,
            ("ours", "reference"),
            device=given.device,
            seconds=given.seconds,
            rounds=given.rounds,
            warm_up=given.warm_up,
        )
        line = compared(row, found, operations[row.name], peak)
        line |= {"peak_gflops": peak, "date": now(), "load_average": os.getloadavg()}
        print(speed_page.line(line), flush=True)
        # After every row, so that an interrupted table keeps what it has.
        rows = merged(read(out).get("training", []), [line], NAMES)
        record(out, training=rows, machine=machine, command=command)
    if given.out is None:
        speed_page.write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
