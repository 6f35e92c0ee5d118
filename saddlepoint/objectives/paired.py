"""Paired (relativistic) objectives: one function f of the difference of a real and a fake score.

    pairs:  J = E f(D(x) - D(y)),                               I = E f(D(y) - D(x)),       x real, y fake
    means:  J = E f(D(x) - mean D(y)) + E f(mean D(x) - D(y)),  I with the sides exchanged, neither halved

Both are maximised, and D is the raw output. A constant shift of D changes nothing. Source: Jolicoeur-Martineau 2018,
"The relativistic discriminator": RSGAN and RaSGAN have f(v) = log sigmoid(v), their hinge forms f(v) = min(0, v - 1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from saddlepoint.errors import UserError
from saddlepoint.objectives.base import (
    Objective,
    as_scores,
    as_weights,
    by_side,
    check_defined,
    check_moves,
    expectation,
    prepared,
)
from saddlepoint.objectives.to_text import to_text
from saddlepoint.objectives.tree import D, Tree

if TYPE_CHECKING:
    from torch import Tensor

    from saddlepoint.objectives.base import ScaledFunction, Weights

COUPLINGS = ("pairs", "means")


@dataclass(frozen=True, kw_only=True)
class Paired(Objective):
    """The objective of a function of score differences; equal to another if function and coupling are equal.

    Args:
        f: the function, written in D for the difference.
        coupling: "pairs" compares the i-th real with the i-th fake score (equal shapes); "means" each score with the
            mean of the other side, which is to be that of the whole batch, over micro-batches and ranks.
        name: for people; the text of the definition if left out.

    Terms are named "f" (pairs), or "f_real" and "f_fake" (means) after the side whose scores are not averaged first.
    Weights: one per pair; under "means" one tensor per side, which weigh the inner means too (normalised there, so that
    a constant shift of D still changes nothing).
    """

    f: Tree
    coupling: str = "pairs"  # type: ignore[assignment]
    name: str = field(default="", compare=False)

    variable = "identity"
    generator_uses_real = True
    link = D

    def __post_init__(self) -> None:
        if self.coupling not in COUPLINGS:
            raise UserError(f"coupling={self.coupling!r}", f"one of {', '.join(COUPLINGS)}", "choose one of these")
        if not isinstance(self.f, Tree):
            raise UserError(f"f={self.f!r}", "a tree", "read a formula's text by parse(...)")
        object.__setattr__(self, "name", self.name or self.definition)

    @property
    def functions(self) -> dict[str, Tree]:
        """f, by its name."""
        return {"f": self.f}

    @cached_property
    def on_outputs(self) -> dict[str, Tree]:
        """f in stable form, by its name."""
        return {"f": prepared("f", self.f)}

    @property
    def definition(self) -> str:
        """The objective as text: f=...; coupling=..."""
        return f"f={to_text(self.f)}; coupling={self.coupling}"

    def score(self, raw: Tensor) -> Tensor:
        return as_scores(raw, "raw")

    def discriminator_terms(self, real: Tensor, fake: Tensor, weights: Weights = None) -> dict[str, Tensor]:
        real, fake = as_scores(real, "real"), as_scores(fake, "fake")
        if self.coupling == "pairs":
            return self._pairs(real, fake, weights)
        on_real, on_fake = by_side(weights)
        return {
            "f_real": expectation(self._compiled["f"], real - _average(fake, on_fake, "fake"), on_real, "real"),
            "f_fake": expectation(self._compiled["f"], _average(real, on_real, "real") - fake, on_fake, "fake"),
        }

    def generator_terms(self, fake: Tensor, real: Tensor | None = None, weights: Weights = None) -> dict[str, Tensor]:
        if real is None:
            raise UserError(f"no real scores for {self.name}", "raw outputs on real data", "pass real=...")
        real, fake = as_scores(real, "real"), as_scores(fake, "fake")
        if self.coupling == "pairs":
            return self._pairs(fake, real, weights)
        on_real, on_fake = by_side(weights)
        return {
            "f_fake": expectation(self._compiled["f"], fake - _average(real, on_real, "real"), on_fake, "fake"),
            "f_real": expectation(self._compiled["f"], _average(fake, on_fake, "fake") - real, on_real, "real"),
        }

    def check_trainable(self) -> None:
        cure = "choose an f that is defined for every difference of scores"
        check_defined("f", self.f, self.on_outputs["f"], lambda: cure)
        check_moves("two players", self.functions)
        _ = self._compiled

    def _pairs(self, raised: Tensor, lowered: Tensor, weights: Weights) -> dict[str, Tensor]:
        if raised.shape != lowered.shape:
            raise UserError(
                f"scores of shapes {tuple(raised.shape)} and {tuple(lowered.shape)} for {self.name}",
                "as many real as fake scores, in the same shape",
                "draw equal batches, or choose coupling=means",
            )
        if isinstance(weights, tuple):
            raise UserError("a pair of weights for coupled pairs", "one weight per pair", "pass one tensor")
        return {"f": expectation(self._compiled["f"], raised - lowered, weights, "paired")}

    def _compile(self) -> dict[str, ScaledFunction]:
        from saddlepoint.objectives.to_torch import to_scaled_torch

        return {"f": to_scaled_torch(self.on_outputs["f"])}


def _average(scores: Tensor, weights: Tensor | None, side: str) -> Tensor:
    """The mean score of a side; with weights sum(w D) / sum(w)."""
    if weights is None:
        return scores.mean()
    spread = as_weights(weights, scores, side).expand_as(scores)
    return (spread * scores).sum() / spread.sum()
