"""What is probed: two networks, their objective, and the fixed items and latents that they are looked at with.

A kind of task offers this where findings have a meaning: a generator of latents against a discriminator of items.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from saddlepoint.objectives import Objective
from saddlepoint.randomness import permutation, prior, uniform

# Items of each side: an area under a ROC curve then has a standard error of .036. And latents whose mean is followed.
ITEMS, FOLLOWED = 128, 16
# A network for items of so many numbers spends its time on samples, and no longer on being called.
_LARGE = 28 * 28
# Where a look at the fewest items costs as much as the steps of a small batch do, it is taken less often.
_DEAR, _FARTHEST = 3 * 32 * 32, 8
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
        apart: how many times as far apart as usual it is looked at.
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
    batch: int = 0
    apart: int = 1


def on_device(probed: Probed, device: torch.device) -> Probed:
    """The same with its items and latents where its networks are."""
    items = {name: getattr(probed, name).to(device) for name in ("train", "others", "latents")}
    labels = probed.labels and tuple(each.to(device) for each in probed.labels)
    return dataclasses.replace(probed, **items, labels=labels)


@dataclass(frozen=True, kw_only=True)
class Looks:
    """How much a game is looked at, so that it costs at most 3 % of its training.

    Attributes:
        items: of each side.
        followed: latents whose mean is followed.
        apart: how many times as far apart as usual.
    """

    items: int
    followed: int
    apart: int


def looks_for(numbers: int, batch: int) -> Looks:
    """How much a game with items of so many numbers is looked at, whose steps are of so many samples.

    A step calls the networks about 12 times for each of its samples, forward or back, and 19 times under R1 and R2; a
    look calls them 4 times for each item, and once for each followed latent at each of its 5 points.
    """
    if numbers < _LARGE:
        return Looks(items=ITEMS, followed=FOLLOWED, apart=1)
    least = 2 * FEWEST
    few = 1 if numbers < _DEAR or batch >= least else 2 ** math.ceil(math.log2(least / max(1, batch)))
    return Looks(
        items=min(ITEMS // 2, max(least, batch)),
        followed=min(FOLLOWED, max(FEWEST // 2, batch // 4)),
        apart=min(_FARTHEST, few),
    )


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
