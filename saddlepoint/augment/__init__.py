"""Augmentation of what the discriminator sees: pure functions of (images, draw, strength), applied in a given order.

Each is differentiable, also twice for a penalty on the input gradient, and at strength 0 leaves the images bit for bit.
The draw is uniform numbers in (0, 1): who calls decides where they come from. Images stand in (-1, 1), where 0 is
mid-grey; in another range brightness, contrast, luma flip and cutout do something else than they say.

Affine maps of the plane that stand next to each other in the order (scale, rotate, stretch, fractional_shift) are
multiplied and the image is resampled once; so are affine maps of colour. In the order of `AUGMENTATIONS` the whole
list is StyleGAN2-ADA's as R3GAN uses it, with filtering and noise left out. Differentiable augmentation (Zhao et al.
2020) is brightness, saturation and contrast, then shift, then cutout, each at strength 1; its distributions are uniform
where these are normal, and it moves in black where `shift` reflects.

A further augmentation is a function in the file of its kind, an entry of `AUGMENTATIONS` and a field of the recipe's
part `Augment`, in the same place of the order; tests/laws/test_augment.py says what it has to hold.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from saddlepoint.augment import recolouring, resampling
from saddlepoint.augment.colour import (
    brightness,
    brightness_map,
    contrast,
    contrast_map,
    hue,
    hue_map,
    luma_flip,
    luma_flip_map,
    saturation,
    saturation_map,
)
from saddlepoint.augment.cutout import cutout
from saddlepoint.augment.pixels import flip, rotate90, shift
from saddlepoint.augment.plane import (
    fractional_shift,
    fractional_shift_map,
    rotate,
    rotate_map,
    scale,
    scale_map,
    stretch,
    stretch_map,
)
from saddlepoint.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Maps:
    """A kind of maps that can be multiplied before the images go through them.

    Attributes:
        compose: (first, second) -> the maps of both, one after the other.
        apply: (images, maps) -> images.
    """

    compose: Callable[[Tensor, Tensor], Tensor]
    apply: Callable[[Tensor, Tensor], Tensor]


PLANE = Maps(compose=resampling.compose, apply=resampling.resample)
COLOUR = Maps(compose=recolouring.compose, apply=recolouring.recolour)

Function = Callable[[Tensor, Tensor, float | Tensor], Tensor]


def _no_maps(images: Tensor, draw: Tensor, strength: float | Tensor) -> Tensor:
    """What stands for the maps of an augmentation that has none."""
    raise AssertionError("an augmentation without a kind has no maps")


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """An augmentation and what it needs.

    Attributes:
        function: (images (n, channels, height, width), draw (n, draws), strength) -> images, as `flip`.
        draws: uniform numbers per image.
        kind: of the maps that `function` sends the images through; None if it has none.
        maps: (images, draw, strength) -> these maps; without a kind, not used.
        needs_colour: without effect on grey images.
    """

    function: Function
    draws: int
    kind: Maps | None = None
    maps: Function = _no_maps
    needs_colour: bool = False


AUGMENTATIONS: dict[str, Augmentation] = {
    "flip": Augmentation(function=flip, draws=1),
    "rotate90": Augmentation(function=rotate90, draws=2),
    "shift": Augmentation(function=shift, draws=3),
    "scale": Augmentation(function=scale, draws=2, kind=PLANE, maps=scale_map),
    "rotate": Augmentation(function=rotate, draws=2, kind=PLANE, maps=rotate_map),
    "stretch": Augmentation(function=stretch, draws=2, kind=PLANE, maps=stretch_map),
    "fractional_shift": Augmentation(function=fractional_shift, draws=3, kind=PLANE, maps=fractional_shift_map),
    "brightness": Augmentation(function=brightness, draws=2, kind=COLOUR, maps=brightness_map),
    "contrast": Augmentation(function=contrast, draws=2, kind=COLOUR, maps=contrast_map),
    "luma_flip": Augmentation(function=luma_flip, draws=2, kind=COLOUR, maps=luma_flip_map),
    "hue": Augmentation(function=hue, draws=2, kind=COLOUR, maps=hue_map, needs_colour=True),
    "saturation": Augmentation(function=saturation, draws=2, kind=COLOUR, maps=saturation_map, needs_colour=True),
    "cutout": Augmentation(function=cutout, draws=3),
}


def draw_width(names: Sequence[str]) -> int:
    """Uniform numbers per image that the named augmentations need together.

    Raises:
        UserError: no augmentation has that name.
    """
    return sum(_named(name).draws for name in names)


def check_shape(names: Sequence[str], shape: tuple[int, ...]) -> None:
    """Refuses augmentations that samples of a shape have no use for.

    Args:
        names: keys of `AUGMENTATIONS`.
        shape: of one sample.

    Raises:
        UserError: an unknown name, points instead of images, or an augmentation of colour for grey images.
    """
    for name in names:
        colourless = _named(name).needs_colour and shape[0] not in recolouring.COLOURED
        if len(shape) != 3:
            raise UserError(f"{name} of samples of shape {shape}", "images", "leave augmentation out for points")
        if colourless:
            raise UserError(
                f"{name} of images with {shape[0]} channel(s)",
                "3 or 4 channels",
                f"leave it out: set augment.{name}=null",
            )


def augment(images: Tensor, names: Sequence[str], draw: Tensor, strengths: Mapping[str, float | Tensor]) -> Tensor:
    """Applies the named augmentations in their order, each with its own columns of the draw.

    Args:
        images: (n, channels, height, width).
        names: keys of `AUGMENTATIONS`.
        draw: uniform numbers in (0, 1), (n, draw_width(names)).
        strengths: name -> probability of applying it to an image, a number or a tensor without dimensions.

    Raises:
        UserError: an unknown name, points instead of images, colours of grey images, a number that is no probability,
            a draw of another shape.
    """
    needed = (len(images), draw_width(names))
    check_shape(names, tuple(images.shape[1:]))
    if not names:
        return images
    if tuple(draw.shape) != needed:
        raise UserError(f"a draw of shape {tuple(draw.shape)}", f"{needed}", "draw draw_width(names) numbers per image")
    kind, waiting = None, None
    columns = draw.split([AUGMENTATIONS[name].draws for name in names], dim=1)
    for name, numbers in zip(names, columns, strict=True):
        augmentation, strength = AUGMENTATIONS[name], strengths[name]
        # A tensor is not looked at: that would wait for the device, and cannot be compiled.
        if not isinstance(strength, Tensor) and not 0.0 <= strength <= 1.0:
            raise UserError(f"strength {strength} of {name}", "a probability in [0, 1]", f"set augment.{name}=0.5")
        if kind is not None and waiting is not None and augmentation.kind is not kind:
            images, waiting = kind.apply(images, waiting), None
        kind = augmentation.kind
        if kind is None:
            images = augmentation.function(images, numbers, strength)
        else:
            maps = augmentation.maps(images, numbers, strength)
            waiting = maps if waiting is None else kind.compose(waiting, maps)
    return images if kind is None or waiting is None else kind.apply(images, waiting)


def _named(name: str) -> Augmentation:
    if name not in AUGMENTATIONS:
        raise UserError(f"augmentation {name!r}", f"one of {', '.join(AUGMENTATIONS)}", "choose one of these names")
    return AUGMENTATIONS[name]


__all__ = [
    "AUGMENTATIONS",
    "Augmentation",
    "augment",
    "brightness",
    "check_shape",
    "contrast",
    "cutout",
    "draw_width",
    "flip",
    "fractional_shift",
    "hue",
    "luma_flip",
    "rotate",
    "rotate90",
    "saturation",
    "scale",
    "shift",
    "stretch",
]
