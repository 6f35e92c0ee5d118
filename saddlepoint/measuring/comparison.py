"""What a metric may look at: the samples, the real items they are compared with, and what is known of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from saddlepoint.data.embedded.toy import Mixture, SwissRoll
from saddlepoint.measuring.items import Items
from saddlepoint.metrics.features import Features
from saddlepoint.metrics.neighbours import neighbours
from saddlepoint.metrics.result import Result


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Images and the ones they should equal, float32 (channels, height, width) in [0, 1], pair by pair."""

    images: Sequence[Tensor]
    reference: Sequence[Tensor]


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Both sides of a measurement.

    Attributes:
        features: what vectors are.
        reference: the real items; None where only pairs are compared.
        samples: what is judged; None where the feature network itself is.
        training: everything that was trained on; None where that is not known.
        unseen: real items that were not trained on; None where there are none.
        validation, test: for a metric that chooses a setting on the first and judges on the second.
        test_split: what `test` is, in words.
        density: the true one, or None.
        pairs: or None.
        classes: names of the labels.
        seed: of what a metric draws.
        about: the reference and the samples' seed, for the record.
    """

    features: Features
    about: Mapping[str, Any]
    reference: Items | None = None
    samples: Items | None = None
    training: Items | None = None
    unseen: Items | None = None
    validation: Items | None = None
    test: Items | None = None
    test_split: str = ""
    density: Mixture | SwissRoll | None = None
    pairs: Pairs | None = None
    classes: tuple[str, ...] = ()
    seed: int = 0

    @property
    def about_features(self) -> dict[str, Any]:
        """For the record of a metric of vectors."""
        return {**self.about, "features": {"name": self.features.name, **self.features.about}}

    @property
    def judged(self) -> Items:
        assert self.samples is not None
        return self.samples

    @property
    def real(self) -> Items:
        assert self.reference is not None
        return self.reference

    @property
    def arithmetic(self) -> torch.device:
        """Where doubles are computed: not every device knows them."""
        device = self.real.device
        return device if device.type == "cuda" else torch.device("cpu")

    @cached_property
    def neighbours(self) -> dict[str, Result]:
        """Precision, recall, density and coverage, which are one computation."""
        return neighbours(
            self.judged.vectors, self.real.vectors, provenance=self.about_features, device=self.arithmetic
        )
