"""Does it pay to begin small? Faces at 64 x 64: grown from 32 x 32 against from nothing, in equal processor time.

    python -m benchmarks.growing FACES WORK [--seeds 0,1,2]     FACES: a .parquet with a column `image`; WORK: for runs

The squares are those of `benchmarks/faces.py`, the settings those of `images`. A run is ended by an interrupt when its
process has used its box of processor seconds, start included. `grown`: 60 s at 32 x 32, then 90 s at
64 x 64 with `--from`; `afresh`: 150 s at 64 x 64; `enlarged`: the first 60 s of `grown`, each pixel of its pictures
repeated 2 x 2. Each is judged by 400 samples against the 400 pictures, in the features that `evaluate` has by default.
What a run has left in WORK is not made again; beside each stands a grid to look at. The record goes to
docs/results/growing.json, and from there into docs/results.md.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.faces import squares
from benchmarks.record import now
from saddlepoint.files import write_whole
from saddlepoint.training.machine.device import describe, device_named, versions

# Processor seconds at the smaller size, and at the larger one after it.
SMALL, LARGE = 60.0, 90.0
SETTINGS = ("data.hold_out=0", "training.threads=1")
COUNT = 400
METRICS = "frechet_distance,kernel_distance,precision,recall,coverage"


def train(work: Path, name: str, side: int, seed: int, seconds: float, source: Path | None = None) -> Path:
    """A run of `images` that is interrupted after so many processor seconds."""
    run = work / name
    if (run / "report.html").exists():
        return run
    command = ["train", "images", "--data", str(work / f"faces-{side}"), "--out", str(run), "--seed", str(seed)]
    command += [part for setting in SETTINGS for part in ("--set", setting)]
    command += ["--from", str(source)] if source is not None else []
    with (work / f"{name}.txt").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "saddlepoint", *command], stdout=subprocess.DEVNULL, stderr=said
        )
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            used = watched.cpu_times()
            if used.user + used.system >= seconds:
                process.send_signal(signal.SIGINT)
                break
            time.sleep(0.05)
        if process.wait() != 130:
            raise SystemExit(f"{name} ended by itself, with code {process.returncode}: see {said.name}")
    return run


def sample(run: Path) -> Path:
    """400 samples of a run, beside it."""
    out = run.parent / f"{run.name}.npz"
    if not out.exists():
        _saddlepoint("sample", str(run), "--count", str(COUNT), "--seed", "0", "--out", str(out))
        _saddlepoint("sample", str(run), "--count", "64", "--seed", "0", "--out", str(out.with_suffix(".png")))
    return out


def enlarge(samples: Path) -> Path:
    """Each pixel repeated 2 x 2."""
    out = samples.with_name(samples.stem + "-enlarged.npz")
    with np.load(samples) as stored:
        np.savez_compressed(out, images=stored["images"].repeat(2, axis=-2).repeat(2, axis=-1))
    return out


def judge(samples: Path, work: Path) -> dict[str, list[dict[str, Any]]]:
    """What `evaluate` says of samples, by the features that it judges in."""
    kept = samples.with_suffix(".judged.json")
    if not kept.exists():
        data = str(work / "faces-64")
        answer = _saddlepoint("evaluate", "--samples", str(samples), "--data", data, "--metrics", METRICS, "--json")
        kept.write_text(answer, encoding="utf-8")
    found: dict[str, list[dict[str, Any]]] = {}
    for row in json.loads(kept.read_text(encoding="utf-8")):
        about = row["provenance"]
        numbers = {"value": row["value"], "interval": row["interval"], "real": about["baseline"]["value"]}
        found.setdefault(about["features"]["name"], []).append({"metric": row["metric"], **numbers})
    return found


def steps(run: Path) -> int:
    """How many it has made."""
    return int((run / "log.jsonl").read_text(encoding="utf-8").splitlines()[-1].partition('"step": ')[2].split(",")[0])


def _saddlepoint(*arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", "saddlepoint", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"saddlepoint {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growing")
    parser.add_argument("faces", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--only-train", action="store_true", help="judge later")
    parser.add_argument("--out", type=Path, default=Path("docs/results/growing.json"))
    given = parser.parse_args(arguments)
    squares(given.faces, given.work)
    made: list[tuple[str, int, list[Path], Path]] = []
    for seed in map(int, given.seeds.split(",")):
        small = train(given.work, f"small-{seed}", 32, seed, SMALL)
        grown = train(given.work, f"grown-{seed}", 64, seed, LARGE, source=small)
        afresh = train(given.work, f"afresh-{seed}", 64, seed, SMALL + LARGE)
        made += [
            ("grown", seed, [small, grown], sample(grown)),
            ("afresh", seed, [afresh], sample(afresh)),
            ("enlarged", seed, [small], enlarge(sample(small))),
        ]
    if given.only_train:
        return
    rows = []
    for way, seed, runs, samples in made:
        counted = [steps(run) for run in runs]
        for features, metrics in judge(samples, given.work).items():
            rows.append({"way": way, "seed": seed, "steps": counted, "features": features, "metrics": metrics})
    machine = {**describe(device_named("cpu")), **versions()}
    about = {
        "command": f"python -m benchmarks.growing FACES WORK --seeds {given.seeds}",
        "date": now(),
        "machine": machine,
    }
    box = {"small": SMALL, "large": LARGE, "afresh": SMALL + LARGE}
    record = {**about, "settings": SETTINGS, "processor_seconds": box, "samples": COUNT, "rows": rows}
    write_whole(given.out, (json.dumps(record, indent=1, allow_nan=False) + "\n").encode())


if __name__ == "__main__":
    main()
