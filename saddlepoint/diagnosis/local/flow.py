"""The flow's Jacobian on a probe, as products: J = d(-F)/dw, F what plain steps subtract, w = (theta of D, phi of G).

J v and J^T v by reverse passes through the joint field (`game/corrections/joint.py: Products`)
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from saddlepoint.diagnosis.local.duel import Probe
from saddlepoint.game.corrections.joint import Products, evaluate, twice_differentiable
from saddlepoint.game.field import Vector
from saddlepoint.objectives.budget import check

# A product with a vector, float64 (n,) -> (n,).
Product = Callable[[Tensor], Tensor]


class Flow:
    """J at a probe.

    Args:
        probe: where, and on what.
    """

    def __init__(self, probe: Probe):
        self.probe = probe
        draws = dict.fromkeys(probe.players, probe.draw)
        with twice_differentiable():
            joint = evaluate(probe.field, probe.parameters, probe.players, draws, probe.settings, create_graph=True)
        self._keys = [key for player in probe.players for key in probe.keys(player)]
        self._w = {key: probe.parameters[key[0]][key[1]] for key in self._keys}
        self.directions: Vector = {key: joint.directions.get(key, torch.zeros_like(self._w[key])) for key in self._keys}
        self._rows = {
            player: Products(
                {key: self.directions[key] for key in probe.keys(player)},
                self._w,
                [(probe.keys(player), self._keys)],
            )
            for player in probe.players
        }

    @property
    def size(self) -> int:
        """n, of both players."""
        return sum(tensor.numel() for tensor in self._w.values())

    @property
    def velocity(self) -> Tensor:
        """-F, (n,)."""
        return -torch.cat([self.directions[key].detach().reshape(-1) for key in self._keys])

    def rows(self, player: str, v: Tensor) -> Tensor:
        """The player's rows of J times v, (n,) -> (weights of the player,)."""
        check()
        made = self._rows[player].forward(self._named(v))
        return -torch.cat([made[key].reshape(-1) for key in self.probe.keys(player)])

    def forward(self, v: Tensor) -> Tensor:
        """J v, (n,)."""
        return torch.cat([self.rows(player, v) for player in self.probe.players])

    def transposed(self, v: Tensor) -> Tensor:
        """J^T v, (n,)."""
        check()
        named, total = self._named(v), torch.zeros_like(v)
        for products in self._rows.values():
            made = products.transposed(named)
            total = total - torch.cat([made[key].reshape(-1) for key in self._keys])
        return total

    def _named(self, v: Tensor) -> Vector:
        pieces = v.split([tensor.numel() for tensor in self._w.values()])
        return {key: piece.reshape(self._w[key].shape) for key, piece in zip(self._keys, pieces, strict=True)}


def dense(product: Product, size: int) -> np.ndarray:
    """The matrix of a product, (n, n): for small games."""
    return torch.stack([product(row) for row in torch.eye(size, dtype=torch.float64)], dim=1).numpy()


def rademacher(size: int, count: int, seed: int = 0) -> Tensor:
    """Vectors of signs, float64 (count, n): E v^T A v = trace A, E |A v|^2 = |A|_F^2 (Hutchinson 1990)."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 2, (count, size), generator=generator).double() * 2 - 1
