"""Data: every source a person may have, in one packed random-access form with its splits.

The files here are the way from a `Source` to `Packed`; what a format or a set needs of its own is a file of a room.
"""

from saddlepoint.data.check import check_data
from saddlepoint.data.embedded.toy import TOY_SETS
from saddlepoint.data.opening import EMBEDDED, FORMATS, open_data
from saddlepoint.data.packed import Packed
from saddlepoint.data.pairs import ImagePairs, open_pairs
from saddlepoint.data.tiles import open_tiles
from saddlepoint.data.torch_dataset import from_torch_dataset

__all__ = [
    "EMBEDDED",
    "FORMATS",
    "TOY_SETS",
    "ImagePairs",
    "Packed",
    "check_data",
    "from_torch_dataset",
    "open_data",
    "open_pairs",
    "open_tiles",
]
