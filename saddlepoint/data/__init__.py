"""Data: every source a person may have, in one packed random-access form with its splits."""

from saddlepoint.data.check import check_data
from saddlepoint.data.opening import EMBEDDED, FORMATS, open_data
from saddlepoint.data.packed import Packed
from saddlepoint.data.pairs import ImagePairs, open_pairs
from saddlepoint.data.tiles import open_tiles
from saddlepoint.data.torch_dataset import from_torch_dataset
from saddlepoint.data.toy import TOY_SETS

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
