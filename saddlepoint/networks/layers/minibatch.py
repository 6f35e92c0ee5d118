"""Minibatch standard deviation: a discriminator sees how much the samples of a batch differ.

    s = mean over channels and places of sqrt(Var over the group + 1e-8), one further channel of each map of the group
    (Karras, Aila, Laine and Lehtinen 2018; in groups, as in StyleGAN)

A score then depends on its group. Such a D has no place under a penalty on each image's own gradient.
"""

import math

import torch
from torch import Tensor, nn

from saddlepoint.networks.layers.checks import check_counts

EPSILON = 1e-8


class MinibatchDeviation(nn.Module):
    """Maps (n, channels, h, w) -> (n, channels + 1, h, w).

    Attributes:
        group: samples whose spread is measured together; of a batch that it does not divide, the greatest common
            divisor. Samples i, i + n / group, i + 2 n / group, ... are a group.

    Raises:
        UserError: a group below 1.
    """

    def __init__(self, group: int = 4):
        super().__init__()
        check_counts(group=group)
        self.group = group

    def forward(self, maps: Tensor) -> Tensor:
        count, _, height, width = maps.shape
        group = math.gcd(count, self.group)
        variance = maps.unflatten(0, (group, count // group)).var(0, correction=0)
        deviation = (variance + EPSILON).sqrt().mean((1, 2, 3))
        return torch.cat([maps, deviation.repeat(group)[:, None, None, None].expand(-1, 1, height, width)], dim=1)
