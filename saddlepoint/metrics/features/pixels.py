"""The features that need no network: an image's pixels, a point's coordinates.

Distances between pixels say little about what a picture shows, but they are exact, the same everywhere, and need no
file; for points they are the right ones.
"""

from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.features.features import Features


def pixels() -> Features:
    """Images (n, channels, height, width) of any size and channel count, each flattened to its values in [0, 1]."""
    return Features(
        name="pixels",
        about={"network": "none", "resize": "none", "values": "pixels in [0, 1], flattened by channel, row, column"},
        vectors=lambda images: _of_rank(images, 4, "points", "images (n, channels, height, width)", "points"),
    )


def points() -> Features:
    """Points (n, dimensions) as they are."""
    return Features(
        name="points",
        about={"network": "none", "resize": "none", "values": "coordinates as they are"},
        vectors=lambda values: _of_rank(values, 2, "images", "points (n, dimensions)", "pixels"),
    )


def _of_rank(items: Tensor, rank: int, got: str, expected: str, other: str) -> Tensor:
    if items.ndim != rank:
        raise UserError(f"{got} of shape {tuple(items.shape)}", expected, f"use the features '{other}'")
    return items.flatten(1).float()
