"""What is probed: two networks, their objective, and the fixed items and latents that they are looked at with.

A kind of task offers this where findings have a meaning: a generator of latents against a discriminator of items.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from saddlepoint.objectives import Objective
from saddlepoint.randomness import permutation, prior, uniform

# Items of each side: an area under a ROC curve then has a standard error of .036. And latents whose mean is followed.
ITEMS, FOLLOWED = 128, 32
# Items of so many numbers cost what the steps of a small batch do: there are then so many for each sample of a step.
_LARGE, _ITEMS_PER_SAMPLE, _FOLLOWED_PER_SAMPLE = 3 * 32 * 32, 2, 0.5
# With fewer, nearest neighbours and balls say nothing.
FEWEST = 16


@dataclass(frozen=True, kw_only=True)
class FixedItems:
    """Indices of items: some that D is trained on and some others, int64.

    Attributes:
        train: of the training items.
        others: held out where `held_out` says so, else further training items.
        held_out: whether D is never shown the others.
        train_count: all training items.
    """

    train: np.ndarray
    others: np.ndarray
    held_out: bool
    train_count: int


@dataclass(frozen=True, kw_only=True)
class Probed:
    """What is looked at.

    Attributes:
        generator, discriminator: as `Generation` calls them.
        objective: of their game; None where it is not known: what it pulls at the generator is then left out.
        train, others: items as the networks see them, (n, ...) and (m, ...).
        held_out: whether D is never shown the others.
        train_count: all training items.
        latents: (m, latent).
        labels: of `train` and of the others, int64, which the networks are given; None where they are given none.
        classes: how many labels there are.
        joint: each score depends on its sample alone.
        followed: how many of the latents the path of their mean is made of.
    """

    generator: nn.Module
    discriminator: nn.Module
    objective: Objective | None
    train: Tensor
    others: Tensor
    held_out: bool
    train_count: int
    latents: Tensor
    labels: tuple[Tensor, Tensor] | None = None
    classes: int = 0
    joint: bool = False
    followed: int = FOLLOWED


def counts_for(numbers: int, batch: int) -> tuple[int, int]:
    """How many items of each side, and followed latents, a run is looked at with: few where the look would be dear.

    Args:
        numbers: in an item.
        batch: samples of a step.
    """
    if numbers <= _LARGE:
        return ITEMS, FOLLOWED
    items = min(ITEMS, max(2 * FEWEST, _ITEMS_PER_SAMPLE * batch))
    return items, min(FOLLOWED, max(FEWEST // 2, int(_FOLLOWED_PER_SAMPLE * batch)))


def fixed_items(splits: Mapping[str, np.ndarray], seed: int, count: int = ITEMS) -> FixedItems | None:
    """At most so many items of each side, a function of splits and seed; None where there are too few."""
    train = splits["train"]
    order = train[permutation(len(train), seed, "diagnosis/train")]
    kept = next((splits[name] for name in ("held_out", "test") if len(splits.get(name, ())) >= FEWEST), None)
    if kept is not None:
        shown, others = order[:count], kept[permutation(len(kept), seed, "diagnosis/others")][:count]
    else:
        half = min(count, len(order) // 2)
        shown, others = order[:half], order[half : 2 * half]
    if min(len(shown), len(others)) < FEWEST:
        return None
    return FixedItems(train=shown, others=others, held_out=kept is not None, train_count=len(train))


def fixed_latents(count: int, seed: int, *, width: int, prior_name: str) -> Tensor:
    """Latents of a stream of their own, float32 (count, width)."""
    return prior(prior_name, uniform(seed, "diagnosis/z", samples=range(count), width=width))
