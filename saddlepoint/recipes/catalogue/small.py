"""Small siblings of published recipes, for two CPU cores.

A sibling differs in width, depth, batch, image size and steps alone. What is a length of time follows the run's length
in proportion: horizons of schedules, the half-life and the start of the average; in images as in steps.
"""

from typing import Any

from saddlepoint.networks import ImagePair, Pair
from saddlepoint.recipes.specification import Recipe, Watch
from saddlepoint.recipes.text import recipe_from


def small(
    recipe: Recipe, *, networks: Pair | ImagePair, size: int, batch: int, steps: int, samples: int = 64
) -> Recipe:
    """The recipe's sibling NAME-small.

    Args:
        recipe: as published.
        networks: the same pair, narrower and shallower.
        size: side of the images, in pixels.
        batch: samples per draw.
        steps: of the run.
        samples: in a picture; pictures and checkpoints are written ten times in the run.
    """
    assert isinstance(recipe.training.batch, int)
    shorter = {"steps": steps / recipe.training.steps}
    shorter["images"] = shorter["steps"] * batch / recipe.training.batch
    data = _scaled(recipe.model_dump(mode="json"), shorter)
    if data["average"] is not None:
        unit = data["average"]["unit"]
        data["average"] = {**data["average"], "start": data["average"]["start"] * shorter[unit]}
        data["average"]["half_life"] = _scaled_value(data["average"]["half_life"], shorter[unit])
    every = max(1, steps // 10)
    return recipe_from(
        {
            **data,
            "name": f"{recipe.name}-small",
            "summary": f"{recipe.name} on a CPU: narrower, on {size} x {size} pixels, batch {batch}, {steps:,} steps",
            "networks": networks,
            "data": recipe.data.model_copy(update={"size": (size, size)}),
            "training": recipe.training.model_copy(update={"steps": steps, "batch": batch}),
            "watch": Watch(log_every=max(1, steps // 100), sample_every=every, checkpoint_every=every, samples=samples),
        },
        f"the small sibling of {recipe.name}",
    )


def _scaled(part: dict[str, Any], shorter: dict[str, float]) -> dict[str, Any]:
    """The same part with the horizons of its schedules, at any depth, so much nearer."""
    if "schedule" in part:
        by = shorter[part["unit"]]
        return {**part, **{name: part[name] * by for name in ("over", "after") if name in part}}
    return {name: _scaled(value, shorter) if isinstance(value, dict) else value for name, value in part.items()}


def _scaled_value(number: float | dict[str, Any], by: float) -> float | dict[str, Any]:
    """A number that is a length of time itself, so much shorter."""
    if isinstance(number, dict):
        return {**number, "start": number["start"] * by, "end": number["end"] * by}
    return number * by
