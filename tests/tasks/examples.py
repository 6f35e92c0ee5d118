"""Small data and small tasks for tests of tasks, training and recipes."""

from typing import Any

import numpy as np
import torch

from saddlepoint.data import Packed
from saddlepoint.data.pairs import ImagePairs
from saddlepoint.networks import Dcgan
from saddlepoint.objectives import objective
from saddlepoint.tasks.generation import Generation


def packed(count: int = 20, *, labelled: bool = True, channels: int = 1, side: int = 8, **changes: Any) -> Packed:
    """Random images, the last four held out; with labels, item i is of class i mod 3."""
    options: dict[str, Any] = {
        "items": np.random.default_rng(0).integers(0, 256, (count, channels, side, side), dtype=np.uint8),
        "labels": np.arange(count) % 3 if labelled else None,
        "classes": ("a", "b", "c") if labelled else (),
        "kind": "images",
        "shape": (channels, side, side),
        "fingerprint": "0" * 64,
        "splits": {"train": np.arange(count - 4), "held_out": np.arange(count - 4, count)},
        "split_rule": "a test",
        "source": "random",
    }
    return Packed(**{**options, **changes})


def generation(name: str = "minimax", *, data: Packed | None = None, seed: int = 0, **options: Any) -> Generation:
    """A task on small images with a small DCGAN, the networks' weights following the seed.

    Args:
        name: of the objective.
        data: None for `packed()`.
        seed: of the task and of the weights.
        options: of `Generation`; `pair`, a pair of networks, is built for the data's shape.
    """
    data = packed() if data is None else data
    pair = options.pop("pair", Dcgan(latent=5, width=4, normalisation="none"))
    torch.manual_seed(seed)
    generator, discriminator = pair.build(data.shape, classes=len(data.classes) if options.get("conditional") else 0)
    return Generation(
        **{
            "generator": generator,
            "discriminator": discriminator,
            "data": data,
            "objective": objective(name),
            "latent": pair.latent,
            "batch": 6,
            "seed": seed,
            "pixel_range": generator.pixel_range,
            **options,
        }
    )


def pairs(*, paired: bool = True, side: int = 32, count: int = 20) -> ImagePairs:
    """Random images on either side."""
    sides = [
        packed(
            count,
            labelled=False,
            side=side,
            items=np.random.default_rng(seed).integers(0, 256, (count, 1, side, side), dtype=np.uint8),
        )
        for seed in (1, 2)
    ]
    return ImagePairs(
        sources=sides[0],
        targets=sides[1],
        paired=paired,
        layout="a test",
        fingerprint="1" * 64,
        source="random",
        split_rule="a test",
    )
