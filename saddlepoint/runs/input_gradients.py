"""How a run takes its discriminator's input gradients: by the tangent pass where that is exact, else twice backward."""

from dataclasses import dataclass

import torch
from torch import Tensor

from saddlepoint.errors import UserError, reason_of
from saddlepoint.game.corrections import Correction
from saddlepoint.game.fast.agreement import SAMPLES, reason_against
from saddlepoint.game.task import RunTask
from saddlepoint.recipes.network_trial import leaving_no_trace
from saddlepoint.recipes.specification import Recipe
from saddlepoint.tasks.generation import Generation
from saddlepoint.tasks.kit.adversary import DISCRIMINATOR, INPUT_PENALTIES, Critic
from saddlepoint.training.memory import is_out_of_memory
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


def choose_input_gradients(recipe: Recipe, task: RunTask, correction: Correction) -> InputGradients:
    """The tangent pass, if the recipe allows it and D passes on the first samples; double backward otherwise.

    It follows from the recipe alone (D stands at its first weights, also when a run is resumed), so that a resumed run
    goes the way it went before.
    """
    if not isinstance(task, Generation) or task.data is None:
        return InputGradients()
    penalties = ", ".join(name for name in INPUT_PENALTIES if name in task.penalties)
    if not penalties:
        return InputGradients()
    draw = task.reduced(SAMPLES).draw(DISCRIMINATOR, 0, 0, State(seed=recipe.seed))
    labels = (draw["labels"],) if task.conditional else ()
    images = task.seen(draw["real"])
    if not recipe.training.tangent_penalties:
        why = " (training.tangent_penalties=false)"
    elif not correction.hot_path:
        why = f", as {recipe.dynamics.correction} needs it"
    elif (reason := reason_against(task.discriminator, images, labels)) is not None:
        why = f", for a discriminator with {reason}"
    else:
        return InputGradients(tangent=frozenset({DISCRIMINATOR}), said=f"{penalties} by the tangent pass")
    if recipe.networks == "own":
        _try_twice(task, images, labels)
    return InputGradients(said=f"{penalties} by double backward{why}")


def _try_twice(task: Generation, images: Tensor, labels: tuple[Tensor, ...]) -> None:
    """Tries whether a person's own D can be differentiated twice, once by what it is shown; it is as before then.

    Raises:
        UserError: it cannot.
    """
    weights = [weight for weight in task.discriminator.parameters() if weight.requires_grad]
    with leaving_no_trace([task.discriminator], task.device):
        try:
            _, gradient = Critic(network=task.discriminator, beside=labels).scores_and_gradient(images)
            torch.autograd.grad(gradient.square().sum(), weights, allow_unused=True)
        except Exception as error:  # whatever a person's own forward and backward raise
            if is_out_of_memory(error):
                raise
            leave_out = " and ".join(f"penalties.{name}=null" for name in INPUT_PENALTIES if name in task.penalties)
            raise UserError(
                f"a discriminator that torch.func.grad does not differentiate twice ({reason_of(error)})",
                "one that it does, because there is a penalty on its input gradient",
                f"write its forward in torch's own functions, or set {leave_out}",
            ) from error
