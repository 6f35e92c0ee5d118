"""What a recipe leaves to the machine: precision, a function of the networks' size and the processor, and threads.

A small step may be faster on one thread than on several, by how busy the machine is, so that is tried. The run records
what was chosen, for its bits depend on it, and is resumed with it; who wants the same bits of two runs sets
training.threads.
"""

from dataclasses import dataclass, replace

import torch

from saddlepoint.errors import UserError
from saddlepoint.game.corrections import Correction
from saddlepoint.game.field import Field, buffers_of, parameters_of
from saddlepoint.game.task import networks_of
from saddlepoint.recipes.network_trial import leaving_no_trace
from saddlepoint.recipes.specification import Recipe
from saddlepoint.runs.probe import Probe
from saddlepoint.training.machine.precision import Precision, fast_bfloat16, precision_context
from saddlepoint.training.machine.threads import fastest_threads
from saddlepoint.training.state import State

# Forward operations of a micro-batch in one player's loss: below the first number a step is mostly the time of calling
# functions, and rounding gains nothing (docs/speed.md); above the second all threads have enough to do.
SMALL, TRIED = 6e7, 1e9


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """What was chosen.

    Attributes:
        precision: that losses are computed in.
        threads: of torch; None for its own choice.
        said: the choice in words.
    """

    precision: Precision
    threads: int | None
    said: str


def fitted(recipe: Recipe, field: Field, correction: Correction, device: torch.device, probe: Probe) -> Fitted:
    """Precision and threads of a run: the recipe's own, or what fits.

    Args:
        recipe: the whole description.
        field: the game, in any precision.
        correction: of the recipe.
        device: of the run.
        probe: of the game.

    Raises:
        UserError: the recipe asks for a precision that its correction cannot do with.
    """
    training = recipe.training
    if training.precision == "bfloat16" and not correction.first_order:
        raise UserError(
            f"training.precision=bfloat16 with the correction {recipe.dynamics.correction}",
            "float32, because the field is differentiated again",
            "set training.precision=float32, or dynamics.correction=extragradient",
        )
    operations = probe.operations(field)
    precision, reason = _precision(recipe, operations, correction, device)
    threads = training.threads
    if threads is None and device.type == "cpu" and operations is not None and operations < TRIED:
        threads = _threads(recipe, replace(field, precision=precision_context(precision, device)), probe)
    layout = ", channels last" if training.channels_last else ""
    return Fitted(precision=precision, threads=threads, said=f"{precision}{layout} ({reason})")


def _precision(
    recipe: Recipe, operations: float | None, correction: Correction, device: torch.device
) -> tuple[Precision, str]:
    if recipe.training.precision != "auto":
        return recipe.training.precision, "as the recipe says, or as the run began"
    if not correction.first_order:
        return "float32", f"{recipe.dynamics.correction} differentiates the field again"
    if operations is None:
        return "float32", "how much these nets compute cannot be told"
    if operations < SMALL:
        return "float32", "nets this small gain nothing from rounding"
    if fast_bfloat16(device):
        return "bfloat16", "products and convolutions; weights and optimizers stay float32"
    return "float32", f"this {device.type} is not faster in bfloat16"


def _threads(recipe: Recipe, field: Field, probe: Probe) -> int:
    """As many as the first gradient is fastest with, on a whole draw; the game is only looked at."""
    most, task, first = torch.get_num_threads(), field.task, probe.first
    if most == 1 or first is None:
        return 1
    with leaving_no_trace(list(networks_of(task).values()), probe.task.device):
        draw = field.draw(first, 0, 0, State(seed=recipe.seed))
    parameters, buffers = parameters_of(task), buffers_of(task)
    return fastest_threads(lambda: field(parameters, buffers, {first: draw}, probe.settings), [1, most])
