"""A task that the package does not know: codes and images judged together, by three networks of two players.

critic maximises E f1(D(x, E(x))) + E f2(D(G(z), z))
artist maximises E f3(D(G(z), z)) + E f4(D(x, E(x))) and minimises pull |G(E(x)) - x|^2
"""

from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from saddlepoint.data import Packed
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Networks, Progress, Request, Settings
from saddlepoint.objectives import Objective
from saddlepoint.randomness import prior
from saddlepoint.tasks.kit.adversary import Adversary, Critic
from saddlepoint.tasks.kit.base import Base
from saddlepoint.tasks.kit.pixels import from_range, to_range

CRITIC, ARTIST, ENCODER, DECODER = "critic", "artist", "encoder", "decoder"
RANGE = (-1.0, 1.0)


class Judging(nn.Module):
    """Images and codes -> scores (n,)."""

    def __init__(self, pixels: int, latent: int, width: int):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(pixels + latent, width), nn.LeakyReLU(), nn.Linear(width, 1))

    def forward(self, images: Tensor, codes: Tensor) -> Tensor:
        return self.body(nn.functional.pad(images.flatten(1), (0, codes.shape[1])) + _behind(images, codes))[:, 0]


def _behind(images: Tensor, codes: Tensor) -> Tensor:
    return nn.functional.pad(codes, (images.flatten(1).shape[1], 0))


@dataclass(frozen=True, kw_only=True)
class Trio(Base):
    encoder: nn.Module
    decoder: nn.Module
    critic: nn.Module
    data: Packed | None
    objective: Objective
    latent: int
    penalties: tuple[str, ...] = ()

    @property
    def adversary(self) -> Adversary:
        return Adversary(objective=self.objective, penalties=self.penalties)

    def make_players(self) -> tuple[Player, ...]:
        artist = Player(name=ARTIST, networks={ENCODER: self.encoder, DECODER: self.decoder})
        return Player(name=CRITIC, networks={CRITIC: self.critic}), artist

    def begin(self) -> dict[str, Tensor]:
        return self.adversary.begin(self.device)

    @property
    def averaged(self) -> tuple[str, ...]:
        return DECODER, ENCODER

    @property
    def settings(self) -> tuple[str, ...]:
        return ("task.pull", *self.adversary.settings)

    @property
    def whole_batch(self) -> str | None:
        return self.adversary.whole_batch

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        assert self.data is not None
        real, _ = self.data.batch(self.items(self.data.splits["train"], player, step, state))
        numbers = partial(self.uniform, step=step, substep=substep, state=state)
        tensors = {"real": real, "z": prior("normal", numbers(f"{player}/z", width=self.latent))}
        if player == CRITIC:
            drawn = self.adversary.draw(lambda name, width: numbers(name, width=width), self.state, self.batch)
            tensors |= drawn
        return self.drawn(tensors, player, step, substep, state)

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        real, z = to_range(draw["real"], RANGE), draw["z"]
        codes, fake = networks[ENCODER](real), networks[DECODER](z)
        on_real, on_fake = (Critic(network=networks[CRITIC], beside=(each,)) for each in (codes, z))
        if player == CRITIC:
            return self.adversary.discriminator(on_real, real, on_fake, fake, draw, settings)
        of_adversary = self.adversary.generator(on_real, real, on_fake, fake)
        pull = settings["task.pull"] * (networks[DECODER](codes) - real).square().mean()
        return Loss(value=of_adversary.value, costs={"pull": pull}, outputs={"code": codes.detach().square().mean()})

    def remember(self, player: str, draw: Draw, loss: Loss) -> None:
        if player == CRITIC:
            self.adversary.remember(self.state, loss)

    def sample(self, networks: Networks, request: Request) -> Tensor:
        return from_range(networks[DECODER](request["z"]), RANGE)
