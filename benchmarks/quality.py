"""Does quality pay for speed? Recipes trained with all fast paths and with none, over several seeds, and measured.

    python -m benchmarks.quality --only toy mnist --data DIR --classifier RUN [--seeds 5] [--threads 1] [--out FILE]

`--data` is where MNIST lies and `--classifier` a run of the recipe classifier on it, whose features the Frechet
distance is taken in. "All" has bfloat16, and G's step goes on with what D's was shown, in recipes too that would not do
so by themselves; "none" is float32 with draws of its own for each step, channels first, double backward, two calls of
D, the plain steps of torch, an allocator left alone. Nothing is compiled. Each pair of runs has a seed; both are noisy,
so that the difference of their means is set beside the spread over the seeds. A run that is recorded is not made again.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import speed_page
from benchmarks.record import QUALITY, now, read, record

NONE = {
    "training.precision": "float32",
    "training.channels_last": False,
    "training.tangent_penalties": False,
    "training.share_forwards": False,
    "training.joint_scoring": False,
    "training.fused_steps": False,
    "training.keep_memory": False,
}
# bfloat16 and shared draws also where a recipe alone would not take them.
ALL = {"training.precision": "bfloat16", "dynamics.share_draws": True}
WAYS: dict[str, dict[str, Any]] = {"all": ALL, "none": NONE}
METRICS = {"toy": ("toy_high_quality_share", "toy_modes_hit", "toy_modes_reverse_kl"), "mnist": ("frechet_distance",)}
# 2,500 of the recipe's 5,000 steps: half of its schedule, and quality enough to be lost.
STEPS = {"toy": 4000, "mnist": 2500}


def measured(
    recipe: str, way: str, seed: int, *, threads: int, data: str | None, classifier: str | None
) -> dict[str, Any]:
    """One run, from its first step to its metrics."""
    import saddlepoint as sp

    with tempfile.TemporaryDirectory() as folder:
        run = sp.train(
            recipe,
            data=data if recipe == "mnist" else None,
            out=Path(folder) / "run",
            steps=STEPS[recipe],
            seed=seed,
            set={**WAYS[way], "training.threads": threads, "watch.sample_every": STEPS[recipe]},
            show=False,
        )
        seconds = run.log()[-1]["seconds"]
        # On MNIST's test split, which no run has seen.
        options: dict[str, Any] = {}
        if recipe == "mnist":
            options = {"features": f"classifier:{classifier}", "reference": "test"}
        found = sp.evaluate(run, metrics=METRICS[recipe], count=5000, **options)
    return {
        "recipe": recipe,
        "way": way,
        "seed": seed,
        "steps": STEPS[recipe],
        "threads": threads,
        "values": {result["metric"]: result["value"] for result in found},
        "seconds": seconds,
        "date": now(),
    }


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=METRICS, default=list(METRICS), metavar="RECIPE")
    parser.add_argument("--data", help="MNIST")
    parser.add_argument("--classifier", help="a run of the recipe classifier on it")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=QUALITY)
    given = parser.parse_args(arguments)
    if "mnist" in given.only and not (given.data and given.classifier):
        parser.error("mnist needs --data and --classifier")
    for recipe in given.only:
        for seed in range(given.seeds):
            for way in WAYS:
                runs = read(given.out).get("runs", [])
                if any((r["recipe"], r["way"], r["seed"]) == (recipe, way, seed) for r in runs):
                    continue
                run = measured(recipe, way, seed, threads=given.threads, data=given.data, classifier=given.classifier)
                print(recipe, way, seed, run["values"], f"{run['seconds']:.0f} s", flush=True)
                record(given.out, runs=[*runs, run], processors=os.cpu_count())
    print("\n".join(speed_page.quality_table(read(given.out)["runs"])))
    if given.out == QUALITY:
        speed_page.write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
