"""How the maps of convolutions lie in memory: with their channels together (NHWC), as fast convolutions want them.

Values and shapes are as before, only strides are others; a checkpoint keeps the usual order. Optimizers that look at
memory and not at strides are handed gradients in their parameters' layout (`game/steps.py`).
"""

import torch
from torch import nn

from saddlepoint.game.task import Task, networks_of


def keep_channels_last(task: Task) -> None:
    """Puts the weights of all networks with 2D convolutions into that order, in place; their maps then follow."""
    for network in networks_of(task).values():
        if any(isinstance(module, nn.Conv2d | nn.ConvTranspose2d) for module in network.modules()):
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
