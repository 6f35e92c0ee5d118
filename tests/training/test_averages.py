"""Averages follow the weights with their half-life, copy the buffers, and are what is sampled from."""

import pytest
import torch

from saddlepoint.errors import UserError
from saddlepoint.game.task import networks_of
from saddlepoint.tasks.toy.bilinear import Bilinear
from saddlepoint.training.averages import Average, Averages, sampled_networks
from tests.training.games import image_game


def averaged_after(average: Average, weights: list[float], *, batch: int = 1, half_life: float | None = None) -> float:
    """The average of the bilinear game's x, which was 1 at the start and took these values one after the other."""
    task = Bilinear()
    averages = Averages(task, average)
    settings = {"average.half_life": float(average.half_life if half_life is None else half_life)}  # type: ignore[arg-type]
    for index, weight in enumerate(weights):
        task.x.value.data.fill_(weight)
        averages.update(task, settings, step=index + 1, images=(index + 1) * batch, new_images=batch)
    return averages.networks["x"]().item()


def test_it_is_the_recursion_with_the_half_life_in_steps() -> None:
    weights = [0.3, -2.0, 5.0, 0.1]
    expected, beta = 1.0, 0.5 ** (1 / 3)
    for weight in weights:
        expected = beta * expected + (1 - beta) * weight
    assert averaged_after(Average(half_life=3, unit="steps", warm_up=None), weights) == pytest.approx(
        expected, rel=1e-12
    )


def test_half_of_the_start_is_left_after_so_many_images_whatever_the_batch() -> None:
    average = Average(half_life=60, unit="images", warm_up=None)
    assert averaged_after(average, [0.0] * 60, batch=1) == pytest.approx(0.5)
    assert averaged_after(average, [0.0] * 10, batch=6) == pytest.approx(0.5)
    assert averaged_after(average, [0.0], batch=120) == pytest.approx(0.25)


def test_the_half_life_is_read_from_the_settings_and_may_follow_a_schedule() -> None:
    average = Average(half_life=1e9, unit="steps", warm_up=None)
    assert averaged_after(average, [0.0], half_life=1.0) == pytest.approx(0.5)


@pytest.mark.parametrize("warm_up", [None, 0.05])
def test_a_half_life_of_nothing_keeps_the_newest_weights(warm_up: float | None) -> None:
    assert averaged_after(Average(half_life=0, warm_up=warm_up), [7.0, 3.0]) == 3.0


def test_a_warm_up_bounds_the_half_life_by_the_progress_and_then_lets_go() -> None:
    average = Average(half_life=4, unit="steps", warm_up=0.5)
    # Half-lives .5, 1, 1.5, 2, ... up to 4 from step 8 on.
    expected, halves = 1.0, [0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4, 4]
    for half_life in halves:
        expected *= 0.5 ** (1 / half_life)
    assert averaged_after(average, [0.0] * len(halves)) == pytest.approx(expected)


def test_up_to_its_start_it_copies_the_weights() -> None:
    average = Average(half_life=1, unit="steps", warm_up=None, start=2)
    assert averaged_after(average, [5.0, 7.0]) == 7.0
    assert averaged_after(average, [5.0, 7.0, 0.0, 0.0]) == pytest.approx(7.0 / 4)
    # In images it begins after so many of them, whatever the batch.
    assert averaged_after(Average(half_life=60, warm_up=None, start=60), [7.0, 0.0], batch=60) == pytest.approx(3.5)


def test_buffers_are_copied_and_the_networks_are_frozen_copies_in_evaluation_mode() -> None:
    game = image_game(average=Average(half_life=100, unit="steps")).play(3)
    assert game.state.averages is not None
    (name, average), own = *game.state.averages.networks.items(), networks_of(game.task)["generator"]
    assert name == "generator" and average is not own
    buffers, copies = dict(own.named_buffers()), dict(average.named_buffers())
    assert any(key.endswith("num_batches_tracked") for key in buffers)
    assert all(torch.equal(buffers[key], copies[key]) for key in buffers)
    assert not average.training and own.training
    assert not any(parameter.requires_grad for parameter in average.parameters())
    assert not any(torch.equal(a, b) for a, b in zip(average.parameters(), own.parameters(), strict=True))


def test_keeping_an_average_does_not_change_the_training() -> None:
    with_average, without = image_game(average=Average(half_life=10)).play(3), image_game().play(3)
    for name, network in networks_of(with_average.task).items():
        others = networks_of(without.task)[name].state_dict()
        assert all(torch.equal(tensor, others[key]) for key, tensor in network.state_dict().items())


@pytest.mark.parametrize(
    "wrong",
    [
        {"half_life": -1},
        {"half_life": 10, "warm_up": 0.0},
        {"half_life": 10, "warm_up": -1.0},
        {"half_life": 10, "start": -1.0},
    ],
)
def test_nonsense_is_refused(wrong: dict) -> None:
    with pytest.raises(UserError):
        Average(**wrong)


def test_samples_come_from_the_average_or_from_the_network_in_evaluation_mode() -> None:
    game = image_game(average=Average(half_life=10))
    with sampled_networks(game.task, game.state.averages) as networks:
        assert game.state.averages is not None and networks == game.state.averages.networks
    generator = networks_of(game.task)["generator"]
    frozen = next(module for module in generator.modules() if isinstance(module, torch.nn.BatchNorm2d))
    frozen.eval()  # as a person may have it
    before = {name: module.training for name, module in generator.named_modules()}
    with pytest.raises(ZeroDivisionError), sampled_networks(game.task, None) as networks:
        assert list(networks) == ["generator"] and networks["generator"] is generator
        assert not any(module.training for module in generator.modules())
        raise ZeroDivisionError
    assert {name: module.training for name, module in generator.named_modules()} == before
    assert before[""] and not all(before.values())
