"""An equalised rate is the paper's: weights of N(0, 1), multiplied by 1 / sqrt(fan_in) wherever they are used."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.game.equalised import VECTOR, equalised
from saddlepoint.game.player import Player
from saddlepoint.game.schedules import value_at
from saddlepoint.game.steps import Adam, Step, numbers_of

ADAM = Adam(rate=0.03, beta1=0.3, beta2=0.9, equalised=True)
SETTINGS = {f"generator.{name}": value_at(number, 0, 0) for name, number in numbers_of(ADAM).items()}
# Each layer's inputs to one output: 5; 3 channels of 3 x 3; 4 channels of 4 x 4, dealt out over 2 x 2 outputs.
FAN_IN = {"linear": 5.0, "convolution": 27.0, "transposed": 16.0, "embedding": 6.0}


class _Layers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear, self.convolution = nn.Linear(5, 3), nn.Conv2d(3, 4, 3, padding=1)
        self.transposed, self.embedding = nn.ConvTranspose2d(4, 2, 4, 2, 1), nn.Embedding(7, 6)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, weights: dict[str, Tensor], inputs: Tensor) -> Tensor:
        maps = (F.linear(inputs, weights["linear"]) + self.linear.bias)[:, :, None, None].expand(-1, -1, 6, 6)
        maps = self.norm(F.conv2d(maps, weights["convolution"], self.convolution.bias, padding=1))
        maps = F.conv_transpose2d(maps, weights["transposed"], self.transposed.bias, 2, 1)
        return maps.sum((2, 3)).square().sum() + (weights["embedding"][:3] ** 3).sum()


def _step(network: nn.Module) -> Step:
    return Step(Player(name="generator", networks={"generator": network}), ADAM)


def test_a_step_is_that_of_weights_which_are_multiplied_where_they_are_used() -> None:
    torch.manual_seed(0)
    network, other = _Layers().double(), _Layers().double()
    other.load_state_dict(network.state_dict())
    step = _step(network)
    inner = {
        name: (getattr(other, name).weight.detach() * math.sqrt(fan)).requires_grad_() for name, fan in FAN_IN.items()
    }
    vectors = [p for p in other.parameters() if p.dim() == 1]
    reference = torch.optim.Adam(
        [{"params": list(inner.values())}, {"params": vectors, "lr": 0.03 * VECTOR}], lr=0.03, betas=(0.3, 0.9)
    )
    for index in range(5):
        inputs = torch.randn(7, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(index))
        network({name: getattr(network, name).weight for name in FAN_IN}, inputs).backward()
        step.apply(SETTINGS)
        reference.zero_grad()
        other({name: weight / math.sqrt(FAN_IN[name]) for name, weight in inner.items()}, inputs).backward()
        reference.step()
    for name, fan in FAN_IN.items():
        torch.testing.assert_close(getattr(network, name).weight, inner[name] / math.sqrt(fan), rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(network.norm.weight, other.norm.weight, rtol=1e-5, atol=1e-6)


def test_its_preview_is_what_it_does() -> None:
    torch.manual_seed(0)
    network = _Layers()
    step = _step(network)
    before = [parameter.detach().clone() for parameter in step.parameters]
    directions = {name: torch.randn_like(p) for name, p in zip(step.names, step.parameters, strict=True)}
    expected = step.preview(directions, SETTINGS)
    for name, parameter in zip(step.names, step.parameters, strict=True):
        parameter.grad = directions[name].clone()
    step.apply(SETTINGS)
    for name, old, new in zip(step.names, before, step.parameters, strict=True):
        torch.testing.assert_close(old - new, expected[name])


def test_the_optimizers_history_stands_in_the_order_of_the_parameters() -> None:
    # Checkpoints hold it by that order.
    network = _Layers()
    step = _step(network)
    flat = [parameter for group in step.torch_optimizer.param_groups for parameter in group["params"]]
    assert all(one is other for one, other in zip(flat, step.parameters, strict=True))


@pytest.mark.parametrize(
    ("parameter", "share"), [(nn.Parameter(torch.ones(3, 4, 4)), 0.25), (nn.Parameter(torch.ones(())), VECTOR)]
)
def test_parameters_of_nobodys_layer(parameter: nn.Parameter, share: float) -> None:
    module = nn.Module()
    module.register_parameter("base", parameter)
    assert equalised({"generator": module}, [("generator", "base")]) == [share]
