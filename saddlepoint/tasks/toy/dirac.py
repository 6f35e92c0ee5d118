"""The Dirac-GAN: data at 0, a generator that makes the one point theta, a discriminator D(x) = psi x.

    J = E f1(psi x) + E f2(psi (theta + noise)) - penalties,   I = E f3(psi (theta + noise));   equilibrium (0, 0)
    (Mescheder, Geiger, Nowozin 2018, "Which training methods for GANs do actually converge?")

Data and generator are off each other's support, which is where regularisation decides. Instance noise of deviation
sigma is put on both; it is drawn as equally weighted quantiles, so that every draw is the expectation up to the
noise's variance, which is exact.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.game.penalties import one_centred, scores_and_gradient, zero_centred
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Networks, Progress, Request, Settings
from saddlepoint.objectives import Objective
from saddlepoint.randomness import derive_seed
from saddlepoint.tasks.generation import DISCRIMINATOR, GENERATOR, INPUT_PENALTIES


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
class DiracGan:
    """The game.

    Attributes:
        objective: of the game; real is scored high, so that with it (theta, psi) = (1, -1) lies on the game's circle.
        theta, psi: where the players begin.
        penalties: names out of r1, r2, gradient_penalty; their weights are the settings "penalties.NAME".
        instance_noise: deviation of the noise on data and fakes.
        batch: samples of each draw.
        seed: of the draws, for networks that draw themselves; without effect here.
        state: the task's own history: none.
    """

    objective: Objective
    theta: float = 1.0
    psi: float = -1.0
    penalties: tuple[str, ...] = ()
    instance_noise: float = 0.0
    batch: int = 4
    seed: int = 0
    state: dict[str, Tensor] = field(default_factory=dict)
    generator: Place = field(init=False)
    discriminator: Slope = field(init=False)

    def __post_init__(self) -> None:
        self.objective.check_trainable()
        for name in self.penalties:
            if name not in INPUT_PENALTIES:
                raise UserError(f"penalty {name!r}", f"one of {', '.join(INPUT_PENALTIES)}", "choose one of these")
        if self.batch < 2 and self.instance_noise:
            raise UserError(f"batch {self.batch} with instance noise", "2 or more", "one quantile has no variance")
        object.__setattr__(self, "generator", Place(self.theta))
        object.__setattr__(self, "discriminator", Slope(self.psi))

    @property
    def players(self) -> tuple[Player, ...]:
        return (
            Player(name=DISCRIMINATOR, networks={DISCRIMINATOR: self.discriminator}),
            Player(name=GENERATOR, networks={GENERATOR: self.generator}),
        )

    @property
    def averaged(self) -> tuple[str, ...]:
        return (GENERATOR,)

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        """The noise on data and on fakes, (batch, 1) each, and a mixture for the gradient penalty."""
        noise = self.instance_noise * self._quantiles
        tensors = {"noise_real": noise, "noise_fake": -noise, "mix": torch.full((self.batch, 1), 0.5)}
        seed = derive_seed(self.seed, f"{player}/networks", step, substep)
        return Draw(tensors=tensors, seed=seed, images=self.batch if player == DISCRIMINATOR else 0)

    @cached_property
    def _quantiles(self) -> Tensor:
        """Equally weighted quantiles of the normal distribution, scaled to variance 1."""
        levels = (torch.arange(self.batch, dtype=torch.float64) + 0.5) / self.batch
        quantiles = math.sqrt(2) * torch.erfinv(2 * levels - 1)
        scale = quantiles.square().mean().sqrt()
        return (quantiles / scale if self.batch > 1 else quantiles)[:, None]

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        """The objective's terms for this player, and for D its penalties."""
        score = networks[DISCRIMINATOR]
        real, fake = draw["noise_real"], networks[GENERATOR](draw["noise_fake"]) + draw["noise_fake"]
        if player == GENERATOR:
            real_scores = score(real) if self.objective.generator_uses_real else None
            return Loss(value=self.objective.generator_terms(score(fake), real_scores))
        costs: Mapping[str, Tensor] = {}
        for name, points in (("r1", real), ("r2", fake)):
            if name in self.penalties:
                _, gradient = scores_and_gradient(score, points)
                costs = {**costs, name: zero_centred(gradient, settings[f"penalties.{name}"])}
        if "gradient_penalty" in self.penalties:
            weight = settings["penalties.gradient_penalty"]
            costs = {**costs, "gradient_penalty": one_centred(score, real, fake, draw["mix"], weight)}
        return Loss(value=self.objective.discriminator_terms(score(real), score(fake)), costs=costs)

    def remember(self, player: str, draw: Draw, loss: Loss) -> None:
        """Nothing: this task has no history."""

    def sample(self, networks: Networks, request: Request) -> Tensor:
        """theta for every latent, (n, 1)."""
        return networks[GENERATOR](request["z"]).float()

    def radius(self) -> float:
        """The distance of (theta, psi) to the equilibrium."""
        return float(torch.hypot(self.generator.theta.detach(), self.discriminator.psi.detach()))
