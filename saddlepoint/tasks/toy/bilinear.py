"""The bilinear game x y: the smallest game that plain dynamics get wrong, and whose every number is known.

    y (the discriminator) maximises x y,  x (the generator) maximises -x y;  the equilibrium is (0, 0)

It stands for what is left of a GAN where the discriminator has no curvature: a pure rotation.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Networks, Progress, Request, Settings
from saddlepoint.randomness import derive_seed


class Scalar(nn.Module):
    """One number as a network, in double precision."""

    def __init__(self, value: float):
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value, dtype=torch.float64))

    def forward(self) -> Tensor:
        """The number, a scalar."""
        return self.value


@dataclass(frozen=True, kw_only=True)
class Bilinear:
    """The game; its draws hold nothing, for nothing in it is random.

    Attributes:
        x, y: the players.
        seed: of the draws, for networks that draw themselves; without effect here.
        state: the task's own history: none.
    """

    x: Scalar = field(default_factory=lambda: Scalar(1.0))
    y: Scalar = field(default_factory=lambda: Scalar(1.0))
    seed: int = 0
    state: dict[str, Tensor] = field(default_factory=dict)

    @property
    def players(self) -> tuple[Player, ...]:
        return Player(name="discriminator", networks={"y": self.y}), Player(name="generator", networks={"x": self.x})

    @property
    def averaged(self) -> tuple[str, ...]:
        return ("x",)

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        """A draw of one sample that the game does not look at."""
        seed = derive_seed(self.seed, f"{player}/networks", step, substep)
        return Draw(tensors={"sample": torch.zeros(1)}, seed=seed, images=1 if player == "discriminator" else 0)

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        """x y for the discriminator, -x y for the generator."""
        value = networks["x"]() * networks["y"]()
        return Loss(value={"f": value if player == "discriminator" else -value})

    def remember(self, player: str, draw: Draw, loss: Loss) -> None:
        """Nothing: this task has no history."""

    def sample(self, networks: Networks, request: Request) -> Tensor:
        """x for every latent, (n, 1)."""
        return networks["x"]().float().expand(len(request), 1)

    def radius(self) -> float:
        """The distance to the equilibrium."""
        return float(torch.hypot(self.x.value.detach(), self.y.value.detach()))
