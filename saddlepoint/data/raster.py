"""One image file to uint8 (channels, height, width), by rules that are stated here and noted where they change values.

Channels: 1-bit, grey -> 1; colour, CMYK, YCbCr, palette -> 3; whatever has transparency (RGBA, grey with alpha, a
palette or a colour key with transparency) -> 4. Values of more than 8 bits become 8 bits as `depth` says; alpha v of 16
bits is always round(v / 257). The orientation in the EXIF data is applied. Where 1 or 3 channels are asked for, alpha
is laid over white; grey is ITU-R 601 luma. Where a size is asked for, the image is brought to it as `fitting` says.
"""

import io
import re
import warnings
from dataclasses import replace

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from saddlepoint.data.deep_colour import deep_colour, high_bytes_only
from saddlepoint.data.depth import COLOUR_16, GREY_16, Depth, Range, floating_point, to_8_bits, whole_numbers
from saddlepoint.data.fitting import Fit, Size, brought_to
from saddlepoint.data.source import PIXEL_LIMIT, Decoded, UnreadableError

# Only these decoders are tried: what else Pillow knows either starts other programs (EPS) or guesses (TGA).
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
# How files of these formats begin; PPM's kin are told by their second byte.
_BEGINNINGS = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"RIFF",
    b"GIF8",
    b"BM",
    b"II*\0",
    b"MM\0*",
    *(b"P%d" % n for n in range(1, 7)),
)
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
# The tag of the EXIF data that says how a camera was held, 2 to 8; 1 is upright.
_ORIENTATION = 0x0112

# A filter of the whole process, because filters that are set and taken back around a call are not safe in threads.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
# Damaged words about a picture (a tag, a date) that is whole; a picture that is not whole is an error. For all threads.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


def decode(
    data: bytes,
    *,
    size: Size | None = None,
    channels: int | None = None,
    fit: Fit = "crop",
    range: Range | None = None,
) -> Decoded:
    """One image file's bytes to pixels.

    Args:
        size: (height, width) to bring it to, by `fit`; None keeps the image's own.
        channels: 1, 3 or 4; None keeps what the image has.
        range: what black and white are in values of more than 8 bits; None: as `depth` says, by their kind.

    Raises:
        UnreadableError: not an image, truncated, or larger than `PIXEL_LIMIT`.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > PIXEL_LIMIT:
                raise UnreadableError(_too_large(image.width * image.height))
            # Pillow does not miss the end of a PNG file whose pixels are complete.
            if image.format == "PNG" and b"IEND\xaeB`\x82" not in data:
                raise UnreadableError("truncated: the end of the PNG file is missing")
            # First, because even a look at the orientation loads the pixels of a PNG file.
            deep = deep_colour(data, image)
            remarks = _remarks(image)
            settled, depth = _of_deep_colour(deep, range) if deep is not None else _settle(image, range, upright=True)
            own = (len(settled.getbands()), settled.height, settled.width)
            return Decoded(
                pixels=_pixels(_converted(settled, size, channels, fit)), remarks=remarks, depth=depth, own=own
            )
    except (UnreadableError, MemoryError):
        raise
    except UnidentifiedImageError as error:
        raise UnreadableError(_not_an_image(data)) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        pixels = re.search(r"\((\d+) pixels\)", str(error))
        raise UnreadableError(_too_large(int(pixels[1]) if pixels else None)) from error
    except Exception as error:  # a decoder fed with broken bytes may raise anything; it is a fact about the file
        raise UnreadableError(str(error) or type(error).__name__) from error


def refuse_unless_image(beginning: bytes) -> None:
    """Raises `UnreadableError` if a file that begins so is certainly no image of `FORMATS`."""
    if not beginning.startswith(_BEGINNINGS):
        raise UnreadableError(_not_an_image(beginning))


def outline(data: bytes) -> tuple[int, int, int]:
    """The (channels, height, width) that `decode` would give of an image file, from its first lines where they tell.

    Raises:
        UnreadableError: they are no image's; what is broken further on is not seen.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            # A look at the orientation decodes all of a PNG file, which hardly ever has one.
            may_turn = image.format != "PNG" or b"eXIf" in data or b"Raw profile type exif" in data
            turned = may_turn and 5 <= image.getexif().get(_ORIENTATION, 1) <= 8
            # Whether Pillow has turned the size of a TIFF file already, depends on its version.
            if not (turned and image.format == "TIFF"):
                height, width = (image.width, image.height) if turned else (image.height, image.width)
                return _channels_of(image), height, width
    except MemoryError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableError(_too_large(None)) from error
    except Exception as error:
        raise UnreadableError(_not_an_image(data)) from error
    channels, height, width = decode(data).own
    return channels, height, width


def _channels_of(image: Image.Image) -> int:
    """How many channels an opened image gets by the rules above."""
    if image.mode.startswith("I") or image.mode == "F":
        return 1
    if image.has_transparency_data:
        return 4
    return 1 if image.mode in ("1", "L") else 3


def refit(pixels: np.ndarray, size: Size | None, channels: int | None, fit: Fit = "crop") -> np.ndarray:
    """uint8 (channels, height, width) brought to a size and a number of channels by the same rules."""
    if size in (None, pixels.shape[1:]) and channels in (None, len(pixels)):
        return pixels
    image = Image.fromarray(pixels[0] if len(pixels) == 1 else np.moveaxis(pixels, 0, -1))
    return _pixels(_converted(image, size, channels, fit))


def refitted(decoded: Decoded, size: Size | None, channels: int | None, fit: Fit = "crop") -> Decoded:
    """The same of an image that remembers what was changed."""
    return replace(decoded, pixels=refit(decoded.pixels, size, channels, fit))


def from_pillow(image: Image.Image, range: Range | None = None) -> Decoded:
    """An opened image of any mode as it is, unturned; `range` as in `decode`; may raise `UnreadableError`."""
    remarks = _value_remarks(image)
    try:
        settled, depth = _settle(image, range, upright=False)
    except ValueError as error:
        raise UnreadableError(str(error)) from error
    return Decoded(pixels=_pixels(settled), remarks=remarks, depth=depth)


def _remarks(image: Image.Image) -> tuple[str, ...]:
    remarks = _value_remarks(image)
    if getattr(image, "n_frames", 1) > 1:
        remarks += ("several frames, the first is taken",)
    if 2 <= image.getexif().get(_ORIENTATION, 1) <= 8:
        remarks += ("turned upright, as the EXIF orientation says",)
    return remarks


def _value_remarks(image: Image.Image) -> tuple[str, ...]:
    remarks = []
    if high_bytes_only(image):
        remarks.append("16 bits a channel, of which the high byte is kept")
    if image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        remarks.append(f"{image.mode} to RGB")
    return tuple(remarks)


def _settle(image: Image.Image, stated: Range | None, *, upright: bool) -> tuple[Image.Image, Depth | None]:
    """An image of any mode in one of the modes L, RGB, RGBA, and what was more than 8 bits of it."""
    # Portable pixmaps of 16 bits are the only ones that Pillow opens as 32-bit integers.
    sixteen = image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM")
    image = ImageOps.exif_transpose(image) if upright else image
    if image.mode in MODES.values() and "transparency" not in image.info:
        return image, None
    if image.mode.startswith("I") or image.mode == "F":
        kind = floating_point("floating-point grey") if image.mode == "F" else whole_numbers("32-bit grey")
        pixels, depth = to_8_bits(np.asarray(image), GREY_16 if sixteen else kind, stated)
        return Image.fromarray(pixels), depth
    if image.has_transparency_data:
        return (image.convert("LA") if image.mode == "La" else image).convert("RGBA"), None
    return image.convert("L" if image.mode == "1" else "RGB"), None


def _of_deep_colour(values: np.ndarray, stated: Range | None) -> tuple[Image.Image, Depth]:
    """The same of uint16 (height, width, 3 or 4)."""
    pixels, depth = to_8_bits(values[..., :3], COLOUR_16, stated)
    if values.shape[2] == 4:
        alpha, _ = to_8_bits(values[..., 3:], COLOUR_16, None)
        pixels = np.concatenate([pixels, alpha], axis=2)
    return Image.fromarray(pixels), depth


def _converted(image: Image.Image, size: Size | None, channels: int | None, fit: Fit) -> Image.Image:
    if channels is not None and image.mode != MODES[channels]:
        if image.mode == "RGBA":
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        image = image.convert(MODES[channels])
    return image if size is None else brought_to(image, size, fit)


def _pixels(image: Image.Image) -> np.ndarray:
    array = np.asarray(image)
    return array[None] if array.ndim == 2 else np.ascontiguousarray(np.moveaxis(array, -1, 0))


def _too_large(pixels: int | None) -> str:
    return f"{'too many' if pixels is None else format(pixels, ',')} pixels, the limit is {PIXEL_LIMIT:,}"


def _not_an_image(data: bytes) -> str:
    if not data:
        return "the file is empty"
    return f"not an image of a known kind ({', '.join(FORMATS)}); it begins with {data[:12]!r}"
