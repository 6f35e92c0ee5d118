"""The adversary: what it makes of D's scores whatever D gives, and what it refuses."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.game.network import At
from saddlepoint.game.task import Draw
from saddlepoint.objectives import objective
from saddlepoint.tasks.kit.adversary import ADVERSARIAL_PENALTIES, ANCHORS, Adversary, Critic

SETTINGS = {f"penalties.{name}": 0.5 for name in ADVERSARIAL_PENALTIES}
REAL, FAKE = torch.linspace(-1, 1, 12).reshape(6, 2), torch.linspace(2, -1, 12).reshape(6, 2)
WEIGHTS = torch.tensor([2.0, 0.0, 1.0, 0.5, 0.0, 1.0])


class Logits(nn.Module):
    """Points (n, 2) -> three logits, and the features before them."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body, self.head = nn.Linear(2, 5), nn.Linear(5, 3)

    def forward(self, points: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(points).tanh()
        return self.head(features), features


class Map(nn.Module):
    """Points (n, 2) -> a map of four scores, all alike."""

    def forward(self, points: Tensor) -> Tensor:
        return (points.square().sum(1) / 2)[:, None, None].expand(-1, 2, 2)


class Mean(Map):
    """The same as one score."""

    def forward(self, points: Tensor) -> Tensor:
        return super().forward(points).mean((1, 2))


def _drawn(adversary: Adversary) -> Draw:
    state = adversary.begin(torch.device("cpu"))
    return Draw(tensors=adversary.draw(lambda name, width: torch.full((6, width), 0.3), state, 6), seed=0)


def _discriminated(adversary: Adversary, critic: Critic, weights: Any = None):
    return adversary.discriminator(critic, REAL, critic, FAKE, _drawn(adversary), SETTINGS, weights)


def test_logits_and_features_become_scores_by_what_comes_after() -> None:
    network = Logits()
    critic = Critic(network=network, after=lambda made: made[0].logsumexp(1))
    adversary = Adversary(objective=objective("non_saturating"), penalties=ADVERSARIAL_PENALTIES)
    loss = _discriminated(adversary, critic)
    real, fake = (network(points)[0].logsumexp(1) for points in (REAL, FAKE))
    assert loss.value is not None and set(loss.costs) == set(ADVERSARIAL_PENALTIES)
    torch.testing.assert_close(loss.value["f1"], F.logsigmoid(real).mean())
    torch.testing.assert_close(loss.value["f2"], F.logsigmoid(-fake).mean())
    leaf = REAL.clone().requires_grad_()
    (slope,) = torch.autograd.grad(network(leaf)[0].logsumexp(1).sum(), leaf)
    torch.testing.assert_close(loss.costs["r1"], 0.25 * slope.square().sum(1).mean())
    # At other parameters too, as the joint field sees it.
    at = At(module=network, parameters=dict(network.named_parameters()), buffers={})
    other = _discriminated(adversary, Critic(network=at, after=critic.after))
    torch.testing.assert_close(other.costs, loss.costs)


@pytest.mark.parametrize("name", ADVERSARIAL_PENALTIES)
def test_a_penalty_means_the_same_for_a_map_of_scores(name: str) -> None:
    adversary = Adversary(objective=objective("wasserstein"), penalties=(name,))
    of_map, of_one = (_discriminated(adversary, Critic(network=network)) for network in (Map(), Mean()))
    torch.testing.assert_close(of_map.costs, of_one.costs)
    torch.testing.assert_close(of_map.value, of_one.value)


@pytest.mark.parametrize("network", [Map(), Mean()])
@pytest.mark.parametrize("joint_scoring", [False, True])
def test_weights_reach_every_term_by_their_side(network: nn.Module, joint_scoring: bool) -> None:
    adversary = Adversary(
        objective=objective("wasserstein"), penalties=ADVERSARIAL_PENALTIES, joint_scoring=joint_scoring
    )
    loss = _discriminated(adversary, Critic(network=network), (WEIGHTS, None))
    real, fake = REAL.square().sum(1) / 2, FAKE.square().sum(1) / 2
    assert loss.value is not None
    torch.testing.assert_close(loss.value["f1"], (WEIGHTS * real).mean())
    torch.testing.assert_close(loss.value["f2"], -fake.mean())
    # The input gradient of |x|^2 / 2 is x.
    torch.testing.assert_close(loss.costs["r1"], 0.25 * (WEIGHTS * REAL.square().sum(1)).mean())
    torch.testing.assert_close(loss.costs["r2"], 0.25 * FAKE.square().sum(1).mean())
    torch.testing.assert_close(loss.costs["lecam"], 0.5 * ((WEIGHTS * real.square()).mean() + fake.square().mean()))
    between = (0.3 * REAL + 0.7 * FAKE).square().sum(1).sqrt()
    of_points = 0.3 * WEIGHTS + 0.7
    torch.testing.assert_close(loss.costs["gradient_penalty"], 0.5 * (of_points * (between - 1) ** 2).mean())
    torch.testing.assert_close(loss.outputs["real"], (WEIGHTS * real).sum() / WEIGHTS.sum())


def test_lecams_averages_follow_what_counts() -> None:
    adversary = Adversary(objective=objective("wasserstein"), penalties=("lecam",), ending="_back")
    state = adversary.begin(torch.device("cpu"))
    loss = _discriminated(adversary, Critic(network=Mean()), WEIGHTS)
    adversary.remember(state, loss)
    means = [(WEIGHTS * side.square().sum(1) / 2).sum() / WEIGHTS.sum() for side in (REAL, FAKE)]
    torch.testing.assert_close(state[f"{ANCHORS}_back"], 0.01 * torch.stack(means))


def test_the_names_of_a_second_game_end_otherwise() -> None:
    adversary = Adversary(objective=objective("hinge"), penalties=ADVERSARIAL_PENALTIES, ending="_back")
    loss = _discriminated(adversary, Critic(network=Mean()))
    parts = (loss.value or {}, loss.costs, loss.outputs, loss.shown, _drawn(adversary).tensors)
    assert all(name.endswith("_back") for part in parts for name in part)
    assert adversary.settings == tuple(f"penalties.{name}" for name in ADVERSARIAL_PENALTIES)


def test_the_generator_sees_real_scores_only_where_its_terms_need_them() -> None:
    critic = Critic(network=Mean())
    real, fake = REAL.square().sum(1) / 2, FAKE.square().sum(1) / 2
    alone = Adversary(objective=objective("wasserstein")).generator(critic, None, critic, FAKE)
    torch.testing.assert_close(alone.value, {"f3": fake.mean()})
    both = Adversary(objective=objective("f1=D; f2=-D; f3=D; f4=-2*D")).generator(critic, REAL, critic, FAKE, WEIGHTS)
    torch.testing.assert_close(both.value, {"f3": (WEIGHTS * fake).mean(), "f4": -2 * (WEIGHTS * real).mean()})


def test_of_the_best_fakes_the_weights_are_theirs() -> None:
    critic = Critic(network=Mean())
    loss = Adversary(objective=objective("wasserstein")).generator(critic, None, critic, FAKE, WEIGHTS, best=0.5)
    scores = FAKE.square().sum(1) / 2
    kept = scores.argsort(descending=True)[:3]
    torch.testing.assert_close(loss.value, {"f3": (WEIGHTS * scores)[kept].mean()})


def test_what_has_no_meaning_is_refused() -> None:
    with pytest.raises(UserError, match="penalty 'r3'"):
        Adversary(objective=objective("hinge"), penalties=("r3",))
    adversary = Adversary(objective=objective("hinge"), penalties=("lecam", "r2"))
    with pytest.raises(UserError, match="batch normalisation"):
        adversary.check(nn.Sequential(nn.BatchNorm2d(2)))
    Adversary(objective=objective("hinge"), penalties=("lecam",)).check(nn.Sequential(nn.BatchNorm2d(2)))
