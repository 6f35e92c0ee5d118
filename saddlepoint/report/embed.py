"""Pictures inside the page, as data URIs, made smaller where a page of a few megabytes could not hold them."""

import base64
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PIL import Image

from saddlepoint.errors import UserError, reading

_Item = TypeVar("_Item")


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """A picture as the page holds it.

    Attributes:
        uri: a data: address.
        width, height: of the original, pixels.
        reduced: whether the page holds a smaller version.
    """

    uri: str
    width: int
    height: int
    reduced: bool


def embed(file: Path, limit: int) -> Embedded:
    """The picture in a file, in about `limit` bytes at most.

    Args:
        file: a PNG.
        limit: bytes. A file within it is embedded as it is; a larger one is scaled down until it fits or is 200 pixels
            wide.

    Raises:
        ValueError: the file is no readable picture.
    """
    try:
        with warnings.catch_warnings(), reading(file.name, "a readable picture", "draw it again"):
            # A picture that would unpack to gigabytes is refused, not warned of.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            content = file.read_bytes()
            with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
                picture.load()
    except UserError as error:
        raise ValueError(f"{file.name} is not a readable picture") from error
    width, height = picture.size
    if len(content) <= limit:
        return Embedded(uri=_uri("png", content), width=width, height=height, reduced=False)
    if picture.mode not in ("L", "RGB", "RGBA"):
        picture = picture.convert("RGBA")
    scaled: Image.Image = picture
    # JPEG has no transparency, and it is several times smaller where there is none.
    kind, options = ("png", {"optimize": True}) if picture.mode == "RGBA" else ("jpeg", {"quality": 88})
    while True:
        buffer = io.BytesIO()
        scaled.save(buffer, format=kind.upper(), **options)
        if buffer.tell() <= limit or scaled.width <= 200:
            return Embedded(uri=_uri(kind, buffer.getvalue()), width=width, height=height, reduced=True)
        smaller = max(200 / scaled.width, min(0.9, (limit / buffer.tell()) ** 0.5))
        size = (round(scaled.width * smaller), max(1, round(scaled.height * smaller)))
        # Always from the original: scaling what was scaled would blur it.
        scaled = picture.resize(size, Image.Resampling.LANCZOS)


def spread(items: Sequence[_Item], count: int) -> list[_Item]:
    """At most `count` of the items, evenly spread, the first and the last among them."""
    if len(items) <= count:
        return list(items)
    return [items[round(index * (len(items) - 1) / (count - 1))] for index in range(count)]


def _uri(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64," + base64.b64encode(content).decode("ascii")
