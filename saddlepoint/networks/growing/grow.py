"""A whole network grown out of a smaller one: inner layers first, then its new levels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import nn

from saddlepoint.networks import Dcgan, Pair, R3gan, Resnet, Sagan, layers
from saddlepoint.networks.dcgan import size_chain
from saddlepoint.networks.growing.levels import Look, carries, carry
from saddlepoint.networks.growing.widening import matched, widen

# The sizes of a family's maps, from the image (height, width) down to the base map.
CHAINS: Mapping[type, Callable[[int, int], list[tuple[int, int]]]] = {
    Dcgan: size_chain,
    R3gan: layers.halved_sizes,
    Resnet: layers.halved_sizes,
    Sagan: layers.halved_sizes,
}
# Options of a pair that may be others: how wide its layers are.
WIDTHS = ("width", "discriminator_width", "latent")


@dataclass(frozen=True, kw_only=True)
class Grown:
    """What a network took from a smaller one.

    Attributes:
        whole: names of tensors of its state that were taken.
        part: names of those that hold the smaller one's as a part.
        fresh: names of those that stay as they were initialised.
        share: of the smaller one's numbers, those that were taken.
        carried: whether it began as the smaller one, enlarged; None where it has no new level.
    """

    whole: tuple[str, ...]
    part: tuple[str, ...]
    fresh: tuple[str, ...]
    share: float
    carried: bool | None


def levels_between(pair: Pair, small: tuple[int, ...], large: tuple[int, ...]) -> int | None:
    """How many levels a network has more than one of the same family that makes smaller images.

    Args:
        pair: of the family.
        small, large: shapes (channels, height, width).

    Returns:
        None where the larger one's maps are not those of the smaller one and further ones.
    """
    if type(pair) not in CHAINS:
        return None
    chain = CHAINS[type(pair)]
    ours, theirs = chain(*large[1:]), chain(*small[1:])
    more = len(ours) - len(theirs)
    return more if more >= 0 and ours[more:] == theirs else None


def grow(network: nn.Module, smaller: nn.Module, *, from_end: bool, levels: int, look: Look) -> Grown:
    """Puts what a smaller network has learnt into a larger one of the same class, in place.

    Args:
        network: as it was initialised.
        smaller: with its weights.
        from_end: its layers are counted from the end, as a discriminator's; from the beginning, as a generator's.
        levels: how many it has more.
        look: draws samples with a generator, or scores some with a discriminator.
    """
    taken: dict[str, bool] = {}
    numbers = 0
    # Without that, what led to the small image, or from it, would be a fraction of a layer in the middle.
    parts = not levels or carries(network)
    for prefix, module, other in matched(network, smaller, from_end=from_end):
        for name, whole in widen(module, other, parts=parts).items():
            taken[prefix + name] = whole
            numbers += other.state_dict()[name].numel()
    carried = False if levels else None
    if levels and carries(network):
        training = network.training
        carried = carry(network.eval(), smaller, look)
        network.train(training)
    state = network.state_dict()
    return Grown(
        whole=tuple(name for name in state if taken.get(name) is True),
        part=tuple(name for name in state if taken.get(name) is False),
        fresh=tuple(name for name in state if name not in taken),
        share=numbers / sum(tensor.numel() for tensor in smaller.state_dict().values()),
        carried=carried,
    )
