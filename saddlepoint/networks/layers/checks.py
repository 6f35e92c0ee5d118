"""The rules for shapes, labels and options that every pair keeps, refused where a pair is built."""

import torch.nn.functional as F
from torch import Tensor

from saddlepoint.errors import UserError


def check_counts(**options: int) -> None:
    """Refuses options that count something (width, latent, depth) and are below 1.

    Raises:
        UserError: names the option.
    """
    for name, count in options.items():
        if count < 1:
            raise UserError(f"{name} {count}", "1 or more", f"set {name}=1 or leave the option out")


def check_dropout(**options: float) -> None:
    """Refuses probabilities of dropping that leave nothing, or are none.

    Raises:
        UserError: names the option.
    """
    for name, probability in options.items():
        if not 0.0 <= probability < 1.0:
            raise UserError(f"{name} {probability}", "a probability of dropping in [0, 1)", f"set {name}=0.5")


def check_shape(shape: tuple[int, ...], classes: int, *, points: bool, smallest: int = 1) -> None:
    """Refuses a data shape, or a number of classes, for which a network cannot be built.

    Args:
        shape: (channels, height, width) of images, or (dimensions,) of points.
        classes: 0 without labels.
        points: the family can make points.
        smallest: least height and width that the family can make.

    Raises:
        UserError: names the nearest shape that can be built.
    """
    if len(shape) not in (1, 3) or min(shape) < 1:
        raise UserError(
            f"data shape {shape}",
            "(channels, height, width) or (dimensions,), each at least 1",
            "give the shape of one sample, without the batch",
        )
    if len(shape) == 1 and not points:
        raise UserError(f"points of shape {shape}", "images (channels, height, width)", "use the pair 'mlp' for points")
    if len(shape) == 3 and min(shape[1:]) < smallest:
        nearest = (shape[0], max(shape[1], smallest), max(shape[2], smallest))
        raise UserError(
            f"image shape {shape}",
            f"height and width of at least {smallest}",
            f"resize to {nearest}, the nearest that this pair can make, or use the pair 'mlp'",
        )
    if classes < 0 or classes == 1:
        raise UserError(
            f"{classes} classes", "0 (no labels) or at least 2", "leave labels out for data of one kind (classes=0)"
        )


def check_images(source_shape: tuple[int, ...], target_shape: tuple[int, ...]) -> None:
    """Refuses what is no pair of image shapes (channels, height, width).

    Raises:
        UserError: names the shape.
    """
    for name, shape in (("source", source_shape), ("target", target_shape)):
        if len(shape) != 3 or min(shape) < 1:
            raise UserError(
                f"{name} shape {shape}",
                "(channels, height, width), each at least 1",
                "give the shape of one image, without the batch",
            )


def check_same_size(source_shape: tuple[int, ...], target_shape: tuple[int, ...]) -> None:
    """Refuses a pair of image shapes of which one has another height or width than the other.

    Raises:
        UserError: names both.
    """
    check_images(source_shape, target_shape)
    if source_shape[1:] != target_shape[1:]:
        raise UserError(
            f"source shape {source_shape} and target shape {target_shape}",
            "one height and width",
            f"bring both to one with --set data.size={target_shape[1]}x{target_shape[2]}",
        )


def check_labels(labels: Tensor | None, classes: int) -> None:
    """Labels are given to a network exactly if it was built with classes.

    Raises:
        UserError: labels without classes, or classes without labels.
    """
    if labels is None and classes > 0:
        raise UserError("no labels", f"labels in 0..{classes - 1}", "give an int64 label for each sample")
    if labels is not None and classes == 0:
        raise UserError("labels", "none, for the network was built without classes", "build it with classes=N")


def check_sources(sources: Tensor | None, *, conditional: bool) -> None:
    """Sources are given to a discriminator exactly if it was built to see them.

    Raises:
        UserError: sources for one that judges images alone, or none for one that judges them beside their sources.
    """
    if sources is None and conditional:
        raise UserError("no sources", "sources of the images", "give the source of each image")
    if sources is not None and not conditional:
        raise UserError("sources", "images alone, for this discriminator is unconditional", "leave the sources out")


def one_hot(labels: Tensor, classes: int, like: Tensor) -> Tensor:
    """Labels (n,) as rows of the identity, (n, classes), in the dtype of `like`."""
    return F.one_hot(labels, classes).to(like.dtype)
