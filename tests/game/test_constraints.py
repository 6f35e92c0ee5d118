import pytest
import torch
from torch import nn

from saddlepoint.errors import UserError
from saddlepoint.game.constraints import Clipping
from saddlepoint.game.player import Player
from saddlepoint.game.steps import SGD, Step


def test_clipping_holds_at_the_start_and_after_each_step() -> None:
    network = nn.Linear(4, 3)
    nn.init.normal_(network.weight, std=1.0)
    player = Player(name="discriminator", networks={"discriminator": network}, constraint=Clipping(bound=0.01))
    step = Step(player, SGD(rate=1.0))
    assert max(parameter.abs().max().item() for parameter in network.parameters()) <= 0.01
    network(torch.ones(2, 4)).sum().backward()
    step.apply({"discriminator.rate": 1.0, "discriminator.momentum": 0.0})
    assert max(parameter.abs().max().item() for parameter in network.parameters()) == pytest.approx(0.01)


def test_a_bound_of_nothing_is_refused() -> None:
    with pytest.raises(UserError):
        Clipping(bound=0)
