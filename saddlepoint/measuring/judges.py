"""Two judges: what is measured in the chosen features is measured in histograms of oriented gradients as well.

A network that was trained on ImageNet sees textures and kinds of things, and looks away from light, contrast and place.
What it calls better may be worse to the eye, the more so where a discriminator has learned with such a network's eyes
(Kynkaanniemi et al. 2022, arXiv 2203.06026). The histograms (`metrics/features/hog.py`) have learned nothing. A run
counts as better than another only where neither judge says the opposite: see `alike.py: verdicts`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from saddlepoint.measuring.items import Items
from saddlepoint.measuring.measure import Measurer, Samples
from saddlepoint.measuring.real import Real
from saddlepoint.metrics.features import Features, open_features

SECOND = "hog"
# What the second judge says: the distance, and how samples and real data cover each other.
JUDGED_TWICE = ("frechet_distance", "precision", "recall", "coverage")
# Below so many pixels a side a cell would hold a handful of gradients.
SMALLEST = 16


class Judges:
    """Measures samples in the features asked for, then, of images of 16 pixels and more, by the second judge.

    Args:
        features: the first judge's.
        real: the real side, in the same features.
    """

    def __init__(self, features: Features, *, real: Real):
        self.first = Measurer(features, real=real)
        self.second: Measurer | None = None
        if has_second(features, tuple(real.data.shape)):
            hog = open_features(SECOND, real.device)
            self.second = Measurer(hog, real=replace(real, features=hog))

    def check(self, names: Sequence[str], *, samples: Samples | None, count: int | None = None) -> None:
        """Refuses what `Measurer.check` refuses; nothing is computed yet."""
        self.first.check(names, samples=samples, count=count)

    def measure(
        self, names: Sequence[str], *, samples: Samples | None, count: int | None = None
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Names and records as of `Measurer.measure`; a name of the second judge's ends in its own.

        Args and Raises as there.
        """
        again = [name for name in names if name in JUDGED_TWICE]
        if self.second is None or samples is None or not again:
            yield from self.first.measure(names, samples=samples, count=count)
            return
        made: dict[int, Items] = {}

        def once(number: int) -> Items:
            if number not in made:
                made[number] = samples.make(number)
            return made[number]

        yield from self.first.measure(names, samples=replace(samples, make=once), count=count)
        second = self.second
        # As many as the first has judged, whatever its features' width.
        assert self.first.real is not None
        number = count if count is not None else self.first.real.default_count
        if samples.available is not None:
            number = min(number, samples.available)
        seen = replace(samples, make=lambda each: once(each).seen_by(second.features))
        for name, record in second.measure(again, samples=seen, count=number):
            yield f"{name}.{SECOND}", record


def has_second(features: Features, shape: tuple[int, ...]) -> bool:
    """Whether items of a shape that are judged in some features have a second judge."""
    return len(shape) == 3 and min(shape[1:]) >= SMALLEST and features.name != SECOND
