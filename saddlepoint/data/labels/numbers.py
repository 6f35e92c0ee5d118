"""Labels as numbers 0..classes-1 with the classes' names, whatever form a source keeps them in."""

from collections.abc import Sequence

import numpy as np

from saddlepoint.errors import UserError


def observed_labels(values: np.ndarray, where: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels of a source that declares no class names: the classes are the values that occur, in order.

    Args:
        values: (n,) integers that are not negative, or texts.
        where: names the labels in a message.

    Returns:
        int64 (n,) and the names.

    Raises:
        UserError: labels of another type or shape, or negative ones (which usually mean "unknown").
    """
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1 or values.dtype.kind not in "iuU":
        raise UserError(
            f"{where} of shape {values.shape} and type {values.dtype}",
            "one integer for each item",
            "store class numbers",
        )
    if values.dtype.kind == "i" and len(values) and values.min() < 0:
        at = int(np.argmax(values < 0))
        raise UserError(
            f"label {values[at]} at item {at} of {where}",
            "labels from 0 up",
            "label that item, or leave all labels out with --set data.labels=false",
        )
    classes, labels = np.unique(values, return_inverse=True)
    return labels.astype(np.int64), tuple(map(str, classes))


def declared_labels(values: np.ndarray, classes: Sequence[str], where: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels of a source that declares its class names.

    Raises:
        UserError: a label outside 0..len(classes)-1, with the first place and how many there are.
    """
    if values.ndim != 1 or values.dtype.kind not in "iu":
        raise UserError(
            f"{where} of shape {values.shape} and type {values.dtype}", "one integer for each item", "repair it"
        )
    outside = (values < 0) | (values >= len(classes))
    if outside.any():
        at = int(np.argmax(outside))
        raise UserError(
            f"label {values[at]} at item {at} of {where} ({int(outside.sum())} of {len(values)} are outside the range)",
            f"0..{len(classes) - 1}, because {len(classes)} classes are declared",
            "correct these labels, or leave all out with --set data.labels=false",
        )
    return values.astype(np.int64), tuple(map(str, classes))


def check_count(labels: np.ndarray, items: int, where: str) -> None:
    """Refuses labels that are not as many as the items."""
    if len(labels) != items:
        raise UserError(
            f"{len(labels)} labels for {items} items in {where}",
            "one label for each item",
            "give files that belong together",
        )
