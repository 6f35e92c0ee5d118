"""Where a run stands, as the diagnosis takes it apart: its newest networks with their optimizers, in double precision.

Nothing of the run is touched: networks and optimizers are built anew from recipe.yaml and filled from the checkpoint.
"""

from typing import Any

import torch

from saddlepoint.diagnosis.local.duel import doubled
from saddlepoint.diagnosis.local.measure import Standing
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.own_networks import OwnNetworks
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.tasks import build_task
from saddlepoint.runs.build import Built, build_game
from saddlepoint.runs.opened import with_training
from saddlepoint.runs.recorded import Recorded
from saddlepoint.training.records.checkpoint import Checkpoint, restore


def standing(
    recipe: Recipe,
    recorded: Recorded,
    checkpoint: Checkpoint,
    *,
    data: Any,
    device: torch.device,
    own: OwnNetworks | None = None,
) -> Standing:
    """The duel of a run at a checkpoint.

    Args:
        recipe, recorded: of the run.
        checkpoint: where.
        data: of the run.
        device: cpu or cuda; others know no double precision.
        own: a person's own networks, if the run was made with such.

    Raises:
        UserError: the run is no duel, or the checkpoint is not one of such networks.
    """
    kind = kind_of(recipe)
    # Nothing is trained here: what makes training faster would only be in the way.
    plain = with_training(recipe, compile=False, precision="float32", fused_steps=False, channels_last=False)
    task = build_task(plain, recorded.facts, data, device, own)
    duel = kind.duel(task)
    game = build_game(plain, task, device)
    restore(checkpoint, task, game.steps, game.state)
    doubled(duel, game.steps)
    return Standing(
        duel=duel,
        state=game.state,
        steps=game.steps,
        settings=game.settings(),
        groups=game.turn(game.state.step),
        unlike=_unlike(recipe, game),
    )


def _unlike(recipe: Recipe, game: Built) -> str | None:
    """Why an iteration of the run is more than its moves."""
    if recipe.dynamics.correction != "plain":
        return f"the run is played with the correction {recipe.dynamics.correction}, which is not linearised"
    if any(player.constraint is not None for player in game.task.players):
        return "a step ends in a projection (clip), which has no derivative at its edge"
    return None
