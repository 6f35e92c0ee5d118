"""From a recipe to its data and to the task that is played, whatever kind of task it is."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from saddlepoint.errors import UserError
from saddlepoint.game.task import RunTask
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.kinds import Materials, kind_of
from saddlepoint.recipes.own_networks import OwnNetworks
from saddlepoint.recipes.specification import Recipe

if TYPE_CHECKING:
    from saddlepoint.metrics.features import Features


def open_recipe_data(recipe: Recipe) -> Any:
    """The recipe's data.

    Raises:
        UserError: the recipe names none, or it cannot be read.
    """
    if recipe.data.source is None:
        raise UserError(
            f"recipe {recipe.name} without data",
            "a folder, zip, .parquet, .npz, IDX files or hf:NAME",
            "add --data PATH",
        )
    return kind_of(recipe).open(recipe, recipe.data.source)


def with_source(recipe: Recipe, source: str) -> Recipe:
    """The recipe with this source of data; a path becomes absolute, so that a run can be resumed from anywhere."""
    if Path(source).exists():
        source = str(Path(source).resolve())
    return recipe.model_copy(update={"data": recipe.data.model_copy(update={"source": source})})


def build_task(
    recipe: Recipe,
    found: DataFacts,
    data: Any,
    device: torch.device,
    own: OwnNetworks | None = None,
    references: Mapping[str, "Features"] | None = None,
) -> RunTask:
    """The recipe's task; without data it can only sample.

    Args:
        recipe: resolved.
        found: what the data was found to be.
        data: None where nothing is learnt.
        device: where it is played.
        own: a person's own networks.
        references: of the task's options, opened.

    Raises:
        UserError: the recipe's networks, data or settings are not those of its task.
    """
    kind = kind_of(recipe)
    if own is not None and "own" not in kind.open_words:
        raise UserError("own networks", "a recipe of the task generation", "set task.kind=generation")
    if data is not None and not isinstance(data, kind.data):
        raise UserError(
            f"{type(data).__name__} for the task {kind.name}",
            f"{kind.data.__name__}",
            "set task.kind to the task of such data",
        )
    given = recipe.networks if isinstance(recipe.networks, str) else getattr(recipe.networks, "pair", None)
    if given not in (*kind.networks, *kind.open_words, *([] if kind.networks else [None])):
        known = ", ".join((*kind.networks, *kind.open_words)) or "none: the task has its own"
        raise UserError(f"networks {given} for the task {kind.name}", f"one of {known}", "set networks.pair")
    return kind.build(recipe, Materials(found=found, data=data, device=device, own=own, references=references or {}))
