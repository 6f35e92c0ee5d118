"""Every way to call a network is a network: called alike, with the weights that it names, and with features."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.game.fast.forwards import Forwards, Shared
from saddlepoint.game.fast.tangent import ByTangent
from saddlepoint.game.field import Field
from saddlepoint.game.network import At, Network, Networks, holding
from saddlepoint.game.player import Player
from saddlepoint.game.task import Draw, Loss, Progress, Request, Settings
from saddlepoint.training.state import State


class Both(nn.Module):
    """Scores and what they were made of."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(2, 3), nn.Linear(3, 1)
        self.calls: Tensor
        self.register_buffer("calls", torch.zeros(()))

    def features(self, points: Tensor) -> Tensor:
        return self.body(points).relu()

    def forward(self, points: Tensor, scale: Tensor | None = None) -> tuple[Tensor, dict[str, Tensor]]:
        self.calls += 1
        features = self.features(points)
        scores = self.head(features)[:, 0]
        return scores if scale is None else scores * scale, {"features": features}


def _ways(module: Both) -> dict[str, Network]:
    at = At(module=module, parameters=dict(module.named_parameters()), buffers={"calls": module.calls.clone()})
    shared: Shared = Forwards("generator").calls("discriminator", {"net": module})["net"]
    return {"module": module, "at": at, "by_tangent": ByTangent(module), "shared": shared}


@pytest.mark.parametrize("way", ["module", "at", "by_tangent", "shared"])
def test_every_way_is_called_alike_and_names_its_weights(way: str) -> None:
    torch.manual_seed(0)
    module, points, scale = Both(), torch.randn(4, 2), torch.full((4,), 2.0)
    network: Any = _ways(module)[way]
    scores, inner = network(points, scale=scale)
    torch.testing.assert_close((scores, inner), module(points, scale))
    torch.testing.assert_close(network.features(points), module.features(points))
    assert dict(network.named_parameters()).keys() == dict(module.named_parameters()).keys()


def test_at_other_parameters_the_features_are_theirs_and_the_module_keeps_its_own() -> None:
    module, points = Both(), torch.ones(2, 2)
    twice = {name: (2 * parameter.detach()).requires_grad_() for name, parameter in module.named_parameters()}
    other = At(module=module, parameters=twice, buffers={"calls": torch.zeros(())})
    torch.testing.assert_close(other.features(points), 2 * module.features(points))
    other.features(points).sum().backward()
    assert twice["body.weight"].grad is not None and module.body.weight.grad is None
    other(points)
    assert float(other.buffers["calls"]) == 1 and float(module.calls) == 0


def test_holding_puts_the_own_tensors_back() -> None:
    module = Both()
    own, given = module.body.weight, torch.zeros(3, 2)
    with holding(module, {"body.weight": given}):
        assert module.body.weight is given
    assert module.body.weight is own


class Matching:
    """Two players who share a draw; G's network gives a tuple, and G matches D's features."""

    averaged, state = ("generator",), {}

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.generator, self.discriminator = Both(), Both()
        self.players = (
            Player(name="discriminator", networks={"discriminator": self.discriminator}),
            Player(name="generator", networks={"generator": self.generator}),
        )

    def draw(self, player: str, step: int, substep: int, state: Progress) -> Draw:
        return Draw(tensors={"z": torch.linspace(-1, 1, 8).reshape(4, 2)}, seed=0)

    def loss(self, player: str, networks: Any, draw: Draw, settings: Settings) -> Loss:
        scores, made = networks["generator"](draw["z"])
        fake = torch.stack([scores, made["features"].sum(1)], 1)
        if player == "discriminator":
            return Loss(value={"f2": -networks["discriminator"](fake)[0].square().mean()})
        return Loss(costs={"matching": networks["discriminator"].features(fake).square().mean()})

    def remember(self, player: str, draw: Draw, loss: Loss) -> None:
        """Nothing."""

    def sample(self, networks: Networks, request: Request) -> Tensor:
        raise NotImplementedError


def test_shared_passes_of_a_network_that_gives_a_tuple_give_the_same_gradients() -> None:
    gradients = []
    for shared in (False, True):
        task: Any = Matching()
        field, draw = Field(task=task), task.draw("discriminator", 0, 0, State(seed=0))
        draw = replace(draw, forwards=Forwards("generator")) if shared else draw
        for player in task.players:
            field.backward(player, draw, {})
        assert float(task.generator.calls) == (1 if shared else 2)
        gradients.append([p.grad for player in task.players for p in player.parameters() if p.grad is not None])
    assert len(gradients[0]) == len(gradients[1]) == 8
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)
