"""New levels between a grown network's inner maps and the image, set so that they hand the small picture on.

    G: p = small picture before tanh;  hidden map: a(p), a(-p);  next: double(a(p) - a(-p)) = double(p);  tanh
    D: x -> halve(x), -halve(x) -> a(.) -> the small D's first convolution, of (a(h) - a(-h)) / (1 + slope) = h

a is ReLU in DCGAN's G, where a(p) - a(-p) = p, and leaky ReLU in its D, where it is (1 + slope) p. Doubling repeats
pixels and halving is the mean of 2x2: a 4x4 kernel of stride 2 with ones in its middle, or a quarter. So D says of
G's pictures what the small D said of the small ones. R3GAN's levels are linear but for blocks that start as the
identity, so they hand on p itself, through the resampling that they have anyway. All other channels of a new level are
fresh, and reach the picture, or the old part of D, with weight 0.

Batch normalisation on the way gets the gain and bias that undo it: the standard deviation and mean of what it is given,
measured over some draws. It then does nothing with those statistics, and little with a batch's.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.networks import dcgan, r3gan
from saddlepoint.networks.growing.widening import widen

# Doubles by repeating pixels; a quarter of it halves by the mean.
_MIDDLE = F.pad(torch.ones(2, 2), (1, 1, 1, 1))
Look = Callable[[nn.Module], Tensor]


def carries(network: nn.Module) -> bool:
    """Whether the levels of the network's family can hand a picture on."""
    return type(network) in _CARRYING


@torch.no_grad()
def carry(network: nn.Module, smaller: nn.Module, look: Look) -> bool:
    """Sets new levels so that a network draws the smaller one's pictures enlarged, or judges as it does halved ones.

    Args:
        network: of such a family, whose inner layers hold the smaller one's.
        smaller: of the same class, with fewer levels.
        look: draws samples with a generator, or scores some with a discriminator; the network is in evaluation mode.

    Returns:
        Whether it could; if not, the new levels are as they were.
    """
    return _CARRYING[type(network)](network, smaller, look)


def _carry_dcgan_generator(generator: dcgan.Generator, smaller: dcgan.Generator, look: Look) -> bool:
    kept = len(smaller.body) - 2
    parts, head = list(generator.body)[kept:], smaller.body[kept]
    first, *others = [part for part in parts if isinstance(part, nn.ConvTranspose2d)]
    assert isinstance(head, nn.ConvTranspose2d)
    count = head.out_channels
    if first.out_channels < 2 * count:
        return False
    widen(first, head)
    first.weight[:, count : 2 * count] = -first.weight[:, :count]
    if first.bias is not None:
        first.bias[count : 2 * count] = -first.bias[:count]
    for convolution in others[:-1]:
        convolution.weight[:, : 2 * count] = 0.0
        convolution.weight[: 2 * count, : 2 * count] = _signed(count, first) * _MIDDLE.to(first.weight)
    others[-1].weight.zero_()
    others[-1].weight[: 2 * count] = _signed(count, first)[:, :count] * _MIDDLE.to(first.weight)
    for norm in (part for part in parts if isinstance(part, nn.BatchNorm2d)):
        _undo(norm, 2 * count, lambda: look(generator))
    return True


def _carry_dcgan_discriminator(discriminator: dcgan.Discriminator, smaller: dcgan.Discriminator, look: Look) -> bool:
    parts = list(discriminator.body)
    convolutions = [part for part in parts if isinstance(part, nn.Conv2d)]
    small = [part for part in smaller.body if isinstance(part, nn.Conv2d)]
    first, *others = convolutions[: len(convolutions) - len(small)]
    taker, taken = convolutions[-len(small)], small[0]
    count = taken.in_channels
    if first.out_channels < 2 * count:
        return False
    halving = _MIDDLE.to(first.weight) / 4
    first.weight[: 2 * count] = _signed(count, first)[:, :count] * halving
    for convolution in others:
        convolution.weight[: 2 * count] = 0.0
        convolution.weight[: 2 * count, : 2 * count] = _signed(count, first) * halving / (1.0 + dcgan.SLOPE)
    widen(taker, taken)
    taker.weight[: taken.out_channels, :count] /= 1.0 + dcgan.SLOPE
    taker.weight[: taken.out_channels, count : 2 * count] = -taker.weight[: taken.out_channels, :count]
    for before, norm in pairwise(parts[: parts.index(taker) + 2]):
        if isinstance(norm, nn.BatchNorm2d):
            # The smaller one's first map is not normalised.
            _undo(norm, taken.out_channels if before is taker else 2 * count, lambda: look(discriminator))
    return True


def _signed(count: int, like: nn.Conv2d | nn.ConvTranspose2d) -> Tensor:
    """What carries (p, -p) on as (p, -p), p of `count` channels: (2 count, 2 count, 1, 1)."""
    one = torch.eye(count, device=like.weight.device)
    return torch.cat([torch.cat([one, -one], dim=1), torch.cat([-one, one], dim=1)])[:, :, None, None]


def _undo(norm: nn.BatchNorm2d, channels: int, look: Callable[[], Tensor]) -> None:
    """Gives a batch normalisation the statistics of what it is given, and its first channels what undoes it."""
    given: list[Tensor] = []
    hook = norm.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0].float()))
    try:
        look()
    finally:
        hook.remove()
    variance, mean = torch.var_mean(torch.cat(given), dim=(0, 2, 3), correction=0)
    assert norm.running_mean is not None and norm.running_var is not None
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    norm.weight[:channels] = (variance + norm.eps).sqrt()[:channels]
    norm.bias[:channels] = mean[:channels]


def _carry_r3gan_generator(generator: r3gan.Generator, smaller: r3gan.Generator, look: Look) -> bool:
    changes = [part for part in list(generator.body)[len(smaller.body) :] if isinstance(part, nn.Conv2d)]
    first, *others = [*changes, generator.output]
    return _carry_linear(first, others, smaller.output, smaller.output.out_channels)


def _carry_r3gan_discriminator(discriminator: r3gan.Discriminator, smaller: r3gan.Discriminator, look: Look) -> bool:
    # All but the first of the smaller one's parts stand at the end.
    new = list(discriminator.body)[: len(discriminator.body) - len(smaller.body) + 1]
    *others, taker = [part for part in new if isinstance(part, nn.Conv2d)]
    taken = smaller.body[0]
    assert isinstance(taken, nn.Conv2d)
    return _carry_linear(taker, others, taken, taken.in_channels)


def _carry_linear(taker: nn.Conv2d, others: Sequence[nn.Conv2d], taken: nn.Conv2d, count: int) -> bool:
    """Of 1x1 convolutions one does what the smaller network's did, the others hand the picture's channels on."""
    if any(part.out_channels < count for part in (taker, *others)):
        return False
    widen(taker, taken)
    for part in others:
        part.weight[:count] = 0.0
        part.weight[:count, :count] = torch.eye(count).to(part.weight)[:, :, None, None]
    return True


# The families whose levels can hand a picture on.
_CARRYING: Mapping[type[nn.Module], Callable[..., bool]] = {
    dcgan.Generator: _carry_dcgan_generator,
    dcgan.Discriminator: _carry_dcgan_discriminator,
    r3gan.Generator: _carry_r3gan_generator,
    r3gan.Discriminator: _carry_r3gan_discriminator,
}
