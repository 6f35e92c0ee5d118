"""What depends on the size of the images, where a recipe leaves it open: the network and the batch.

networks: by_size                         all of it
networks: {pair: by_size, width: 16}      all but what is said; `--set networks.width=16` writes it so
"""

import dataclasses
import math
import typing
from typing import Any, ClassVar, Literal

import torch

from saddlepoint.data.source import AUTO_SIDE, AUTO_SIDE_OF_GPU
from saddlepoint.errors import UserError
from saddlepoint.networks import Dcgan

BY_SIZE = "by_size"


class _Chosen:
    """What `BySize` adds to its fields."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        # What the pair would refuse is refused before any data is read.
        dataclasses.replace(Dcgan(), **chosen(self))

    def shrunken(self) -> "_Chosen":
        """The same, only narrower."""
        return dataclasses.replace(self, width=Dcgan().shrunken().width)  # pyright: ignore[reportArgumentType]


_TYPES = typing.get_type_hints(Dcgan)
# The options of the pair that will be built, each null where the size of the images decides.
BySize = dataclasses.make_dataclass(
    "BySize",
    [
        ("pair", Literal["by_size"], BY_SIZE),
        *[(each.name, _TYPES[each.name] | None, None) for each in dataclasses.fields(Dcgan) if each.name != "pair"],
    ],
    bases=(_Chosen,),
    frozen=True,
    kw_only=True,
)


def chosen(networks: Any) -> dict[str, Any]:
    """What a recipe that leaves its networks to the size says of them all the same, by name."""
    if not isinstance(networks, BySize):
        return {}
    given = {each.name: getattr(networks, each.name) for each in dataclasses.fields(networks) if each.name != "pair"}
    return {name: value for name, value in given.items() if value is not None}


def pair_by_size(shape: tuple[int, ...], **options: Any) -> Dcgan:
    """A DCGAN pair whose discriminator has no batch statistics, narrower where images are large.

    Args:
        shape: (channels, height, width).
        options: of the pair, in the place of what follows from the size.
    """
    _check_images(shape)
    side = math.sqrt(shape[1] * shape[2])
    # A laptop's pace decides: twice the width is four times the work, and networks.width says otherwise.
    width = 32 if side <= 80 else 24 if side <= 160 else 16
    return dataclasses.replace(Dcgan(width=width, latent=128, normalisation="none"), **options)


def batch_by_size(shape: tuple[int, ...]) -> int:
    """Samples per step: 16 up to 128 x 128 pixels, fewer above, at least 8; in the same time more steps teach more."""
    _check_images(shape)
    return max(8, min(16, 16 * 128 * 128 // (shape[1] * shape[2])))


def side_by_device(device: torch.device) -> int:
    """The shorter side, in pixels, that images of `data.size=auto` are not larger than."""
    return AUTO_SIDE if device.type == "cpu" else AUTO_SIDE_OF_GPU


def _check_images(shape: tuple[int, ...]) -> None:
    if len(shape) != 3:
        raise UserError(
            f"points of {shape[0]} dimensions for an image recipe", "images", "use the recipe toy for points"
        )
