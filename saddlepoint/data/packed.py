"""The one packed random-access form that every source becomes: uint8 images or float32 points, labels, splits.

Training reads nothing else. Items are an array in memory or a memory-mapped file; both give the same batches and the
same fingerprint, so a run may be resumed on a machine that maps what the first one held in memory.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import torch

Kind = Literal["images", "points"]
SPLITS = ("train", "held_out", "test")


@dataclass(frozen=True, kw_only=True, eq=False)
class Packed:
    """A data set, packed for random access.

    Attributes:
        items: uint8 (n, channels, height, width) for images, float32 (n, dimensions) for points; in memory or mapped.
        labels: int64 (n,), 0..len(classes)-1; None where the source has no labels.
        classes: the name of each class, in the order of the labels; empty without labels.
        kind: "images" or "points".
        shape: of one item, (channels, height, width) or (dimensions,).
        fingerprint: see `fingerprint`.
        splits: "train", "held_out" (may be empty) and "test" (where the source publishes one): disjoint sorted int64
            indices that together cover all items.
        split_rule: how the splits came about, in words.
        source: what a person gave, for the recipe.
        skipped: "path: reason" of everything that was left out because the person asked for it.
        notes: what reading changed on the way, in words ("3 images: 16 bits a channel, scaled to 8"), and what lies
            beside the items and is not read.
        own_size: the (height, width) of all images before they were brought to `shape`; None where they had several.
        attributes: further float32 (n, ...) ground truth by name, of synthetic sets.
    """

    items: np.ndarray
    labels: np.ndarray | None
    classes: tuple[str, ...]
    kind: Kind
    shape: tuple[int, ...]
    fingerprint: str
    splits: dict[str, np.ndarray]
    split_rule: str
    source: str
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    own_size: tuple[int, int] | None = None
    attributes: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.items.shape[1:] == self.shape and self.items.dtype == (
            np.uint8 if self.kind == "images" else np.float32
        )
        assert (self.labels is None) == (not self.classes)
        assert self.labels is None or (self.labels.shape == (len(self.items),) and self.labels.dtype == np.int64)
        assert {"train", "held_out"} <= self.splits.keys() <= set(SPLITS)

    def __len__(self) -> int:
        return len(self.items)

    def batch(self, indices: "Sequence[int] | np.ndarray | torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor | None]":
        """The items at some indices, in the order of the indices; costs as many reads as there are indices.

        Returns:
            uint8 images (b, channels, height, width) or float32 points (b, dimensions), and int64 labels (b,) or None;
            copies, free to be changed.

        Raises:
            IndexError: an index is outside -n..n-1.
        """
        import torch  # here, because the command line must not wait for it

        where = np.asarray(indices, dtype=np.int64)
        items = torch.from_numpy(np.ascontiguousarray(self.items[where]))
        return items, None if self.labels is None else torch.from_numpy(self.labels[where])


def fingerprint(kind: Kind, shape: tuple[int, ...], count: int, items: str, labels: np.ndarray | None) -> str:
    """What identifies a packed set's content: 64 hexadecimal digits.

    It is the sha256 of five lines: the kind, the shape of an item, the count, the sha256 of all items' bytes in order
    (row-major uint8, or little-endian float32), and the sha256 of the labels' little-endian int64 bytes (or "none").
    Class names, splits and the place of storage do not enter it.

    Args:
        items: the sha256 of the items, hexadecimal; it is taken while they are written, so that no second pass is
            needed.
    """
    label_digest = "none" if labels is None else hashlib.sha256(labels.astype("<i8").tobytes()).hexdigest()
    text = f"{kind}\n{'x'.join(map(str, shape))}\n{count}\n{items}\n{label_digest}\n"
    return hashlib.sha256(text.encode()).hexdigest()
