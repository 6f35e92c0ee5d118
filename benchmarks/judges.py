"""Do the judges rank runs as the eye does? python -m benchmarks.judges orl_faces_400.parquet

The 400 ORL faces (rows 12 to 104, by Lanczos to 64x64 and then to 32x32), `images` with a rate of 5e-4 times 1, 2, 4
and 8, and times 4 with another seed: 650 steps of 64 images, one thread, about 80 CPU seconds each. Every run is judged
by efficientnet-lite0, hog and pixels, 400 samples against the 400 faces, beside the faces parted in two; whoever looks
at docs/pictures/judges.png, a row for each run, judges too. The record goes to docs/results/judges.json.
"""

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

import saddlepoint as sp
from benchmarks.faces import squares
from benchmarks.record import now
from saddlepoint.files import write_whole
from saddlepoint.sampling.pictures import grid, save_picture
from saddlepoint.training.machine.device import describe

RATE, STEPS, BATCH, COUNT = 5e-4, 650, 64, 400
# The steps that schedules were made for: these runs are the first part of a long one.
LENGTH = 10_000
PLAYERS = ("discriminator", "generator")
# Times the rate, and the seed.
RUNS = {"x1": (1, 0), "x2": (2, 0), "x4": (4, 0), "x4, seed 1": (4, 1), "x8": (8, 0)}
METRICS = ["frechet_distance", "kernel_distance", "precision", "recall", "coverage"]
SHOWN = 16


def _adam(rate: float) -> dict[str, Any]:
    """One rate for all weights, as `images` had it when these runs were made."""
    return {"equalised": "false", "rate.start": rate, "rate.end": RATE / 10, "rate.over": LENGTH}


def train(data: Path, out: Path, rate: float, seed: int) -> None:
    """Runs the command, where it was not run before."""
    settings = {
        **{f"{player}.{name}": value for player in PLAYERS for name, value in _adam(rate).items()},
        **{f"penalties.{name}.over": LENGTH for name in ("r1", "r2")},
        "training.batch": BATCH,
        "training.threads": 1,
        "training.device": "cpu",
        "data.hold_out": 0,
        "watch.evaluate_at_end": "null",
    }
    if (out / "checkpoints" / f"{STEPS:08d}").exists():
        return
    command = [sys.executable, "-m", "saddlepoint", "train", "images", "--data", str(data), "--out", str(out)]
    command += ["--seed", str(seed), "--stop-at", str(STEPS)]
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    subprocess.run([*command, *words], check=True)


def judged(run: Path) -> dict[str, dict[str, Any]]:
    """Judge -> metric -> value, interval and what real data scores."""
    found: dict[str, dict[str, Any]] = {}
    for features in ("efficientnet-lite0", "pixels"):
        for record in sp.evaluate(run, metrics=METRICS, features=features, count=COUNT):
            about = record["provenance"]
            baseline = {key: about["baseline"].get(key) for key in ("value", "interval", "samples")}
            row = {"value": record["value"], "interval": record["interval"], "real": baseline}
            found.setdefault(about["features"]["name"], {})[record["metric"]] = row
    return found


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.judges", description=__doc__)
    parser.add_argument("faces", type=Path, help="orl_faces_400.parquet")
    parser.add_argument(
        "--runs", type=Path, default=Path("runs/judges"), help="of data and runs; finished ones are kept"
    )
    parser.add_argument("--out", type=Path, default=Path("docs/results/judges.json"))
    parser.add_argument("--picture", type=Path, default=Path("docs/pictures/judges.png"))
    given = parser.parse_args(arguments)
    data = squares(given.faces, given.runs)[32]
    rows, shown = [], []
    for number, (name, (times, seed)) in enumerate(RUNS.items()):
        run = given.runs / str(number)
        train(data, run, times * RATE, seed)
        rows.append({"name": name, "rate": times * RATE, "seed": seed, "steps": STEPS, "judges": judged(run)})
        shown.append(sp.load(run, device="cpu").sample(SHOWN, seed=0))
        print(json.dumps(rows[-1]), flush=True)
    save_picture(grid(torch.cat(shown), columns=SHOWN), given.picture)
    # The file's own name only: where it stands on this machine is nobody else's concern.
    command = shlex.join(["python", "-m", "benchmarks.judges", given.faces.name])
    record = {"command": command, "date": now(), "machine": describe(torch.device("cpu")), "rows": rows}
    write_whole(given.out, (json.dumps(record, indent=1, allow_nan=False) + "\n").encode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
