"""Which runs take input gradients by the tangent pass, what they say of it; a run plays the same either way."""

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.own_networks import OwnNetworks
from saddlepoint.recipes.tasks import build_task
from saddlepoint.recipes.text import override
from saddlepoint.runs.build import Built, build_game
from saddlepoint.tasks.kit.adversary import DISCRIMINATOR
from saddlepoint.training.control import Control
from saddlepoint.training.loop import train
from tests.tasks.examples import packed

SMALL = ["networks.width=4", "networks.latent=5", "training.batch=6"]


def _game(*assignments: str, name: str = "digits", networks: OwnNetworks | None = None) -> Built:
    recipe, data = override(RECIPES[name], [*assignments]), packed()
    task = build_task(recipe, DataFacts.of(data), data, torch.device("cpu"), networks)
    return build_game(recipe, task, task.device)


@pytest.mark.parametrize("name", ["digits", "mnist", "mnist-conditional"])
def test_recipes_with_a_piecewise_linear_discriminator_take_it(name: str) -> None:
    game = _game(*SMALL, name=name)
    assert game.field.tangent == {DISCRIMINATOR}
    assert game.input_gradients.said == "r1, r2 by the tangent pass"


@pytest.mark.parametrize(
    ("assignments", "said"),
    [
        (["training.tangent_penalties=false"], "r1, r2 by double backward (training.tangent_penalties=false)"),
        (["networks.dropout=0.3"], "r1, r2 by double backward, for a discriminator with dropout"),
        (["dynamics.correction=extragradient"], "r1, r2 by double backward, as extragradient needs it"),
        (["dynamics.correction=optimistic"], "r1, r2 by the tangent pass"),
        (["penalties.r1=null", "penalties.r2=null"], None),
    ],
)
def test_it_says_which_way_and_why(assignments: list[str], said: str | None) -> None:
    game = _game(*SMALL, *assignments)
    assert game.input_gradients.said == said
    assert bool(game.field.tangent) == (said is not None and "by the tangent pass" in said)


class _Tanh(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Tanh(), nn.Linear(8, 1), nn.Flatten(0))

    def forward(self, images: Tensor) -> Tensor:
        return self.body(images)


class _Generator(nn.Module):
    pixel_range, latent = (-1.0, 1.0), 5

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(5, 64)

    def forward(self, z: Tensor) -> Tensor:
        return self.linear(z).unflatten(1, (1, 8, 8))


def test_a_persons_own_discriminator_with_tanh_is_sent_to_double_backward() -> None:
    own = OwnNetworks(generator=_Generator(), discriminator=_Tanh(), latent=5, pixel_range=(-1.0, 1.0))
    game = _game("training.batch=6", 'networks="own"', networks=own)
    assert game.input_gradients.said == "r1, r2 by double backward, for a discriminator with tanh"


def test_a_run_plays_the_same_either_way() -> None:
    weights = []
    for fast in ("true", "false"):
        game = _game(*SMALL, f"training.tangent_penalties={fast}")
        train(game, observers=[], control=Control(), until=10)
        networks = [network for player in game.task.players for network in player.networks.values()]
        weights.append(torch.cat([tensor.flatten() for network in networks for tensor in network.parameters()]))
    # Steps of the sign of a gradient, which rounding decides where it is next to nothing.
    torch.testing.assert_close(*weights, rtol=1e-2, atol=3e-3)
    assert not torch.equal(*weights), "it was the same path twice"
