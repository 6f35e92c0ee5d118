"""The bilinear game x y: the smallest game that plain dynamics get wrong, and whose every number is known.

    y (the discriminator) maximises x y,  x (the generator) maximises -x y;  the equilibrium is (0, 0)

It stands for what is left of a GAN where the discriminator has no curvature: a pure rotation.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from saddlepoint.game.network import Networks
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Progress, Request, Settings
from saddlepoint.tasks.kit.adversary import DISCRIMINATOR, GENERATOR
from saddlepoint.tasks.kit.base import Base


class Scalar(nn.Module):
    """One number as a network, in double precision."""

    def __init__(self, value: float):
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value, dtype=torch.float64))

    def forward(self) -> Tensor:
        """The number, a scalar."""
        return self.value


@dataclass(frozen=True, kw_only=True)
class Bilinear(Base):
    """The game; its draws hold nothing, for nothing in it is random.

    Attributes:
        x, y: the players.
    """

    x: Scalar = field(default_factory=lambda: Scalar(1.0))
    y: Scalar = field(default_factory=lambda: Scalar(1.0))
    batch: int = 1

    @property
    def data(self) -> None:
        """None: the game is drawn from nothing."""

    def make_players(self) -> tuple[Player, ...]:
        """y, who raises the product, and x, who lowers it."""
        return Player(name=DISCRIMINATOR, networks={"y": self.y}), Player(name=GENERATOR, networks={"x": self.x})

    @property
    def averaged(self) -> tuple[str, ...]:
        return ("x",)

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        """A draw of samples that the game does not look at."""
        return self.drawn({"sample": torch.zeros(self.batch)}, player, step, substep, state)

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        """x y for the discriminator, -x y for the generator."""
        value = networks["x"]() * networks["y"]()
        return Loss(value={"f": value if player == DISCRIMINATOR else -value})

    def sample(self, networks: Networks, request: Request) -> Tensor:
        """x for every latent, (n, 1)."""
        return networks["x"]().float().expand(len(request), 1)

    def radius(self) -> float:
        """The distance to the equilibrium."""
        return float(torch.hypot(self.x.value.detach(), self.y.value.detach()))
