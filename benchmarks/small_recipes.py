"""Every small sibling of a published recipe, trained for two minutes: python -m benchmarks.small_recipes --data FOLDER

FOLDER holds cifar10/*.parquet (32-pixel GANs), faces/*.parquet (those for faces), paired/facades*.zip (translation) and
super_resolution/bsds*.zip. A run is the command itself, interrupted by SIGINT so many minutes after it began to train.
For each: are all logged numbers finite; does a player stand still (a gradient norm of 0 in each of its
last five steps; the hinge alone gives that now and then to a small batch); has D saturated (its loss'
own gradient is gone, seen in D's gradient norm); does G make one image whatever its input (the standard deviation over
samples, averaged over pixels, beside the data's)? The record goes to docs/results/small.json, a picture of what each
run makes to docs/pictures/NAME.png: the numbers do not replace looking at it.
"""

import argparse
import json
import math
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.record import now
from saddlepoint.data.pairs import ImagePairs
from saddlepoint.files import write_whole
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.tasks import open_recipe_data
from saddlepoint.recipes.text import override
from saddlepoint.runs.loading import load_task, refuse_left_out
from saddlepoint.sampling.pictures import grid, save_picture
from saddlepoint.training.machine.device import describe

SMALL = [name for name in RECIPES if name.endswith("-small")]
# Unconditional nets that were published on faces.
ON_FACES = {"dcgan-64-small", "wgan-64-small", "r3gan-64-small", "r3gan-256-small"}
PATTERNS = {"translation": "paired/facades*.zip", "cycle": "paired/facades*.zip", "super-resolution": "*/bsds*.zip"}
# What a recipe asks a person for beside data: without weights of VGG19, images are compared in pixels.
ASKED = {"srgan-x4-small": ["task.content=pixels"]}
# Below this share of the data's spread over images, G makes one image.
ONE_IMAGE = 0.05


def data_of(recipe: Recipe, folder: Path) -> Path:
    """The data that the recipe is trained on, out of the folder."""
    pattern = PATTERNS.get(recipe.task.kind)
    if pattern is None:
        pattern = "faces/*.parquet" if recipe.name in ON_FACES else "cifar10/*.parquet"
    found = sorted(folder.glob(pattern))
    if not found:
        raise SystemExit(f"{folder}: got nothing like {pattern}; expected the data named in --help; get it, or --only")
    return found[0]


def train(name: str, data: Path, out: Path, seconds: float, threads: int) -> float:
    """Starts the command, interrupts it after so many seconds of training, and gives the seconds that it trained.

    Raises:
        SystemExit: it ended otherwise than by its last step or by the signal.
    """
    settings = [f"training.threads={threads}", "training.device=cpu", "watch.log_every=1", *ASKED.get(name, [])]
    command = [sys.executable, "-m", "saddlepoint", "train", name, "--data", str(data), "--out", str(out)]
    process = subprocess.Popen([*command, *(word for each in settings for word in ("--set", each))])
    while process.poll() is None and not (out / "events.jsonl").exists():
        time.sleep(0.1)
    began = time.monotonic()
    while process.poll() is None and time.monotonic() - began < seconds:
        time.sleep(0.1)
    trained = time.monotonic() - began
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    if process.wait() not in (0, 130):
        raise SystemExit(f"{name} ended with {process.returncode}; expected 0, or 130 for the signal; see {out}")
    return trained


def looked_at(name: str, run: Path, data: Path, picture: Path) -> dict[str, Any]:
    """The numbers of a run that ended; what it makes is drawn into `picture`, without the data's own images."""
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    values = [value for line in lines for value in _leaves(line)]
    norms = {
        player: [line["gradient_norms"][player] for line in lines if player in line["gradient_norms"]]
        for player in lines[-1]["gradient_norms"]
    }
    made, real = _made_and_real(run, data)
    save_picture(grid(made), picture)
    spread, reference = (float(images.std(0).mean()) for images in (made, real))
    finite = all(math.isfinite(value) for value in values)
    still = [player for player, values in norms.items() if max(values[-5:]) == 0.0]
    return {
        "name": name,
        "data": data.name,
        "steps": lines[-1]["step"],
        "of": RECIPES[name].training.steps,
        "images_per_s": round(sorted(line["images_per_s"] for line in lines)[len(lines) // 2], 2),
        "finite": finite,
        "standing_still": still,
        "gradient_norms": {player: values[-1] for player, values in norms.items()},
        "outputs": lines[-1].get("outputs", {}),
        "spread": spread,
        "spread_of_data": reference,
        "alive": finite and not still and spread > ONE_IMAGE * reference,
    }


def _leaves(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    # What is not finite is written as null.
    return [math.nan if value is None else float(value)]


def _made_and_real(run: Path, data: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """What the run makes for its own pictures, and as many images of the data, both in [0, 1]."""
    loaded = load_task(run, left_out=refuse_left_out(run), device="cpu")
    recipe = override(loaded.recipe, [f"data.source={json.dumps(str(data))}"])
    opened = open_recipe_data(recipe)
    planned = kind_of(recipe).pictures(recipe, loaded.task, loaded.found, opened)
    assert planned is not None
    networks = {network: module for player in loaded.task.players for network, module in player.networks.items()}
    with torch.no_grad():
        made = loaded.task.sample(networks, planned.request)
    packed = opened.targets if isinstance(opened, ImagePairs) else opened
    return made, packed.batch(packed.splits["train"][: len(made)])[0].float() / 255


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.small_recipes", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of all the data")
    parser.add_argument("--minutes", type=float, default=2.0, help="of training, for each recipe")
    parser.add_argument("--only", choices=SMALL, nargs="+", help="these recipes")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    parser.add_argument("--runs", type=Path, default=Path("runs/small"), help="where the runs go")
    parser.add_argument("--out", type=Path, default=Path("docs/results/small.json"))
    parser.add_argument("--pictures", type=Path, default=Path("docs/pictures"))
    given = parser.parse_args(arguments)
    rows: dict[str, dict[str, Any]] = {}
    if given.out.exists():
        rows = {row["name"]: row for row in json.loads(given.out.read_text(encoding="utf-8"))["rows"]}
    for name in given.only or SMALL:
        data, run = data_of(RECIPES[name], given.data), given.runs / name
        if run.exists():
            raise SystemExit(f"{run}: got a run; expected no such folder; move it away, or name another with --runs")
        trained = train(name, data, run, 60 * given.minutes, given.threads)
        row = {
            **looked_at(name, run, data, given.pictures / f"{name}.png"),
            "seconds": round(trained, 1),
            "threads": given.threads,
            "date": now(),
        }
        rows[name] = row
        # The folder's own name only: where it stands on this machine is nobody else's concern.
        command = shlex.join(["python", "-m", "benchmarks.small_recipes", "--data", given.data.name])
        record = {
            "command": command,
            "date": now(),
            "machine": describe(torch.device("cpu")),
            "rows": [rows[name] for name in SMALL if name in rows],
        }
        write_whole(given.out, (json.dumps(record, indent=1, allow_nan=False) + "\n").encode())
        print(json.dumps(row), flush=True)
    return 0 if all(row["alive"] for row in rows.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
