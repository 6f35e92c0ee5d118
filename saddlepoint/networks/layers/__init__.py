"""What the pairs share, one file per concept; a pair imports this package and names what it takes from it.

A layer comes here when a second pair needs it; what one pair alone has stays in that pair's file.
"""

from saddlepoint.networks.layers.attention import SelfAttention, attended
from saddlepoint.networks.layers.channels import doubling_channels
from saddlepoint.networks.layers.checks import (
    check_counts,
    check_dropout,
    check_images,
    check_labels,
    check_same_size,
    check_shape,
    check_sources,
    one_hot,
)
from saddlepoint.networks.layers.filtered import FilteredDouble, FilteredHalf
from saddlepoint.networks.layers.minibatch import MinibatchDeviation
from saddlepoint.networks.layers.normalisation import (
    BatchNorm,
    couples_samples,
    spectrally_normalise,
    standing_statistics,
)
from saddlepoint.networks.layers.residual import (
    SMALLEST_SIDE,
    DownBlock,
    ProjectionHead,
    UpBlock,
    doubled,
    halved,
    halved_sizes,
)
from saddlepoint.networks.layers.weights import fan_in, initialise, initialise_by_fan, normal_gains

__all__ = [
    "SMALLEST_SIDE",
    "BatchNorm",
    "DownBlock",
    "FilteredDouble",
    "FilteredHalf",
    "MinibatchDeviation",
    "ProjectionHead",
    "SelfAttention",
    "UpBlock",
    "attended",
    "check_counts",
    "check_dropout",
    "check_images",
    "check_labels",
    "check_same_size",
    "check_shape",
    "check_sources",
    "couples_samples",
    "doubled",
    "doubling_channels",
    "fan_in",
    "halved",
    "halved_sizes",
    "initialise",
    "initialise_by_fan",
    "normal_gains",
    "one_hot",
    "spectrally_normalise",
    "standing_statistics",
]
