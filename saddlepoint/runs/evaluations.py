"""What a run measures while it goes on: the recipe's metrics, of the samples that a person would get from it."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from torch import nn

from saddlepoint.errors import UserError
from saddlepoint.game.task import RunTask, networks_of
from saddlepoint.recipes.kinds import Kind, kind_of
from saddlepoint.recipes.specification import Recipe
from saddlepoint.training.records.evaluations import Measure

if TYPE_CHECKING:
    from saddlepoint.measuring.measure import Samples


def planned_evaluation(recipe: Recipe, task: RunTask, data: Any, command: str) -> Measure | None:
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
    kind = kind_of(recipe)
    if not kind.measured:
        raise _unmeasured(kind)
    # Metrics take seconds to import, for which a run that measures nothing need not wait.
    from saddlepoint.measuring.measure import Measurer
    from saddlepoint.measuring.real import Real
    from saddlepoint.runs.features import features_for

    features = features_for(watch.evaluate_features, tuple(data.shape), task.device)
    real = Real(data=data, split="train", features=features, device=task.device)
    measurer = Measurer(features, real=real)
    about = {"trained_on": data.fingerprint, "command": command}
    # With more than half of the split the baseline could not have the same counts.
    count = min(watch.evaluate_count, real.default_count)
    names = watch.evaluate

    def samples(networks: Mapping[str, nn.Module]) -> "Samples":
        made = kind.generated_samples(task, networks, data, features, seed=recipe.seed, about=about)
        if made is None:
            raise UserError(
                f"watch.evaluate_every for the task {kind.name}", "a task that makes something", "leave it out"
            )
        return made

    def measure(networks: Mapping[str, nn.Module]) -> Iterator[tuple[str, dict[str, Any]]]:
        yield from measurer.measure(names, samples=samples(networks), count=count)

    measurer.check(names, samples=samples(networks_of(task)), count=count)
    return measure


def _unmeasured(kind: Kind) -> UserError:
    return UserError(f"watch.evaluate_every for the task {kind.name}", "a generator of latents", "leave it out")
