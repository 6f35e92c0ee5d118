"""The Dirac-GAN: data at 0, a generator that makes the one point theta, a discriminator D(x) = psi x.

    J = E f1(psi x) + E f2(psi (theta + noise)) - penalties,   I = E f3(psi (theta + noise));   equilibrium (0, 0)
    (Mescheder, Geiger, Nowozin 2018, "Which training methods for GANs do actually converge?")

Data and generator are off each other's support, which is where regularisation decides. Instance noise of deviation
sigma is put on both; it is drawn as equally weighted quantiles, so that every draw is the expectation up to the
noise's variance, which is exact.
"""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.game.network import Networks
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Progress, Request, Settings
from saddlepoint.objectives import Objective
from saddlepoint.tasks.kit.adversary import DISCRIMINATOR, GENERATOR, WEIGHTS, Adversary, Critic
from saddlepoint.tasks.kit.base import Base


class Slope(nn.Module):
    """The discriminator: (n, 1) -> psi x, (n,)."""

    def __init__(self, psi: float):
        super().__init__()
        self.psi = nn.Parameter(torch.tensor(psi, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return (self.psi * x).flatten()


class Place(nn.Module):
    """The generator: theta for every latent, (n, ...) -> (n, 1)."""

    def __init__(self, theta: float):
        super().__init__()
        self.theta = nn.Parameter(torch.tensor(theta, dtype=torch.float64))

    def forward(self, z: Tensor) -> Tensor:
        return self.theta.expand(len(z), 1)


@dataclass(frozen=True, kw_only=True)
class DiracGan(Base):
    """The game.

    Attributes:
        objective: of the game; real is scored high, so that with it (theta, psi) = (1, -1) lies on the game's circle.
        theta, psi: where the players begin.
        penalties: as in `Adversary`.
        instance_noise: deviation of the noise on data and fakes.
    """

    objective: Objective
    theta: float = 1.0
    psi: float = -1.0
    penalties: tuple[str, ...] = ()
    instance_noise: float = 0.0
    batch: int = 4
    generator: Place = field(init=False)
    discriminator: Slope = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch < 2 and self.instance_noise:
            raise UserError(f"batch {self.batch} with instance noise", "2 or more", "one quantile has no variance")
        object.__setattr__(self, "generator", Place(self.theta))
        object.__setattr__(self, "discriminator", Slope(self.psi))
        self.adversary.check(self.discriminator)

    def reduced(self, batch: int) -> Self:
        """The same game on draws of at most `batch` samples."""
        smaller = super().reduced(batch)
        for name in (GENERATOR, DISCRIMINATOR):
            object.__setattr__(smaller, name, getattr(self, name))
        return smaller

    @cached_property
    def adversary(self) -> Adversary:
        """D's and G's part in the game."""
        return Adversary(objective=self.objective, penalties=self.penalties)

    @property
    def data(self) -> None:
        """None: the game is drawn from nothing."""

    def make_players(self) -> tuple[Player, ...]:
        """D and G."""
        return (
            Player(name=DISCRIMINATOR, networks={DISCRIMINATOR: self.discriminator}),
            Player(name=GENERATOR, networks={GENERATOR: self.generator}),
        )

    def begin(self) -> dict[str, Tensor]:
        """The adversary's history."""
        return self.adversary.begin(self.device)

    @property
    def settings(self) -> tuple[str, ...]:
        return self.adversary.settings

    @property
    def whole_batch(self) -> str | None:
        return self.adversary.whole_batch

    @property
    def averaged(self) -> tuple[str, ...]:
        return (GENERATOR,)

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        """The noise on data and on fakes, (batch, 1) each; the gradient penalty's points lie halfway between."""
        noise = self.instance_noise * self._quantiles
        tensors = {"noise_real": noise, "noise_fake": -noise}
        if player == DISCRIMINATOR:
            tensors |= self.adversary.draw(
                lambda name, width: torch.full((self.batch, width), 0.5), self.state, self.batch
            )
        return self.drawn(tensors, player, step, substep, state)

    @cached_property
    def _quantiles(self) -> Tensor:
        """Equally weighted quantiles of the normal distribution, scaled to variance 1."""
        levels = (torch.arange(self.batch, dtype=torch.float64) + 0.5) / self.batch
        quantiles = math.sqrt(2) * torch.erfinv(2 * levels - 1)
        scale = quantiles.square().mean().sqrt()
        return (quantiles / scale if self.batch > 1 else quantiles)[:, None]

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        """The objective's terms for this player, and for D its penalties."""
        fake, on_real, on_fake = self.critics(networks, draw, settings)
        weights = draw.get(WEIGHTS)
        if player == GENERATOR:
            return self.adversary.generator(on_real, self.real(draw), on_fake, fake, weights)
        return self.adversary.discriminator(on_real, self.real(draw), on_fake, fake, draw, settings, weights)

    def critics(self, networks: Networks, draw: Draw, settings: Settings) -> tuple[Tensor, Critic, Critic]:
        """The fakes of a draw, and D for either side."""
        critic = Critic(network=networks[DISCRIMINATOR])
        return networks[GENERATOR](draw["noise_fake"]) + draw["noise_fake"], critic, critic

    def real(self, draw: Draw) -> Tensor:
        """Data at 0, with the noise that is put on it."""
        return draw["noise_real"]

    def remember(self, player: str, draw: Draw, loss: Loss) -> None:
        """D's scores, for the adversary's history."""
        if player == DISCRIMINATOR:
            self.adversary.remember(self.state, loss)

    def sample(self, networks: Networks, request: Request) -> Tensor:
        """theta for every latent, (n, 1)."""
        return networks[GENERATOR](request["z"]).float()

    def radius(self) -> float:
        """The distance of (theta, psi) to the equilibrium."""
        return float(torch.hypot(self.generator.theta.detach(), self.discriminator.psi.detach()))
