"""python -m benchmarks.normalisation [--data ...] [--activation ...] [--steps N] [--seeds N] [--out FILE] [--judge]

Makes the runs of the design that are not recorded yet, writing after each setting, so that it may be stopped and called
again; then prints the judgement of the hypotheses and, for the recorded file of the project, writes the page's tables
and pictures. All runs take about an hour of one core.
"""

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.normalisation import page, results
from benchmarks.normalisation.design import ACTIVATIONS, DATA, SEEDS, STEPS, Cell, cells
from benchmarks.normalisation.judging import lines
from benchmarks.normalisation.outcomes import Measured
from benchmarks.record import now
from saddlepoint.training.machine.device import describe, versions


def groups(chosen: Sequence[Cell], seeds: int, known: results.Table) -> dict[Cell, list[int]]:
    """The seeds of each cell that are to be run, together."""
    found = {cell: [seed for seed in range(seeds) if (cell, seed) not in known] for cell in chosen}
    return {cell: missing for cell, missing in found.items() if missing}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.normalisation", description=(__doc__ or "").split("\n\n")[1]
    )
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--activation", nargs="+", choices=ACTIVATIONS, default=list(ACTIVATIONS))
    parser.add_argument("--steps", type=int, default=STEPS, help="of each player")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="of each setting")
    parser.add_argument("--out", type=Path, default=results.PATH, help="what is recorded, and gone on with")
    parser.add_argument("--judge", action="store_true", help="make no runs")
    given = parser.parse_args(arguments)
    record = results.read(given.out)
    if record.get("steps", given.steps) != given.steps:
        parser.error(f"{given.out} holds runs of {record['steps']} steps, --steps is {given.steps}; name another --out")
    chosen = [cell for cell in cells() if cell.data in given.data and cell.activation in given.activation]
    todo = {} if given.judge else groups(chosen, given.seeds, results.table(record["runs"]))
    for index, (cell, missing) in enumerate(todo.items()):
        began = time.process_time()
        record["runs"] += made(cell, missing, given.steps)
        seconds = time.process_time() - began
        record |= {
            "command": shlex.join(["python", "-m", "benchmarks.normalisation", *arguments]),
            "date": now(),
            "machine": {**describe(torch.device("cpu")), **versions()},
            "seconds": round(record.get("seconds", 0.0) + seconds, 1),
            "steps": given.steps,
            "columns": results.COLUMNS,
        }
        results.write(given.out, record)
        print(f"{index + 1} of {len(todo)}: {cell}, {len(missing)} runs, {seconds:.1f} s", flush=True)
    print("\n".join(lines(results.table(record["runs"]))))
    if given.out == results.PATH:
        page.write(record)
    return 0


def made(cell: Cell, seeds: Sequence[int], steps: int) -> list[list[Any]]:
    """The runs of a cell, as they are written."""
    measured = Measured(cell, seeds, steps)
    return [results.rows_of(cell, seed, measured.outcomes(index)) for index, seed in enumerate(seeds)]


if __name__ == "__main__":
    # The runs are too small for more.
    torch.set_num_threads(1)
    sys.exit(main(sys.argv[1:]))
