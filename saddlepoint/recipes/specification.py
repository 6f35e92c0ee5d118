"""What a recipe is: the whole description of a run, as typed data that saves to YAML and loads from it.

Every numeric setting that the game reads at each step may be a schedule. Unknown keys are refused (see text.py).
"""

import re
from dataclasses import is_dataclass
from typing import Any, Literal

from pydantic import (
    Field,
    PositiveInt,
    SerializeAsAny,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from saddlepoint.data.depth import Range, check_range
from saddlepoint.data.source import AUTO
from saddlepoint.errors import UserError
from saddlepoint.game.corrections import CORRECTIONS, STRENGTH
from saddlepoint.game.schedules import Number
from saddlepoint.game.steps import Optimizer, numbers_of
from saddlepoint.game.turns import Bursts
from saddlepoint.recipes.parts import Part, TaskPart
from saddlepoint.recipes.ranges import check_numbers, check_sizes
from saddlepoint.tasks.kit.adaptive import Adaptive
from saddlepoint.training.averages import Average
from saddlepoint.training.records.keeping import Best

FORMAT = 1
# What may stand in the place of networks.
OPEN_NETWORKS = ("by_size", "own")
# Images as they are in their files, which must be alike; written down as null.
NATIVE = "native"


# What an evaluation during a run measures unless told otherwise: what `evaluate` measures.
_MEASURED = ("frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage")


class Data(Part):
    """Where the data comes from and how it is made even."""

    source: str | None = Field(default=None, description="path, embedded name, or hf:NAME; --data sets it")
    size: tuple[PositiveInt, PositiveInt] | Literal["auto"] | None = Field(
        default=None,
        description="HEIGHTxWIDTH to bring images to; auto: one that suits them and the machine; native: their own",
    )
    channels: Literal[1, 3, 4, "auto"] | None = Field(
        default=None,
        description="convert every image to so many channels; auto: as most images have; native: their own",
    )
    fit: Literal["crop", "pad"] = Field(
        default="crop", description="bring images to the size by cutting the middle out, or whole on a border"
    )
    range: tuple[float, float] | None = Field(
        default=None, description="LOW,HIGH: black and white in values of more than 8 bits"
    )
    hold_out: float = Field(default=0.1, ge=0, lt=1, description="share of items kept from training, by fingerprint")
    first: PositiveInt | None = Field(default=None, description="train on the first so many items, hold out the rest")
    count: PositiveInt | None = Field(default=None, description="how many items of a synthetic set")
    image_column: str | None = Field(default=None, description="of a table with several image columns")
    label_column: str | None = Field(default=None, description="of a table with several, or of one beside images")
    labels: bool = Field(default=True, description="read labels where the source has them")
    skip_unreadable: bool = Field(default=False, description="leave unreadable files out, and say how many")
    cache: str | None = Field(default=None, description="folder for data too large for memory")
    direction: Literal["forward", "backward"] = Field(
        default="forward", description="of pairs: from the first side to the second, or back"
    )
    source_channels: Literal[1, 3, 4] | None = Field(default=None, description="of pairs: channels of the sources")
    columns: tuple[str, str] | None = Field(
        default=None, description="FIRST,SECOND: of pairs in a table with several image columns"
    )
    tile: PositiveInt = Field(default=192, description="of super-resolution: side of the tiles of a photograph")

    @field_validator("columns", mode="before")
    @classmethod
    def _columns_as_written(cls, columns: Any) -> Any:
        return tuple(name.strip() for name in columns.split(",")) if isinstance(columns, str) else columns

    @field_validator("channels", mode="before")
    @classmethod
    def _channels_as_written(cls, channels: Any) -> Any:
        return None if channels == NATIVE else channels

    @field_validator("size", mode="before")
    @classmethod
    def _size_as_written(cls, size: Any) -> Any:
        if size in (AUTO, NATIVE):
            return None if size == NATIVE else size
        if isinstance(size, str):
            match = re.fullmatch(r"\s*(\d+)\s*x\s*(\d+)\s*", size)
            if match is None:
                raise UserError(
                    f"data.size = {size!r}", "HEIGHTxWIDTH, auto or native", "write it like --set data.size=64x64"
                )
            return int(match[1]), int(match[2])
        return (size, size) if isinstance(size, int) and not isinstance(size, bool) else size

    @field_validator("range", mode="before")
    @classmethod
    def _range_as_written(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        try:
            return [float(number) for number in given.split(",")]
        except ValueError:
            raise UserError(f"data.range = {given!r}", "LOW,HIGH", "write it like --set data.range=0,4095") from None

    @field_validator("range")
    @classmethod
    def _range_rises(cls, given: Range | None) -> Range | None:
        if given is not None:
            check_range(given)
        return given


class Dynamics(Part):
    """Who moves when."""

    turn: Literal["alternating", "simultaneous"] = "alternating"
    discriminator_steps: PositiveInt = 1
    bursts: Bursts | None = Field(default=None, description="iterations with many more discriminator steps (WGAN)")
    generator_batches: PositiveInt = Field(default=1, description="G's batch, in batches of D")
    share_draws: bool = Field(default=False, description="G uses D's last batch and latents")
    correction: str = Field(default="plain", description=f"one of {', '.join(CORRECTIONS)}")
    strength: Number | None = Field(default=None, description="of the correction; null for its own, 0 is plain play")

    @model_validator(mode="after")
    def _strength_has_an_effect(self) -> "Dynamics":
        if self.correction not in CORRECTIONS:
            raise UserError(
                f"dynamics.correction = {self.correction!r}", f"one of {', '.join(CORRECTIONS)}", "choose one of these"
            )
        if self.strength is not None and CORRECTIONS[self.correction].strength is None:
            raise UserError(
                f"dynamics.strength = {self.strength} with dynamics.correction = {self.correction}",
                "no strength, because it would have no effect",
                "leave it out, or choose a correction such as extragradient",
            )
        return self

    @property
    def strength_in_use(self) -> Number | None:
        """The strength that was asked for, or the correction's own; None where there is none."""
        return CORRECTIONS[self.correction].strength if self.strength is None else self.strength


class Penalties(Part):
    """Weights of the penalties; null leaves one out."""

    r1: Number | None = Field(default=None, description="on D's input gradient at real images")
    r2: Number | None = Field(default=None, description="on D's input gradient at fakes")
    gradient_penalty: Number | None = Field(default=None, description="on its length between them (WGAN-GP)")
    lecam: Number | None = Field(default=None, description="on the distance of D's scores from the other side's")
    orthogonal: Number | None = Field(default=None, description="on the angles between rows of G's weights")


class Augment(Part):
    """Strengths of what is done to all images that D sees, in this order; null leaves one out."""

    flip: Number | None = None
    rotate90: Number | None = None
    shift: Number | None = None
    scale: Number | None = None
    rotate: Number | None = None
    stretch: Number | None = None
    fractional_shift: Number | None = None
    brightness: Number | None = None
    contrast: Number | None = None
    luma_flip: Number | None = None
    hue: Number | None = None
    saturation: Number | None = None
    cutout: Number | None = None


class Training(Part):
    """How long, how much at once, and on what."""

    steps: PositiveInt
    batch: PositiveInt | Literal["by_size"] = 64
    accumulate: PositiveInt = Field(default=1, description="micro-batches per step")
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        default="auto",
        description="of losses; auto takes bfloat16 where the machine is fast in it and the nets large",
    )
    channels_last: bool = Field(default=True, description="keep the maps of convolutions with their channels together")
    share_forwards: bool = Field(
        default=True, description="with dynamics.share_draws: what G makes is made once for both players' steps"
    )
    joint_scoring: bool = Field(
        default=True, description="show D real and fake images in one call, if it has no batch statistics"
    )
    fused_steps: bool = Field(default=True, description="move all weights in one call, where torch can")
    keep_memory: bool = Field(
        default=True, description="keep freed memory for the next step instead of giving it back (glibc)"
    )
    tangent_penalties: bool = Field(
        default=True, description="input gradients of a piecewise linear D by the tangent pass; false: double backward"
    )
    compile: bool = Field(
        default=False,
        description="compile each player's whole step; the first steps wait for it, for seconds or minutes",
    )
    threads: PositiveInt | None = Field(
        default=None, le=1024, description="torch's threads; null takes one for small nets, else torch's own choice"
    )
    deterministic: bool = Field(default=False, description="on CUDA, use deterministic algorithms only")


class Watch(Part):
    """What is written down, in steps."""

    log_every: PositiveInt = 50
    sample_every: PositiveInt = Field(
        default=500, description="steps between two pictures; the first are at 0, 25, 50, 100 and 200"
    )
    samples: PositiveInt = 64
    checkpoint_every: PositiveInt = 1000
    keep: PositiveInt = Field(default=3, description="how many of the newest checkpoints stay")
    best: Best | None = Field(
        default=None, description="also keep the best checkpoint by a logged value, or by metrics.NAME of an evaluation"
    )
    diagnosis: Literal["off", "advise", "treat"] = Field(
        default="advise",
        description="advise: say what goes wrong in the game, and what to do about it; treat: do it too, and undo what"
        " does not help; off: do not look",
    )
    evaluate_every: PositiveInt | None = Field(
        default=None, description="images between two evaluations; null for none"
    )
    evaluate: tuple[str, ...] = Field(default=_MEASURED, description="metrics of the evaluations, as for `evaluate`")
    evaluate_count: int = Field(default=2000, ge=2, description="samples of an evaluation")
    evaluate_features: str | None = Field(
        default=None, description="as for `evaluate --features`; null for its default, which a run writes down"
    )
    evaluate_at_end: int | None = Field(
        default=400, ge=20, description="samples of the evaluation when the run has ended; null for none"
    )

    @field_validator("diagnosis", mode="before")
    @classmethod
    def _off_is_a_word(cls, given: Any) -> Any:
        # YAML reads it as false.
        return "off" if given is False else given

    @model_validator(mode="after")
    def _evaluations_have_an_effect(self) -> "Watch":
        if self.evaluate_every is None:
            unused = [
                name
                for name, field in Watch.model_fields.items()
                if name.startswith("evaluate") and name not in ("evaluate_every", "evaluate_at_end")
                # Recipes of runs from before the default followed from the images have pixels there.
                if getattr(self, name) not in (field.default, "pixels")
            ]
            if unused:
                raise UserError(
                    f"watch.{unused[0]} without watch.evaluate_every",
                    "how often to evaluate",
                    "set watch.evaluate_every=100000, in images",
                )
        metric = self.best.metric if self.best is not None else None
        if metric is not None and (self.evaluate_every is None or metric not in self.evaluate):
            raise UserError(
                f"watch.best.value = metrics.{metric}",
                "a metric that the run evaluates",
                f"set watch.evaluate_every=100000 and watch.evaluate=[{metric}]",
            )
        return self


class Recipe(Part):
    """A complete named run.

    As plain data the optimizers stand by their players' names beside the other keys ("generator.rate"); such data are
    read by `text.py: recipe_from`, which knows the kinds of tasks. Here task, networks and optimizers are typed.
    """

    format: Literal[1] = FORMAT
    name: str = Field(min_length=1, max_length=80)
    summary: str
    seed: int = Field(default=0, ge=0, lt=2**63)
    data: Data = Data()
    networks: Any = Field(default=None, description="a pair of networks; by_size, own; null where the task has its own")
    latent_prior: str | None = Field(default=None, description="name of z's distribution; null takes the pair's own")
    task: SerializeAsAny[TaskPart]
    objective: str | None = Field(default=None, description="of the game; null for a task without an opponent")
    penalties: Penalties = Penalties()
    clip: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="bound on D's weights (WGAN); null for none"
    )
    augment: Augment = Augment()
    adaptive_augmentation: Adaptive | None = Field(
        default=None, description="multiply the strengths by a probability that follows D's mean sign on real images"
    )
    dynamics: Dynamics = Dynamics()
    optimizers: dict[str, Optimizer] = Field(default={}, description="by player, one for each")
    average: Average | None = None
    training: Training
    watch: Watch = Watch()

    @field_validator("networks")
    @classmethod
    def _networks_are_typed(cls, networks: Any) -> Any:
        assert networks is None or networks in OPEN_NETWORKS or is_dataclass(networks), networks
        return networks

    @model_validator(mode="after")
    def _each_player_has_an_optimizer(self) -> "Recipe":
        players = self.task.players
        if foreign := [name for name in self.optimizers if name not in players]:
            raise UserError(
                f"{foreign[0]} in a recipe of the task {self.task.kind}",
                f"an optimizer for each of its players: {', '.join(players)}",
                f"leave {foreign[0]} out",
            )
        if missing := [name for name in players if name not in self.optimizers]:
            raise UserError(
                f"no optimizer for the {missing[0]}",
                f"one for each player: {', '.join(players)}",
                f"set {missing[0]}.optimizer=adam",
            )
        return self

    @model_validator(mode="after")
    def _numbers_are_possible(self) -> "Recipe":
        check_numbers(self.numbers())
        check_sizes(self.model_dump())
        return self

    @model_serializer(mode="wrap")
    def _flat(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As plain data: the optimizers in their players' order, where the recipe has them."""
        plain = handler(self)
        optimizers = plain.pop("optimizers")
        flat: dict[str, Any] = {}
        for name, value in plain.items():
            flat[name] = value
            if name == "dynamics":
                flat.update({player: optimizers[player] for player in self.task.players})
        return flat

    def numbers(self) -> dict[str, Number]:
        """Every number that may change during the run, by dotted name."""
        named: dict[str, Number | None] = {f"task.{name}": number for name, number in self.task.numbers.items()}
        for player, optimizer in self.optimizers.items():
            named.update({f"{player}.{name}": number for name, number in numbers_of(optimizer).items()})
        named.update({f"penalties.{name}": weight for name, weight in self.penalties})
        named.update({f"augment.{name}": strength for name, strength in self.augment})
        named[STRENGTH] = self.dynamics.strength_in_use
        if self.average is not None:
            named["average.half_life"] = self.average.half_life
        return {name: number for name, number in named.items() if number is not None}

    def shrunken(self) -> "Recipe":
        """The same recipe with narrower networks, a small batch and small images, for tests and first looks."""
        changes: dict = {"training": self.training.model_copy(update={"batch": 4})}
        networks: Any = self.networks
        if networks in OPEN_NETWORKS or self.data.size is not None:
            changes["data"] = self.data.model_copy(update={"size": (16, 16)})
        if is_dataclass(networks):
            changes["networks"] = networks.shrunken()  # type: ignore[union-attr]
        return self.model_copy(update=changes)
