"""How a run takes its discriminator's input gradients: by the tangent pass where that is exact, else twice backward."""

from dataclasses import dataclass, replace

from saddlepoint.game.agreement import SAMPLES, objection
from saddlepoint.game.corrections import Correction, Plain
from saddlepoint.game.corrections.optimistic import Optimistic
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.tasks import RecipeTask
from saddlepoint.tasks.generation import DISCRIMINATOR, INPUT_PENALTIES, Generation
from saddlepoint.training.state import State


@dataclass(frozen=True, kw_only=True)
class InputGradients:
    """What was chosen.

    Attributes:
        tangent: names of the networks that go through the tangent pass, for `Field.tangent`.
        said: the choice in words; None for a run that takes no input gradients.
    """

    tangent: frozenset[str] = frozenset()
    said: str | None = None


def choose_input_gradients(recipe: Recipe, task: RecipeTask, correction: Correction) -> InputGradients:
    """The tangent pass, if the recipe allows it and D passes on the first samples; double backward otherwise.

    It follows from the recipe alone (D stands at its first weights, also when a run is resumed), so that a resumed run
    goes the way it went before.
    """
    if not isinstance(task, Generation) or task.data is None:
        return InputGradients()
    penalties = ", ".join(name for name in INPUT_PENALTIES if name in task.penalties)
    if not penalties:
        return InputGradients()
    if not recipe.training.fast_penalties:
        return InputGradients(said=f"{penalties} by double backward (training.fast_penalties=false)")
    if not isinstance(correction, Plain | Optimistic):
        return InputGradients(said=f"{penalties} by double backward, as {recipe.dynamics.correction} needs it")
    draw = replace(task, batch=SAMPLES).draw(DISCRIMINATOR, 0, 0, State(seed=recipe.seed))
    labels = (draw["labels"],) if task.conditional else ()
    reason = objection(task.discriminator, task.seen(draw["real"]), labels)
    if reason is not None:
        return InputGradients(said=f"{penalties} by double backward, for a discriminator with {reason}")
    return InputGradients(tangent=frozenset({DISCRIMINATOR}), said=f"{penalties} by the tangent pass")
