"""Random uint8 images for a row, the same for both sides; speed does not depend on what they show."""

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.rows import Row

if TYPE_CHECKING:
    from saddlepoint.data import Packed
    from saddlepoint.data.pairs import ImagePairs


def images(row: Row, seed: int = 0) -> np.ndarray:
    """uint8 (n, channels, height, width)."""
    return np.random.default_rng(seed).integers(0, 256, (row.items, *row.shape), dtype=np.uint8)


def labels(row: Row) -> np.ndarray | None:
    """int64 (n,), or None for a row without classes."""
    return np.arange(row.items, dtype=np.int64) % row.classes if row.classes else None


def packed(row: Row, seed: int = 0) -> "Packed":
    """The same images in the form that every source of ours becomes, all of them for training."""
    from saddlepoint.data import Packed
    from saddlepoint.data.packed import fingerprint

    items, of_class = images(row, seed), labels(row)
    return Packed(
        items=items,
        labels=of_class,
        classes=tuple(str(index) for index in range(row.classes)),
        kind="images",
        shape=row.shape,
        fingerprint=fingerprint("images", row.shape, len(items), hashlib.sha256(items.data).hexdigest(), of_class),
        splits={"train": np.arange(len(items)), "held_out": np.empty(0, np.int64)},
        split_rule="nothing held out",
        source="random",
    )


def data(row: Row) -> "Packed | ImagePairs":
    """What the row's recipe trains on."""
    from saddlepoint.data.pairs import ImagePairs

    if not row.pairs:
        return packed(row)
    return ImagePairs(
        sources=packed(row, 1),
        targets=packed(row, 0),
        paired=True,
        layout="random",
        fingerprint="random",
        source="random",
        split_rule="nothing held out",
    )
