"""What a recipe says of its task: one part for each kind of play. `recipes/tasks.py` builds the task from it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, NonNegativeInt, PositiveInt

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
    mirror: bool = Field(default=False, description="mirror each real image with probability 1/2")
    dequantise: bool = Field(default=False, description="add noise of one grey level to the real images (WGAN-GP)")

    @property
    def numbers(self) -> dict[str, Number]:
        return {"top_k": self.top_k} if self.top_k is not None else {}

    @property
    def words(self) -> str:
        return "conditional" if self.conditional else "unconditional"


class TranslationPart(TaskPart):
    """A generator that translates images, learnt from pairs (pix2pix)."""

    kind: Literal["translation"] = "translation"
    l1: Number = Field(default=100.0, description="weight of the distance from the targets")
    scale: float = Field(default=1.0, ge=1, le=2, description="enlarge pairs so much and cut their size out again")
    mirror: bool = Field(default=False, description="mirror each pair with probability 1/2")

    @property
    def numbers(self) -> dict[str, Number]:
        return {"l1": self.l1}

    @property
    def words(self) -> str:
        return self.kind


class CyclePart(TaskPart):
    """Two generators, there and back between two kinds of images, learnt without pairs (CycleGAN)."""

    kind: Literal["cycle"] = "cycle"
    cycle: Number = Field(default=10.0, description="weight of the distance after there and back")
    identity: Number = Field(default=5.0, description="weight of what a generator changes in its own kind")
    pool: NonNegativeInt = Field(default=50, description="old fakes that each discriminator is shown again")
    scale: float = Field(default=1.0, ge=1, le=2, description="enlarge images so much and cut their size out again")
    mirror: bool = Field(default=False, description="mirror each image with probability 1/2")

    @property
    def numbers(self) -> dict[str, Number]:
        return {"cycle": self.cycle, "identity": self.identity}

    @property
    def words(self) -> str:
        return "translation without pairs"


class SuperResolutionPart(TaskPart):
    """A generator that enlarges images, alone (SRResNet) or against a discriminator (SRGAN)."""

    kind: Literal["super-resolution"] = "super-resolution"
    factor: Literal[2, 4, 8] = Field(default=4, description="by which images are enlarged")
    crop: PositiveInt = Field(default=96, description="side of the pieces that are learnt from, in large pixels")
    content: str = Field(default="pixels", description="compare images in pixels, vgg19:FILE or classifier:RUN")
    content_weight: Number = Field(default=1.0, description="of the content; VGG's maps are divided by 12.75 besides")
    adversarial: Number | None = Field(
        default=None, description="of the objective, for G; null without a discriminator"
    )

    @property
    def numbers(self) -> dict[str, Number]:
        against = {"adversarial": self.adversarial} if self.adversarial is not None else {}
        return {"content_weight": self.content_weight, **against}

    @property
    def words(self) -> str:
        return self.kind


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
    Annotated[
        GenerationPart | TranslationPart | CyclePart | SuperResolutionPart | ClassificationPart,
        Field(discriminator="kind"),
    ],
    BeforeValidator(_with_kind),
]
