"""Translation between two kinds of images without pairs (CycleGAN): there and back again must change nothing.

two games, G: X -> Y against D_Y and F: Y -> X against D_X, and for both generators together
cost = cycle (E |F(G(x)) - x| + E |G(F(y)) - y|) + identity (E |G(y) - y| + E |F(x) - x|)
(Zhu et al. 2017; cycle = 10, identity = .5 cycle, least squares, a pool of 50 old fakes for each D)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from saddlepoint.data.pairs import ImagePairs
from saddlepoint.errors import UserError
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Networks, Progress, Request, Settings
from saddlepoint.objectives import Objective
from saddlepoint.randomness import derive_seed, permutation, uniform
from saddlepoint.tasks.generation import DISCRIMINATOR, GENERATOR
from saddlepoint.tasks.kit.batches import ShuffledStream, on_device
from saddlepoint.tasks.kit.jitter import WIDTH, jitter
from saddlepoint.tasks.kit.pixels import from_range, to_range
from saddlepoint.tasks.kit.pool import NUMBERS, Pool

# The networks of the way back.
BACK = "_back"
SIDES = ("source", "real")


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """The task of translating images of one kind into another and back, without pairs.

    Attributes:
        generator, discriminator: of the way there; D judges targets.
        generator_back, discriminator_back: of the way back; D judges sources.
        data: two sets of images of one shape; None where the task only translates.
        objective: of both games.
        pixel_range: (low, high) that all networks see for black and white.
        batch: images of each side per draw.
        scale, mirror: of the jitter, as in `Translation`.
        pool: how many old fakes each D's pool holds.
        shape: of the images, (channels, height, width).
        seed: of the data's order, the jitter and the pools.
        device: where draws are put.

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
    scale: float = 1.0
    mirror: bool = False
    pool: int = 50
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    settings: ClassVar[tuple[str, ...]] = ("task.cycle", "task.identity")
    recorded: ClassVar[dict[str, Any]] = {}

    def __post_init__(self) -> None:
        self.objective.check_trainable()
        if self.batch < 1 or self.pool < 0:
            raise UserError(
                f"batch {self.batch}, pool {self.pool}", "a batch of 1 or more, a pool of 0 or more", "mend"
            )
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

    @property
    def whole_batch(self) -> str | None:
        """Why the loss of a batch is not the mean of its parts' losses; None where it is."""
        means = self.objective.coupling == "means"
        return "each score is compared with the other side's mean over the batch" if means else None

    @property
    def averaged(self) -> tuple[str, ...]:
        return GENERATOR, GENERATOR + BACK

    @property
    def players(self) -> tuple[Player, ...]:
        return self._players

    @property
    def state(self) -> dict[str, Tensor]:
        return self._state

    @cached_property
    def _players(self) -> tuple[Player, ...]:
        def both(name: str) -> Player:
            return Player(name=name, networks={each: getattr(self, each) for each in (name, name + BACK)})

        return both(DISCRIMINATOR), both(GENERATOR)

    @cached_property
    def _pools(self) -> Mapping[str, Pool]:
        # By the network whose old images it holds.
        return {name: Pool(f"pool/{name}", self.pool) for name in self.averaged}

    @cached_property
    def _state(self) -> dict[str, Tensor]:
        return {
            key: value for each in self._pools.values() for key, value in each.begin(self.shape, self.device).items()
        }

    @cached_property
    def _streams(self) -> dict[tuple[str, str], ShuffledStream]:
        assert self.data is not None, "a task that only translates draws no batches"
        sides = {"source": self.data.sources, "real": self.data.targets}
        return {
            (player, side): ShuffledStream(sides[side].splits["train"], self.seed, f"{player}/{side}")
            for player in (DISCRIMINATOR, GENERATOR)
            for side in SIDES
        }

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        """The player's images of both sides, `source` and `real`, uint8; for D what its pools show of old fakes."""
        assert self.data is not None, "a task that only translates draws no batches"
        discriminates = player == DISCRIMINATOR
        position = state.images if discriminates else step * self.batch
        tensors: dict[str, Tensor] = {}
        for side, data in zip(SIDES, (self.data.sources, self.data.targets), strict=True):
            images = data.batch(self._streams[player, side].at(position, self.batch))[0]
            if self.mirror or self.scale > 1:
                numbers = self._uniform(f"{player}/jitter/{side}", step, substep, WIDTH)
                (images,) = jitter([images], numbers, self.scale, mirror=self.mirror)
            tensors[side] = images
        if discriminates:
            for name, old in self._pools.items():
                numbers = self._uniform(f"{player}/pool/{name}", step, substep, NUMBERS)
                order = torch.from_numpy(permutation(self.pool, self.seed, f"pool/{name}/{substep}", step))
                tensors.update({f"{name}/{key}": value for key, value in old.draw(self.state, numbers, order).items()})
        return Draw(
            tensors=on_device(tensors, self.device),
            seed=derive_seed(self.seed, f"{player}/networks", step, substep),
            images=self.batch if discriminates else 0,
        )

    def _uniform(self, stream: str, step: int, substep: int, width: int) -> Tensor:
        return uniform(self.seed, stream, step, substep, samples=range(self.batch), width=width)

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        """Both games' terms; those of the way back end in "_back". G's further costs are averaged over all pixels."""
        source, real = (draw.once(side, partial(to_range, draw[side], self.pixel_range)) for side in SIDES)
        there, back = networks[GENERATOR], networks[GENERATOR + BACK]
        fake, fake_back = there(source), back(real)
        games = (("", real, fake), (BACK, source, fake_back))
        value: dict[str, Tensor] = {}
        outputs: dict[str, Tensor] = {}
        for ending, truth, made in games:
            judge = networks[DISCRIMINATOR + ending]
            if player == GENERATOR:
                real_scores = judge(truth) if self.objective.generator_uses_real else None
                terms = self.objective.generator_terms(judge(made), real_scores)
            else:
                name = f"{GENERATOR}{ending}"
                pooled = torch.where(draw[f"{name}/uses_old"][:, None, None, None], draw[f"{name}/old"], made)
                real_scores, fake_scores = judge(truth), judge(pooled)
                terms = self.objective.discriminator_terms(real_scores, fake_scores)
                outputs[f"real{ending}"] = self.objective.score(real_scores.detach()).float().mean()
                outputs[f"fake{ending}"] = self.objective.score(fake_scores.detach()).float().mean()
            value.update({f"{term}{ending}": number for term, number in terms.items()})
        if player == DISCRIMINATOR:
            shown = {GENERATOR: fake.detach(), GENERATOR + BACK: fake_back.detach()}
            return Loss(value=value, outputs=outputs, shown=shown)
        costs = {
            "cycle": settings["task.cycle"]
            * ((back(fake) - source).abs().mean() + (there(fake_back) - real).abs().mean()),
            "identity": settings["task.identity"]
            * ((there(real) - real).abs().mean() + (back(source) - source).abs().mean()),
        }
        return Loss(value=value, costs=costs)

    def remember(self, player: str, draw: Draw, loss: Loss) -> None:
        """D's fakes go into the pools."""
        if player == DISCRIMINATOR:
            for name, old in self._pools.items():
                old.remember(self.state, draw[f"{name}/place"].cpu(), loss.shown[name])

    def sample(self, networks: Networks, request: Request) -> Tensor:
        """The request's sources translated, float32 in [0, 1]."""
        return from_range(networks[GENERATOR](to_range(request["source"], self.pixel_range)), self.pixel_range)
