"""The recipe of a run whose task a person has built: `images`, with what the task has fixed written into it."""

from saddlepoint.errors import UserError
from saddlepoint.game.task import RunTask
from saddlepoint.recipes.catalogue import recipe_named
from saddlepoint.recipes.kinds import KINDS
from saddlepoint.recipes.specification import Recipe

# What a run asks of a task (`game/task.py: Task, RunTask`).
ASKED = (
    *("players", "averaged", "state", "draw", "loss", "remember", "sample"),
    *("batch", "data", "device", "seed", "settings", "whole_batch", "recorded"),
)


def check_task(given: object) -> RunTask:
    """What was given as a task.

    Raises:
        UserError: it is none.
    """
    if missing := [name for name in ASKED if not hasattr(given, name)]:
        raise UserError(
            f"a {type(given).__name__} without {', '.join(missing)}",
            "a recipe's name, a YAML file, a Recipe, or a task (saddlepoint.game.task.RunTask)",
            "derive your task from the base in saddlepoint.tasks.kit, which has what need not be told of it",
        )
    return given  # type: ignore[return-value]


def recipe_of_task(task: RunTask) -> Recipe:
    """The recipe of its run; its optimizers, lengths and weights are those that `set` changes."""
    # The last kind plays any task.
    kind = next(kind for kind in KINDS.values() if kind.plays(task))
    return kind.recipe_of(task, recipe_named("images"))
