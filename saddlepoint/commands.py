"""What each verb of the command line does. Answers go to standard output, progress to standard error."""

import argparse
import json
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saddlepoint.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

    from saddlepoint.api import Gan, Run

SIGNAL_EXIT = 130


def train(chosen: argparse.Namespace, command: str) -> int:
    from saddlepoint import api

    if chosen.steps is not None and chosen.steps < 1:
        raise UserError(f"--steps {chosen.steps}", "1 or more", "give the total number of steps")
    run = api.train(
        chosen.recipe,
        data=chosen.data,
        out=chosen.out,
        steps=chosen.steps,
        seed=chosen.seed,
        device=chosen.device,
        objective=chosen.objective,
        weights_from=chosen.weights_from,
        set=chosen.set,
        command=command,
    )
    return _ended(run, chosen.json)


def resume(chosen: argparse.Namespace, command: str) -> int:
    from saddlepoint import api

    return _ended(api.resume(chosen.run, steps=chosen.steps, data=chosen.data), chosen.json)


def sample(chosen: argparse.Namespace, command: str) -> int:
    if chosen.seeds is not None and (chosen.count is not None or chosen.seed is not None):
        raise UserError(
            "--seeds together with --count or --seed", "one way to choose", "use --seeds, or --count and --seed"
        )
    from saddlepoint import api
    from saddlepoint.sampling.latents import parse_seeds

    seeds = parse_seeds(chosen.seeds) if chosen.seeds is not None else None
    count, seed = chosen.count if chosen.count is not None else 64, chosen.seed or 0
    name = f"seeds{chosen.seeds}" if seeds is not None else f"seed{seed}-count{count}"
    label = f"-label{chosen.label}" if chosen.label is not None else ""
    out = _out(chosen, f"drawn/{name}{label}.png")
    gan = api.load(chosen.run, step=chosen.step)
    if seeds is not None:
        made = gan.sample_seeds(seeds, label=chosen.label)
    else:
        made = gan.sample(count, seed=seed, label=chosen.label)
    return _save(made, gan, out, chosen.json)


def interpolate(chosen: argparse.Namespace, command: str) -> int:
    from saddlepoint.sampling.latents import parse_seeds

    seeds = parse_seeds(chosen.seeds)
    if len(seeds) < 2:
        raise UserError(f"--seeds {chosen.seeds}", "two seeds or more", "use --seeds 0,1")
    import torch

    from saddlepoint import api

    out = _out(chosen, f"drawn/between-{chosen.seeds}.png")
    gan = api.load(chosen.run)
    legs = [
        gan.interpolate(start, end, chosen.count, spherical=chosen.spherical, label=chosen.label)
        for start, end in pairwise(seeds)
    ]
    return _save(torch.cat(legs), gan, out, chosen.json, columns=chosen.count)


def report(chosen: argparse.Namespace, command: str) -> int:
    from saddlepoint.report import write_report

    path = write_report(Path(chosen.run))
    print(json.dumps({"report": str(path)}) if chosen.json else path)
    return 0


def evaluate(chosen: argparse.Namespace, command: str) -> int:
    from saddlepoint.evaluation import evaluate as evaluate_run

    names = [name.strip() for name in chosen.metrics.split(",")]
    results = evaluate_run(chosen.run, metrics=names, data=chosen.data, seed=chosen.seed, command=command)
    if chosen.json:
        print(json.dumps(results))
        return 0
    for result in results:
        low, high = result["interval"]
        print(f"{result['metric']}  {result['value']:.6g}  [{low:.6g}, {high:.6g}]  {result['provenance']['target']}")
    return 0


def recipes(chosen: argparse.Namespace, command: str) -> int:
    from saddlepoint.recipes.catalogue import RECIPES, recipe_named
    from saddlepoint.recipes.text import to_yaml

    if chosen.name is not None:
        recipe = recipe_named(chosen.name)
        print(
            json.dumps(recipe.model_dump(mode="json")) if chosen.json else to_yaml(recipe),
            end="\n" if chosen.json else "",
        )
        return 0
    rows = [
        {
            "name": recipe.name,
            "summary": recipe.summary,
            "task": recipe.task.words,
        }
        for recipe in RECIPES.values()
    ]
    if chosen.json:
        print(json.dumps(rows))
        return 0
    width = max(len(row["name"]) for row in rows)
    for row in rows:
        print(f"{row['name']:<{width}}  {row['summary']}")
    return 0


def prove(chosen: argparse.Namespace, command: str) -> int:
    from saddlepoint.theory.proof import prove as prove_objective

    proof = prove_objective(chosen.objective, domain=chosen.domain, rest=chosen.rest, p_d=chosen.pd)
    if chosen.out is not None:
        from saddlepoint.report.proof_page import write_proof

        write_proof(proof, Path(chosen.out))
    print(json.dumps(proof.to_json()) if chosen.json else proof)
    return 0


def field(chosen: argparse.Namespace, command: str) -> int:
    from saddlepoint.theory.experiment import follow, read_start

    starts = [read_start(text) for text in chosen.start]
    out = None if chosen.out is None else Path(chosen.out)
    if out is not None and (out.suffix != ".png" or out.exists()):
        raise UserError(f"--out {out}", "a new file whose name ends in .png", "choose another --out")
    experiment = follow(
        chosen.objective,
        starts,
        p_d=chosen.pd,
        method=chosen.method,
        step=chosen.step,
        steps=chosen.steps,
        nonnegative=chosen.nonnegative,
    )
    if out is not None:
        from saddlepoint.report.portrait import draw_portrait

        draw_portrait(experiment, out)
    print(json.dumps(experiment.to_json()) if chosen.json else experiment)
    return 0


def check_loss(chosen: argparse.Namespace, command: str) -> int:
    from saddlepoint.own_code import load_losses
    from saddlepoint.theory.loss_report import check

    found = check(load_losses(chosen.target), chosen.target)
    print(json.dumps(found.to_json()) if chosen.json else found)
    return 0


def figure1(chosen: argparse.Namespace, command: str) -> int:
    from saddlepoint.figure1 import write_figure

    out = _out(chosen, "figure1.png")
    if out.suffix != ".png":
        raise UserError(f"--out {out}", "a file whose name ends in .png", "choose another --out")
    picture, animation = write_figure(Path(chosen.run), out)
    print(
        json.dumps({"picture": str(picture), "animation": str(animation)}) if chosen.json else f"{picture}\n{animation}"
    )
    return 0


def conformance(chosen: argparse.Namespace, command: str) -> int:
    from saddlepoint.conformance import suite

    if chosen.optimizer is not None:
        from saddlepoint.conformance.own import as_text, solved
        from saddlepoint.own_code import load_own

        _, factory = load_own(chosen.optimizer)
        rows = list(solved(factory, chosen.optimizer))
        # Which games it solves is the answer, whatever it is.
        print(json.dumps(suite.as_json(rows)) if chosen.json else as_text(rows))
        return 0
    rows = suite.run()
    print(json.dumps(suite.as_json(rows)) if chosen.json else suite.as_text(rows))
    return 0 if all(row.ok for row in rows) else 1


def data(chosen: argparse.Namespace, command: str) -> int:
    from saddlepoint.data import check_data

    found = check_data(chosen.path)
    print(json.dumps(found) if chosen.json else _described(found))
    return 0 if found["ok"] else 2


def doctor(chosen: argparse.Namespace, command: str) -> int:
    from saddlepoint.doctor import examine, render

    found = examine()
    print(json.dumps(found) if chosen.json else render(found))
    return 0 if found["ok"] else 1


def _ended(run: "Run", as_json: bool) -> int:
    answer = {
        "run": str(run.path),
        "step": run.step,
        "samples": str(run.samples),
        "report": str(run.report),
        "stopped": run.stopped,
    }
    if as_json:
        print(json.dumps(answer))
    elif run.stopped:
        print(f"stopped by {run.stopped} at step {run.step}, and saved; go on by: saddlepoint resume {run.path}")
    else:
        print(f"done: {run.step} steps\nsamples: {run.samples}\nreport:  {run.report}")
    return SIGNAL_EXIT if run.stopped in ("SIGINT", "SIGTERM") else 0


def _out(chosen: argparse.Namespace, default: str) -> Path:
    """Where to write; checked before anything is computed.

    Raises:
        UserError: something is there already.
    """
    from saddlepoint.api import next_free

    if chosen.out is None:
        return next_free(Path(chosen.run) / default)
    out = Path(chosen.out)
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise UserError(f"--out {out}, which exists", "a new file or folder", "choose another --out")
    return out


def _save(made: "Tensor", gan: "Gan", out: Path, as_json: bool, columns: int | None = None) -> int:
    import numpy as np

    from saddlepoint.sampling.pictures import grid, save_picture, scatter

    points = made.dim() == 2
    if out.suffix not in (".png", ".npz", ""):
        raise UserError(
            f"--out {out}", "FILE.png, FILE.npz, or a folder for one picture each", "use one of these endings"
        )
    if points and out.suffix == "":
        raise UserError(f"--out {out} for points", "FILE.png or FILE.npz", "use one of these endings")
    if out.suffix == ".npz":
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("xb") as file:
            np.savez_compressed(file, images=made.numpy())
    elif out.suffix == ".png":
        out.parent.mkdir(parents=True, exist_ok=True)
        save_picture(scatter(made) if points else grid(made, columns=columns), out)
    else:
        out.mkdir(parents=True, exist_ok=True)
        for index, image in enumerate(made):
            # Exactly the image: no border, no enlargement.
            save_picture(grid(image[None], padding=0, enlarge=False), out / f"{index:06d}.png")
    print(json.dumps({"out": str(out), "count": len(made), "shape": list(made.shape[1:])}) if as_json else out)
    return 0


def _described(found: dict[str, Any]) -> str:
    lines = []
    for key, value in found.items():
        if key == "problems":
            lines += [f"problem: {problem['path']}: {problem['reason']}" for problem in value]
        elif isinstance(value, dict) and value:
            lines.append(f"{key}: " + ", ".join(f"{name} {count}" for name, count in value.items()))
        elif value not in (None, "", [], {}):
            lines.append(f"{key}: {value}")
    return "\n".join(lines)
