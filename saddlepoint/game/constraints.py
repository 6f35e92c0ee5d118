"""Constraints on a player's parameters: projections, applied at the start and after each step; not loss terms."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from saddlepoint.errors import UserError

Constraint = Callable[[nn.Module], None]


@dataclass(frozen=True, kw_only=True)
class Clipping:
    """Every parameter in [-bound, bound]: WGAN's weight clipping (Arjovsky et al. 2017)."""

    bound: float

    def __post_init__(self) -> None:
        if not self.bound > 0:
            raise UserError(f"clipping bound {self.bound}", "a positive number", "WGAN uses 0.01")

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> None:
        for parameter in network.parameters():
            parameter.clamp_(-self.bound, self.bound)
