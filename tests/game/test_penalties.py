"""Penalties equal their closed forms and double backward; a discriminator with batch statistics is refused."""

import pytest
import torch
from torch import nn

from saddlepoint.errors import UserError
from saddlepoint.game.penalties import between, one_centred, refuse_batch_statistics, zero_centred
from saddlepoint.tasks.kit.adversary import Critic


def _network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(4 * 9, 1), nn.Flatten(0)
    ).double()


class _Linear(nn.Module):
    def __init__(self, weight: torch.Tensor):
        super().__init__()
        self.weight = weight

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        return points @ self.weight


class _Half(nn.Module):
    """|x|^2 / 2, whose gradient is x."""

    def forward(self, points: torch.Tensor) -> torch.Tensor:
        return points.square().sum(1) / 2


def _penalty(network: nn.Module, real: torch.Tensor, fake: torch.Tensor, mix: torch.Tensor, weight: float):
    _, gradient = Critic(network=network).scores_and_gradient(between(real, fake, mix))
    return one_centred(gradient, weight)


def test_a_linear_discriminators_penalty_is_its_squared_weight() -> None:
    weight = torch.tensor([3.0, 4.0], dtype=torch.float64, requires_grad=True)
    scores, gradient = Critic(network=_Linear(weight)).scores_and_gradient(torch.randn(5, 2, dtype=torch.float64))
    penalty = zero_centred(gradient, gamma=0.3)
    assert scores.shape == (5,)
    assert penalty.item() == pytest.approx(0.3 / 2 * 25)
    (slope,) = torch.autograd.grad(penalty, weight)
    torch.testing.assert_close(slope, 0.3 * weight.detach(), check_dtype=False)


def test_it_equals_double_backward_for_values_and_parameter_gradients() -> None:
    network, images = _network(), torch.randn(6, 2, 5, 5, dtype=torch.float64)
    scores, gradient = Critic(network=network).scores_and_gradient(images)
    ours = torch.autograd.grad(zero_centred(gradient, 2.0), list(network.parameters()), allow_unused=True)

    leaf = images.clone().requires_grad_()
    plain = network(leaf)
    (slope,) = torch.autograd.grad(plain.sum(), leaf, create_graph=True)
    penalty = slope.float().square().flatten(1).sum(1).mean()
    theirs = torch.autograd.grad(penalty, list(network.parameters()), allow_unused=True)
    torch.testing.assert_close(scores, plain)
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other)


def test_the_gradient_penalty_is_zero_for_a_unit_slope_and_finite_for_none() -> None:
    real, fake, mix = torch.randn(4, 3), torch.randn(4, 3), torch.rand(4, 1)
    unit = torch.tensor([0.6, 0.8, 0.0], requires_grad=True)
    assert _penalty(_Linear(unit), real, fake, mix, 10.0).item() == pytest.approx(0.0, abs=1e-10)
    flat = torch.zeros(3, requires_grad=True)
    penalty = _penalty(_Linear(flat), real, fake, mix, 10.0)
    assert penalty.item() == pytest.approx(10.0)
    (slope,) = torch.autograd.grad(penalty, flat)
    assert slope.isfinite().all()


def test_it_looks_at_points_between_real_and_fake() -> None:
    real, fake = torch.full((3, 2), 2.0), torch.zeros(3, 2)
    mix = torch.tensor([[0.0], [0.5], [1.0]])
    # |grad| = |x|: 0, sqrt 2, 2 sqrt 2
    expected = sum((norm - 1) ** 2 for norm in (0.0, 2**0.5, 2 * 2**0.5)) / 3
    assert _penalty(_Half(), real, fake, mix, 1.0).item() == pytest.approx(expected, rel=1e-6)


def test_batch_statistics_are_refused_with_the_cure() -> None:
    normalised = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    with pytest.raises(UserError, match=r"batch normalisation \(1\) under the penalty r1;.*GroupNorm.*r1=null \("):
        refuse_batch_statistics(normalised, ["r1"])
    both = r"penalties r1 and r2;.*; set networks.normalisation=none, or set penalties.r1=null and penalties.r2=null \("
    with pytest.raises(UserError, match=both):
        refuse_batch_statistics(normalised, ["r1", "r2"], "set networks.normalisation=none")
    refuse_batch_statistics(normalised, [])
    refuse_batch_statistics(nn.Sequential(nn.Conv2d(1, 2, 3), nn.InstanceNorm2d(2)), ["r1"])
