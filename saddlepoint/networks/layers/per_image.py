"""Normalisation in networks that are trained on one image at a time, and the weights that go with it.

Batch normalisation on a batch of one image is instance normalisation with a gain and a bias. pix2pix is published so:
it trains on single images and normalises by the statistics of the test image when it is used, never by running averages
(Isola et al. 2017, section 3.4). `ImageBatchNorm` therefore keeps no averages: in training it normalises over the
batch, in evaluation each image by itself, whatever batch it comes in.
"""

from functools import partial
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.networks.layers.weights import initialise, initialise_by_fan, normal_gains

Normalisation = Literal["batch", "instance", "none"]


class ImageBatchNorm(nn.BatchNorm2d):
    """Maps (n, channels, height, width), normalised over the batch in training and over each image in evaluation."""

    def __init__(self, channels: int):
        super().__init__(channels, track_running_stats=False)

    def forward(self, input: Tensor) -> Tensor:
        if self.training:
            return super().forward(input)
        return F.instance_norm(input, weight=self.weight, bias=self.bias, eps=self.eps)


def normalised(kind: Normalisation, channels: int) -> list[nn.Module]:
    """The layer that normalises so many channels, as a list that is empty for "none"; instances without gain."""
    if kind == "batch":
        return [ImageBatchNorm(channels)]
    return [nn.InstanceNorm2d(channels)] if kind == "instance" else []


def initialise_images(network: nn.Module, kind: Normalisation, *, slope: float, last: nn.Module) -> None:
    """Weights from N(0, .02) and gains from N(1, .02), in place; without normalisation from N(0, gain^2 / fan_in).

    Args:
        network: its biases become 0.
        kind: N(0, .02) relies on a normalisation to restore the scale.
        slope: of the leaky ReLUs; 0 for ReLU.
        last: the output layer, which no rectifier follows.
    """
    if kind == "none":
        initialise_by_fan(network, slope=slope, last=last)
    else:
        initialise(network, partial(nn.init.normal_, std=0.02))
        normal_gains(network, std=0.02)
