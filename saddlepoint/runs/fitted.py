"""What a recipe leaves to the machine: precision, a function of the networks' size and the processor, and threads.

A small step may be faster on one thread than on several, by how busy the machine is, so that is tried. The run records
what was chosen, for its bits depend on it, and is resumed with it; who wants the same bits of two runs sets
training.threads.
"""

from dataclasses import dataclass, replace
from typing import cast

import torch

from saddlepoint.errors import UserError
from saddlepoint.game.corrections import Correction
from saddlepoint.game.field import Field, buffers_of, parameters_of
from saddlepoint.game.schedules import value_at
from saddlepoint.game.task import RunTask, followed
from saddlepoint.recipes.specification import Recipe
from saddlepoint.training.precision import Precision, fast_bfloat16, precision_context
from saddlepoint.training.state import State
from saddlepoint.training.threads import fastest_threads
from saddlepoint.training.work import loss_operations

# Forward operations of a micro-batch in one player's loss: below the first number a step is mostly the time of calling
# functions, and rounding gains nothing (docs/speed.md); above the second all threads have enough to do.
SMALL, TRIED = 6e7, 1e9
# Samples that are looked at; batch normalisation of a map of one pixel needs two.
_PROBED = 2


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


def fitted(recipe: Recipe, field: Field, correction: Correction, device: torch.device) -> Fitted:
    """Precision and threads of a run: the recipe's own, or what fits.

    Args:
        recipe: the whole description.
        field: the game, in any precision.
        correction: of the recipe.
        device: of the run.

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
    operations = _operations(recipe, field)
    precision, reason = _precision(recipe, operations, correction, device)
    threads = training.threads
    if threads is None and device.type == "cpu" and operations is not None and operations < TRIED:
        threads = _threads(recipe, replace(field, precision=precision_context(precision, device)))
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


def _threads(recipe: Recipe, field: Field) -> int:
    """As many as the first gradient is fastest with; the game is only looked at."""
    most, task = torch.get_num_threads(), field.task
    if most == 1:
        return 1
    player = followed(task)[0]
    draw = task.draw(player, 0, 0, State(seed=recipe.seed))
    parameters, buffers = parameters_of(task), buffers_of(task)
    return fastest_threads(lambda: field(parameters, buffers, {player: draw}, _settings(recipe)), [1, most])


def _settings(recipe: Recipe) -> dict[str, float]:
    return {name: value_at(number, 0, 0) for name, number in recipe.numbers().items()}


def _operations(recipe: Recipe, field: Field) -> float | None:
    """Of a micro-batch in the first loss that a player follows, forward; None where the networks cannot say."""
    task, batch = cast(RunTask, field.task), int(recipe.training.batch)
    if not (players := followed(task)):
        return None
    first = players[0]
    try:
        probed = replace(field, task=task.reduced(_PROBED), accumulate=1)
        draw = probed.task.draw(first, 0, 0, State(seed=recipe.seed))
        operations = loss_operations(probed, first, draw, _settings(recipe))
    except Exception as error:
        # A person's own network, which was tried where it will run, may do anything that the meta device cannot.
        if recipe.networks != "own" and not isinstance(error, RuntimeError | UserError):
            raise
        return None
    return operations / len(draw) * batch / recipe.training.accumulate
