"""What every objective offers to training and theory, and the one place where scores become expectations.

Both players maximise: the discriminator J, the generator I. A term is the mean over every element of the scores, of
weight times value where weights are given: E_w[f] = mean(w f). It is not divided by mean(w), so that a mask counts its
cells against all cells, as GAIN's -(1 - m) log D does.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from saddlepoint.errors import UserError
from saddlepoint.objectives.budget import Exhausted, within
from saddlepoint.objectives.domain import gap_on_the_line
from saddlepoint.objectives.rewrite import stable
from saddlepoint.objectives.to_text import to_text
from saddlepoint.objectives.tree import Tree, is_constant

# Processor seconds for the checks of one function before training; ordinary ones take a hundredth.
_SECONDS = 5.0

# torch is imported where tensors are met: reading formulas, theory and the command's help work without it.
if TYPE_CHECKING:
    from torch import Tensor

    # One tensor for both sides, or (real side, fake side); each broadcasts to the scores of its side.
    Weights = Tensor | tuple[Tensor | None, Tensor | None] | None
    # A function of a tensor and the factor in front of it.
    ScaledFunction = tuple[float, Callable[[Tensor], Tensor]]


class Objective(ABC):
    """A two-player objective on the raw outputs of a discriminator.

    Attributes:
        name: of the catalogue, or the text of a person's own.
        variable: what D is: "probability", "logit", "identity", "T" (an f-GAN's), "output" (the raw output).
        coupling: None, or how a paired objective couples its sides ("pairs", "means"). Under "means" the scores passed
            in are to be those of the whole batch, over micro-batches and ranks.
        generator_uses_real: whether I needs the scores of real data.
        link: D as a function of the raw output.
    """

    name: str
    variable: str
    coupling: str | None
    generator_uses_real: bool
    link: Tree
    _functions: dict[str, ScaledFunction]

    @property
    @abstractmethod
    def definition(self) -> str:
        """The formulas as one line of text."""

    @property
    @abstractmethod
    def functions(self) -> dict[str, Tree]:
        """The functions of D by name."""

    @property
    @abstractmethod
    def on_outputs(self) -> dict[str, Tree]:
        """The same functions of the raw output, in stable form."""

    @abstractmethod
    def score(self, raw: Tensor) -> Tensor:
        """D: the raw outputs through the link, the shape of `raw`."""

    @abstractmethod
    def discriminator_terms(self, real: Tensor, fake: Tensor, weights: Weights = None) -> dict[str, Tensor]:
        """The named terms whose sum is J.

        Args:
            real, fake: raw outputs of any shape (half precision is computed in float32).
            weights: one tensor for both sides, or a pair (real side, fake side); broadcast to the scores.

        Returns:
            Scalars, each a mean over all elements.

        Raises:
            UserError: no scores, scores that are not floating, or weights that do not broadcast to them.
        """

    @abstractmethod
    def generator_terms(self, fake: Tensor, real: Tensor | None = None, weights: Weights = None) -> dict[str, Tensor]:
        """The named terms whose sum is I; as `discriminator_terms` (a pair of weights is still (real side, fake side)).

        Raises:
            UserError: also if `generator_uses_real` and there is no `real`.
        """

    @abstractmethod
    def check_trainable(self) -> None:
        """Refuse an objective that is undefined at some raw output, any real number, or gives a player nothing to do.

        It also prepares the torch functions, so that torch.compile later traces tensor code alone.

        Raises:
            UserError: with the cure.
        """

    @abstractmethod
    def _compile(self) -> dict[str, ScaledFunction]:
        """The functions of raw outputs for torch, by name."""

    @property
    def _compiled(self) -> dict[str, ScaledFunction]:
        """`_compile()`, once; a plain dictionary, because torch.compile cannot trace the lock of a cached_property."""
        if not hasattr(self, "_functions"):
            object.__setattr__(self, "_functions", self._compile())
        return self._functions

    def __getstate__(self) -> dict[str, object]:
        # Compiled functions are made anew where they are needed; the trees are what is sent or stored.
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}  # type: ignore[arg-type]


def check_defined(name: str, written: Tree, on_outputs: Tree, cure: Callable[[], str]) -> None:
    """Refuse a function that is undefined at some raw output, or cannot be shown to be defined there.

    Args:
        name, written: as the person gave it.
        on_outputs: the same as a function of the raw output.
        cure: finds the advice; called only if there is something to cure.
    """
    with within(_SECONDS):
        gap = gap_on_the_line(on_outputs)
    if gap is None:
        return
    where = gap.where.lower + (gap.where.upper - gap.where.lower) / 2
    problem = "which is undefined" if gap.certain else "which cannot be shown to be defined"
    text = to_text(written)
    raise UserError(
        f"{name}={text if len(text) <= 80 else text[:77] + '...'}, {problem} at the raw output {where:.6g}",
        "functions that are defined at every raw output, any real number",
        cure(),
    )


def prepared(name: str, function: Tree) -> Tree:
    """A function in stable form.

    Raises:
        UserError: it takes too long to find.
    """
    try:
        with within(_SECONDS):
            return stable(function)
    except Exhausted:
        text = to_text(function)
        raise UserError(
            f"{name}={text if len(text) <= 80 else text[:77] + '...'}, whose stable form was not found within "
            f"{_SECONDS:g} s of computing",
            "a formula that can be prepared for training",
            "write it with fewer products and fewer nested powers",
        ) from None


def check_moves(player: str, functions: dict[str, Tree]) -> None:
    """Refuse a player whose functions are all constant: there would be no gradient."""
    if all(is_constant(function) for function in functions.values()):
        raise UserError(
            f"{' and '.join(functions)} without D",
            f"an objective of the {player} that depends on D",
            f"write D into {' or '.join(functions)}",
        )


def as_scores(raw: Tensor, side: str) -> Tensor:
    """Raw outputs ready for a formula: half precision becomes float32, where exp and the mean keep their digits."""
    import torch

    if not raw.is_floating_point() or raw.numel() == 0:
        raise UserError(
            f"{side} scores of type {raw.dtype} and shape {tuple(raw.shape)}",
            "at least one floating-point score",
            "pass the discriminator's raw outputs",
        )
    return raw.float() if raw.dtype in (torch.float16, torch.bfloat16) else raw


def expectation(scaled: ScaledFunction, scores: Tensor, weights: Tensor | None, side: str) -> Tensor:
    """mean(weights * scale * function(scores)) over all elements; the scale meets the mean, not its elements."""
    scale, function = scaled
    values = function(scores)
    if weights is not None:
        values = values * as_weights(weights, scores, side)
    mean = values.mean()
    return mean if scale == 1.0 else scale * mean


def as_weights(weights: Tensor, scores: Tensor, side: str) -> Tensor:
    """Weights in the scores' type, refused unless they broadcast to the scores' own shape."""
    # (n, 1) weights on (n,) scores would silently make (n, n) values.
    trailing = scores.shape[scores.ndim - weights.ndim :]
    if weights.ndim > scores.ndim or any(w not in (1, s) for w, s in zip(weights.shape, trailing, strict=True)):
        raise UserError(
            f"weights of shape {tuple(weights.shape)} for {side} scores of shape {tuple(scores.shape)}",
            "weights that broadcast to the scores",
            "give one weight per score, or per position of its last axes",
        )
    return weights.to(scores.dtype)


def by_side(weights: Weights) -> tuple[Tensor | None, Tensor | None]:
    """Weights as (real side, fake side)."""
    return weights if isinstance(weights, tuple) else (weights, weights)
