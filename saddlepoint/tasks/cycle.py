"""Translation between two kinds of images without pairs (CycleGAN): there and back again must change nothing.

two games, G: X -> Y against D_Y and F: Y -> X against D_X, and for both generators together
cost = cycle (E |F(G(x)) - x| + E |G(F(y)) - y|) + identity (E |G(y) - y| + E |F(x) - x|)
(Zhu et al. 2017; cycle = 10, identity = .5 cycle, least squares, a pool of 50 old fakes for each D)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import torch
from torch import Tensor, nn

from saddlepoint.data.pairs import ImagePairs
from saddlepoint.errors import UserError
from saddlepoint.game.network import Networks
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Progress, Request, Settings
from saddlepoint.objectives import Objective
from saddlepoint.randomness import permutation
from saddlepoint.tasks.kit.adversary import DISCRIMINATOR, GENERATOR, WEIGHTS, Adversary, Critic
from saddlepoint.tasks.kit.base import Base
from saddlepoint.tasks.kit.jitter import WIDTH, jitter
from saddlepoint.tasks.kit.pixels import from_range, to_range
from saddlepoint.tasks.kit.pool import NUMBERS, Pool

# The networks of the way back.
BACK = "_back"
SIDES = ("source", "real")


@dataclass(frozen=True, kw_only=True)
class Cycle(Base):
    """The task of translating images of one kind into another and back, without pairs.

    Attributes:
        generator, discriminator: of the way there; D judges targets.
        generator_back, discriminator_back: of the way back; D judges sources.
        data: two sets of images of one shape; None where the task only translates.
        objective: of both games.
        pixel_range: (low, high) that all networks see for black and white.
        penalties, joint_scoring: of both games, as in `Adversary`; on fakes, penalties are on what D is shown as such.
        scale, mirror: of the jitter, as in `Translation`.
        pool: how many old fakes each D's pool holds.
        shape: of the images, (channels, height, width).

    The weights are the settings "task.cycle" and "task.identity".
    """

    generator: nn.Module
    discriminator: nn.Module
    generator_back: nn.Module
    discriminator_back: nn.Module
    data: ImagePairs | None
    objective: Objective
    shape: tuple[int, ...]
    pixel_range: tuple[float, float] = (-1.0, 1.0)
    batch: int = 1
    penalties: tuple[str, ...] = ()
    joint_scoring: bool = False
    scale: float = 1.0
    mirror: bool = False
    pool: int = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        for ending, adversary in self.adversaries.items():
            adversary.check(getattr(self, DISCRIMINATOR + ending))
        if self.pool < 0:
            raise UserError(f"task.pool = {self.pool}", "0 or more old fakes", "CycleGAN has 50, and 0 keeps none")
        if not 1 <= self.scale <= 2:
            raise UserError(f"task.scale = {self.scale}", "an enlargement in [1, 2]", "CycleGAN has 1.117 (256 -> 286)")
        if self.data is not None:
            if self.data.sources.shape != self.data.targets.shape:
                raise UserError(
                    f"sources of shape {self.data.sources.shape} and targets of shape {self.data.targets.shape}",
                    "one shape, because each generator's images are the other's sources",
                    "set data.size and data.channels",
                )
            for name, side in (("source", self.data.sources), ("target", self.data.targets)):
                if len(side.splits["train"]) == 0:
                    raise UserError(f"no training {name} images", "at least one", "set data.hold_out=0")

    @cached_property
    def adversaries(self) -> Mapping[str, Adversary]:
        """The two games, by the ending of their names."""
        return {
            ending: Adversary(
                objective=self.objective, penalties=self.penalties, joint_scoring=self.joint_scoring, ending=ending
            )
            for ending in ("", BACK)
        }

    def make_players(self) -> tuple[Player, ...]:
        """Both discriminators, whose images are counted, and both generators."""

        def both(name: str) -> Player:
            return Player(name=name, networks={each: getattr(self, each) for each in (name, name + BACK)})

        return both(DISCRIMINATOR), both(GENERATOR)

    def begin(self) -> dict[str, Tensor]:
        """The pools, and the adversaries' histories."""
        pools = [pool.begin(self.shape, self.device) for pool in self._pools.values()]
        parts = [*pools, *(adversary.begin(self.device) for adversary in self.adversaries.values())]
        return {key: value for part in parts for key, value in part.items()}

    @property
    def settings(self) -> tuple[str, ...]:
        return ("task.cycle", "task.identity", *self.adversaries[""].settings)

    @property
    def whole_batch(self) -> str | None:
        return self.adversaries[""].whole_batch

    @property
    def averaged(self) -> tuple[str, ...]:
        return GENERATOR, GENERATOR + BACK

    @cached_property
    def _pools(self) -> Mapping[str, Pool]:
        # By the network whose old images it holds.
        return {name: Pool(f"pool/{name}", self.pool) for name in self.averaged}

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        """The player's images of both sides, `source` and `real`, uint8; for D what its pools show of old fakes."""
        assert self.data is not None, "a task that only translates draws no batches"

        def numbers(stream: str, width: int) -> Tensor:
            return self.uniform(f"{player}/{stream}", step, substep, state, width=width)

        tensors: dict[str, Tensor] = {}
        for side, data in zip(SIDES, (self.data.sources, self.data.targets), strict=True):
            images = data.batch(self.items(data.splits["train"], player, step, state, stream=f"{player}/{side}"))[0]
            if self.mirror or self.scale > 1:
                (images,) = jitter([images], numbers(f"jitter/{side}", WIDTH), self.scale, mirror=self.mirror)
            tensors[side] = images
        if player == DISCRIMINATOR:
            for name, pool in self._pools.items():
                order = torch.from_numpy(permutation(self.pool, state.seed, f"pool/{name}/{substep}", step))
                old = pool.draw(self.state, numbers(f"pool/{name}", NUMBERS), order)
                tensors |= {f"{name}/{key}": value for key, value in old.items()}
            for adversary in self.adversaries.values():
                tensors |= adversary.draw(numbers, self.state, self.batch)
        return self.drawn(tensors, player, step, substep, state)

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        """Both games' terms; those of the way back end in "_back". G's further costs are averaged over all pixels."""
        source, real = (draw.derived(side, partial(to_range, draw[side], self.pixel_range)) for side in SIDES)
        there, back = networks[GENERATOR], networks[GENERATOR + BACK]
        fake, fake_back = there(source), back(real)
        weights, loss = draw.get(WEIGHTS), Loss()
        for (ending, adversary), truth, made in zip(
            self.adversaries.items(), (real, source), (fake, fake_back), strict=True
        ):
            critic = Critic(network=networks[DISCRIMINATOR + ending])
            if player == GENERATOR:
                loss |= adversary.generator(critic, truth, critic, made, weights)
            else:
                name = f"{GENERATOR}{ending}"
                pooled = torch.where(draw[f"{name}/uses_old"][:, None, None, None], draw[f"{name}/old"], made)
                loss |= adversary.discriminator(critic, truth, critic, pooled, draw, settings, weights)
        if player == DISCRIMINATOR:
            return loss | Loss(shown={GENERATOR: fake.detach(), GENERATOR + BACK: fake_back.detach()})
        costs = {
            "cycle": settings["task.cycle"]
            * ((back(fake) - source).abs().mean() + (there(fake_back) - real).abs().mean()),
            "identity": settings["task.identity"]
            * ((there(real) - real).abs().mean() + (back(source) - source).abs().mean()),
        }
        return loss | Loss(costs=costs)

    def remember(self, player: str, draw: Draw, loss: Loss) -> None:
        """D's fakes go into the pools, its scores into the adversaries' histories."""
        if player == DISCRIMINATOR:
            for name, pool in self._pools.items():
                pool.remember(self.state, draw[f"{name}/place"].cpu(), loss.shown[name])
            for adversary in self.adversaries.values():
                adversary.remember(self.state, loss)

    def sample(self, networks: Networks, request: Request) -> Tensor:
        """The request's sources translated, float32 in [0, 1]."""
        return from_range(networks[GENERATOR](to_range(request["source"], self.pixel_range)), self.pixel_range)
