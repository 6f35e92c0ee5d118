"""Super-resolution: a generator enlarges images that were made small, alone (SRResNet) or against a judge (SRGAN).

    D maximises E f1(D(y)) + E f2(D(G(x)))
    G minimises c E content(G(x), y) - a E f3(D(G(x)))
    (Ledig et al. 2017; y a random piece of a photograph, x the same piece reduced by bicubic interpolation)

Without D the second term is not there: c = 1 and pixels are SRResNet's MSE. SRGAN compares maps of VGG19 and has
a = .001. The factor .006 that the paper gives its content is the square of the 1 / 12.75 that it divides the maps by.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from saddlepoint.data import Packed
from saddlepoint.errors import UserError
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Networks, Progress, Request, Settings
from saddlepoint.objectives import Objective
from saddlepoint.randomness import derive_seed, uniform
from saddlepoint.tasks.generation import DISCRIMINATOR, GENERATOR
from saddlepoint.tasks.kit.batches import ShuffledStream, on_device
from saddlepoint.tasks.kit.bicubic import bicubic
from saddlepoint.tasks.kit.content import PIXELS, Content
from saddlepoint.tasks.kit.pixels import from_range, to_range


@dataclass(frozen=True, kw_only=True)
class SuperResolution:
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
        batch: pieces per draw.
        seed: of the data's order, the place of the pieces and dropout.
        device: where draws are put.

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
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def __post_init__(self) -> None:
        assert (self.discriminator is None) == (self.objective is None)
        if self.objective is not None:
            self.objective.check_trainable()
        if self.batch < 1:
            raise UserError(f"batch {self.batch}", "1 or more", "set training.batch=16")
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

    @property
    def whole_batch(self) -> str | None:
        """Why the loss of a batch is not the mean of its parts' losses; None where it is."""
        means = self.objective is not None and self.objective.coupling == "means"
        return "each score is compared with the other side's mean over the batch" if means else None

    @property
    def settings(self) -> tuple[str, ...]:
        """Names of the settings that the loss reads."""
        return ("task.content_weight", *(["task.adversarial"] if self.discriminator is not None else []))

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

    @property
    def players(self) -> tuple[Player, ...]:
        return self._players

    @property
    def state(self) -> dict[str, Tensor]:
        return self._state

    @cached_property
    def _players(self) -> tuple[Player, ...]:
        generator = Player(name=GENERATOR, networks={GENERATOR: self.generator})
        if self.discriminator is None:
            return (generator,)
        return Player(name=DISCRIMINATOR, networks={DISCRIMINATOR: self.discriminator}), generator

    @cached_property
    def _state(self) -> dict[str, Tensor]:
        return {}

    @cached_property
    def _streams(self) -> dict[str, ShuffledStream]:
        assert self.data is not None, "a task that only enlarges draws no batches"
        items = self.data.splits["train"]
        return {player.name: ShuffledStream(items, self.seed, player.name) for player in self.players}

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        """The player's pieces, each of another tile: `real` and, reduced, `source`, uint8."""
        assert self.data is not None, "a task that only enlarges draws no batches"
        # Against a discriminator G walks through the data at its own pace; D's is counted, for its steps may be more.
        counted = player == self.players[0].name
        position = state.images if counted else step * self.batch
        tiles = self.data.batch(self._streams[player].at(position, self.batch))[0]
        numbers = uniform(self.seed, f"{player}/crop", step, substep, samples=range(self.batch), width=2)
        real = self._pieces(tiles, numbers)
        side = self.crop // self.factor
        return Draw(
            tensors=on_device({"source": bicubic(real, (side, side)), "real": real}, self.device),
            seed=derive_seed(self.seed, f"{player}/networks", step, substep),
            images=self.batch if counted else 0,
        )

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
        """For G the weighted content and, against a discriminator, the objective's weighted terms; for D its terms."""
        real = to_range(draw["real"], self.pixel_range)
        source = draw.once("source", lambda: to_range(draw["source"], self.source_range))
        fake = networks[GENERATOR](source)
        if player == DISCRIMINATOR:
            assert self.objective is not None
            real_scores, fake_scores = networks[DISCRIMINATOR](real), networks[DISCRIMINATOR](fake)
            outputs = {
                "real": self.objective.score(real_scores.detach()).float().mean(),
                "fake": self.objective.score(fake_scores.detach()).float().mean(),
            }
            return Loss(value=self.objective.discriminator_terms(real_scores, fake_scores), outputs=outputs)
        costs = {"content": settings["task.content_weight"] * self.content.distance(fake, real, self.pixel_range)}
        if self.objective is None:
            return Loss(costs=costs)
        real_scores = networks[DISCRIMINATOR](real) if self.objective.generator_uses_real else None
        terms = self.objective.generator_terms(networks[DISCRIMINATOR](fake), real_scores)
        return Loss(value={name: settings["task.adversarial"] * term for name, term in terms.items()}, costs=costs)

    def remember(self, player: str, draw: Draw, loss: Loss) -> None:
        """Nothing: this task has no history."""

    def sample(self, networks: Networks, request: Request) -> Tensor:
        """The request's sources enlarged, float32 in [0, 1]."""
        return from_range(networks[GENERATOR](to_range(request["source"], self.source_range)), self.pixel_range)
