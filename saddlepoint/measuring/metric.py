"""A metric as `evaluate` knows it: what it needs, so that what is missing is said before anything is computed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from saddlepoint.errors import UserError
from saddlepoint.measuring.comparison import Comparison
from saddlepoint.measuring.needs import NEEDS
from saddlepoint.metrics.result import Result


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A named metric.

    Attributes:
        summary: what it says, for a list.
        compute: of a comparison that has what is needed.
        needs: names of `NEEDS`.
        baseline: which real items stand in for the samples to tell what real data scores: other ones of the reference's
            split, or unseen ones where the metric looks for copies of what was trained on; None where none can.
        count: how many samples its protocol asks for; None for as many as the other metrics take.
    """

    summary: str
    compute: Callable[[Comparison], Result]
    needs: tuple[str, ...] = ("samples",)
    baseline: Literal["reference", "unseen"] | None = "reference"
    count: int | None = None

    def check(self, name: str, comparison: Comparison) -> None:
        """Refuses a comparison that lacks what the metric needs.

        Raises:
            UserError: what is missing, and where it comes from.
        """
        for need in (NEEDS[each] for each in self.needs):
            if not need.there(comparison):
                raise UserError(f"{need.without} for the metric {name}", need.expected, need.cure)
