"""How a run takes its discriminators' input gradients: by the tangent pass where that is exact, else twice backward."""

from dataclasses import dataclass

import torch
from torch import nn

from saddlepoint.errors import UserError, reason_of
from saddlepoint.game.corrections import Correction
from saddlepoint.game.fast.agreement import reason_against
from saddlepoint.game.task import RunTask, networks_of
from saddlepoint.recipes.network_trial import leaving_no_trace
from saddlepoint.recipes.specification import Recipe
from saddlepoint.runs.probe import Probe, Shown
from saddlepoint.tasks.kit.adversary import INPUT_PENALTIES, Critic
from saddlepoint.training.machine.memory import is_out_of_memory


@dataclass(frozen=True, kw_only=True)
class InputGradients:
    """What was chosen.

    Attributes:
        tangent: names of the networks that go through the tangent pass, for `Field.tangent`.
        said: the choice in words; None for a run that takes no input gradients.
    """

    tangent: frozenset[str] = frozenset()
    said: str | None = None


def choose_input_gradients(recipe: Recipe, task: RunTask, correction: Correction, probe: Probe) -> InputGradients:
    """The tangent pass for each network that it is exact for on first samples, if the recipe allows it.

    It follows from the recipe alone (the networks stand at their first weights, also when a run is resumed), so that a
    resumed run goes the way it went before.
    """
    asked = probe.input_gradients()
    if not asked:
        return InputGradients()
    weights = [name.removeprefix("penalties.") for name in task.settings if name.startswith("penalties.")]
    penalties = ", ".join(name for name in INPUT_PENALTIES if name in weights) or "input gradients"
    modules = networks_of(task)
    against: dict[str, str] = {}
    for name, shown in asked.items():
        if not recipe.training.tangent_penalties:
            against[name] = " (training.tangent_penalties=false)"
        elif not correction.hot_path:
            against[name] = f", as {recipe.dynamics.correction} needs it"
        elif (reason := reason_against(modules[name], shown.images, shown.beside)) is not None:
            against[name] = f", for a {name} with {reason}"
        if name in against and probe.own:
            _try_twice(name, modules[name], shown, penalties)
    said = [f"{penalties} by double backward{why}" for why in dict.fromkeys(against.values())]
    if tangent := frozenset(asked) - against.keys():
        by = f" of {', '.join(sorted(tangent))}" if against else ""
        said.insert(0, f"{penalties} by the tangent pass{by}")
    return InputGradients(tangent=tangent, said="; ".join(said))


def _try_twice(name: str, network: nn.Module, shown: Shown, penalties: str) -> None:
    """Tries whether a person's own network can be differentiated twice, once by what it is shown; it is as before then.

    Raises:
        UserError: it cannot.
    """
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    with leaving_no_trace([network], shown.images.device):
        try:
            _, gradient = Critic(network=network, beside=shown.beside).scores_and_gradient(shown.images)
            torch.autograd.grad(gradient.square().sum(), weights, allow_unused=True)
        except Exception as error:  # whatever a person's own forward and backward raise
            if is_out_of_memory(error):
                raise
            leave_out = " and ".join(f"penalties.{each}=null" for each in penalties.split(", "))
            raise UserError(
                f"a {name} that torch.func.grad does not differentiate twice ({reason_of(error)})",
                "one that it does, because there is a penalty on its input gradient",
                f"write its forward in torch's own functions, or set {leave_out}",
            ) from error
