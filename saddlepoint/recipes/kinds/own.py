"""A task that a person has built in Python (`sp.train(task)`): any `RunTask`, whoever plays in it.

Its optimizers and the weights of its loss are the recipe's: --set PLAYER.rate, --set task.weights.NAME; the rest is the
task's own, which has to be given again to go on.
"""

from typing import ClassVar, Literal

from pydantic import Field, field_validator

from saddlepoint.data import Packed, open_data
from saddlepoint.errors import UserError
from saddlepoint.game.schedules import Number
from saddlepoint.game.steps import Adam
from saddlepoint.game.task import RunTask
from saddlepoint.recipes.data_facts import shaping
from saddlepoint.recipes.kinds.kind import SHAPES, Kind, Materials
from saddlepoint.recipes.parts import TaskPart
from saddlepoint.recipes.specification import Augment, Penalties, Recipe


class OwnPart(TaskPart):
    """A task that a person has built."""

    kind: Literal["own"] = "own"
    names: tuple[str, ...] = Field(default=(), description="of its players, in the order of their moves")
    weights: dict[str, Number] = Field(default={}, description="of its loss: the settings task.NAME")

    @field_validator("names")
    @classmethod
    def _names_are_no_keys(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        check_names(names)
        return names

    @property
    def players(self) -> tuple[str, ...]:
        return self.names

    @property
    def numbers(self) -> dict[str, Number]:
        return self.weights

    @property
    def words(self) -> str:
        return "a task of one's own"


class OwnKind(Kind):
    options: ClassVar = OwnPart
    fixed: ClassVar = {"names": SHAPES}

    def plays(self, task: RunTask) -> bool:
        return True

    def recipe_of(self, task: RunTask, base: Recipe) -> Recipe:
        # Every weight that the loss reads begins as 1.
        read = [name.partition(".") for name in task.settings]
        weights: dict[str, Number] = {name: 1.0 for part, _, name in read if part == "task"}
        players = tuple(player.name for player in task.players)
        check_names(players)
        return base.model_copy(
            update={
                "name": "own",
                "summary": "a task of one's own",
                "seed": task.seed,
                "networks": None,
                "task": OwnPart(names=players, weights=weights),
                "objective": None,
                "penalties": Penalties(**{name: 1.0 for part, _, name in read if part == "penalties"}),
                "augment": Augment(**{name: 1.0 for part, _, name in read if part == "augment"}),
                "optimizers": {name: Adam() for name in players},
                "training": base.training.model_copy(update={"batch": task.batch}),
            }
        )

    def open(self, recipe: Recipe, source: str) -> Packed:
        return open_data(source, **shaping(recipe))

    def build(self, recipe: Recipe, materials: Materials) -> RunTask:
        raise UserError(
            f"a run of a task of one's own ({recipe.name})",
            "the same task",
            "use the Python API: saddlepoint.resume(RUN, task=...)",
        )


def check_names(players: tuple[str, ...]) -> None:
    """Whether a recipe can name the optimizers of these players.

    Raises:
        UserError: one of them is called like a key of recipes, or by no word.
    """
    for name in players:
        if name in Recipe.model_fields or not name.isidentifier():
            raise UserError(f"a player named {name!r}", "a word that no recipe has as a key", "rename the player")
