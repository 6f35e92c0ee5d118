"""A generator's samples as they are judged: made in batches, of the latents of a seed, labelled as the data is."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint.data import Packed
from saddlepoint.errors import UserError
from saddlepoint.game.task import Networks, Request
from saddlepoint.measuring.items import Items
from saddlepoint.measuring.measure import Samples
from saddlepoint.metrics.features import Features
from saddlepoint.recipes.tasks import RecipeTask
from saddlepoint.sampling.latents import latents
from saddlepoint.tasks.generation import Generation

# As many at once as `sample` makes: rounding depends on it, and the images should be the same ones.
_AT_ONCE = 16


def samples_of(
    task: RecipeTask,
    networks: Networks,
    data: Packed,
    features: Features,
    *,
    seed: int,
    about: Mapping[str, Any],
) -> Samples:
    """What a generator of latents makes.

    Args:
        task: its networks are not read.
        networks: those to sample with, in evaluation mode.
        data: tells shape and, for a conditional generator, how often each label is asked for: as often as in training.
        features: what the vectors of the samples are.
        seed: of the latents; the images are those of `sample --seed`, but for their labels.
        about: for the record.

    Raises:
        UserError: the task makes nothing of latents alone.
    """
    if not isinstance(task, Generation):
        raise UserError(
            f"samples of the task {type(task).__name__.lower()}",
            "a generator of latents",
            "write its images into a folder, and use evaluate --samples FOLDER --data FOLDER",
        )

    def make(count: int) -> Items:
        z = latents(seed, count, width=task.latent, prior_name=task.prior)
        labels = _labels(data, count) if task.conditional else None

        def batches() -> Iterator[Tensor]:
            for start in range(0, count, _AT_ONCE):
                # Always a whole batch: the last one is filled up with what came first.
                rows = torch.arange(start, start + _AT_ONCE) % count
                request = Request(
                    latents=z[rows].to(task.device),
                    labels=labels[rows].to(task.device) if labels is not None else None,
                )
                with torch.no_grad():
                    yield task.sample(networks, request)[: count - start].cpu()

        return Items(
            batches=batches,
            count=count,
            shape=tuple(data.shape),
            features=features,
            device=task.device,
            labels=labels,
        )

    drawn = {"labels": "as often as in training"} if task.conditional else {}
    return Samples(make=make, seed=seed, about={**about, **drawn})


def _labels(data: Packed, count: int) -> Tensor:
    assert data.labels is not None
    known = data.labels[data.splits["train"]]
    # Seeded by nothing, and drawn one by one: more of them begin with the same ones.
    drawn = np.random.default_rng(0).random(count)
    return torch.from_numpy(known[(drawn * len(known)).astype(np.int64)])
