"""The tangent pass equals double backward; what is not piecewise linear goes there; so does the joint field."""

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from saddlepoint.augment import AUGMENTATIONS
from saddlepoint.game.fast.agreement import reason_against
from saddlepoint.game.fast.piecewise_linear import NotPiecewiseLinear
from saddlepoint.game.fast.tangent import ByTangent
from saddlepoint.game.field import Field, buffers_of, cost, parameters_of
from saddlepoint.game.penalties import between, one_centred, zero_centred
from saddlepoint.networks import Dcgan, Mlp, MlpIntro, R3gan, Resnet
from saddlepoint.tasks.kit.adversary import DISCRIMINATOR, Critic
from saddlepoint.training.state import State
from tests.tasks.examples import generation, packed

SHAPE = (3, 9, 8)
BATCH = 6


def _loss(critic: Critic, images: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """An objective's term and R1, together and R1 alone."""
    scores, gradient = critic.scores_and_gradient(images)
    penalty = zero_centred(gradient, 0.7)
    return F.softplus(-scores).mean() + penalty, penalty


def _compared(network: nn.Module, images: Tensor, labels: tuple[Tensor, ...] = ()) -> tuple[float, Tensor, Tensor]:
    """The relative difference of the parameter gradients, and R1 by the tangent pass and by double backward."""
    vectors, penalties = [], []
    for called in (copy.deepcopy(network), copy.deepcopy(network)):
        critic = Critic(network=called if vectors else ByTangent(called), beside=labels)
        total, penalty = _loss(critic, images)
        gradients = torch.autograd.grad(total, list(called.parameters()), allow_unused=True, materialize_grads=True)
        vectors.append(torch.cat([each.flatten() for each in gradients]))
        penalties.append(penalty.detach())
    return float((vectors[0] - vectors[1]).norm() / vectors[1].norm()), *penalties


def _random_network(seed: int) -> nn.Module:
    """Convolutions, biases, rectifiers, pooling and linear layers, drawn by chance; scores (n,)."""
    torch.manual_seed(seed)

    def below(count: int) -> int:
        return int(torch.randint(count, ()))

    channels, body = SHAPE[0], []
    for _ in range(1 + below(3)):
        groups = channels if below(3) == 0 else 1
        wider = channels * (1 + below(3)) if groups > 1 else 2 + below(7)
        body.append(nn.Conv2d(channels, wider, 3, 1 + below(2), 1, groups=groups, bias=bool(below(2))))
        body.append(nn.ReLU() if below(2) else nn.LeakyReLU(0.1 + 0.1 * below(3), inplace=bool(below(2))))
        if below(3) == 0:
            body.append(nn.AvgPool2d(2, ceil_mode=True))
        channels = wider
    body += [nn.Flatten(), nn.LazyLinear(5 + below(5)), nn.LeakyReLU(0.2), nn.LazyLinear(1, bias=bool(below(2)))]
    network = nn.Sequential(*body, nn.Flatten(0))
    network(torch.zeros(1, *SHAPE))
    return network


@pytest.mark.parametrize("seed", range(10))
def test_it_equals_double_backward_on_random_architectures(seed: int) -> None:
    network, images = _random_network(seed), torch.randn(BATCH, *SHAPE)
    difference, ours, theirs = _compared(network, images)
    assert difference < 1e-5
    assert torch.equal(ours, theirs)
    assert reason_against(network, images) is None


def test_in_double_precision_it_is_exact() -> None:
    difference, _, _ = _compared(_random_network(3).double(), torch.randn(BATCH, *SHAPE, dtype=torch.float64))
    assert difference < 1e-14


def _pair(pair, shape: tuple[int, ...], classes: int = 0) -> nn.Module:
    torch.manual_seed(4)
    _, discriminator = pair.build(shape, classes=classes)
    with torch.no_grad():
        # Away from the start, where blocks end in zeros and biases are zero.
        for parameter in discriminator.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return discriminator


QUALIFYING = {
    "dcgan": (Dcgan(width=4, normalisation="none"), SHAPE),
    "r3gan": (R3gan(width=16, group_width=8), (3, 17, 10)),
    "mlp": (Mlp(width=16), (2,)),
    "mlp-intro": (MlpIntro(width=16), SHAPE),
    "resnet": (Resnet(width=4), (3, 16, 16)),
}


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("name", QUALIFYING)
def test_it_equals_double_backward_on_our_pairs(name: str, classes: int) -> None:
    pair, shape = QUALIFYING[name]
    network, images = _pair(pair, shape, classes), torch.randn(BATCH, *shape)
    labels = (torch.arange(BATCH) % classes,) if classes else ()
    assert reason_against(network, images, labels) is None
    difference, ours, theirs = _compared(network, images, labels)
    assert difference < 1e-5
    assert torch.equal(ours, theirs)


def test_spectral_norm_moves_as_often_and_its_gradient_goes_through_the_norm() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        parametrizations.spectral_norm(nn.Conv2d(3, 6, 3)),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        parametrizations.spectral_norm(nn.Linear(6 * 7 * 6, 4)),
        nn.LeakyReLU(0.2),
        nn.Linear(4, 1),
        nn.Flatten(0),
    )
    with torch.no_grad():
        for parameter in network.parameters():
            # Away from where the power iteration has come to rest.
            parameter.add_(0.2 * torch.randn_like(parameter))
    images = torch.randn(BATCH, *SHAPE)
    before = {name: buffer.clone() for name, buffer in network.named_buffers()}
    assert reason_against(network, images) is None
    assert all(torch.equal(buffer, before[name]) for name, buffer in network.named_buffers())
    difference, _, _ = _compared(network, images)
    assert difference < 1e-5
    twins = [copy.deepcopy(network), copy.deepcopy(network)]
    Critic(network=ByTangent(twins[0])).scores_and_gradient(images)
    Critic(network=twins[1]).scores_and_gradient(images)
    for (_, ours), (_, theirs) in zip(twins[0].named_buffers(), twins[1].named_buffers(), strict=True):
        torch.testing.assert_close(ours, theirs)
    moved = {name for name, buffer in twins[0].named_buffers() if not torch.equal(buffer, before[name])}
    assert len(moved) >= 4


class _Does(nn.Module):
    """A discriminator that does one thing of its own between two layers."""

    def __init__(self, what: Callable[[Tensor], Tensor]):
        super().__init__()
        self.first, self.last, self.what = nn.Linear(4, 4), nn.Linear(4, 1), what

    def forward(self, points: Tensor) -> Tensor:
        return self.last(self.what(self.first(points))).squeeze(1)


DISQUALIFYING = {
    "tanh": (torch.tanh, "tanh"),
    "batch normalisation": (nn.BatchNorm1d(4), "batch_norm"),
    "instance normalisation": (lambda maps: F.layer_norm(maps, (4,)), "layer_norm"),
    "dropout": (nn.Dropout(0.5), "dropout"),
    "a product of its maps": (lambda maps: maps * maps, "mul of two of its maps"),
    "a norm": (lambda maps: maps / maps.norm(dim=1, keepdim=True), "norm"),
    "weights made of the images": (lambda maps: F.linear(maps, maps), "linear of two of its maps"),
    "the batch's mean": (lambda maps: maps - maps.mean(0, keepdim=True), "mean over the batch"),
    "another sample's row": (lambda maps: maps + maps[torch.arange(len(maps)).roll(1)], "differs by"),
    "a value of its own": (lambda maps: maps * maps.tolist()[0][0], "tolist"),
    "a detour around the graph": (lambda maps: maps + maps.detach(), "detach"),
    "a rectifier of its own": (lambda maps: torch.where(maps > 0, maps, 0.1 * maps), "gt"),
}


@pytest.mark.parametrize("name", DISQUALIFYING)
def test_what_is_not_piecewise_linear_is_sent_to_double_backward(name: str) -> None:
    torch.manual_seed(0)
    what, reason = DISQUALIFYING[name]
    said = reason_against(_Does(what), torch.randn(BATCH, 4))
    assert said is not None and reason in said


def test_what_becomes_so_during_a_run_is_said() -> None:
    with pytest.raises(NotPiecewiseLinear, match=r"tanh.*training.tangent_penalties=false"):
        ByTangent(_Does(torch.tanh)).scores_and_gradient(torch.randn(BATCH, 4))


def test_constants_that_meet_the_maps_are_scaled() -> None:
    ramp = torch.linspace(-1, 1, 4)

    def what(maps: Tensor) -> Tensor:
        joined = torch.cat([F.relu(1 - maps + ramp), ramp.expand(len(maps), -1)], dim=1)
        return F.leaky_relu((2 * joined - 3) @ torch.linspace(-1, 1, 32).reshape(8, 4) / 5, 0.3)

    torch.manual_seed(1)
    network, points = _Does(what), torch.randn(BATCH, 4)
    assert reason_against(network, points) is None
    assert _compared(network, points)[0] < 1e-5


def test_the_gradient_penalty_goes_the_same_way() -> None:
    network, real, fake = _random_network(2), torch.randn(BATCH, *SHAPE), torch.randn(BATCH, *SHAPE)
    found = []
    for called in (ByTangent(network), network):
        points = between(real, fake, torch.full((BATCH, 1), 0.3))
        _, gradient = Critic(network=called).scores_and_gradient(points)
        penalty = one_centred(gradient, 10.0)
        gradients = torch.autograd.grad(penalty, list(network.parameters()), allow_unused=True, materialize_grads=True)
        found.append(torch.cat([each.flatten() for each in gradients]))
    assert (found[0] - found[1]).norm() / found[1].norm() < 1e-5


def test_under_autocast_it_rounds_as_double_backward_does() -> None:
    network, images = _random_network(5), torch.randn(BATCH, *SHAPE)
    exact = torch.autograd.grad(_loss(Critic(network=network), images)[0], list(network.parameters()))
    distances = []
    for called in (ByTangent(network), network):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            total, _ = _loss(Critic(network=called), images)
        gradients = torch.autograd.grad(total, list(network.parameters()))
        distances.append(sum(float((a - b).square().sum()) for a, b in zip(gradients, exact, strict=True)) ** 0.5)
    size = sum(float(each.square().sum()) for each in exact) ** 0.5
    assert 0 < distances[0] < 0.02 * size
    assert distances[0] < 2 * distances[1]


STRENGTHS = {f"augment.{name}": 0.7 for name in AUGMENTATIONS}


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("options", [{}, {"conditional": True}, {"augmentations": tuple(AUGMENTATIONS)}])
def test_the_hot_path_equals_the_joint_field(options: dict, accumulate: int) -> None:
    task = generation("paired_logistic", data=packed(channels=3), penalties=("r1", "r2", "gradient_penalty"), **options)
    settings = {"penalties.r1": 0.5, "penalties.r2": 0.3, "penalties.gradient_penalty": 2.0, **STRENGTHS}
    draw = task.draw(DISCRIMINATOR, 0, 0, State(seed=0))
    (discriminator, _) = task.players
    field = Field(task=task, accumulate=accumulate, tangent=frozenset({DISCRIMINATOR}))
    oracle = Field(task=task, accumulate=accumulate)(
        parameters_of(task), buffers_of(task), {DISCRIMINATOR: draw}, settings
    )
    loss = field.backward(discriminator, draw, settings)
    assert cost(loss).item() == pytest.approx(cost(oracle.losses[DISCRIMINATOR]).item(), rel=1e-6)
    for key, parameter in task.discriminator.named_parameters():
        assert parameter.grad is not None
        torch.testing.assert_close(parameter.grad, oracle.directions[DISCRIMINATOR][key], rtol=1e-5, atol=1e-5, msg=key)


def test_where_the_field_is_differentiated_again_it_is_not_taken(monkeypatch) -> None:
    task = generation("minimax", penalties=("r1",))
    draw = task.draw(DISCRIMINATOR, 0, 0, State(seed=0))
    settings = {"penalties.r1": 0.5}

    def taken(*_: object) -> None:
        raise AssertionError("the tangent pass was taken")

    monkeypatch.setattr(ByTangent, "scores_and_gradient", taken)
    field = Field(task=task, tangent=frozenset({DISCRIMINATOR}))
    field(parameters_of(task), buffers_of(task), {DISCRIMINATOR: draw}, settings, create_graph=True)
    replace(field, differentiable=True).backward(task.players[0], draw, settings)
    with pytest.raises(AssertionError, match="was taken"):
        field.backward(task.players[0], draw, settings)
