"""What a run measures while it goes on: the recipe's metrics, of the samples that a person would get from it."""

from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn

from saddlepoint.data import Packed
from saddlepoint.errors import UserError
from saddlepoint.game.task import networks_of
from saddlepoint.recipes.found import RecipeData
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.tasks import RecipeTask
from saddlepoint.training.evaluations import Measure


def planned_evaluation(recipe: Recipe, task: RecipeTask, data: RecipeData, command: str) -> Measure | None:
    """The function that measures networks of the task; None where the recipe asks for no evaluations.

    Args:
        recipe, task, data: of the run.
        command: what a person typed, recorded.

    Raises:
        UserError: a metric is unknown or lacks what it needs, or the task has nothing to be measured.
    """
    watch = recipe.watch
    if watch.evaluate_every is None:
        return None
    if not isinstance(data, Packed):
        raise UserError(
            f"watch.evaluate_every for the task {recipe.task.kind}", "a generator of latents", "leave it out"
        )
    # Metrics take seconds to import, for which a run that measures nothing need not wait.
    from saddlepoint.measuring.measure import Measurer
    from saddlepoint.measuring.real import Real
    from saddlepoint.recipes.features import features_for
    from saddlepoint.recipes.judged import samples_of

    features = features_for(watch.evaluate_features, tuple(data.shape), task.device)
    real = Real(data=data, split="train", features=features, device=task.device)
    measurer = Measurer(features, real=real)
    about = {"trained_on": data.fingerprint, "command": command}
    # With more than half of the split the baseline could not have the same counts.
    count = min(watch.evaluate_count, real.default_count)
    names = watch.evaluate

    def measure(networks: Mapping[str, nn.Module]) -> Iterator[tuple[str, dict[str, Any]]]:
        samples = samples_of(task, networks, data, features, seed=recipe.seed, about=about)
        yield from measurer.measure(names, samples=samples, count=count)

    measurer.check(
        names, samples=samples_of(task, networks_of(task), data, features, seed=recipe.seed, about=about), count=count
    )
    return measure
