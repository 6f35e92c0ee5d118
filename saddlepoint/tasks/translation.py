"""Translation of images, learnt from pairs (pix2pix): the generator's own images are judged beside their sources.

    D maximises E f1(D(y, x)) + E f2(D(G(x), x)),   G maximises E f3(D(G(x), x)) and minimises l1 E |y - G(x)|
    (Isola et al. 2017; x the source, y the target, l1 = 100)

The generator has no z: what is random in it is its dropout.
"""

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor, nn

from saddlepoint.data.pairs import ImagePairs
from saddlepoint.errors import UserError
from saddlepoint.game.network import Networks
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Progress, Request, Settings
from saddlepoint.objectives import Objective
from saddlepoint.tasks.kit.adversary import DISCRIMINATOR, GENERATOR, WEIGHTS, Adversary, Critic
from saddlepoint.tasks.kit.base import Base
from saddlepoint.tasks.kit.jitter import WIDTH, jitter
from saddlepoint.tasks.kit.pixels import from_range, to_range


@dataclass(frozen=True, kw_only=True)
class Translation(Base):
    """The task of translating images of one kind into another, from pairs.

    Attributes:
        generator: sources (n, channels, height, width) in `source_range` -> images in `pixel_range`.
        discriminator: (images, sources) -> raw scores of any shape, one row per image.
        data: the pairs; None where the task only translates.
        objective: of the game.
        source_range, pixel_range: (low, high) that networks see for black and white.
        penalties, joint_scoring: as in `Adversary`.
        scale: pairs are enlarged by it and cut to their size again; 1 leaves them.
        mirror: mirror each pair with probability 1/2.
        conditional: D is shown the sources beside the images.

    The weight of the L1 distance is the setting "task.l1".
    """

    generator: nn.Module
    discriminator: nn.Module
    data: ImagePairs | None
    objective: Objective
    source_range: tuple[float, float] = (-1.0, 1.0)
    pixel_range: tuple[float, float] = (-1.0, 1.0)
    batch: int = 1
    penalties: tuple[str, ...] = ()
    joint_scoring: bool = False
    scale: float = 1.0
    mirror: bool = False
    conditional: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.adversary.check(self.discriminator)
        if not 1 <= self.scale <= 2:
            raise UserError(f"task.scale = {self.scale}", "an enlargement in [1, 2]", "pix2pix has 1.117 (256 -> 286)")
        if self.data is not None and not self.data.paired:
            raise UserError(
                "unpaired images", "pairs", "set task.kind=cycle and networks.pair=cyclegan, which need no pairs"
            )
        if self.data is not None and len(self.data.targets.splits["train"]) == 0:
            raise UserError(f"no training pairs in {self.data.source}", "at least one", "set data.hold_out=0")

    @cached_property
    def adversary(self) -> Adversary:
        """D's and G's part in the game."""
        return Adversary(objective=self.objective, penalties=self.penalties, joint_scoring=self.joint_scoring)

    def make_players(self) -> tuple[Player, ...]:
        """D, whose images are counted, and G."""
        return (
            Player(name=DISCRIMINATOR, networks={DISCRIMINATOR: self.discriminator}),
            Player(name=GENERATOR, networks={GENERATOR: self.generator}),
        )

    def begin(self) -> dict[str, Tensor]:
        """The adversary's history."""
        return self.adversary.begin(self.device)

    @property
    def settings(self) -> tuple[str, ...]:
        return ("task.l1", *self.adversary.settings)

    @property
    def whole_batch(self) -> str | None:
        return self.adversary.whole_batch

    @property
    def averaged(self) -> tuple[str, ...]:
        return (GENERATOR,)

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        """The player's pairs: `source` and `real`, uint8."""
        assert self.data is not None, "a task that only translates draws no batches"

        def numbers(stream: str, width: int) -> Tensor:
            return self.uniform(f"{player}/{stream}", step, substep, state, width=width)

        indices = self.items(self.data.targets.splits["train"], player, step, state)
        source, real = (side.batch(indices)[0] for side in (self.data.sources, self.data.targets))
        if self.mirror or self.scale > 1:
            source, real = jitter([source, real], numbers("jitter", WIDTH), self.scale, mirror=self.mirror)
        tensors = {"source": source, "real": real}
        if player == DISCRIMINATOR:
            tensors |= self.adversary.draw(numbers, self.state, self.batch)
        return self.drawn(tensors, player, step, substep, state)

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        """The objective's terms for this player, for D its penalties, and for G the distance from the targets.

        The distance is averaged over all pixels.
        """
        source = draw.derived("source", lambda: to_range(draw["source"], self.source_range))
        real = to_range(draw["real"], self.pixel_range)
        fake = networks[GENERATOR](source)
        critic = Critic(network=networks[DISCRIMINATOR], beside=(source,) if self.conditional else ())
        weights = draw.get(WEIGHTS)
        if player == DISCRIMINATOR:
            return self.adversary.discriminator(critic, real, critic, fake, draw, settings, weights)
        distance = settings["task.l1"] * (fake - real).abs().mean()
        return self.adversary.generator(critic, real, critic, fake, weights) | Loss(costs={"l1": distance})

    def remember(self, player: str, draw: Draw, loss: Loss) -> None:
        """D's scores, for the adversary's history."""
        if player == DISCRIMINATOR:
            self.adversary.remember(self.state, loss)

    def sample(self, networks: Networks, request: Request) -> Tensor:
        """The request's sources translated, float32 in [0, 1]."""
        return from_range(networks[GENERATOR](to_range(request["source"], self.source_range)), self.pixel_range)
