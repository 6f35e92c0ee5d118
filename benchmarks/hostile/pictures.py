"""Image files that are cut off, flipped, lying or bombs, alone in a folder or among good ones."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.hostile.kind import Attack, Kind, Outcome
from benchmarks.hostile.looking import damage_some, look
from benchmarks.hostile.workshop import Workshop

# Format and what is saved in it: the mode and the options.
_FORMATS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("png", "RGB", {}),
    ("png", "P", {}),
    ("png", "I;16", {}),
    ("png", "RGBA", {}),
    ("png", "1", {}),
    ("jpg", "RGB", {}),
    ("jpg", "CMYK", {}),
    ("jpg", "RGB", {"progressive": True}),
    ("gif", "P", {}),
    ("webp", "RGBA", {}),
    ("webp", "RGB", {"lossless": True}),
    ("bmp", "RGB", {}),
    ("tif", "RGB", {}),
    ("tif", "RGB", {"compression": "tiff_lzw"}),
    ("tif", "L", {"compression": "tiff_adobe_deflate"}),
    ("tif", "F", {}),
    ("ppm", "RGB", {}),
)
_NAMES = {"jpg": "JPEG", "tif": "TIFF"}
SIDE = 16


def picture(random: Random, mode: str = "RGB", side: int = SIDE) -> Image.Image:
    """An image of noise."""
    pixels = np.frombuffer(random.randbytes(side * side * 3), np.uint8).reshape(side, side, 3)
    image = Image.fromarray(pixels)
    if mode == "I;16":
        return Image.fromarray((pixels[:, :, 0].astype(np.uint16) << 8) | pixels[:, :, 1])
    if mode == "F":
        return Image.fromarray(pixels[:, :, 0].astype(np.float32) * 1e30)
    return image.convert(mode)


def encoded(random: Random, suffix: str = "png", mode: str = "RGB", side: int = SIDE, **options: Any) -> bytes:
    """An image file's bytes."""
    file = io.BytesIO()
    picture(random, mode, side).save(file, _NAMES.get(suffix, suffix.upper()), **options)
    return file.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG, with the check sum that fits it."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int, *, depth: int = 8, colour: int = 0, data: bytes = b"", more: bytes = b"") -> bytes:
    """A PNG whose header says anything."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _zeros(mebibytes: int) -> bytes:
    """So many MiB of zeros, packed."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(mebibytes)) + packer.flush()


def _lying_tiff(random: Random) -> bytes:
    """A TIFF directory whose entries are of random kinds and counts."""
    entries = b"".join(
        struct.pack("<HHII", tag, random.randrange(14), random.choice((0, 1, 4, 2**31)), random.randrange(2**32))
        for tag in (256, 257, 258, 259, 262, 273, 277, 278, 279, 322, 34675)
    )
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 11) + entries + struct.pack("<I", random.choice((0, 8)))


_BOMBS: tuple[tuple[str, str, Callable[[Random], bytes]], ...] = (
    ("a PNG of 30,000 x 30,000", "png", lambda random: png(30_000, 30_000, data=_zeros(8))),
    ("a PNG of 2^31 - 1 squared", "png", lambda random: png(2**31 - 1, 2**31 - 1, data=_zeros(1))),
    ("a PNG of 0 x 0", "png", lambda random: png(0, 0)),
    ("a PNG of 9,000 x 9,000 out of 80 KB", "png", lambda random: png(9_000, 9_000, data=_zeros(78))),
    (
        "a PNG with 64 MiB of text in 64 KB",
        "png",
        lambda random: png(16, 16, more=chunk(b"zTXt", b"a\0\0" + _zeros(64))),
    ),
    ("a PNG with 64 MiB of profile", "png", lambda random: png(16, 16, more=chunk(b"iCCP", b"a\0\0" + _zeros(64)))),
    ("a PNG of depth 3", "png", lambda random: png(16, 16, depth=3, data=_zeros(1))),
    ("a PNG with a palette of 1 byte", "png", lambda random: png(16, 16, colour=3, more=chunk(b"PLTE", b"a"))),
    ("a PNG with 20,000 empty chunks", "png", lambda random: png(16, 16, more=chunk(b"tEXt", b"a\0b") * 20_000)),
    ("a TIFF with a random directory", "tif", _lying_tiff),
    ("a TIFF whose directory is itself the next", "tif", lambda random: b"II*\0\x08\0\0\0\0\0\x08\0\0\0"),
    (
        "a GIF of 65,535 x 65,535",
        "gif",
        lambda random: b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x02\0;",
    ),
    ("a GIF of 3,000 frames", "gif", lambda random: _frames(random, 3_000)),
    ("a JPEG of 65,500 x 65,500", "jpg", lambda random: _large_jpeg(random)),
    ("a PPM of 10^9 x 10^9", "ppm", lambda random: b"P6\n1000000000 1000000000\n255\n" + bytes(100)),
    ("a PPM whose size is 5,000 digits", "ppm", lambda random: b"P6\n" + b"9" * 5_000 + b" 1\n255\n"),
    ("a BMP of -2^31", "bmp", lambda random: b"BM" + bytes(12) + struct.pack("<IiiHH", 40, -(2**31), -(2**31), 1, 24)),
    ("a WEBP that is 10 bytes", "webp", lambda random: b"RIFF\xff\xff\xff\xffWEBP"),
    (
        "an SVG",
        "png",
        lambda random: b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/hostname"/></svg>',
    ),
    ("an EPS", "jpg", lambda random: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(touch x) system\n"),
    ("nothing", "png", lambda random: b""),
    ("64 MiB of zeros", "png", lambda random: bytes(64 * 2**20)),
)


def _frames(random: Random, count: int) -> bytes:
    file = io.BytesIO()
    first = picture(random, "P")
    first.save(file, "GIF", save_all=True, append_images=[picture(random, "P", 2) for _ in range(20)])
    content = file.getvalue()
    return content[:-1] + content[content.index(b"!\xf9") : -1] * (count // 20) + b";"


def _large_jpeg(random: Random) -> bytes:
    content = bytearray(encoded(random, "jpg"))
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", 65_500, 65_500)
    return bytes(content)


def prepare(workshop: Workshop) -> Attack:
    def attempt(index: int, random: Random, place: Path) -> Outcome:
        data = place / "data"
        data.mkdir()
        for number in range(random.choice((0, 0, 5))):
            (data / f"good{number}.png").write_bytes(encoded(random))
        if index % 4 == 0:
            said, suffix, make = _BOMBS[index // 4 % len(_BOMBS)]
            (data / f"bad.{suffix}").write_bytes(make(random))
        else:
            suffix, mode, options = random.choice(_FORMATS)
            path = data / f"bad.{random.choice((suffix, suffix, 'png', 'jpg'))}"
            path.write_bytes(encoded(random, suffix, mode, **options))
            said = f"{path.name}, {suffix} {mode} {options or ''}: {damage_some(path, random)}"
        return look(workshop, data, place, random, f"{said} beside {len([*data.iterdir()]) - 1} good images")

    return Attack(attempt=attempt)


KIND = Kind(
    name="pictures",
    tried="PNG, JPEG, GIF, WebP, BMP, TIFF and PPM files damaged, with headers that lie, and bombs, read by data check "
    "and train",
    good="read, or named on one line; in 20 s of computing and 1 GiB",
    prepare=prepare,
)
