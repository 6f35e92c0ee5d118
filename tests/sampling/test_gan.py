"""What a person holds of a trained run, of any task: a generator of latents, or one of images from images."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.game.player import Player
from saddlepoint.game.task import Request
from saddlepoint.sampling.gan import Gan
from saddlepoint.sampling.translator import Translator

CPU = torch.device("cpu")


class Doubled(nn.Module):
    """Images from images, of one size."""

    grid, smallest = 1, 1

    def forward(self, images: Tensor) -> Tensor:
        return images


def task(network: nn.Module, sample: Any) -> Any:
    players = (Player(name="maker", networks={"decoder": network, "critic": nn.Linear(1, 1)}),)
    return SimpleNamespace(players=players, averaged=("decoder",), device=CPU, batch=4, sample=sample)


def test_a_gan_is_of_any_task_whose_first_averaged_network_makes_items_of_latents() -> None:
    torch.manual_seed(0)
    made_of = task(nn.Linear(3, 2), lambda networks, request: networks["decoder"](request["z"]))
    gan = Gan(made_of, latent=3, prior="normal", classes=(), points=True, step=7)
    assert gan.sample(5, seed=1).shape == (5, 2)
    assert torch.equal(gan.sample(20, seed=1)[:5], gan.sample(5, seed=1)), "a larger count begins with the same ones"
    assert not gan.generator.training


def test_labels_that_are_asked_for_reach_the_task() -> None:
    seen: list[list[int]] = []

    def sample(networks: Any, request: Request) -> Tensor:
        seen.append(request["labels"].tolist())
        return request["z"]

    gan = Gan(task(nn.Linear(1, 1), sample), latent=3, prior="normal", classes=("a", "b"), points=True, step=0)
    gan.sample(2)
    gan.sample(2, label="b")
    assert seen == [[0, 1] * 8, [1] * 16]


def test_a_translator_is_of_any_task_and_has_a_way_back_where_a_second_network_is_averaged() -> None:
    def sample(networks: Any, request: Request) -> Tensor:
        return networks["decoder"](request["source"]).float() / 255

    translator = Translator(task(Doubled(), sample), channels=(1, 3), enlarges=False, step=0)
    images = torch.rand(2, 1, 4, 5)
    assert torch.equal(translator(images), (images * 255).round() / 255)
    assert translator.channels(back=True) == 3
    with pytest.raises(UserError, match="a translation back"):
        translator.grid(back=True)
