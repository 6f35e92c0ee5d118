"""The initialisation of weights.

    N(0, gain^2 / fan_in), gain^2 = 2 / (1 + slope^2)      (He et al. 2015; slope is the leaky ReLU's)

Weights are drawn from torch's global generator: who builds a network seeds it.
"""

import math
from collections.abc import Callable

from torch import Tensor, nn

WEIGHTED = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def initialise(network: nn.Module, weights: Callable[[Tensor], object]) -> None:
    """Fills every weight of linear and convolutional layers by `weights`, in place; their biases become 0."""
    for layer in network.modules():
        if isinstance(layer, WEIGHTED):
            weights(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def initialise_by_fan(network: nn.Module, *, slope: float, last: nn.Module) -> None:
    """He's normal initialisation of every linear and convolutional layer, in place, with gain 1 for the output layer.

    Args:
        network: its biases become 0.
        slope: of the leaky ReLU after each hidden layer; 0 for ReLU.
        last: the output layer, which no rectifier follows.
    """
    for layer in network.modules():
        if isinstance(layer, WEIGHTED):
            gain = 1.0 if layer is last else math.sqrt(2.0 / (1.0 + slope**2))
            nn.init.normal_(layer.weight, std=gain / math.sqrt(fan_in(layer)))
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def fan_in(layer: nn.Module) -> float:
    """Number of inputs that one output of a linear or convolutional layer sums, away from the border."""
    assert isinstance(layer, WEIGHTED)
    if isinstance(layer, nn.ConvTranspose2d):
        # The kernel's taps are dealt out over the stride^2 outputs that one input reaches at each step.
        return layer.in_channels // layer.groups * math.prod(layer.kernel_size) / math.prod(layer.stride)
    return float(layer.weight[0].numel())


def normal_gains(network: nn.Module, std: float) -> None:
    """Draws the gain of every batch normalisation from N(1, std^2), in place; the bias becomes 0 (DCGAN)."""
    for layer in network.modules():
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            nn.init.normal_(layer.weight, 1.0, std)
            nn.init.zeros_(layer.bias)
