"""A second task that the package does not know: an imitator whose images come out of a world without a gradient.

D gives K logits and features of an image; its score is logsumexp of the logits; some real images have labels
discriminator maximises E w f1(score(x)) + E f2(score(y)) and minimises the cross-entropy of what is labelled
imitator is told how well its images scored, and follows E (score - mean score) grad log p(y | z) instead of a gradient
"""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from saddlepoint.data import Packed
from saddlepoint.game.field import Field
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Networks, Progress, Request, Settings
from saddlepoint.objectives import Objective
from saddlepoint.randomness import prior
from saddlepoint.tasks.kit.adversary import Adversary, Critic
from saddlepoint.tasks.kit.base import Base
from saddlepoint.tasks.kit.pixels import from_range, to_range

JUDGE, IMITATOR, POLICY = "judge", "imitator", "policy"
RANGE = (-1.0, 1.0)
# Deviation of what the policy does from what it means to do.
NOISE = 0.3
# Every so-manieth image has a label.
LABELLED = 3


class Judge(nn.Module):
    """Images -> (K logits (n, K), features (n, width))."""

    def __init__(self, pixels: int, classes: int, width: int):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(pixels, width), nn.LeakyReLU())
        self.head = nn.Linear(width, classes)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(images)
        return self.head(features), features


def score(made: tuple[Tensor, Tensor]) -> Tensor:
    """Of K logits and features: log of the sum of the K exponentials, (n,)."""
    return made[0].logsumexp(1)


def follow_the_score(field: Field, player: Player, draw: Draw, settings: Settings) -> Loss:
    """The imitator's own update: the gradient of its log-likelihood, weighted by how each image scored."""
    task = field.task
    assert isinstance(task, Guided)
    with torch.no_grad():
        loss = field.loss(player, {JUDGE: task.judge, POLICY: task.policy}, draw, settings)
    scores = loss.shown["scores"]
    field.seed(player, draw)
    meant = task.policy(draw["z"])
    log_likelihood = -((draw["done"] - meant) ** 2).flatten(1).sum(1) / (2 * NOISE**2)
    (-(scores - scores.mean()) * log_likelihood).mean().backward()
    return loss.detached()


@dataclass(frozen=True, kw_only=True)
class Guided(Base):
    policy: nn.Module
    judge: nn.Module
    data: Packed | None
    objective: Objective
    latent: int

    @property
    def adversary(self) -> Adversary:
        return Adversary(objective=self.objective)

    def make_players(self) -> tuple[Player, ...]:
        imitator = Player(name=IMITATOR, networks={POLICY: self.policy}, update=follow_the_score)
        return Player(name=JUDGE, networks={JUDGE: self.judge}), imitator

    @property
    def averaged(self) -> tuple[str, ...]:
        return (POLICY,)

    @property
    def settings(self) -> tuple[str, ...]:
        return ("task.naming",)

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        """A batch, its labels where it has any, weights, and what the policy does in the world, called here."""
        assert self.data is not None
        items = self.items(self.data.splits["train"], player, step, state)
        real, labels = self.data.batch(items)
        assert labels is not None
        numbers = partial(self.uniform, step=step, substep=substep, state=state)
        z = prior("normal", numbers(f"{player}/z", width=self.latent)).to(self.device)
        with torch.no_grad():
            meant = self.policy(z)
        noise = prior("normal", numbers(f"{player}/world", width=meant[0].numel())).reshape(meant.shape)
        tensors = {
            "real": real,
            "labels": torch.where(torch.from_numpy(items) % LABELLED == 0, labels, -1),
            "weights": numbers(f"{player}/weights", width=1)[:, 0].float() + 0.5,
            "z": z,
            "done": meant + NOISE * noise.to(self.device),
        }
        return self.drawn(tensors, player, step, substep, state)

    def loss(self, player: str, networks: Networks, draw: Draw, settings: Settings) -> Loss:
        real, done = to_range(draw["real"], RANGE), draw["done"]
        critic = Critic(network=networks[JUDGE], after=score)
        if player == IMITATOR:
            of_adversary = self.adversary.generator(critic, real, critic, done)
            return Loss(value=of_adversary.value, shown={"scores": critic(done).detach()})
        of_adversary = self.adversary.discriminator(
            critic, real, critic, done, draw, settings, weights=(draw["weights"], None)
        )
        logits, _ = networks[JUDGE](real)
        labels = draw["labels"]
        named = nn.functional.cross_entropy(logits, labels, ignore_index=-1, reduction="sum") / (
            labels >= 0
        ).sum().clamp(1)
        return Loss(
            value=of_adversary.value,
            costs={"naming": settings["task.naming"] * named},
            outputs={**of_adversary.outputs, "labelled": (labels >= 0).float().mean()},
        )

    def sample(self, networks: Networks, request: Request) -> Tensor:
        return from_range(networks[POLICY](request["z"]), RANGE)
