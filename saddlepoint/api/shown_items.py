"""Items as a person's own discriminator sees them, from whatever that person's loop takes them from.

A tensor or an array of items; a torch Dataset whose item is a tensor, or begins with one; a DataLoader of such; a
path, the name of an embedded set, or what `sp.open_data` gives. Looking at some leaves torch's, numpy's and Python's
random numbers as they were.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, default_collate

from saddlepoint.arguments import shown
from saddlepoint.data import Packed, open_data
from saddlepoint.diagnosis.probed import ITEMS
from saddlepoint.errors import UserError, reason_of
from saddlepoint.tasks.kit.pixels import to_range

# What black and white are to networks that end in tanh.
_PIXELS = (-1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Items:
    """Items by index.

    Attributes:
        splits: which of them are for what; each by its indices.
        at: indices -> items (n, ...) and their labels (n,), None where they have none.
        batch: samples of a step, where it is known.
    """

    splits: dict[str, np.ndarray]
    at: Callable[[np.ndarray], tuple[Tensor, Tensor | None]]
    batch: int | None = None


def items_of(
    given: Any, *, name: str = "data", labels: Any = None, pixel_range: tuple[float, float] | None = None
) -> Items:
    """Items of what a person gives.

    Args:
        given: as at the top of this file.
        name: of the argument, for messages.
        labels: (n,) of the items of a tensor; what else is given has them beside its items.
        pixel_range: what black and white are to the networks, where the items are stored images; None for (-1, 1).

    Raises:
        UserError: it is something else, or beside what it would have no effect on.
    """
    if isinstance(given, str | Path):
        given = open_data(given)
    if isinstance(given, Packed):
        _refuse("labels", labels, "items that are opened have their own")
        return _packed(given, pixel_range)
    _refuse("pixel_range", pixel_range, "it is for images that are opened from a path; others are taken as they are")
    if isinstance(given, np.ndarray):
        given = torch.as_tensor(given)
    if isinstance(given, Tensor):
        return _tensor(given, labels, name)
    _refuse("labels", labels, "a Dataset gives them beside its items")
    if isinstance(given, DataLoader):
        return _loader(given, name)
    if hasattr(given, "__getitem__") and hasattr(given, "__len__") and not isinstance(given, dict):
        return _indexed(given, default_collate, name)
    raise UserError(
        f"{name}={shown(given)}",
        "a tensor of items, a Dataset or DataLoader, or a path",
        f"give {name}=loader, or the images of one batch",
    )


def _refuse(name: str, value: Any, why: str) -> None:
    if value is not None:
        raise UserError(f"{name}={shown(value)}", f"none: {why}", f"leave {name}= out")


def _packed(data: Packed, pixel_range: tuple[float, float] | None) -> Items:
    def at(where: np.ndarray) -> tuple[Tensor, Tensor | None]:
        stored, labels = data.batch(where)
        return (to_range(stored, pixel_range or _PIXELS) if data.kind == "images" else stored), labels

    return Items(splits=data.splits, at=at)


def _tensor(items: Tensor, labels: Any, name: str) -> Items:
    if items.dim() < 2 or not items.is_floating_point():
        raise UserError(
            f"{name} of type {items.dtype} and shape {tuple(items.shape)}",
            "items as the discriminator sees them, floating point, (n, ...)",
            f"give {name}=images, after the transformation that your loop applies",
        )
    if labels is not None:
        labels = torch.as_tensor(labels)
        if labels.shape != (len(items),):
            raise UserError(f"labels of shape {tuple(labels.shape)}", f"({len(items)},)", "give one for each item")
    return Items(
        splits={"train": np.arange(len(items))},
        at=lambda where: (
            items[torch.from_numpy(where).to(items.device)],
            None if labels is None else labels[torch.from_numpy(where).to(labels.device)],
        ),
    )


def _indexed(dataset: Any, collate: Callable[[list[Any]], Any], name: str, batch: int | None = None) -> Items:
    def at(where: np.ndarray) -> tuple[Tensor, Tensor | None]:
        with undisturbed():
            try:
                found = collate([dataset[int(index)] for index in where])
            except Exception as error:  # whatever a person's own data raises
                raise UserError(
                    f"{name}, whose items raised {reason_of(error)}", "tensors of one shape", "mend its items"
                ) from error
        return _first(found, name)

    return Items(splits={"train": np.arange(len(dataset))}, at=at, batch=batch)


def _loader(loader: DataLoader, name: str) -> Items:
    if not isinstance(loader.dataset, IterableDataset):
        return _indexed(loader.dataset, loader.collate_fn, name, loader.batch_size)
    batches: list[tuple[Tensor, Tensor | None]] = []
    with undisturbed():
        for batch in loader:
            batches.append(_first(batch, name))
            if sum(len(items) for items, _ in batches) >= 2 * ITEMS:
                break
    if not batches:
        raise UserError(f"{name}, a loader of nothing", "items", f"give {name}= a tensor of some")
    items = torch.cat([items for items, _ in batches])
    labels = [labels for _, labels in batches if labels is not None]
    return _tensor(items, torch.cat(labels) if len(labels) == len(batches) else None, name)


def _first(batch: Any, name: str) -> tuple[Tensor, Tensor | None]:
    """The items of a batch and, where whole numbers stand beside them, their labels."""
    parts = list(batch) if isinstance(batch, tuple | list) else [batch]
    if not parts or not isinstance(parts[0], Tensor) or not parts[0].is_floating_point():
        what = f"a {type(parts[0]).__name__}" if parts else "nothing"
        raise UserError(
            f"{name}, of which an item begins with {what}",
            "a floating-point tensor as the discriminator sees it",
            f"give {name}= a tensor of some images, (n, ...), or a Dataset whose items are (image, label)",
        )
    beside = parts[1] if len(parts) > 1 else None
    whole = isinstance(beside, Tensor) and not beside.is_floating_point() and beside.shape == parts[0].shape[:1]
    return parts[0], beside if whole else None


@contextmanager
def undisturbed() -> Iterator[None]:
    """Inside, a loop's own code may draw: afterwards the generators of torch, numpy and Python stand where they did."""
    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    on_cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    try:
        yield
    finally:
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])
        random.setstate(states[2])
        if on_cuda:
            torch.cuda.set_rng_state_all(on_cuda)
