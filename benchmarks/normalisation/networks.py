"""Nets of three linear layers, many at once: weights of S nets are the rows of one matrix, layers are batched products.

    a_(l+1) = phi(norm(a_l W_l + b_l)),   norm(a) = gain (a - mean) / sqrt(variance + 1e-5) + bias over a group of rows

The groups are what the wiring says: D's batch normalised on real and fake apart is two groups of one call, jointly it
is one. Batch normalisation stands between the product and the activation (Ioffe and Szegedy 2015). Matched gains hand
on the second moment: Var W = 1 / (inputs E phi(u)^2), u ~ N(0, 1) (He et al. 2015, for each activation by quadrature).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.normalisation.design import Cell

WIDTH = 32
LATENTS = {"8-gaussians": 4, "digits": 16}
_EPSILON = 1e-5


def _mean(function: Callable[[Tensor], Tensor]) -> float:
    """E function(u), u ~ N(0, 1), by Gauss-Hermite quadrature; kinks leave some 1e-3."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(64)
    return float(function(torch.from_numpy(nodes)) @ torch.from_numpy(weights)) / math.sqrt(2 * math.pi)


_CENTRE = _mean(functional.softplus)


def _centred_softplus(a: Tensor) -> Tensor:
    return functional.softplus(a) - _CENTRE


def _leaky(a: Tensor) -> Tensor:
    return functional.leaky_relu(a, 0.2)


PHI: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": functional.relu,
    "leaky": _leaky,
    "tanh": torch.tanh,
    "selu": functional.selu,
    "softplus": functional.softplus,
    "centred softplus": _centred_softplus,
}


@dataclass(frozen=True, kw_only=True)
class Net:
    """A shape of net.

    Attributes:
        sizes: inputs, two hidden widths, outputs.
        activation: a name of PHI.
        normal: for each hidden layer, whether it is normalised.
    """

    sizes: tuple[int, ...]
    activation: str
    normal: tuple[bool, ...]

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Of the weights, in order: product and bias of each layer, then gain and bias of its norm."""
        found: list[tuple[int, ...]] = []
        for index, (inputs, outputs) in enumerate(pairwise(self.sizes)):
            found += [(inputs, outputs), (1, outputs)]
            if self._is_normal(index):
                found += [(1, outputs), (1, outputs)]
        return found

    @property
    def size(self) -> int:
        """Weights of one net."""
        return sum(math.prod(shape) for shape in self.shapes)

    def _is_normal(self, index: int) -> bool:
        return index < len(self.normal) and self.normal[index]

    def pieces(self, weights: Tensor) -> list[Tensor]:
        """(S, n) as tensors (S, *shape)."""
        parts = weights.split([math.prod(shape) for shape in self.shapes], dim=1)
        return [part.reshape(len(weights), *shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def start(self, gain: str, generator: torch.Generator) -> Tensor:
        """Weights of one net, float64 (n,); the same draws for every activation and norm."""
        second = _mean(lambda u: PHI[self.activation](u).square())
        found: list[Tensor] = []
        for index, (inputs, outputs) in enumerate(pairwise(self.sizes)):
            w = torch.rand((inputs, outputs), generator=generator, dtype=torch.float64) * 2 - 1
            b = torch.rand((1, outputs), generator=generator, dtype=torch.float64) * 2 - 1
            if gain == "matched":
                # A uniform number in (-1, 1) has variance 1/3. Items and latents have a second moment near 1.
                found += [w * math.sqrt(3 / (inputs * (second if index else 1.0))), b * 0]
            else:
                found += [w / math.sqrt(inputs), b / math.sqrt(inputs)]
            if self._is_normal(index):
                found += [torch.ones_like(b), torch.zeros_like(b)]
        return torch.cat([each.reshape(-1) for each in found])

    def __call__(self, weights: Tensor, items: Tensor, groups: int = 1) -> Tensor:
        """Outputs (S, n, outputs) of items (S, n, inputs); norms are over each of so many equal groups of rows."""
        left = iter(self.pieces(weights))
        a = items
        for index in range(len(self.sizes) - 1):
            w, b = next(left), next(left)
            a = torch.baddbmm(b, a, w)
            if self._is_normal(index):
                a = _normalised(a, next(left), next(left), groups)
            if index < len(self.sizes) - 2:
                a = PHI[self.activation](a)
        return a


def _normalised(a: Tensor, gain: Tensor, bias: Tensor, groups: int) -> Tensor:
    apart = a.unflatten(1, (groups, -1))
    variance, mean = torch.var_mean(apart, dim=2, correction=0, keepdim=True)
    scale = gain[:, None] * (variance + _EPSILON).rsqrt()
    return torch.addcmul(bias[:, None] - mean * scale, apart, scale).flatten(1, 2)


def pair(cell: Cell, dimensions: int) -> tuple[Net, Net]:
    """D and G of a cell."""
    in_d = "D" in cell.norm
    in_g = cell.norm.endswith("G")
    d = Net(
        sizes=(dimensions, WIDTH, WIDTH, 1),
        activation=cell.activation,
        normal=(in_d and "not first" not in cell.norm, in_d),
    )
    g = Net(
        sizes=(LATENTS[cell.data], WIDTH, WIDTH, dimensions),
        activation=cell.activation,
        normal=(in_g, in_g),
    )
    return d, g
