"""Laws of the fast paths: over every task each gives the gradients of its plain reference, to 1e-5 of their norm."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.game.fast.forwards import Forwards
from saddlepoint.game.fast.piecewise_linear import NotPiecewiseLinear
from saddlepoint.game.field import Field
from saddlepoint.game.steps import SGD, Adam, Step
from saddlepoint.game.task import Draw, networks_of, player_named
from saddlepoint.networks import Resnet
from saddlepoint.networks.layers import couples_samples
from saddlepoint.tasks.generation import Generation
from saddlepoint.tasks.kit.adversary import DISCRIMINATOR, GENERATOR, INPUT_PENALTIES, R1, R2
from saddlepoint.tasks.super_resolution import SuperResolution
from saddlepoint.tasks.toy.dirac import DiracGan
from saddlepoint.training.machine.layout import keep_channels_last
from saddlepoint.training.state import State
from tests.laws.test_tasks import ALL, CASES, SETTINGS, _data, _generation

TWO_PLAYERS = [make for make in ALL if len(make().players) == 2]


def _gradient(field: Field, player: str, draw: Draw) -> Tensor:
    """The gradient of the player's cost, as one vector, which is cleared."""
    mover = player_named(field.task, player)
    field.backward(mover, draw, SETTINGS)
    found = []
    for parameter in mover.parameters():
        found.append(torch.zeros_like(parameter) if parameter.grad is None else parameter.grad)
        parameter.grad = None
    return torch.cat([each.flatten() for each in found])


def _assert_same(fast: Tensor, plain: Tensor) -> None:
    assert float((fast - plain).norm()) <= 1e-5 * float(plain.norm())


def _still(task: Any) -> Any:
    """The task without dropout, whose masks differ between the ways, and with spectral norm's vectors at rest."""
    for network in networks_of(task).values():
        for module in network.modules():
            if isinstance(module, nn.Dropout) or type(module).__name__ == "_SpectralNorm":
                module.eval()
    return task


def _calls(task: Any) -> tuple[list[str], Callable[[], None]]:
    """Who is called, noted from now on."""
    names: list[str] = []
    hooks = [
        network.register_forward_hook(lambda *_, name=name: names.append(name))
        for name, network in networks_of(task).items()
    ]

    def stop() -> None:
        for hook in hooks:
            hook.remove()

    return names, stop


# Forward passes that two players share


@pytest.mark.parametrize("make", TWO_PLAYERS)
def test_shared_forward_passes_give_both_players_the_same_gradients(make) -> None:
    task = _still(make())
    first, second = (player.name for player in task.players)
    draw = task.draw(first, 0, 0, State(seed=0))
    field = Field(task=task)
    plain = [_gradient(field, player, draw) for player in (first, second)]
    shared = replace(draw, forwards=Forwards(second))
    called, stop = _calls(task)
    fast = [_gradient(field, player, shared) for player in (first, second)]
    stop()
    for one, other in zip(fast, plain, strict=True):
        _assert_same(one, other)
    if isinstance(task, Generation):
        assert called.count(GENERATOR) == 1
    assert all(parameter.requires_grad for network in networks_of(task).values() for parameter in network.parameters())


@pytest.mark.parametrize("make", TWO_PLAYERS)
def test_the_first_players_step_leaves_no_gradient_in_what_it_shares(make) -> None:
    task = make()
    first, second = task.players
    draw = replace(task.draw(first.name, 0, 0, State(seed=0)), forwards=Forwards(second.name))
    Field(task=task).backward(first, draw, SETTINGS)
    assert all(parameter.grad is None for parameter in second.parameters())


# Real and fake images in one call

PLAIN = [make for make in CASES["saddlepoint.tasks.generation"] if not couples_samples(make().discriminator)]


def _spectral(**options: Any) -> Generation:
    torch.manual_seed(3)
    generator, discriminator = Resnet(latent=6, width=4, discriminator_width=4).build((1, 8, 8), classes=3)
    task = _generation("hinge", conditional=True, **options)
    return replace(task, generator=generator, discriminator=discriminator)


@pytest.mark.parametrize("make", [*PLAIN, _spectral, lambda: _spectral(penalties=("r1", "r2"))])
@pytest.mark.parametrize("tangent", [frozenset(), frozenset({DISCRIMINATOR})])
def test_joint_scoring_on_real_and_fake_images_gives_the_same_gradient(make, tangent: frozenset[str]) -> None:
    task = _still(make())
    draw = task.draw(DISCRIMINATOR, 0, 0, State(seed=0))
    gradients = []
    for joint_scoring in (True, False):
        field = Field(task=replace(task, joint_scoring=joint_scoring), tangent=tangent)
        called, stop = _calls(task)
        gradients.append(_gradient(field, DISCRIMINATOR, draw))
        stop()
        one_sided = (R1 in task.penalties) != (R2 in task.penalties)
        expected = 1 if joint_scoring and not one_sided else 2
        assert called.count(DISCRIMINATOR) == expected + ("gradient_penalty" in task.penalties)
    _assert_same(*gradients)


def test_what_couples_the_samples_of_a_batch_is_known() -> None:
    assert couples_samples(nn.Sequential(nn.BatchNorm1d(3)))
    assert not couples_samples(nn.Sequential(nn.Linear(3, 3), nn.GroupNorm(1, 3), nn.InstanceNorm2d(3)))


# Input gradients by the tangent pass


def test_the_tangent_pass_gives_the_same_gradient_in_every_task_that_it_is_exact_for() -> None:
    taken = set()
    for make in TWO_PLAYERS:
        task = _still(make())
        if not set(INPUT_PENALTIES) & set(getattr(task, "penalties", ())):
            continue
        draw = task.draw(DISCRIMINATOR, 0, 0, State(seed=0))
        plain = _gradient(Field(task=task), DISCRIMINATOR, draw)
        try:
            fast = _gradient(Field(task=task, tangent=frozenset({DISCRIMINATOR})), DISCRIMINATOR, draw)
        except NotPiecewiseLinear:
            continue
        _assert_same(fast, plain)
        taken.add(type(task))
    assert taken == {Generation, SuperResolution, DiracGan}, "the others score maps, or normalise"


# Channels last


def _with_channels_last(make: Callable[[], Any]) -> list[tuple[Tensor, Tensor]]:
    """Each player's gradient in both layouts."""
    task = _still(make())
    draws = {player.name: _in_default_type(task.draw(player.name, 0, 0, State(seed=0))) for player in task.players}
    plain = {name: _gradient(Field(task=task), name, draw) for name, draw in draws.items()}
    keep_channels_last(task)
    return [(_gradient(Field(task=task), name, draw), plain[name]) for name, draw in draws.items()]


def _in_default_type(draw: Draw) -> Draw:
    kind = torch.get_default_dtype()
    return replace(draw, tensors={k: v.to(kind) if v.is_floating_point() else v for k, v in draw.tensors.items()})


@pytest.mark.parametrize("make", CASES["saddlepoint.tasks.generation"])
def test_channels_last_gives_the_same_gradients(make) -> None:
    for fast, plain in _with_channels_last(make):
        _assert_same(fast, plain)


@pytest.mark.parametrize("make", ALL)
def test_in_double_precision_channels_last_gives_the_same_gradients_in_every_task(make) -> None:
    # In float32 rounding decides now and then on which side of the kink of |x| a pixel lies.
    torch.set_default_dtype(torch.float64)
    try:
        for fast, plain in _with_channels_last(make):
            assert float((fast - plain).norm()) <= 1e-10 * float(plain.norm())
    finally:
        torch.set_default_dtype(torch.float32)


def test_channels_last_reaches_every_convolution() -> None:
    task = _generation()
    keep_channels_last(task)
    weights = [
        module.weight
        for network in networks_of(task).values()
        for module in network.modules()
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)
    ]
    assert weights and all(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights)


# Fused steps


@pytest.mark.parametrize("optimizer", [Adam(), SGD(momentum=0.5)])
def test_fused_steps_move_channels_last_weights_as_plain_steps_move_others(optimizer) -> None:
    moved: list[Mapping[str, Tensor]] = []
    for fast in (True, False):
        task = _generation("paired_logistic", penalties=("r1", "r2"))
        if fast:
            keep_channels_last(task)
        player = player_named(task, DISCRIMINATOR)
        step = Step(player, optimizer, fused=fast)
        assert step.torch_optimizer.defaults["fused"] is fast
        numbers = {f"{DISCRIMINATOR}.{name}": value for name, value in vars(optimizer).items() if name != "optimizer"}
        for index in range(3):
            Field(task=task).backward(player, task.draw(DISCRIMINATOR, index, 0, State(seed=0)), SETTINGS)
            step.apply(numbers)
        moved.append(copy.deepcopy(task.discriminator).state_dict())
    for name, tensor in moved[0].items():
        torch.testing.assert_close(tensor, moved[1][name], rtol=1e-3, atol=1e-5)


def test_the_data_of_a_draw_stays_as_it_is_stored() -> None:
    draw = _generation().draw(DISCRIMINATOR, 0, 0, State(seed=0))
    assert draw["real"].dtype == torch.uint8 and _data().items.dtype == "uint8"
