"""What each verb of the command line does. Answers go to standard output, progress to standard error."""

import argparse
import gc
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saddlepoint.ends import SIGNAL_EXIT
from saddlepoint.errors import UserError, printable
from saddlepoint.signals import STOPPING

if TYPE_CHECKING:
    from saddlepoint.api import Run

# Of each reason, in words; the JSON answer has all.
_PROBLEMS_SHOWN = 20


@contextmanager
def _uncollected() -> Iterator[None]:
    """For heavy imports: half a million objects that stay, so that looking for garbage among them only takes time."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def train(chosen: argparse.Namespace, command: str) -> int:
    with _uncollected():
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
    return _ended(run, chosen.json, chosen.out)


def resume(chosen: argparse.Namespace, command: str) -> int:
    with _uncollected():
        from saddlepoint import api

    run = api.resume(chosen.run, steps=chosen.steps, data=chosen.data, set=chosen.set)
    return _ended(run, chosen.json, chosen.run)


def sample(chosen: argparse.Namespace, command: str) -> int:
    with _uncollected():
        from saddlepoint import drawn, translated

    return translated.translate(chosen) if translated.starts_from_images(chosen.run) else drawn.sample(chosen)


def interpolate(chosen: argparse.Namespace, command: str) -> int:
    with _uncollected():
        from saddlepoint import drawn

    return drawn.interpolate(chosen)


def report(chosen: argparse.Namespace, command: str) -> int:
    from saddlepoint.report import write_report

    path = write_report(Path(chosen.run))
    print(json.dumps({"report": str(path)}) if chosen.json else path)
    return 0


def evaluate(chosen: argparse.Namespace, command: str) -> int:
    with _uncollected():
        from saddlepoint import measured

    return measured.evaluate(chosen, command)


def compare(chosen: argparse.Namespace, command: str) -> int:
    with _uncollected():
        from saddlepoint import measured

    return measured.compare(chosen)


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
    from saddlepoint.theory.proof.prove import prove as prove_objective

    proof = prove_objective(
        chosen.objective, domain=chosen.domain, rest=chosen.rest, p_d=chosen.pd, seconds=chosen.seconds
    )
    if chosen.out is not None:
        from saddlepoint.report.proof_page import write_proof

        write_proof(proof, Path(chosen.out))
    print(json.dumps(proof.to_json()) if chosen.json else proof)
    return 0


def field(chosen: argparse.Namespace, command: str) -> int:
    from saddlepoint.theory.flow.experiment import follow, read_start

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
    from saddlepoint.theory.losses.report import check

    found = check(load_losses(chosen.target), chosen.target)
    print(json.dumps(found.to_json()) if chosen.json else found)
    return 0


def figure1(chosen: argparse.Namespace, command: str) -> int:
    from saddlepoint.drawn import new_place
    from saddlepoint.figure1 import write_figure

    out = new_place(chosen, "figure1.png")
    if out.suffix != ".png":
        raise UserError(f"--out {out}", "a file whose name ends in .png", "choose another --out")
    picture, animation, steps = write_figure(Path(chosen.run), out)
    answer = {"picture": str(picture), "animation": str(animation), "steps": steps}
    print(json.dumps(answer) if chosen.json else f"{picture}\n{animation}")
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


def _ended(run: "Run", as_json: bool, given: str | None) -> int:
    path = _as_given(run.path, given)
    answer = {
        "run": str(path),
        "step": run.step,
        "samples": str(_as_given(run.samples, given)) if run.samples is not None else None,
        "report": str(_as_given(run.report, given)),
        "stopped": run.stopped,
    }
    if as_json:
        print(json.dumps(answer))
    elif run.stopped:
        print(f"stopped by {run.stopped} at step {run.step}, and saved; go on by: saddlepoint resume {path}")
    else:
        pictures = f"samples: {answer['samples']}\n" if run.samples is not None else ""
        print(f"done: {run.step} steps\n{pictures}report:  {answer['report']}")
    return SIGNAL_EXIT if run.stopped in [signal.name for signal in STOPPING] else 0


def _as_given(path: Path, given: str | None) -> Path:
    """A run's path as a person gave it: from the current folder, unless it was given whole."""
    whole = given is not None and Path(given).is_absolute()
    return path if whole or not path.is_relative_to(Path.cwd()) else path.relative_to(Path.cwd())


def _described(found: dict[str, Any]) -> str:
    """What `data check` found, a line for each thing; names from elsewhere are shown and not obeyed."""
    from saddlepoint.data.pair_check import described

    lines = []
    for key, value in found.items():
        if key == "problems":
            lines += _problems(value)
        elif key == "notes":
            lines += [f"note: {note}" for note in value]
        elif key == "pairs":
            lines += [f"pairs: {line}" for line in described(value)] if value is not None else []
        elif key == "duplicate_examples":
            lines += [f"equal: {', '.join(group)}" for group in value]
        elif isinstance(value, dict) and value:
            lines.append(f"{key}: " + ", ".join(f"{name} {count}" for name, count in value.items()))
        elif value not in (None, "", [], {}):
            lines.append(f"{key}: {value}")
    return "\n".join(map(printable, lines))


def _problems(problems: list[dict[str, str]]) -> list[str]:
    """The first of each kind of reason, and how many more there are; all stand in the JSON answer."""
    kinds: dict[str, list[str]] = {}
    for problem in problems:
        # What is of this file alone (numbers, how it begins, a path) does not make another kind.
        kind = re.split(r"[(\d]", problem["reason"], maxsplit=1)[0]
        kinds.setdefault(kind, []).append(f"problem: {problem['path']}: {problem['reason']}")
    lines = []
    for alike in kinds.values():
        lines += alike[:_PROBLEMS_SHOWN]
        if len(alike) > _PROBLEMS_SHOWN:
            lines.append(f"problem: {len(alike) - _PROBLEMS_SHOWN:,} more like these; --json lists all")
    return lines
