"""What a run found its data to be, and what of its recipe follows from that."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, NonNegativeInt, PositiveInt, TypeAdapter, ValidationError

from saddlepoint.data import Packed
from saddlepoint.data.pairs import ImagePairs
from saddlepoint.data.source import AUTO, AUTO_SIDE
from saddlepoint.errors import UserError, counted
from saddlepoint.recipes.by_size import BY_SIZE, BySize, batch_by_size, chosen, pair_by_size, side_by_device
from saddlepoint.recipes.parts import shown
from saddlepoint.recipes.specification import Recipe
from saddlepoint.training.machine.device import device_named

RecipeData = Packed | ImagePairs
# How many files that were left out are named.
_NAMED = 3


# A side of an image, its channels, or how many numbers a point has.
Side = Annotated[int, Field(ge=1, le=1_000_000)]


@dataclass(frozen=True, kw_only=True)
class DataFacts:
    """What a run found its data to be; recorded, so that a generator can be rebuilt without the data."""

    source: str
    kind: str
    shape: Annotated[tuple[Side, ...], Field(min_length=1, max_length=3)]
    classes: tuple[str, ...]
    count: PositiveInt
    splits: Mapping[str, NonNegativeInt]
    split_rule: str
    fingerprint: str
    skipped: NonNegativeInt
    source_shape: Annotated[tuple[Side, ...], Field(min_length=3, max_length=3)] | None = None
    notes: tuple[str, ...] = ()
    own_size: tuple[Side, Side] | None = None
    __pydantic_config__ = {"extra": "forbid"}

    @classmethod
    def read(cls, recorded: Mapping[str, Any]) -> "DataFacts":
        """From what a run has written down.

        Raises:
            UserError: something is missing, unknown, or not what it should be.
        """
        return checked(cls, recorded)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """What is recorded of the data; the rest under `found` is the task's."""
        return tuple(field.name for field in fields(cls))

    @classmethod
    def of(cls, data: RecipeData) -> "DataFacts":
        if isinstance(data, ImagePairs):
            # What is made is like the targets; the rest is told of the pairs.
            return replace(
                cls.of(data.targets),
                kind="pairs" if data.paired else "images of either side",
                source=data.source,
                split_rule=data.split_rule,
                fingerprint=data.fingerprint,
                skipped=len(data.skipped),
                source_shape=tuple(data.sources.shape),
                notes=_notes(data),
                own_size=data.targets.own_size if data.targets.own_size == data.sources.own_size else None,
            )
        return cls(
            source=data.source,
            kind=data.kind,
            shape=tuple(data.shape),
            classes=tuple(data.classes),
            count=len(data.items),
            splits={name: len(indices) for name, indices in data.splits.items()},
            split_rule=data.split_rule,
            fingerprint=data.fingerprint,
            skipped=len(data.skipped),
            notes=_notes(data),
            own_size=data.own_size,
        )


@cache
def _adapter(kind: type) -> TypeAdapter:
    return TypeAdapter(kind)


def checked(kind: type, recorded: Mapping[str, Any]) -> Any:
    try:
        return _adapter(kind).validate_python(dict(recorded))
    except ValidationError as error:
        first = error.errors()[0]
        if isinstance(own := first.get("ctx", {}).get("error"), UserError):
            raise own from None
        key = ".".join(("found", *map(str, first["loc"])))
        if first["type"] in ("missing", "missing_argument"):
            raise _wrong(f"nothing under {key!r}") from None
        raise _wrong(f"{key} = {shown(first['input'])}") from None


def _wrong(got: str) -> UserError:
    return UserError(
        got, "what a run writes of its data", "restore recipe.yaml from a copy, or undo what was edited in it"
    )


def _notes(data: RecipeData) -> tuple[str, ...]:
    """What reading did to the data, and the first of what it left out because the person asked for that."""
    left_out, more = data.skipped, len(data.skipped) - _NAMED
    if not left_out:
        return data.notes
    named = ", ".join(left_out[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
    return (*data.notes, f"{counted(len(left_out), 'file')} left out, because unreadable: {named}")


def shaping(recipe: Recipe) -> dict[str, Any]:
    """The recipe's settings for data that apply wherever it comes from, a person's own Dataset included."""
    data = recipe.data
    # A person's own networks are built for the images that the person has: nothing is chosen behind them.
    size, channels = (
        None if recipe.networks == "own" and each == AUTO else each for each in (data.size, data.channels)
    )
    return {
        "size": size,
        "channels": channels,
        "fit": data.fit,
        "auto_side": side_by_device(device_named(recipe.training.device)) if size == AUTO else AUTO_SIDE,
        "range": data.range,
        "hold_out": data.hold_out,
        "first": data.first,
        "cache": Path(data.cache) if data.cache is not None else None,
    }


def resolved(recipe: Recipe, found: DataFacts) -> Recipe:
    """The recipe with everything fixed that depends on the data's shape; what was chosen for the data itself too."""
    changes: dict[str, Any] = {}
    images = found.shape if len(found.shape) == 3 else None
    sizes: dict[str, Any] = {}
    if recipe.data.size == AUTO:
        sizes["size"] = images and images[1:]
    if recipe.data.channels == AUTO:
        sizes["channels"] = images and images[0]
    if sizes:
        changes["data"] = recipe.data.model_copy(update=sizes)
    if recipe.networks == BY_SIZE or isinstance(recipe.networks, BySize):
        changes["networks"] = pair_by_size(found.shape, **chosen(recipe.networks))
    if recipe.training.batch == BY_SIZE:
        changes["training"] = recipe.training.model_copy(update={"batch": batch_by_size(found.shape)})
    return recipe.model_copy(update=changes)
