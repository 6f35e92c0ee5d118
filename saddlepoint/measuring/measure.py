"""Measuring: named metrics of samples, each beside what real data scores, as the lines of metrics.jsonl.

{"metric", "value", "interval", "provenance": {..., "baseline": {"value", "interval", "samples", ...}}}
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from saddlepoint.errors import UserError, counted
from saddlepoint.measuring.catalogue import METRICS, check_names
from saddlepoint.measuring.comparison import Comparison, Pairs
from saddlepoint.measuring.items import Items
from saddlepoint.measuring.metric import Metric
from saddlepoint.measuring.real import Real
from saddlepoint.metrics.features import Features


@dataclass(frozen=True, kw_only=True)
class Samples:
    """Where samples come from.

    Attributes:
        make: so many of them; more of them begin with the same ones.
        available: how many there are; None for as many as are asked for.
        seed: of what is drawn.
        about: for the record.
    """

    make: Callable[[int], Items]
    available: int | None = None
    seed: int = 0
    about: Mapping[str, Any] = field(default_factory=dict)


class Measurer:
    """Measures samples against one reference, again and again; what real data scores is computed once.

    Args:
        features: what vectors are.
        real: the real side; None where only pairs are measured.
        pairs: images with their partners, or None.
    """

    def __init__(self, features: Features, *, real: Real | None, pairs: Pairs | None = None):
        self.features, self.real, self.pairs = features, real, pairs
        self._baselines: dict[tuple[str, int], dict[str, Any]] = {}

    def measure(
        self, names: Sequence[str], *, samples: Samples | None, count: int | None = None
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each metric's name and record, in the order of the names, as soon as it is there.

        Args:
            names: of `METRICS`.
            samples: what is judged; None where a metric judges none.
            count: how many samples; None for half of the reference's split, 10,000 at most.

        Raises:
            UserError: an unknown metric, one that lacks what it needs, or a count that is not there. All are checked
                before the first is computed.
        """
        compared = self.check(names, samples=samples, count=count)
        for name in names:
            number = self._count(METRICS[name], samples, count)
            result = METRICS[name].compute(compared[number]).as_json()
            yield name, {**result, "provenance": {**result["provenance"], "baseline": self._baseline(name, number)}}

    def check(
        self, names: Sequence[str], *, samples: Samples | None, count: int | None = None
    ) -> Mapping[int, Comparison]:
        """What the metrics will be computed of, by the number of samples; nothing is computed yet.

        Args and Raises as in `measure`.
        """
        check_names(list(names))
        compared: dict[int, Comparison] = {}
        for name in names:
            number = self._count(METRICS[name], samples, count)
            if number not in compared:
                compared[number] = self._comparison(samples, number)
            METRICS[name].check(name, compared[number])
        return compared

    def _count(self, metric: Metric, samples: Samples | None, asked: int | None) -> int:
        """How many samples a metric takes."""
        if self.real is None or samples is None:
            return 0
        most = samples.available
        if asked is not None and not 2 <= asked <= (most if most is not None else asked):
            raise UserError(
                f"{asked} samples", f"from 2 to {most}" if most is not None else "2 or more", "change --samples-count"
            )
        if asked is not None:
            return asked
        wanted = metric.count or self.real.default_count
        return wanted if most is None else min(wanted, most)

    def _comparison(self, samples: Samples | None, count: int) -> Comparison:
        real = self.real
        if real is None:
            return Comparison(features=self.features, about={}, pairs=self.pairs)
        chosen = real.chosen_and_judged
        about = {"reference": real.about}
        if samples is not None:
            about |= {"seed": samples.seed, **samples.about}
        return Comparison(
            features=self.features,
            about=about,
            reference=real.reference(count or real.available),
            samples=samples.make(count) if samples is not None else None,
            training=real.training,
            unseen=real.unseen,
            validation=chosen[0] if chosen else None,
            test=chosen[1] if chosen else None,
            test_split=chosen[2] if chosen else "",
            density=real.density,
            pairs=self.pairs,
            classes=real.data.classes,
            seed=samples.seed if samples is not None else 0,
        )

    def _baseline(self, name: str, count: int) -> dict[str, Any]:
        """What real data scores in the place of so many samples."""
        if (name, count) not in self._baselines:
            self._baselines[name, count] = self._of_real(name, count)
        return self._baselines[name, count]

    def _of_real(self, name: str, count: int) -> dict[str, Any]:
        metric = METRICS[name]
        if self.real is None:
            return {"value": None, "why": "pairs are compared, not sets"}
        if metric.baseline is None:
            return {"value": None, "why": "it is measured on real items as they are"}
        given = self._comparison(Samples(make=lambda _: self.real.halves(count)[1]), count)  # pyright: ignore
        if metric.baseline == "unseen":
            assert given.unseen is not None
            halves = given.unseen.parted()
            given = replace(given, unseen=halves[0], samples=halves[1])
        else:
            given = replace(given, reference=self.real.halves(count)[0])
        try:
            found = metric.compute(given)
        except UserError as error:
            other = given.unseen if metric.baseline == "unseen" else given.reference
            assert other is not None
            kind = "held-out item" if metric.baseline == "unseen" else "real item"
            parts = f"{given.judged.count:,} and {counted(other.count, kind)} are its two parts"
            more = "hold out more in training (data.hold_out)" if metric.baseline == "unseen" else "give more data"
            why = f"too little real data: {parts}; expected {error.expected}; {more}"
            return {"value": None, "why": why}
        line = found.as_json()
        samples, against = given.judged.count, given.unseen if metric.baseline == "unseen" else given.reference
        assert against is not None
        return {
            "value": line["value"],
            "interval": line["interval"],
            "what": "unseen data in two halves" if metric.baseline == "unseen" else f"two parts of {self.real.split}",
            "samples": samples,
            "reference_samples": against.count,
            "same_counts": samples == count,
        }
