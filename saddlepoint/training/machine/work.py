"""How much arithmetic a network's call is, counted on the meta device, where nothing is computed."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn

from saddlepoint.game.fast.uncompiled import keep_compiler_out
from saddlepoint.game.field import Field
from saddlepoint.game.task import Draw, networks_of, player_named

# Parameters or buffers by network, then by name.
_Tensors = dict[str, dict[str, Tensor]]


class Count:
    """A number of operations, 2 for each multiplication with its addition."""

    operations = 0


@contextmanager
def counted(*networks: nn.Module) -> Iterator[Count]:
    """Inside, what the networks' convolutions and linear layers do in calls is counted; all else is left out."""
    count = Count()

    def add(layer: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> None:
        if isinstance(layer, nn.ConvTranspose2d):
            # Each number that goes in is multiplied by every tap and output channel of its group.
            taps = layer.out_channels // layer.groups * math.prod(layer.kernel_size)
            count.operations += 2 * given[0].numel() * taps
        elif isinstance(layer, nn.Conv2d):
            count.operations += 2 * made.numel() * layer.in_channels // layer.groups * math.prod(layer.kernel_size)
        elif isinstance(layer, nn.Linear):
            count.operations += 2 * made.numel() * layer.in_features

    hooks = [layer.register_forward_hook(add) for network in networks for layer in network.modules()]
    try:
        yield count
    finally:
        for hook in hooks:
            hook.remove()


def forward_operations(network: nn.Module, *inputs: Tensor) -> int:
    """Operations of one call.

    Args:
        network: its parameters and the inputs may be on the meta device.
    """
    keep_compiler_out()
    with counted(network) as count, torch.no_grad():
        network(*inputs)
    return count.operations


def on_meta(field: Field, player: str, draw: Draw) -> tuple[_Tensors, _Tensors, Draw]:
    """Parameters, buffers and a draw as the field can be evaluated at without computing anything.

    Of the parameters the player's ask for gradients.
    """
    # Of what the meta device computes, much is what torch keeps from its compiler.
    keep_compiler_out()
    parameters: _Tensors = {}
    buffers: _Tensors = {}
    for name, network in networks_of(field.task).items():
        parameters[name] = {key: value.detach().to("meta") for key, value in network.named_parameters()}
        buffers[name] = {key: value.to("meta") for key, value in network.named_buffers()}
    for name in player_named(field.task, player).networks:
        for value in parameters[name].values():
            value.requires_grad_()
    return (
        parameters,
        buffers,
        replace(draw, tensors={name: tensor.to("meta") for name, tensor in draw.tensors.items()}),
    )


def loss_operations(field: Field, player: str, draw: Draw, settings: Mapping[str, float]) -> int:
    """Forward operations of the networks in the player's loss on the draw."""
    parameters, buffers, meta = on_meta(field, player, draw)
    with counted(*networks_of(field.task).values()) as count:
        field(parameters, buffers, {player: meta}, settings)
    return count.operations
