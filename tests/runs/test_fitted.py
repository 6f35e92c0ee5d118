"""Precision and threads that a recipe leaves open: what is chosen, for which networks and machines."""

import pytest
import torch

from saddlepoint.errors import UserError
from saddlepoint.recipes.catalogue import RECIPES
from saddlepoint.recipes.data_facts import DataFacts
from saddlepoint.recipes.tasks import build_task
from saddlepoint.recipes.text import override
from saddlepoint.runs import fitted as module
from saddlepoint.runs import probe
from saddlepoint.runs.build import Built, build_game
from saddlepoint.tasks.generation import Generation
from tests.tasks.examples import packed

CPU = torch.device("cpu")


def _game(*assignments: str, name: str = "mnist") -> Built:
    recipe, data = override(RECIPES[name], [*assignments]), packed()
    return build_game(recipe, build_task(recipe, DataFacts.of(data), data, CPU), CPU)


@pytest.fixture(params=[True, False])
def fast(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """A machine that is faster in bfloat16, and one that is not."""
    monkeypatch.setattr(module, "fast_bfloat16", lambda device: request.param)
    return request.param


def test_large_nets_take_what_the_machine_is_fast_in(fast: bool) -> None:
    fits = _game("training.batch=2048").fitted
    assert (fits.precision, fits.threads) == ("bfloat16" if fast else "float32", None)
    assert ("weights and optimizers stay float32" in fits.said) == fast


def test_small_nets_stay_in_float32_on_one_thread(fast: bool) -> None:
    fits = _game("training.batch=4").fitted
    assert (fits.precision, fits.threads) == ("float32", 1)
    # Of a step in many micro-batches each counts by itself.
    assert _game("training.batch=512", "training.accumulate=128").fitted.threads == 1


def test_the_recipe_has_the_last_word(fast: bool) -> None:
    asked = _game("training.batch=4", "training.precision=bfloat16", "training.threads=2").fitted
    assert (asked.precision, asked.threads) == ("bfloat16", 2)
    assert _game("training.batch=512", "training.precision=float32").fitted.precision == "float32"


def test_where_the_field_is_differentiated_again_it_is_float32(fast: bool) -> None:
    fits = _game("training.batch=512", "dynamics.correction=consensus").fitted
    assert fits.precision == "float32" and "consensus" in fits.said
    with pytest.raises(UserError, match="float32, because the field is differentiated again"):
        _game("dynamics.correction=consensus", "training.precision=bfloat16")


def test_the_precision_is_that_of_the_losses(fast: bool) -> None:
    field = _game("training.batch=512").field
    with field.precision():
        assert torch.is_autocast_enabled("cpu") is fast


def test_threads_of_small_nets_are_tried_and_those_of_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def tried(step, candidates: list[int]) -> int:
        step()
        assert candidates == [1, 5]
        return 5

    monkeypatch.setattr(module, "fastest_threads", tried)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 5)
    assert _game("training.batch=4").fitted.threads == 5
    assert _game("training.batch=4", "training.threads=3").fitted.threads == 3
    assert _game("training.batch=2048").fitted.threads is None
    # On a single thread there is nothing to try.
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert _game("training.batch=4").fitted.threads == 1


def test_trying_leaves_the_game_as_it_was() -> None:
    settings = ("training.batch=4", "networks.normalisation=batch", "penalties.r1=null", "penalties.r2=null")
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        tried = _game(*settings)
        assert torch.get_num_threads() == 2
        torch.set_num_threads(1)
        other = _game(*settings)
    finally:
        torch.set_num_threads(before)
    assert isinstance(tried.task, Generation) and isinstance(other.task, Generation)
    for name, tensor in tried.task.discriminator.state_dict().items():
        assert torch.equal(tensor, other.task.discriminator.state_dict()[name])
    assert all(parameter.grad is None for parameter in tried.task.discriminator.parameters())


def test_networks_that_cannot_say_how_large_they_are_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, fast: bool
) -> None:
    def cannot(*_: object) -> None:
        raise NotImplementedError("not on the meta device")

    monkeypatch.setattr(probe, "loss_operations", cannot)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 5)
    fits = _game("training.batch=512").fitted
    assert (fits.precision, fits.threads) == ("float32", None) and "cannot be told" in fits.said
