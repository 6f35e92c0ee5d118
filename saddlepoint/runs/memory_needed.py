"""What memory a run needs, and the refusal of one that this machine could never hold."""

from dataclasses import replace

from saddlepoint.errors import UserError
from saddlepoint.process.room import refuse_without_room
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.specification import Recipe
from saddlepoint.runs.advice import fitting
from saddlepoint.runs.build import Built
from saddlepoint.training.machine.memory import Estimate


def estimated(game: Built) -> Estimate | None:
    """The memory that a game takes; None where that cannot be told."""
    return game.probe.memory(game.field, game.steps, game.state.averages)


def refuse_too_large(game: Built, recipe: Recipe, found: DataFacts, memory: Estimate | None) -> None:
    """Refuses a run whose numbers ask for more than all of the machine's memory; what is merely not free is said.

    Raises:
        UserError: a batch, or a picture of samples, that the machine cannot hold.
    """
    batch, task = game.task.batch, game.task
    if memory is not None and memory.held is not None and memory.total > memory.held:
        raise UserError(
            f"training.batch={batch}, which takes about {memory.total / 2**20:,.0f} MiB of memory",
            f"at most {memory.held / 2**20:,.0f} MiB, all that the device has",
            fitting(replace(memory, available=memory.held), recipe, in_parts=task.whole_batch is None),
        )
    drawn = game.probe.bytes_per_sample
    # Whole, also where it is played in parts.
    refuse_without_room(batch * drawn, f"training.batch={batch}", "set a smaller training.batch")
    larger = recipe.dynamics.generator_batches
    refuse_without_room(
        batch * larger * drawn,
        f"dynamics.generator_batches={larger} with a batch of {batch}",
        "set a smaller dynamics.generator_batches",
    )
    picture = kind_of(recipe).picture_bytes(recipe, task, found)
    refuse_without_room(picture, f"watch.samples={recipe.watch.samples}", "set a smaller watch.samples")
