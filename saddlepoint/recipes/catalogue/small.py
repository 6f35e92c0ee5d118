"""Small siblings of published recipes, for two CPU cores.

A sibling differs in width, depth, batch, image size and steps alone. What is a length of time follows the run's length
in proportion (`recipes/horizons.py`).
"""

from saddlepoint.networks import ImagePair, Pair
from saddlepoint.recipes.horizons import with_steps
from saddlepoint.recipes.specification import Recipe, Watch


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
    every = max(1, steps // 10)
    return with_steps(recipe, steps, batch=batch).model_copy(
        update={
            "name": f"{recipe.name}-small",
            "summary": f"{recipe.name} on a CPU: narrower, on {size} x {size} pixels, batch {batch}, {steps:,} steps",
            "networks": networks,
            "data": recipe.data.model_copy(update={"size": (size, size)}),
            "watch": Watch(log_every=max(1, steps // 100), sample_every=every, checkpoint_every=every, samples=samples),
        }
    )
