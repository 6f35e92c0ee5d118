"""What a run measures while it goes on: the recipe's metrics, of the samples that a person would get from it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from torch import nn

from saddlepoint.errors import UserError, counted
from saddlepoint.game.task import RunTask, networks_of
from saddlepoint.process.saying import say
from saddlepoint.recipes.kinds import Kind, kind_of
from saddlepoint.recipes.specification import Recipe
from saddlepoint.training.records.evaluations import Measure

if TYPE_CHECKING:
    from saddlepoint.measuring.measure import Samples


# Fewer samples than these tell nothing that an interval would not swallow.
FEWEST = 20


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
    if not kind_of(recipe).measured:
        raise _unmeasured(kind_of(recipe))
    return _measure(recipe, task, data, command, watch.evaluate, watch.evaluate_count, check=True)


def evaluation_at_end(recipe: Recipe, task: RunTask, data: Any, command: str) -> Measure | None:
    """The function that measures networks of the task when its run has ended, by the metrics of `evaluate`.

    Args as of `planned_evaluation`.

    Raises:
        UserError: there are too few training items to measure samples against.
    """
    count, kind = recipe.watch.evaluate_at_end, kind_of(recipe)
    if count is None or not kind.measured or type(kind).generated_samples is Kind.generated_samples:
        return None
    if (train := len(data.splits["train"])) < 2 * FEWEST:
        raise UserError(
            f"{counted(train, 'training item')} to measure samples against", f"{2 * FEWEST} or more", "give more data"
        )
    return _measure(recipe, task, data, command, kind.default_metrics(data), count, check=False)


def _measure(
    recipe: Recipe, task: RunTask, data: Any, command: str, names: Sequence[str], most: int, *, check: bool
) -> Measure:
    """The function that measures so many samples at most.

    Args:
        check: everything that can be refused is refused before anything is measured.
    """
    # Metrics take seconds to import, for which a run that measures nothing need not wait.
    from saddlepoint.measuring.judges import Judges
    from saddlepoint.measuring.real import Real
    from saddlepoint.runs.features import default_features, features_for

    kind, shape = kind_of(recipe), tuple(data.shape)
    features = features_for(recipe.watch.evaluate_features or default_features(shape), shape, task.device)
    real = Real(data=data, split="train", features=features, device=task.device)
    judges = Judges(features, real=real)
    about = {"trained_on": data.fingerprint, "command": command}
    # With more than half of the split the baseline could not have the same counts.
    count = min(most, real.default_count)

    def samples(networks: Mapping[str, nn.Module]) -> "Samples":
        made = kind.generated_samples(task, networks, data, features, seed=recipe.seed, about=about)
        if made is None:
            raise UserError(
                f"watch.evaluate_every for the task {kind.name}", "a task that makes something", "leave it out"
            )
        return made

    def measure(networks: Mapping[str, nn.Module]) -> Iterator[tuple[str, dict[str, Any]]]:
        yield from judges.measure(names, samples=samples(networks), count=count)

    if check:
        judges.check(names, samples=samples(networks_of(task)), count=count)
    return measure


def with_features(recipe: Recipe, shape: tuple[int, ...], show: bool) -> Recipe:
    """The recipe with the features of its evaluations named, so that a resumed run keeps those that it began with.

    Args:
        recipe: which evaluates or not.
        shape: of an item of its data.
        show: on standard error, where pixels stand in for a network that is not installed.
    """
    watch = recipe.watch
    if watch.evaluate_every is None or watch.evaluate_features is not None:
        return recipe
    from saddlepoint.runs.features import default_features, why_pixels

    if (why := why_pixels(shape)) is not None:
        say(show, why)
    named = watch.model_copy(update={"evaluate_features": default_features(shape)})
    return recipe.model_copy(update={"watch": named})


def _unmeasured(kind: Kind) -> UserError:
    return UserError(f"watch.evaluate_every for the task {kind.name}", "a generator of latents", "leave it out")
