"""What memory a run needs, and the refusal of one that this machine could never hold."""

from collections.abc import Mapping
from dataclasses import replace

from saddlepoint.errors import UserError
from saddlepoint.game.task import Draw
from saddlepoint.process.room import refuse_without_room
from saddlepoint.recipes.found import Found
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.specification import Recipe
from saddlepoint.runs.advice import fitting
from saddlepoint.runs.build import Built
from saddlepoint.training.memory import Estimate, available_memory, estimate, held_memory

# Memory is estimated from draws of so many samples: a batch that is too large must not be drawn to be refused.
_PROBED = 8


def estimated(game: Built, *, own: bool) -> Estimate | None:
    """The memory that a game takes; None where its networks do not run on torch's meta device.

    Args:
        own: the networks are a person's own, which were tried where they will run.
    """
    state = game.state
    settings = game.settings()
    draws = _small_draws(game)
    try:
        return estimate(
            replace(game.field, task=game.task.reduced(_PROBED)),
            game.steps,
            state.averages,
            draws,
            settings,
            samples=game.task.batch,
            available=available_memory(game.task.device),
            held=held_memory(game.task.device),
        )
    except Exception as error:
        # A person's own networks may do what the meta device cannot, and then raise anything; the run itself does not
        # depend on the estimate.
        if not own and not isinstance(error, RuntimeError | UserError):
            raise
        return None


def refuse_too_large(game: Built, recipe: Recipe, found: Found, memory: Estimate | None) -> None:
    """Refuses a run whose numbers ask for more than all of the machine's memory; what is merely not free is said.

    Raises:
        UserError: a batch, or a picture of samples, that the machine cannot hold.
    """
    batch, task = game.task.batch, game.task
    if memory is not None and memory.held is not None and memory.total > memory.held:
        raise UserError(
            f"training.batch={batch}, which takes about {memory.total / 2**20:,.0f} MiB of memory",
            f"at most {memory.held / 2**20:,.0f} MiB, all that the device has",
            fitting(replace(memory, available=memory.held), recipe),
        )
    draws = _small_draws(game).values()
    drawn = max(sum(t.numel() * t.element_size() for t in draw.tensors.values()) // max(len(draw), 1) for draw in draws)
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


def _small_draws(game: Built) -> Mapping[str, Draw]:
    task, state = game.task.reduced(_PROBED), game.state
    return {player.name: task.draw(player.name, state.step, 0, state) for player in task.players}
