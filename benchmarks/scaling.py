"""How the cost grows with the work: batch, size and width of images, and the number of images in a data set.

    python -m benchmarks.scaling [--device cpu|cuda] [--only PART ...] [--seconds S] [--items N ...] [--out FILE]

batch, size, width: the recipe dcgan-64 with the one number changed, through the trainer's own loop; images a second and
peak memory, each run a process of its own, three rounds. items: random images of 32x32 in the packed form,
memory-mapped; what one batch of 64 from the training order takes, and the memory that is the process's own (pages of
the mapped file are the system's, and are given back when somebody needs them); each number a process of its own. The
order of an epoch, which is in memory, is 16 bytes an image of it.
"""

import argparse
import json
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil

from benchmarks import speed_page
from benchmarks.record import default_path, now, read, record
from benchmarks.rows import Row
from benchmarks.turns import asked, interleaved

BATCHES = (16, 32, 64, 128, 256)
SIZES = (32, 64, 128, 256)
WIDTHS = (16, 32, 64, 128)
ITEMS = (1_000, 10_000, 100_000, 1_000_000)
# Of the runs in which another number grows.
BATCH, SIZE, WIDTH = 16, 64, 64
ROUNDS = 3
SHAPE, PIECE, PER_BATCH, PROBED = (3, 32, 32), 1000, 64, 200


def runs(part: str) -> dict[int, Row]:
    """What is trained for a part, by the number that grows."""

    def row(*, batch: int = BATCH, size: int = SIZE, width: int = WIDTH) -> Row:
        changes = (f"data.size={size}x{size}", f"networks.width={width}")
        shape = (3, size, size)
        return Row(name=f"{part} {batch} {size} {width}", recipe="dcgan-64", shape=shape, batch=batch, changes=changes)

    return {
        "batch": {number: row(batch=number) for number in BATCHES},
        "size": {number: row(size=number) for number in SIZES},
        "width": {number: row(width=number) for number in WIDTHS},
    }[part]


def trained(row: Row, device: str, seconds: float) -> dict[str, Any]:
    """Images a second and memory of a run, alone on the machine."""
    found = interleaved(row, ("ours",), device=device, seconds=seconds, rounds=ROUNDS, warm_up=seconds)["ours"]
    return {"images_per_s": median(found["images_per_s"]), "peak_memory_mb": found["peak_memory_mb"]}


def drawn(items: int) -> dict[str, Any]:
    """What batches of a mapped data set take, in this process."""
    from saddlepoint.data.packed import Packed
    from saddlepoint.data.storing import Facts, in_file
    from saddlepoint.tasks.kit.batches import ShuffledStream

    generator = np.random.default_rng(0)

    def blocks() -> Iterator[np.ndarray]:
        for start in range(0, items, PIECE):
            yield generator.integers(0, 256, (min(PIECE, items - start), *SHAPE), dtype=np.uint8)

    with tempfile.TemporaryDirectory() as folder:
        kept = Facts(kept=np.arange(items), skipped=(), notes=())
        stored = in_file(blocks, capacity=items, shape=SHAPE, cache=Path(folder), key="images", facts=lambda: kept)
        data = Packed(
            items=stored.items,
            labels=None,
            classes=(),
            kind="images",
            shape=SHAPE,
            fingerprint=stored.sha256,
            splits={"train": np.arange(items), "held_out": np.empty(0, np.int64)},
            split_rule="nothing held out",
            source="random",
        )
        data.batch([0])
        before = _own_memory()
        stream = ShuffledStream(data.splits["train"], 0, "real")
        began = time.perf_counter()
        stream.at(0, 1)
        epoch = time.perf_counter() - began
        seconds, highest = [], 0
        for index in range(PROBED):
            began = time.perf_counter()
            data.batch(stream.at(index * PER_BATCH % items, PER_BATCH))
            seconds.append(time.perf_counter() - began)
            highest = max(highest, _own_memory())
    return {
        "items": items,
        "seconds_per_batch": median(seconds),
        "slowest_batch": max(seconds),
        "seconds_per_epoch_order": epoch,
        "own_memory_mb": (highest - before) / 2**20,
    }


def _own_memory() -> int:
    """Bytes that belong to this process alone, mapped files left out; on other systems than Linux all that it has."""
    info = psutil.Process().memory_info()
    return info.rss - getattr(info, "shared", 0)


def main(arguments: Sequence[str]) -> int:
    parts = ("batch", "size", "width", "items")
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--only", nargs="+", choices=parts, default=list(parts), metavar="PART", help=", ".join(parts))
    parser.add_argument("--seconds", type=float, default=5.0, help="of a round (default 5)")
    parser.add_argument("--items", nargs="+", type=int, default=list(ITEMS), metavar="N", help="of the data sets")
    parser.add_argument("--drawn", type=int, metavar="N", help="measure a data set of N here and print it as JSON")
    parser.add_argument("--out", type=Path, default=None)
    given = parser.parse_args(arguments)
    if given.drawn is not None:
        print(json.dumps(drawn(given.drawn)))
        return 0
    out = given.out or default_path(given.device)
    for part in given.only:
        lines = []
        if part == "items":
            for items in given.items:
                lines.append(asked("benchmarks.scaling", "--drawn", str(items)))
                print(part, json.dumps(lines[-1]), flush=True)
        else:
            for number, row in runs(part).items():
                lines.append({part: number, **trained(row, given.device, given.seconds)})
                print(part, json.dumps(lines[-1]), flush=True)
        command = shlex.join(["python", "-m", "benchmarks.scaling", *arguments])
        measured = {"rows": lines, "date": now(), "command": command}
        record(out, scaling={**read(out).get("scaling", {}), part: measured})
    if given.out is None:
        speed_page.write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
