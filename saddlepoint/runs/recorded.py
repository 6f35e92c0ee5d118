"""What a run records in its recipe.yaml beside the recipe: read back, and checked before anything is done with it."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from saddlepoint.errors import UserError
from saddlepoint.recipes.data_facts import DataFacts, checked
from saddlepoint.recipes.kinds import kind_of
from saddlepoint.recipes.parts import shown
from saddlepoint.recipes.specification import Recipe
from saddlepoint.recipes.text import read_recipe
from saddlepoint.training.records.folder import RunFolder


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Change(_Part):
    """A setting that a run has changed: when it was resumed, or when it was asked to.

    Attributes:
        step: from which on.
        branch: on which it was changed first.
        asked: by a request: gone on with from before, the run is asked again, and until then it does not hold.
        key: dotted.
        before, after: its values, as plain data.
    """

    step: int
    branch: int = 0
    asked: bool = False
    key: str
    before: Any
    after: Any


class Machine(_Part):
    """What the bits of the run depend on beside recipe and data; more is described than is used here."""

    model_config = ConfigDict(frozen=True, extra="allow")

    threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    precision: Literal["float32", "bfloat16"] = "float32"


class Recorded(_Part):
    """What a run has recorded.

    Attributes:
        command: what a person typed.
        weights_from, weights_step: the run and the step whose weights were the first ones of this run, or None.
        started: when.
        machine, versions: what it began on.
        found: what the data was found to be, and what the task adds to it.
        changed: what was changed when it was resumed or asked to, oldest first.
    """

    command: str = ""
    weights_from: str | None = None
    weights_step: PositiveInt | None = None
    started: str = ""
    machine: Machine = Machine()
    versions: dict[str, str] = {}
    found: dict[str, Any]
    changed: tuple[Change, ...] = ()

    @cached_property
    def facts(self) -> DataFacts:
        """What the data was found to be."""
        return DataFacts.read({key: value for key, value in self.found.items() if key in DataFacts.names()})

    def of_task(self, recipe: Recipe) -> Any:
        """What the task has added to it, in the form that its kind gives it."""
        added = {key: value for key, value in self.found.items() if key not in DataFacts.names()}
        return checked(kind_of(recipe).recorded, added)

    def plain(self) -> dict[str, Any]:
        """As it is written: nothing is added that the run has not recorded."""
        return self.model_dump(mode="json", exclude_unset=True)


def read_recorded(folder: RunFolder) -> tuple[Recipe, Recorded]:
    """The recipe of a run, and what it has recorded.

    Raises:
        UserError: the file is no recipe, or what is recorded in it is not what a run records.
    """
    recipe, beside = read_recipe(folder.recipe)
    try:
        recorded = Recorded.model_validate(beside)
        # Looked at here: what is wrong in them is to be said before anything is done.
        _ = recorded.facts, recorded.of_task(recipe)
    except (ValidationError, UserError) as error:
        problem = _said(error, beside) if isinstance(error, ValidationError) else error.got
        raise UserError(
            f"{folder.recipe} with {problem}",
            "what a run records beside its recipe",
            "restore the file from a copy, or undo what was edited in it",
        ) from None
    return recipe, recorded


def _said(error: ValidationError, beside: Mapping[str, Any]) -> str:
    first = error.errors()[0]
    if first["type"] == "missing":
        return f"nothing under {'.'.join(map(str, first['loc']))!r}"
    return f"{'.'.join(map(str, first['loc']))} = {shown(first['input'])}"
