"""What the pairs share, one file per concept; a pair imports this package and names what it takes from it."""

from saddlepoint.networks.layers.checks import check_counts, check_dropout, check_labels, check_shape, one_hot
from saddlepoint.networks.layers.weights import fan_in, initialise, initialise_by_fan, normal_gains

__all__ = [
    "check_counts",
    "check_dropout",
    "check_labels",
    "check_shape",
    "fan_in",
    "initialise",
    "initialise_by_fan",
    "normal_gains",
    "one_hot",
]
