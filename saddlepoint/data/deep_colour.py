"""Colour of 16 bits a channel, of which Pillow gives the high bytes only.

Pillow unpacks a pixel of 16 bits a channel by taking one byte of each, and has an unpacker for either order of the
bytes. Decoded a second time by the unpacker of the other order, the file gives the low bytes; both together are the
values. In a TIFF file that keeps its channels apart (PlanarConfiguration 2) Pillow takes 16 bits for two pixels of 8:
such a file is refused.
"""

import io
import sys

import numpy as np
from PIL import Image, ImageOps

from saddlepoint.data.source import UnreadableError

_NATIVE, _OTHER = ("L", "B") if sys.byteorder == "little" else ("B", "L")
_ORDERS = {"B": "L", "L": "B", "N": _OTHER}
# Unpackers that take bytes as they are; those of colours multiplied by alpha, and of CMYK, calculate.
_GREY_ALPHA = "LA;16B"
_DIRECT = ("RGB;16", "RGBA;16", "RGBX;16", _GREY_ALPHA)
# Tags of a TIFF file.
_BITS, _PLANES, _APART = 258, 284, 2


def deep_colour(data: bytes, image: Image.Image) -> np.ndarray | None:
    """uint16 (height, width, 3 or 4), upright; None where there is none to be had: see `high_bytes_only`.

    Args:
        data: the file's bytes.
        image: the file opened and not loaded; loaded where the answer is an array.

    Raises:
        UnreadableError: a layout that cannot be read; whatever Pillow raises for broken files.
    """
    tiles = list(getattr(image, "tile", ()))
    if image.format == "TIFF":
        tags = image.tag_v2  # pyright: ignore[reportAttributeAccessIssue]
        if max(tags.get(_BITS, (8,))) > 8 and tags.get(_PLANES) == _APART and len(tags.get(_BITS, ())) > 1:
            raise UnreadableError("more than 8 bits a channel in separate planes; save its channels interleaved")
    names = {_unpacker(tile) for tile in tiles}
    if len(names) != 1 or not (name := names.pop()).startswith(_DIRECT) or image.mode not in ("RGB", "RGBA"):
        return None
    with Image.open(io.BytesIO(data), formats=[str(image.format)]) as again:
        again.tile = [_swapped(tile) for tile in tiles]  # pyright: ignore[reportAttributeAccessIssue]
        first, second = (np.asarray(ImageOps.exif_transpose(each)).astype(np.uint16) for each in (image, again))
    if name == _GREY_ALPHA:
        # Unpacked as four bytes: grey's high and low one, alpha's high and low one.
        grey, alpha = (second[..., at] * 256 + second[..., at + 1] for at in (0, 2))
        return np.stack([grey, grey, grey, alpha], axis=2)
    values, key = first * 256 + second, image.info.get("transparency")
    if values.shape[2] == 3 and isinstance(key, tuple):
        # One colour of a PNG file stands for nothing at all.
        alpha = np.where((values == key).all(axis=2), 0, 65535).astype(np.uint16)
        values = np.concatenate([values, alpha[..., None]], axis=2)
    return values


def high_bytes_only(image: Image.Image) -> bool:
    """Whether an image that is not loaded is of 16 bits a channel all the same, of which Pillow drops the low bytes."""
    return not image.mode.startswith("I") and any(";16" in _unpacker(tile) for tile in getattr(image, "tile", ()))


def _unpacker(tile) -> str:
    arguments = tile[3]
    return str(arguments[0] if isinstance(arguments, tuple) else arguments)


def _swapped(tile):
    """A part of a file, to be unpacked with the bytes in the other order."""
    name, arguments = _unpacker(tile), tile[3]
    other = "RGBA" if name == _GREY_ALPHA else name[:-1] + _ORDERS[name[-1]]
    replaced = (other, *arguments[1:]) if isinstance(arguments, tuple) else other
    # Plain tuples up to Pillow 10, named ones since.
    return tile._replace(args=replaced) if hasattr(tile, "_replace") else (*tile[:3], replaced)
