"""Pairs under spectral norm in the real game: the hot path equals the joint field, vectors included, and repeats."""

import copy

import numpy as np
import pytest
import torch

from saddlepoint.data import Packed
from saddlepoint.game.field import Field, buffers_of, cost, parameters_of
from saddlepoint.game.task import networks_of
from saddlepoint.networks import PAIRS
from saddlepoint.objectives import objective
from saddlepoint.tasks.generation import Generation
from saddlepoint.training.state import State

SETTINGS = {"penalties.r1": 0.5}


def _task(name: str, penalties: tuple[str, ...]) -> Generation:
    random = np.random.default_rng(0)
    data = Packed(
        items=random.integers(0, 256, (20, 1, 8, 8), dtype=np.uint8),
        labels=np.arange(20) % 3,
        classes=("a", "b", "c"),
        kind="images",
        shape=(1, 8, 8),
        fingerprint="0" * 64,
        splits={"train": np.arange(18), "held_out": np.arange(18, 20)},
        split_rule="a test",
        source="random",
    )
    torch.manual_seed(3)
    pair = PAIRS[name]().shrunken()
    generator, discriminator = pair.build((1, 8, 8), classes=3)
    with torch.no_grad():
        # Away from where the power iteration has come to rest.
        for network in (generator, discriminator):
            for parameter in network.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    return Generation(
        generator=generator,
        discriminator=discriminator,
        data=data,
        objective=objective("hinge"),
        latent=pair.latent,
        conditional=True,
        batch=6,
        penalties=penalties,
    )


@pytest.mark.parametrize("player", ["discriminator", "generator"])
@pytest.mark.parametrize("name", ["biggan", "biggan-deep", "resnet", "sagan"])
def test_the_hot_path_equals_the_joint_field_and_repeats_to_the_bit(name: str, player: str):
    task = _task(name, ("r1",))
    twin = copy.deepcopy(task)
    draw = task.draw(player, 0, 0, State(seed=0))
    before = buffers_of(task)
    mover = next(each for each in task.players if each.name == player)
    oracle = Field(task=task)(parameters_of(task), buffers_of(task), {player: draw}, SETTINGS)
    loss = Field(task=task).backward(mover, draw, SETTINGS)
    Field(task=twin).backward(next(each for each in twin.players if each.name == player), draw, SETTINGS)
    torch.testing.assert_close(cost(loss), cost(oracle.losses[player]).detach(), rtol=1e-5, atol=1e-6)
    for network, module in mover.networks.items():
        for key, parameter in module.named_parameters():
            direction = oracle.directions[network].get(key, torch.zeros_like(parameter))
            found = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            torch.testing.assert_close(found, direction, rtol=1e-4, atol=1e-5, msg=key)
    for network, module in networks_of(task).items():
        same = dict(networks_of(twin)[network].named_buffers())
        for key, buffer in module.named_buffers():
            torch.testing.assert_close(buffer, oracle.buffers[network][key])
            assert torch.equal(buffer, same[key])
    # A forward pass moves the vectors of whoever is asked: D's in G's step too. They are buffers, no parameters.
    moved = {
        key for key, buffer in task.discriminator.named_buffers() if (buffer != before["discriminator"][key]).any()
    }
    assert moved and all(key.endswith(("._u", "._v")) for key in moved)
