"""The bilinear game x y as a task: the smallest game that plain dynamics get wrong, with exact numbers known."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Networks, Progress, Request, Settings


class Scalar(nn.Module):
    def __init__(self, value: float):
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value, dtype=torch.float64))

    def forward(self) -> Tensor:
        return self.value


@dataclass(frozen=True)
class Bilinear:
    """y (the discriminator) maximises x y, x (the generator) maximises -x y."""

    x: Scalar = field(default_factory=lambda: Scalar(1.0))
    y: Scalar = field(default_factory=lambda: Scalar(1.0))
    state: dict[str, Tensor] = field(default_factory=dict)
    averaged: tuple[str, ...] = ("x",)

    @property
    def players(self) -> tuple[Player, ...]:
        return Player(name="discriminator", networks={"y": self.y}), Player(name="generator", networks={"x": self.x})

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        return Draw(tensors={"one": torch.ones(1)}, seed=step, images=1 if player == "discriminator" else 0)

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        value = networks["x"]() * networks["y"]()
        return Loss(value={"f": value if player == "discriminator" else -value})

    def sample(self, networks: Networks, request: Request) -> Tensor:
        return networks["x"]().reshape(1, 1).float()

    def radius(self) -> float:
        return float(torch.hypot(self.x.value.detach(), self.y.value.detach()))
