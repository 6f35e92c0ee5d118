"""Under which names an .npz holds images and labels, as one set or in published parts.

    images, labels          or x, y, or images as the only array             one set
    x_train, y_train, x_test, y_test                                         Keras; X_train as well
    train_images, train_labels, val_images, val_labels, test_images, ...     MedMNIST

In a part's name one word is a split's usual name and the other says what the array holds, in either order.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from saddlepoint.data.layout import SPLIT_NAMES
from saddlepoint.data.packed import SPLITS
from saddlepoint.errors import UserError

CLASSES = "classes"
_IMAGES, _LABELS = ("images", "x"), ("labels", "y")
# What further words say in the name of a part; alone they would be too little to go by.
_WHAT = {
    **dict.fromkeys((*_IMAGES, "image", "data"), "images"),
    **dict.fromkeys((*_LABELS, "label", "targets"), "labels"),
}


@dataclass(frozen=True, kw_only=True)
class Part:
    """Names of the arrays of one split ("" for a set without parts); labels None where there are none."""

    split: str
    images: str
    labels: str | None


def parts_of(names: Sequence[str], path: Path) -> list[Part]:
    """Which arrays hold what; several parts in the order train, held_out, test.

    Raises:
        UserError: no array can be told to hold the images, or two claim the same place.
    """
    places: dict[tuple[str, str], str] = {}
    for name in names:
        place = _place(name)
        if place is not None and places.setdefault(place, name) != name:
            raise UserError(
                f"{path} with the arrays {places[place]} and {name}",
                "one array for the same part",
                "save it again without one of them",
            )
    found = [
        Part(split=split, images=places[split, "images"], labels=places.get((split, "labels")))
        for split in SPLITS
        if (split, "images") in places
    ]
    return found or [_whole(names, path)]


def _place(name: str) -> tuple[str, str] | None:
    """The split and what an array holds, where its name says both."""
    words = re.split(r"[-_.]", name.lower())
    if len(words) != 2:
        return None
    for split, what in (words, words[::-1]):
        if split in SPLIT_NAMES and what in _WHAT:
            return SPLIT_NAMES[split], _WHAT[what]
    return None


def _whole(names: Sequence[str], path: Path) -> Part:
    others = [name for name in names if name not in (*_LABELS, CLASSES)]
    images = next((name for name in _IMAGES if name in names), others[0] if len(others) == 1 else None)
    if images is None:
        raise UserError(
            f"{path} with the arrays {', '.join(names) or 'none'}",
            "images under `images` or `x`, or in parts under x_train, x_test or train_images, val_images, test_images",
            "save it again under these names with numpy.savez(FILE, images=..., labels=...)",
        )
    return Part(split="", images=images, labels=next((name for name in _LABELS if name in names), None))
