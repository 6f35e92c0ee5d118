"""The field's Jacobian where one run stands, and D's tangent kernel, with batch statistics as the run has them.

    J = d(-F)/dw, by the product's `Products`;  K_AB(x, y) = sum_j dD_A(x)/dtheta_j dD_B(y)/dtheta_j

The product's own `Flow` and `discriminator_kernel` cannot take these games: a `Duel` has a scorer for each side, so
that no batch is shared by real and fake, and the kernel is refused where scores look at the batch. Eigenvalues, shares
and ranks are its own. D_A and D_B are D in two divisions of the same points into batches of the run's size: a step made
in the batches B moves D, as it is seen in the batches A, by K_AB. Without batch statistics both are one, and K is
symmetric with no eigenvalue below 0; with them K_AB is neither.
"""

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor
from torch.func import jacrev, vmap

from benchmarks.normalisation.play import Game
from saddlepoint.diagnosis.local.flow import Flow
from saddlepoint.diagnosis.local.kernel import Kernel
from saddlepoint.diagnosis.local.spectrum import leading, shares, top_pair
from saddlepoint.game.corrections.joint import Products

_D, _G = ("discriminator", "weights"), ("generator", "weights")
_PROBES = 12
# Of each side, the points that K is of, and the share of a batch that they make up; the others keep them company.
_POINTS, _SHARE = 64, 4


class Local:
    """J of one run's game on fixed items, the joint field of both players (fakes carry their graph).

    Args:
        played: the game.
        d, g: weights of one run, float64 (1, n).
        real: (1, m, d), with its noise.
        z: latents (1, m, latent).
        shift: what the noise adds to the fakes, (1, m, d).
    """

    def __init__(self, played: Game, d: Tensor, g: Tensor, real: Tensor, z: Tensor, shift: Tensor):
        d, g = d.detach().requires_grad_(), g.detach().requires_grad_()
        fake = played.g(g, z) + shift
        (of_d,) = torch.autograd.grad(played.cost_of_d(d, real, fake), d, create_graph=True)
        (of_g,) = torch.autograd.grad(played.cost_of_g(d, real, fake), g, create_graph=True)
        self._w = {_D: d, _G: g}
        keys = list(self._w)
        self._products = Products({_D: of_d, _G: of_g}, self._w, [(keys, keys)])
        self.velocity = -torch.cat([of_d, of_g], dim=1)[0].detach()

    @property
    def size(self) -> int:
        """Weights of both players."""
        return len(self.velocity)

    def forward(self, v: Tensor) -> Tensor:
        """J v, (n,)."""
        return self._flat(self._products.forward(self._named(v)))

    def transposed(self, v: Tensor) -> Tensor:
        """J^T v, (n,)."""
        return self._flat(self._products.transposed(self._named(v)))

    def _named(self, v: Tensor) -> dict[tuple[str, str], Tensor]:
        first = self._w[_D].shape[1]
        return {_D: v[None, :first], _G: v[None, first:]}

    @staticmethod
    def _flat(made: dict[tuple[str, str], Tensor]) -> Tensor:
        return -torch.cat([made[_D], made[_G]], dim=1)[0].detach()


def spectral(local: Local) -> dict[str, float | None]:
    """Rotation share, that along the field, and the damping of the pair that turns fastest; None if nothing turns."""
    found = leading(local.forward, local.size, ends=("turning",))
    pair = top_pair(found)
    ahead, back = local.forward(local.velocity), local.transposed(local.velocity)
    s, a = float((ahead + back).norm()), float((ahead - back).norm())
    return {
        "rotation": shares(cast(Flow, local), probes=_PROBES).rotation,
        "along": a / (s + a) if s + a > 0 else None,
        "damping": None if pair is None else pair.damping,
        "turning": None if pair is None else pair.value.imag,
    }


@dataclass(frozen=True, kw_only=True)
class Kernels:
    """K and K_AB.

    Attributes:
        rank: the effective rank of K in the run's own batches.
        lowest: the smallest real part of an eigenvalue of K_AB, over its largest modulus; 0 without batch statistics.
        backward: the sum of negative real parts over that of all, absolute: how much of D answers the wrong way.
        turn: |A| / (|S| + |A|) of K_AB.
    """

    rank: float
    lowest: float
    backward: float
    turn: float


def kernels(played: Game, d: Tensor, real: Tensor, fake: Tensor) -> Kernels:
    """Of one run's D, (1, n), on 512 items of each side, (m, d); slopes in single, products in double precision."""
    first = _jacobian(played, d.float(), real.float(), fake.float(), 0)
    own = first @ first.T
    rank = Kernel(eigenvalues=torch.linalg.eigvalsh(own).clamp(min=0).numpy()).rank
    if not any(played.d.normal):
        return Kernels(rank=rank, lowest=0.0, backward=0.0, turn=0.0)
    mixed = (_jacobian(played, d.float(), real.float(), fake.float(), 1) @ first.T).numpy()
    values = np.linalg.eigvals(mixed)
    s, a = np.linalg.norm(mixed + mixed.T), np.linalg.norm(mixed - mixed.T)
    return Kernels(
        rank=rank,
        lowest=float(min(values.real.min(), 0.0) / np.abs(values).max()),
        backward=float(-values.real.clip(max=0).sum() / np.abs(values.real).sum()),
        turn=float(a / (s + a)),
    )


def _jacobian(played: Game, d: Tensor, real: Tensor, fake: Tensor, seed: int) -> Tensor:
    """dD(x)/dtheta, (128, n), the points being the first of each side, in a division into batches of the run's size."""
    generator = torch.Generator().manual_seed(seed)
    each = min(played.cell.batch, len(real))
    inside = each // _SHARE
    count = _POINTS // inside
    # A row of a side: which points, then which companions.
    points = [torch.randperm(_POINTS, generator=generator) for _ in range(2)]
    others = [_POINTS + torch.randperm(len(real) - _POINTS, generator=generator) for _ in range(2)]
    batches = []
    for side, mine, rest in zip((real, fake), points, others, strict=True):
        row = torch.cat([mine.reshape(count, inside), rest[: count * (each - inside)].reshape(count, -1)], dim=1)
        batches.append(side[row])
    kept = torch.cat([torch.arange(inside), each + torch.arange(inside)])

    def scores(weights: Tensor, rows: Tensor) -> Tensor:
        a, b = played.scores(weights[None], rows[None, :each], rows[None, each:])
        return torch.cat([a, b], dim=1)[0, kept]

    made = vmap(jacrev(scores), in_dims=(None, 0))(d[0], torch.cat(batches, dim=1))
    # Back into the order of the points.
    ordered = torch.empty(2 * _POINTS, d.shape[1], dtype=torch.float64)
    made = made.reshape(count, 2, inside, -1).double()
    for index, mine in enumerate(points):
        ordered[index * _POINTS + mine] = made[:, index].reshape(_POINTS, -1)
    return ordered
