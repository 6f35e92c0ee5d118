"""Super-resolution: a generator enlarges images that were made small, alone (SRResNet) or against a judge (SRGAN).

    D maximises E f1(D(y)) + E f2(D(G(x)))
    G minimises c E content(G(x), y) - a E f3(D(G(x)))
    (Ledig et al. 2017; y a random piece of a photograph, x the same piece reduced by bicubic interpolation)

Without D the second term is not there: c = 1 and pixels are SRResNet's MSE. SRGAN compares maps of VGG19 and has
a = .001. The factor .006 that the paper gives its content is the square of the 1 / 12.75 that it divides the maps by.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.data import Packed
from saddlepoint.errors import UserError
from saddlepoint.game.network import Networks
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Progress, Request, Settings
from saddlepoint.objectives import Objective
from saddlepoint.tasks.kit.adversary import DISCRIMINATOR, GENERATOR, WEIGHTS, Adversary, Critic
from saddlepoint.tasks.kit.base import Base
from saddlepoint.tasks.kit.bicubic import bicubic
from saddlepoint.tasks.kit.content import PIXELS, Content
from saddlepoint.tasks.kit.pixels import from_range, to_range


@dataclass(frozen=True, kw_only=True)
class SuperResolution(Base):
    """The task of enlarging images.

    Attributes:
        generator: sources (n, channels, height, width) in `source_range` -> images, `factor` times as large, in
            `pixel_range`.
        discriminator: images of `crop` x `crop` -> raw scores, one row per image; None where G plays alone.
        data: tiles of photographs, at least `crop` a side; None where the task only enlarges.
        objective: of the game; None where G plays alone.
        factor: by which images are enlarged.
        crop: side of the pieces that are learnt from, in pixels of the large images.
        content: where what was made is compared with what it should have been.
        source_range, pixel_range: (low, high) that networks see for black and white.
        penalties, joint_scoring: as in `Adversary`.

    The weights are the settings "task.content_weight" and, against a discriminator, "task.adversarial".
    """

    generator: nn.Module
    discriminator: nn.Module | None
    data: Packed | None
    objective: Objective | None
    factor: int = 4
    crop: int = 96
    content: Content = PIXELS
    source_range: tuple[float, float] = (0.0, 1.0)
    pixel_range: tuple[float, float] = (-1.0, 1.0)
    batch: int = 16
    penalties: tuple[str, ...] = ()
    joint_scoring: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        assert (self.discriminator is None) == (self.objective is None)
        if self.penalties and self.discriminator is None:
            raise UserError(
                f"penalties ({', '.join(self.penalties)}) without a discriminator", "none", "leave penalties out"
            )
        if self.adversary is not None and self.discriminator is not None:
            self.adversary.check(self.discriminator)
        if self.crop < self.factor or self.crop % self.factor:
            near = max(round(self.crop / self.factor), 1) * self.factor
            raise UserError(
                f"task.crop = {self.crop} with task.factor = {self.factor}",
                f"a multiple of {self.factor}, so that the reduced piece has whole pixels",
                f"set task.crop={near}, the nearest",
            )
        if self.data is None:
            return
        if self.data.kind != "images" or min(self.data.shape[1:]) < self.crop:
            raise UserError(
                f"{self.data.kind} of shape {self.data.shape} for pieces of {self.crop}x{self.crop}",
                f"images of at least {self.crop} pixels a side",
                f"set data.tile={self.crop} or more, or task.crop to less",
            )
        if len(self.data.splits["train"]) == 0:
            raise UserError(f"no training tiles in {self.data.source}", "at least one", "set data.hold_out=0")

    @cached_property
    def adversary(self) -> Adversary | None:
        """D's and G's part in the game; None where G plays alone."""
        if self.objective is None:
            return None
        return Adversary(objective=self.objective, penalties=self.penalties, joint_scoring=self.joint_scoring)

    def make_players(self) -> tuple[Player, ...]:
        """D, if there is one, and G; the first one's images are counted."""
        generator = Player(name=GENERATOR, networks={GENERATOR: self.generator})
        if self.discriminator is None:
            return (generator,)
        return Player(name=DISCRIMINATOR, networks={DISCRIMINATOR: self.discriminator}), generator

    def begin(self) -> dict[str, Tensor]:
        """The adversary's history."""
        return {} if self.adversary is None else self.adversary.begin(self.device)

    @property
    def whole_batch(self) -> str | None:
        return None if self.adversary is None else self.adversary.whole_batch

    @property
    def settings(self) -> tuple[str, ...]:
        against = ("task.adversarial", *self.adversary.settings) if self.adversary is not None else ()
        return ("task.content_weight", *against)

    @property
    def recorded(self) -> dict[str, Any]:
        """What a run writes down beside its recipe: the network that images are compared in."""
        content = self.content
        if content.maps is None:
            return {}
        return {"content": {"name": content.name, "sha256": content.sha256, "scale": content.scale, **content.about}}

    @property
    def averaged(self) -> tuple[str, ...]:
        return (GENERATOR,)

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        """The player's pieces, each of another tile: `real` and, reduced, `source`, uint8."""
        assert self.data is not None, "a task that only enlarges draws no batches"

        def numbers(stream: str, width: int) -> Tensor:
            return self.uniform(f"{player}/{stream}", step, substep, state, width=width)

        tiles = self.data.batch(self.items(self.data.splits["train"], player, step, state))[0]
        real = self._pieces(tiles, numbers("crop", 2))
        side = self.crop // self.factor
        tensors = {"source": bicubic(real, (side, side)), "real": real}
        if player == DISCRIMINATOR and self.adversary is not None:
            tensors |= self.adversary.draw(numbers, self.state, self.batch)
        return self.drawn(tensors, player, step, substep, state)

    def _pieces(self, tiles: Tensor, numbers: Tensor) -> Tensor:
        room = torch.tensor([side - self.crop for side in tiles.shape[2:]])
        corners = torch.minimum((numbers * (room + 1)).long(), room).tolist()
        return torch.stack(
            [
                tile[:, top : top + self.crop, left : left + self.crop]
                for tile, (top, left) in zip(tiles, corners, strict=True)
            ]
        )

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        """For G the weighted content and, against a discriminator, the objective's weighted terms; for D its own."""
        real = to_range(draw["real"], self.pixel_range)
        source = draw.derived("source", lambda: to_range(draw["source"], self.source_range))
        fake = networks[GENERATOR](source)
        weights = draw.get(WEIGHTS)
        if player == DISCRIMINATOR:
            assert self.adversary is not None
            critic = Critic(network=networks[DISCRIMINATOR])
            return self.adversary.discriminator(critic, real, critic, fake, draw, settings, weights)
        content = settings["task.content_weight"] * self.content.distance(fake, real, self.pixel_range)
        costs = Loss(costs={"content": content})
        if self.adversary is None:
            return costs
        critic = Critic(network=networks[DISCRIMINATOR])
        loss = self.adversary.generator(critic, real, critic, fake, weights)
        terms = {name: settings["task.adversarial"] * term for name, term in (loss.value or {}).items()}
        return replace(loss, value=terms) | costs

    def remember(self, player: str, draw: Draw, loss: Loss) -> None:
        """D's scores, for the adversary's history."""
        if player == DISCRIMINATOR and self.adversary is not None:
            self.adversary.remember(self.state, loss)

    def sample(self, networks: Networks, request: Request) -> Tensor:
        """The request's sources enlarged, float32 in [0, 1]."""
        return from_range(networks[GENERATOR](to_range(request["source"], self.source_range)), self.pixel_range)
