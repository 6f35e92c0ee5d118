"""How a run ended, by its samples alone: nothing that a rule looks at, and fixed before any rule was calibrated.

    Frechet distance of 512 samples and the held-out items, in the data's first 16 principal directions, over the data's
    total variance; recall of the held-out items by balls to the fifth neighbour; of a mixture of Gaussians the share of
    modes with a sample within 10 deviations in the place of recall.

Ended well: a distance of at most .2 and a recall of at least .3; of points at most .1 and .75 of the modes; and of a
kind whose samples are asked for by class, half of them nearest to an item of their class. All else has ended badly,
also a run that is only young; a run that left the finite numbers has no other outcome.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from saddlepoint import load
from saddlepoint.data import TOY_SETS, Packed
from saddlepoint.data.embedded.toy import Mixture
from saddlepoint.metrics.frechet import frechet_of_moments
from saddlepoint.metrics.moments import moments
from saddlepoint.metrics.neighbours import neighbours

SAMPLES, DIRECTIONS = 512, 16
# Held-out items that are compared with; a set of points has none and takes training items.
_ITEMS = 1024
_WITHIN = 10


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run's samples are.

    Attributes:
        frechet: the distance; None where the samples are not finite.
        recall: or the share of modes.
        labels: the share of samples nearest to an item of their class; None where none were asked for.
        points: the data are points.
    """

    frechet: float | None
    recall: float
    labels: float | None
    points: bool

    @property
    def well(self) -> bool:
        """The run has ended well."""
        if self.frechet is None:
            return False
        farthest, least = (0.1, 0.75) if self.points else (0.2, 0.3)
        return self.frechet <= farthest and self.recall >= least and (self.labels is None or self.labels >= 0.5)


FAILED = Outcome(frechet=None, recall=0.0, labels=None, points=False)


class Judge:
    """Outcomes against one data set.

    Args:
        data: that the runs were given.
        source: its name, of an embedded toy set the key.
    """

    def __init__(self, data: Packed, source: str):
        self.mixture = TOY_SETS.get(source)
        train = data.splits["train"]
        kept = data.splits["held_out"] if len(data.splits["held_out"]) >= 16 else train
        self.kept, self.labels = _flat(data, kept[:_ITEMS])
        # More than the few that a run may be trained on.
        known, _ = _flat(data, np.concatenate([train, data.splits["held_out"]])[: 4 * _ITEMS])
        centred = known - known.mean(0)
        self.variance = float(centred.square().sum(1).mean())
        self.directions = torch.linalg.svd(centred, full_matrices=False).Vh[:DIRECTIONS].T

    def outcome(self, run: Path, *, by_class: bool, step: int | None = None) -> Outcome:
        """Of a run's newest checkpoint, or of that step's."""
        gan: Any = load(run, device="cpu", step=step)
        made = gan.sample(SAMPLES).flatten(1).double()
        points = self.mixture is not None
        if not bool(made.isfinite().all()):
            return Outcome(frechet=None, recall=0.0, labels=None, points=points)
        near, far = (moments(rows @ self.directions) for rows in (made, self.kept))
        distance = frechet_of_moments(near, far) / self.variance
        if isinstance(self.mixture, Mixture) and len(self.mixture.modes) > 1:
            apart = torch.cdist(torch.from_numpy(self.mixture.modes), made)
            reached = apart.amin(1) <= _WITHIN * torch.from_numpy(self.mixture.deviations)
            recall = float(reached.double().mean())
        else:
            recall = float(neighbours(made, self.kept, provenance={})["recall"].value)
        labels = None
        if by_class:
            assert self.labels is not None
            asked = torch.arange(SAMPLES) % (int(self.labels.max()) + 1)
            nearest = torch.cdist(made, self.kept).argmin(1)
            labels = float((self.labels[nearest] == asked).double().mean())
        return Outcome(frechet=distance, recall=recall, labels=labels, points=points)


def _flat(data: Packed, indices: np.ndarray) -> tuple[Tensor, Tensor | None]:
    items, labels = data.batch(indices)
    scale = 255 if data.kind == "images" else 1
    return items.flatten(1).double() / scale, labels
