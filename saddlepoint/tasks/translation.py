"""Translation of images, learnt from pairs (pix2pix): the generator's own images are judged beside their sources.

    D maximises E f1(D(y, x)) + E f2(D(G(x), x)),   G maximises E f3(D(G(x), x)) and minimises l1 E |y - G(x)|
    (Isola et al. 2017; x the source, y the target, l1 = 100)

The generator has no z: what is random in it is its dropout.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from saddlepoint.data.pairs import ImagePairs
from saddlepoint.errors import UserError
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Networks, Progress, Request, Settings
from saddlepoint.objectives import Objective
from saddlepoint.randomness import derive_seed, uniform
from saddlepoint.tasks.generation import DISCRIMINATOR, GENERATOR
from saddlepoint.tasks.kit.batches import ShuffledStream, on_device
from saddlepoint.tasks.kit.jitter import WIDTH, jitter
from saddlepoint.tasks.kit.pixels import from_range, to_range


@dataclass(frozen=True, kw_only=True)
class Translation:
    """The task of translating images of one kind into another, from pairs.

    Attributes:
        generator: sources (n, channels, height, width) in `source_range` -> images in `pixel_range`.
        discriminator: (images, sources) -> raw scores of any shape, one row per image.
        data: the pairs; None where the task only translates.
        objective: of the game.
        source_range, pixel_range: (low, high) that networks see for black and white.
        batch: pairs per draw.
        scale: pairs are enlarged by it and cut to their size again; 1 leaves them.
        mirror: mirror each pair with probability 1/2.
        conditional: D is shown the sources beside the images.
        seed: of the data's order, the jitter and dropout.
        device: where draws are put.

    The weight of the L1 distance is the setting "task.l1".
    """

    generator: nn.Module
    discriminator: nn.Module
    data: ImagePairs | None
    objective: Objective
    source_range: tuple[float, float] = (-1.0, 1.0)
    pixel_range: tuple[float, float] = (-1.0, 1.0)
    batch: int = 1
    scale: float = 1.0
    mirror: bool = False
    conditional: bool = True
    seed: int = 0
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    settings: ClassVar[tuple[str, ...]] = ("task.l1",)
    recorded: ClassVar[dict[str, Any]] = {}

    def __post_init__(self) -> None:
        self.objective.check_trainable()
        if self.batch < 1:
            raise UserError(f"batch {self.batch}", "1 or more", "set training.batch=1")
        if not 1 <= self.scale <= 2:
            raise UserError(f"task.scale = {self.scale}", "an enlargement in [1, 2]", "pix2pix has 1.117 (256 -> 286)")
        if self.data is not None and not self.data.paired:
            raise UserError(
                "unpaired images", "pairs", "set task.kind=cycle and networks.pair=cyclegan, which need no pairs"
            )
        if self.data is not None and len(self.data.targets.splits["train"]) == 0:
            raise UserError(f"no training pairs in {self.data.source}", "at least one", "set data.hold_out=0")

    @property
    def whole_batch(self) -> str | None:
        """Why the loss of a batch is not the mean of its parts' losses; None where it is."""
        means = self.objective.coupling == "means"
        return "each score is compared with the other side's mean over the batch" if means else None

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
        return (
            Player(name=DISCRIMINATOR, networks={DISCRIMINATOR: self.discriminator}),
            Player(name=GENERATOR, networks={GENERATOR: self.generator}),
        )

    @cached_property
    def _state(self) -> dict[str, Tensor]:
        return {}

    @cached_property
    def _streams(self) -> dict[str, ShuffledStream]:
        assert self.data is not None, "a task that only translates draws no batches"
        items = self.data.targets.splits["train"]
        return {name: ShuffledStream(items, self.seed, name) for name in (DISCRIMINATOR, GENERATOR)}

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        """The player's pairs: `source` and `real`, uint8."""
        assert self.data is not None, "a task that only translates draws no batches"
        # Each player walks through the pairs at its own pace; D's is counted, for its steps may be more than one.
        position = state.images if player == DISCRIMINATOR else step * self.batch
        indices = self._streams[player].at(position, self.batch)
        source, real = (side.batch(indices)[0] for side in (self.data.sources, self.data.targets))
        if self.mirror or self.scale > 1:
            numbers = uniform(self.seed, f"{player}/jitter", step, substep, samples=range(self.batch), width=WIDTH)
            source, real = jitter([source, real], numbers, self.scale, mirror=self.mirror)
        return Draw(
            tensors=on_device({"source": source, "real": real}, self.device),
            seed=derive_seed(self.seed, f"{player}/networks", step, substep),
            images=self.batch if player == DISCRIMINATOR else 0,
        )

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        """The objective's terms for this player, and for G the distance from the targets, averaged over all pixels."""
        source = draw.once("source", lambda: to_range(draw["source"], self.source_range))
        real = to_range(draw["real"], self.pixel_range)
        fake = networks[GENERATOR](source)
        shown = (source,) if self.conditional else ()
        fake_scores = networks[DISCRIMINATOR](fake, *shown)
        if player == GENERATOR:
            real_scores = networks[DISCRIMINATOR](real, *shown) if self.objective.generator_uses_real else None
            distance = settings["task.l1"] * (fake - real).abs().mean()
            return Loss(value=self.objective.generator_terms(fake_scores, real_scores), costs={"l1": distance})
        real_scores = networks[DISCRIMINATOR](real, *shown)
        outputs = {
            "real": self.objective.score(real_scores.detach()).float().mean(),
            "fake": self.objective.score(fake_scores.detach()).float().mean(),
        }
        return Loss(value=self.objective.discriminator_terms(real_scores, fake_scores), outputs=outputs)

    def remember(self, player: str, draw: Draw, loss: Loss) -> None:
        """Nothing: this task has no history."""

    def sample(self, networks: Networks, request: Request) -> Tensor:
        """The request's sources translated, float32 in [0, 1]."""
        return from_range(networks[GENERATOR](to_range(request["source"], self.source_range)), self.pixel_range)
