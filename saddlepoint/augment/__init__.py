"""Augmentation of what the discriminator sees: pure functions of (images, draw, strength), applied in a given order.

Each is differentiable, also twice for a penalty on the input gradient, and at strength 0 leaves the images bit for bit.
The draw is uniform numbers in (0, 1): who calls decides where they come from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from saddlepoint.augment.flip import flip
from saddlepoint.augment.shift import shift
from saddlepoint.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """An augmentation and what it needs.

    Attributes:
        function: (images (n, channels, height, width), draw (n, draws), strength) -> images, as `flip`.
        draws: uniform numbers per image.
    """

    function: Callable[[Tensor, Tensor, float | Tensor], Tensor]
    draws: int


AUGMENTATIONS: dict[str, Augmentation] = {
    "flip": Augmentation(function=flip, draws=1),
    "shift": Augmentation(function=shift, draws=3),
}


def draw_width(names: Sequence[str]) -> int:
    """Uniform numbers per image that the named augmentations need together.

    Raises:
        UserError: no augmentation has that name.
    """
    return sum(_named(name).draws for name in names)


def augment(images: Tensor, names: Sequence[str], draw: Tensor, strengths: Mapping[str, float | Tensor]) -> Tensor:
    """Applies the named augmentations in their order, each with its own columns of the draw.

    Args:
        images: (n, channels, height, width).
        names: keys of `AUGMENTATIONS`.
        draw: uniform numbers in (0, 1), (n, draw_width(names)).
        strengths: name -> probability of applying it to an image, a number or a tensor without dimensions.

    Raises:
        UserError: an unknown name, points instead of images, a number that is no probability, a draw of another shape.
    """
    needed = (len(images), draw_width(names))
    if not names:
        return images
    if images.dim() != 4:
        raise UserError(f"samples of shape {tuple(images.shape)}", "images", "leave augmentation out for points")
    if tuple(draw.shape) != needed:
        raise UserError(f"a draw of shape {tuple(draw.shape)}", f"{needed}", "draw draw_width(names) numbers per image")
    start = 0
    for name in names:
        augmentation, strength = AUGMENTATIONS[name], strengths[name]
        # A tensor is not looked at: that would wait for the device, and cannot be compiled.
        if not isinstance(strength, Tensor) and not 0.0 <= strength <= 1.0:
            raise UserError(f"strength {strength} of {name}", "a probability in [0, 1]", f"set augment.{name}=0.5")
        images = augmentation.function(images, draw[:, start : start + augmentation.draws], strength)
        start += augmentation.draws
    return images


def _named(name: str) -> Augmentation:
    if name not in AUGMENTATIONS:
        raise UserError(f"augmentation {name!r}", f"one of {', '.join(AUGMENTATIONS)}", "choose one of these names")
    return AUGMENTATIONS[name]


__all__ = ["AUGMENTATIONS", "Augmentation", "augment", "draw_width", "flip", "shift"]
