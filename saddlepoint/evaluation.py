"""Evaluating a run: samples from its generator, reference images from its data, results into its metrics.jsonl."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from saddlepoint.api import Gan, load
from saddlepoint.data import Packed
from saddlepoint.errors import UserError
from saddlepoint.files import append_line
from saddlepoint.metrics.parzen import SAMPLES, VALIDATION, parzen
from saddlepoint.metrics.result import Result
from saddlepoint.recipes.found import open_recipe_data
from saddlepoint.recipes.text import read_recipe
from saddlepoint.training.folder import RunFolder


def evaluate(
    run: str | Path, *, metrics: Sequence[str] = ("parzen",), data: str | None = None, seed: int = 0, command: str = ""
) -> list[dict[str, Any]]:
    """Measures a run, appends the results to its metrics.jsonl, and returns them.

    Args:
        run: its folder.
        metrics: names of `METRICS`.
        data: where the data is now, if it has moved.
        seed: of the samples.
        command: what a person typed, recorded.

    Returns:
        A list of {metric, value, interval, provenance}.

    Raises:
        UserError: a metric is unknown, or the run's data does not allow it.
    """
    for name in metrics:
        if name not in METRICS:
            raise UserError(f"metric {name!r}", f"one of {', '.join(METRICS)}", "choose one of these")
    folder = RunFolder.existing(Path(run))
    recipe, recorded = read_recipe(folder.recipe)
    if recipe.networks == "own":
        raise UserError(
            f"the run {run} of one's own networks", "a pair of the catalogue", "measure its samples in Python"
        )
    if data is not None:
        recipe = recipe.model_copy(update={"data": recipe.data.model_copy(update={"source": data})})
    packed = open_recipe_data(recipe)
    gan = load(run)
    results = []
    for name in metrics:
        result = METRICS[name](gan, packed, seed).as_json()
        trained_on = recorded["found"]["fingerprint"]
        result["provenance"].update({"step": gan.step, "trained_on": trained_on, "command": command})
        append_line(folder.metrics, result)
        results.append(result)
    return results


def _parzen(gan: Gan, data: Packed, seed: int) -> Result:
    if data.kind != "images":
        raise UserError(f"{data.kind} for the metric parzen", "images", "choose a run on images")
    held_out = data.splits["held_out"]
    if len(held_out) < VALIDATION and "test" in data.splits:
        # A run on all of the training images has no validation split; the width must not be chosen on what it judges.
        validation, test, split = data.splits["test"][:VALIDATION], data.splits["test"][VALIDATION:], "test[1000:]"
    elif "test" in data.splits:
        validation, test, split = held_out[:VALIDATION], data.splits["test"], "test"
    else:
        validation, test, split = (
            held_out[: len(held_out) // 2],
            held_out[len(held_out) // 2 :],
            "second half of held_out",
        )
    if len(validation) < 1 or len(test) < 2:
        raise UserError(
            f"{len(validation)} validation and {len(test)} test images", "some of each", "train with data.hold_out=0.1"
        )
    return parzen(
        gan.sample(SAMPLES, seed=seed),
        _pixels(data, validation),
        _pixels(data, test),
        split=split,
        fingerprint=data.fingerprint,
        seed=seed,
    )


def _pixels(data: Packed, indices: Any) -> Tensor:
    return data.batch(indices)[0].float() / 255


METRICS: dict[str, Callable[[Gan, Packed, int], Result]] = {"parzen": _parzen}
