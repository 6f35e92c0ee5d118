"""D's scores and its input gradient, differentiable by the parameters to first order without double backward.

    g_i = grad_x D(x_i);  a cost of scores and gradients;  c_i = d cost / d D(x_i),  w_i = d cost / d g_i
    d cost / d theta = d / d theta of sum_i [c_i D(x_i) + <w_i, grad_x D(x_i)>],  c and w held

Where D is piecewise linear, <w, grad_x D(x)> is the network itself with the masks of x, without constants, at w. Both
terms together are the network with these masks at c_i x_i + w_i, its constants multiplied by c_i: one forward pass of
that is enough, because the slope of D by each layer's output is known from the pass that gave g.
(docs/speed.md derives it and counts the passes.) It holds for every cost of scores and gradients: R1, R2, and the
gradient penalty of WGAN-GP.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from saddlepoint.game.fast.piecewise_linear import Operation, Recording, replayed

# Elements of results that wait for one call of autograd: small networks need few calls, large ones little memory.
TOGETHER = 2**18


class ByTangent:
    """A discriminator as the hot path calls it, a `Network`: the module, and its input gradient by the tangent pass.

    Args:
        module: (images (n, ...), ...) -> scores (n,), piecewise linear.
    """

    def __init__(self, module: nn.Module):
        self.module = module
        self._parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        return self.module(*inputs, **named)

    def features(self, *inputs: Any) -> Any:
        """The module's own method."""
        return self.module.features(*inputs)  # type: ignore[operator]

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """The module's own."""
        return self.module.named_parameters()

    def scores_and_gradient(
        self, images: Tensor, beside: tuple[Tensor, ...] = (), before: Callable[[Tensor], Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """D(A(x)), (n,), and its gradient by x, the shape of x; both differentiable by D's parameters, not by x.

        Args:
            images: x, (n, ...), without a graph.
            beside: further inputs of D (labels).
            before: A, any differentiable function without parameters (augmentation), or None.

        Raises:
            NotPiecewiseLinear: D has another function than matrices and rectifiers.
        """
        assert not images.requires_grad, "a tangent pass has no gradient by the images"
        leaf = images.detach().requires_grad_()
        shown = images if before is None else before(leaf)
        with torch.enable_grad():
            seen = shown.detach().requires_grad_()
            with Recording(seen) as recording:
                scores = self.module(seen, *beside)
            recording.end(scores)
            gradient, *slopes = torch.autograd.grad(scores.sum(), [seen, *recording.results])
        recorded = _Recorded(
            scores=scores.detach(),
            gradient=gradient,
            images=seen.detach(),
            operations=recording.operations,
            slopes=slopes,
        )
        scores, slope = _ScoresAndGradient.apply(recorded, *self._parameters)
        if before is None:
            return scores, slope
        (gradient,) = torch.autograd.grad(shown, leaf, slope, create_graph=True)
        return scores, gradient


@dataclass(frozen=True, kw_only=True)
class _Recorded:
    """One pass at the images: what it gave, and what is needed to replay it."""

    scores: Tensor
    gradient: Tensor
    images: Tensor
    operations: list[Operation]
    slopes: list[Tensor]


class _ScoresAndGradient(torch.autograd.Function):
    """(what was recorded, parameters) -> D(x), grad_x D(x), as functions of the parameters."""

    @staticmethod
    def forward(ctx: Any, recorded: _Recorded, *parameters: Tensor) -> tuple[Tensor, Tensor]:
        ctx.images, ctx.operations, ctx.slopes = recorded.images, recorded.operations, recorded.slopes
        ctx.parameters = parameters
        ctx.precision = _precision(recorded.images.device.type)
        return recorded.scores, recorded.gradient

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, of_scores: Tensor, of_gradient: Tensor) -> tuple[Tensor | None, ...]:
        assert ctx.operations, "what a tangent pass keeps is used up by one backward"
        scale = of_scores.to(ctx.images.dtype)
        images = ctx.images * scale.reshape(-1, *[1] * (ctx.images.dim() - 1)) + of_gradient
        learned = _Learned()
        ctx.slopes.reverse()
        results: list[Tensor] = []
        slopes: list[Tensor] = []
        constants: list[Tensor] = []
        with ctx.precision():
            for result, entering in replayed(ctx.operations, images, scale):
                results.append(result)
                slopes.append(ctx.slopes.pop())
                constants.extend(entering)
                if sum(each.numel() for each in results) > TOGETHER or not ctx.slopes:
                    learned.add(constants, results, slopes)
                    results, slopes, constants = [], [], []
        return (None, *learned.of(ctx.parameters))


def _summed(slopes: Sequence[Tensor], results: Sequence[Tensor]) -> Tensor:
    """A scalar for torch.autograd.grad, whose slopes by the results are these.

    Slopes that are handed to autograd itself have their shapes compared symbolically, and the first time that imports
    sympy, which takes a third of a second.
    """
    with torch.enable_grad():
        return _Sum.apply(slopes, *results)


class _Sum(torch.autograd.Function):
    """(slopes, results) -> the sum of their products, as far as its derivative by the results goes; its value is 0."""

    @staticmethod
    def forward(ctx: Any, slopes: Sequence[Tensor], *results: Tensor) -> Tensor:
        ctx.slopes = slopes
        return results[0].new_zeros(())

    @staticmethod
    def backward(ctx: Any, _: Tensor) -> tuple[Tensor | None, ...]:
        return (None, *ctx.slopes)


class _Learned:
    """Sums of gradients, by the tensor that they belong to: a parameter, or what was made of some (spectral norm)."""

    def __init__(self) -> None:
        self._sums: dict[int, tuple[Tensor, Tensor]] = {}

    def add(self, constants: Sequence[Tensor], results: Sequence[Tensor], slopes: Sequence[Tensor]) -> None:
        once = {id(constant): constant for constant in constants}
        found = torch.autograd.grad(_summed(slopes, results), list(once.values()))
        for (key, constant), gradient in zip(once.items(), found, strict=True):
            before = self._sums.get(key)
            self._sums[key] = constant, gradient if before is None else before[1] + gradient

    def of(self, parameters: Sequence[Tensor]) -> list[Tensor | None]:
        """The gradients of these; those of what was made of them are taken back to them."""
        gradients = [self._sums.pop(id(parameter), (None, None))[1] for parameter in parameters]
        if not self._sums:
            return gradients
        made, of_made = zip(*self._sums.values(), strict=True)
        through = torch.autograd.grad(_summed(of_made, made), parameters, allow_unused=True)
        return [
            one if other is None else other if one is None else one + other
            for one, other in zip(gradients, through, strict=True)
        ]


def _precision(device: str) -> Callable[[], AbstractContextManager]:
    """Makes the autocast that is on now, for a time when it is not."""
    if not torch.is_autocast_enabled(device):
        return nullcontext
    kind = torch.get_autocast_dtype(device)
    return lambda: torch.autocast(device, dtype=kind)
