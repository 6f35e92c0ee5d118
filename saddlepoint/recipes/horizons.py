"""A recipe of another length: what is a length of time in it follows the run's length, in steps as in images.

    at the share x of the new run, every number has the value that the recipe gives it at the share x of its own run

With r = new length / old length: `over` and `after` become r times as long, as do half-life and start of the average.
An exponential has a half-life too, log .5 / log factor: its factor becomes the 1/r-th power.
What is written down (watch), WGAN's bursts and the pace of adaptive augmentation, which answers to D, stay as they are.
"""

import sys
from collections.abc import Sequence
from typing import Any

from saddlepoint.recipes.ranges import LARGEST
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.text import override, recipe_from


def with_steps(recipe: Recipe, steps: int, *, batch: int | None = None) -> Recipe:
    """The recipe of a run of so many steps, with the horizons of all its schedules brought along.

    Args:
        recipe: of a whole run of `recipe.training.steps`.
        steps: of the new run, 1 or more.
        batch: of the new run, where it is another one too: a horizon in images follows the images of the run.
    """
    before = recipe.training
    training: dict[str, Any] = {"steps": steps}
    lengths = {"steps": (steps, before.steps), "images": (steps, before.steps)}
    if batch is not None:
        assert isinstance(before.batch, int), before.batch
        training["batch"] = batch
        lengths["images"] = (steps * batch, before.steps * before.batch)
    if all(new == old for new, old in lengths.values()):
        return recipe
    data = _longer(recipe.model_dump(mode="json"), lengths)
    if data["average"] is not None:
        average = data["average"]
        length = lengths[average["unit"]]
        half_life, start = _times(average["half_life"], length), _times(average["start"], length)
        data["average"] = {**average, "half_life": half_life, "start": start}
    data["training"] = {**data["training"], **training}
    return recipe_from(data, f"{recipe.name} of {steps} steps")


def begun_with(recipe: Recipe, assignments: Sequence[str]) -> Recipe:
    """The recipe of a run that begins with some leaves changed: if the number of steps is one, horizons come along.

    They come first: every number that is assigned stands as it was written.

    Args:
        recipe: the one to start from.
        assignments: as of `override`.

    Raises:
        UserError: as of `override`.
    """
    changed = override(recipe, assignments)
    if changed.training.steps == recipe.training.steps:
        return changed
    return override(with_steps(recipe, changed.training.steps), assignments)


def _longer(part: dict[str, Any], lengths: dict[str, tuple[int, int]]) -> dict[str, Any]:
    """The same part with the horizons of its schedules, at any depth, in proportion."""
    if "schedule" in part:
        length = lengths[part["unit"]]
        new, old = length
        factor = {"factor": max(part["factor"] ** (old / new), sys.float_info.min)} if "factor" in part else {}
        return {**part, **factor, **{name: _times(part[name], length) for name in ("over", "after") if name in part}}
    return {name: _longer(value, lengths) if isinstance(value, dict) else value for name, value in part.items()}


def _times(number: Any, length: tuple[int, int]) -> Any:
    """A length of time, or a schedule of one, in proportion."""
    if isinstance(number, dict):
        lengths = ("start", "end", "floor")
        return {name: _times(each, length) if name in lengths else each for name, each in number.items()}
    new, old = length
    # Longer than any run is as good as longer still.
    return min(number * new / old, float(LARGEST))
