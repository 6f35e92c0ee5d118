"""What kinds share whose tasks make items of latents: the samples that are measured."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from torch import Tensor

from saddlepoint.data import Packed
from saddlepoint.game.task import Networks, Request, RunTask
from saddlepoint.sampling.batches import batches
from saddlepoint.sampling.latents import latents

if TYPE_CHECKING:
    # Metrics take seconds to import, for which a run that measures nothing need not wait.
    from saddlepoint.measuring.items import Items
    from saddlepoint.measuring.measure import Samples
    from saddlepoint.metrics.features import Features


def samples_of_latents(
    task: RunTask,
    networks: Networks,
    data: Packed,
    features: "Features",
    *,
    latent: int,
    prior: str,
    seed: int,
    about: Mapping[str, Any],
    labels: Callable[[int], Tensor] | None = None,
) -> "Samples":
    """What a task makes of the latents of a seed: the images of `sample --seed`, but for their labels.

    Args:
        task: its networks are not read.
        networks: those to sample with, in evaluation mode.
        data: that they are measured against.
        features: what the vectors of the samples are.
        latent, prior: of z.
        seed: of the latents.
        about: for the record.
        labels: so many of them, int64, where the task asks for them.
    """
    from saddlepoint.measuring.items import Items
    from saddlepoint.measuring.measure import Samples

    def make(count: int) -> "Items":
        tensors = {"z": latents(seed, count, width=latent, prior_name=prior)}
        if labels is not None:
            tensors["labels"] = labels(count)

        def made() -> Iterator[Tensor]:
            return batches(lambda request: task.sample(networks, request), Request(tensors=tensors), task.device)

        return Items(
            batches=made,
            count=count,
            shape=tuple(data.shape),
            features=features,
            device=task.device,
            labels=tensors.get("labels"),
        )

    return Samples(make=make, seed=seed, about=about)
