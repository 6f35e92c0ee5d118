"""Steps equal torch's optimizers, follow their schedules, and survive gradients in another memory layout."""

import pytest
import torch
from torch import nn

from saddlepoint.errors import UserError
from saddlepoint.game.player import Player
from saddlepoint.game.schedules import value_at
from saddlepoint.game.steps import SGD, Adam, OwnOptimizer, RMSProp, Step, numbers_of


def _player(network: nn.Module) -> Player:
    return Player(name="generator", networks={"generator": network})


def _settings(optimizer) -> dict[str, float]:
    return {f"generator.{name}": value_at(number, 0, 0) for name, number in numbers_of(optimizer).items()}


CASES = [
    (Adam(rate=0.01, beta1=0.0, beta2=0.9), lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.0, 0.9))),
    (SGD(rate=0.01, momentum=0.7), lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.7)),
    (RMSProp(rate=0.01, smoothing=0.9), lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.9)),
]


@pytest.mark.parametrize(("optimizer", "reference"), CASES)
def test_a_step_is_torchs(optimizer, reference) -> None:
    torch.manual_seed(0)
    ours, theirs = nn.Linear(5, 3), nn.Linear(5, 3)
    theirs.load_state_dict(ours.state_dict())
    step, other = Step(_player(ours), optimizer), reference(theirs.parameters())
    for index in range(5):
        inputs = torch.randn(7, 5, generator=torch.Generator().manual_seed(index))
        ours(inputs).square().sum().backward()
        step.apply(_settings(optimizer))
        theirs(inputs).square().sum().backward()
        other.step()
        other.zero_grad()
    torch.testing.assert_close(ours.weight, theirs.weight, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("optimizer", [case[0] for case in CASES])
def test_one_that_has_forgotten_is_one_that_begins(optimizer) -> None:
    torch.manual_seed(0)
    moved, fresh = nn.Linear(5, 3), nn.Linear(5, 3)
    step = Step(_player(moved), optimizer)

    def take(network: nn.Module, taken: Step, size: float) -> None:
        (size * network(torch.ones(2, 5)).square().sum()).backward()
        taken.apply(_settings(optimizer))

    take(moved, step, 1e3)
    step.forget()
    fresh.load_state_dict(moved.state_dict())
    beginning = Step(_player(fresh), optimizer)
    for _ in range(2):
        take(moved, step, 1.0)
        take(fresh, beginning, 1.0)
    torch.testing.assert_close(moved.weight, fresh.weight, rtol=0, atol=0)


@pytest.mark.parametrize("optimizer", [case[0] for case in CASES])
def test_a_gradient_in_another_layout_moves_the_right_weights(optimizer) -> None:
    # CPU fused optimizers ignore strides: without a copy a transposed gradient moves the wrong weights.
    torch.manual_seed(0)
    straight, crooked = nn.Conv2d(6, 5, 3), nn.Conv2d(6, 5, 3)
    crooked.load_state_dict(straight.state_dict())
    gradient = torch.randn(5, 6, 3, 3)
    steps = Step(_player(straight), optimizer), Step(_player(crooked), optimizer)
    for network in (straight, crooked):
        assert network.bias is not None
        network.bias.grad = torch.zeros(5)
    straight.weight.grad = gradient.clone()
    crooked.weight.grad = gradient.to(memory_format=torch.channels_last)
    assert crooked.weight.grad.stride() != crooked.weight.stride()
    for step in steps:
        step.apply(_settings(optimizer))
    torch.testing.assert_close(straight.weight, crooked.weight, rtol=0, atol=0)


def test_numbers_follow_the_settings_of_the_step() -> None:
    network = nn.Linear(2, 2, bias=False)
    nn.init.zeros_(network.weight)
    step = Step(_player(network), SGD())
    for rate in (1.0, 0.5):
        network.weight.grad = torch.ones(2, 2)
        step.apply({"generator.rate": rate, "generator.momentum": 0.0})
    assert network.weight.detach().eq(-1.5).all()


def test_the_gradient_norm_is_over_all_parameters() -> None:
    network = nn.Linear(2, 2)
    step = Step(_player(network), SGD())
    network.weight.grad, network.bias.grad = torch.full((2, 2), 2.0), torch.tensor([3.0, 0.0])
    assert step.gradient_norm().item() == pytest.approx(5.0)


@pytest.mark.parametrize("optimizer", [case[0] for case in CASES])
def test_what_it_would_subtract_is_what_it_subtracts_and_asking_changes_nothing(optimizer) -> None:
    torch.manual_seed(0)
    network = nn.Linear(5, 3).double()
    step, settings = Step(_player(network), optimizer), _settings(optimizer)
    for index in range(3):
        network(torch.randn(7, 5, generator=torch.Generator().manual_seed(index)).double()).square().sum().backward()
        gradients = {
            ("generator", key): parameter.grad.clone()
            for key, parameter in network.named_parameters()
            if parameter.grad is not None
        }
        before = [parameter.detach().clone() for parameter in step.parameters]
        asked = step.preview(gradients, settings)
        again = step.preview(gradients, settings)
        torch.testing.assert_close(asked, again, rtol=0, atol=0)
        torch.testing.assert_close([parameter.detach() for parameter in step.parameters], before, rtol=0, atol=0)
        step.apply(settings)
        moved = [old - new.detach() for old, new in zip(before, step.parameters, strict=True)]
        torch.testing.assert_close([change.detach() for change in asked.values()], moved)


def test_a_negative_momentum_is_followed() -> None:
    network = nn.Linear(1, 1, bias=False).double()
    nn.init.zeros_(network.weight)
    step = Step(_player(network), SGD())
    for _ in range(3):
        network.weight.grad = torch.ones(1, 1, dtype=torch.float64)
        step.apply({"generator.rate": 1.0, "generator.momentum": -0.5})
    # v: 1, 1/2, 3/4
    assert network.weight.item() == pytest.approx(-2.25)


def test_a_brought_optimizer_is_told_no_numbers_and_must_hold_its_players_parameters() -> None:
    network = nn.Linear(2, 1, bias=False)
    nn.init.zeros_(network.weight)
    step = Step(_player(network), OwnOptimizer(optimizer=torch.optim.SGD(network.parameters(), lr=0.5)))
    network.weight.grad = torch.ones(1, 2)
    step.apply({})
    assert network.weight.detach().eq(-0.5).all()
    with pytest.raises(UserError, match="parameters of its player"):
        Step(_player(network), OwnOptimizer(optimizer=torch.optim.SGD(nn.Linear(2, 1).parameters(), lr=0.5)))
