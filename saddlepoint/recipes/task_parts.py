"""What a recipe says of its task: one part for each kind of play. `recipes/tasks.py` builds the task from it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from saddlepoint.game.schedules import Number


class Part(BaseModel):
    """A part of a recipe: immutable, nothing unknown in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TaskPart(Part):
    """What is played."""

    @property
    def numbers(self) -> dict[str, Number]:
        """The task's own numbers that may change during the run, by name; the settings "task.NAME"."""
        return {}

    @property
    def words(self) -> str:
        """What is played, for a list."""
        raise NotImplementedError


class GenerationPart(TaskPart):
    """A generator of latents against a discriminator."""

    kind: Literal["generation"] = "generation"
    conditional: bool = Field(default=False, description="give labels to both networks")
    top_k: Number | None = Field(default=None, description="G learns from this share of its best-scored fakes")
    dequantise: bool = Field(default=False, description="add noise of one grey level to the real images (WGAN-GP)")

    @property
    def numbers(self) -> dict[str, Number]:
        return {"top_k": self.top_k} if self.top_k is not None else {}

    @property
    def words(self) -> str:
        return "conditional" if self.conditional else "unconditional"


class ClassificationPart(TaskPart):
    """A classifier, without an opponent."""

    kind: Literal["classification"] = "classification"

    @property
    def words(self) -> str:
        return self.kind


def _with_kind(value: Any) -> Any:
    # Runs from before there were other kinds do not name theirs.
    return {"kind": "generation", **value} if isinstance(value, dict) else value


AnyTaskPart = Annotated[
    Annotated[GenerationPart | ClassificationPart, Field(discriminator="kind")], BeforeValidator(_with_kind)
]
