"""The equalised learning rate: a rate in units of the size of the weights that it moves (Karras et al. 2018).

    step of a weight = rate / sqrt(fan_in) times what the optimizer makes of the gradient

Adam moves every number by about the rate, whatever its size. Weights of N(0, 1 / fan_in) are the smaller the more
inputs a layer has: one rate then turns wide layers upside down where narrow ones hardly move, and what suits one width
or image size breaks the next. In these units all layers change by the same share. It is the same, up to Adam's epsilon,
as weights of N(0, 1) that are multiplied by 1 / sqrt(fan_in) wherever they are used, which is how the paper puts it.
"""

from collections.abc import Iterable, Mapping, Sequence

from torch import nn

from saddlepoint.networks.layers import fan_in

# Gains and biases have no fan-in, and hardly a size; in a run of each on faces at 64 pixels a tenth did better than 1.
VECTOR = 0.1


def equalised(networks: Mapping[str, nn.Module], names: Iterable[tuple[str, str]]) -> list[float]:
    """1 / sqrt(fan_in) for each parameter: of matrices and kernels; a tenth for gains, biases and other vectors.

    Args:
        networks: by name.
        names: (network, parameter) of each.
    """
    return [_share(networks[network], key) for network, key in names]


def _share(network: nn.Module, key: str) -> float:
    path, _, leaf = key.rpartition(".")
    owner = network.get_submodule(path)
    weight = getattr(owner, leaf)
    if weight.dim() < 2:
        return VECTOR
    if isinstance(owner, nn.ConvTranspose2d):
        return fan_in(owner) ** -0.5
    # Outputs come first in torch's weights, and rows of an embedding are used one by one.
    return max(weight[0].numel(), 1) ** -0.5


def groups(parameters: Sequence[nn.Parameter], shares: Sequence[float]) -> list[dict]:
    """Torch's parameter groups in the order of the parameters, each with its `share` of the rate."""
    found: list[dict] = []
    for parameter, share in zip(parameters, shares, strict=True):
        if not found or found[-1]["share"] != share:
            found.append({"params": [], "share": share})
        found[-1]["params"].append(parameter)
    return found
