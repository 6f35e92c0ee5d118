"""Films of samples: the frames of moving images, as a GIF that Pillow writes or an MP4 that ffmpeg does.

A frame is a grid of one image or of several that move at once, enlarged as grids are. What is transparent is laid on
white: a film has no alpha. A GIF shows at most 256 colours in a frame, chosen for that frame; its times are whole
hundredths of a second; equal frames that follow one another become one that is held; and the same film has the same
bytes. An MP4 (H.264, 4:2:0) needs the optional library imageio-ffmpeg.
"""

import io
import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.files import aside_of, write_whole
from saddlepoint.sampling.pictures import grid

ENDINGS = (".gif", ".mp4")
# Below two hundredths of a second, viewers fall back to ten: a GIF of 60 frames a second would play at 10.
_FASTEST_GIF = 50.0
# Constant rate factor of H.264: 18 is taken for visually lossless.
_RATE_FACTOR = "18"


def frames_of(ways: Sequence[Tensor]) -> list[Image.Image]:
    """The frames of a film.

    Args:
        ways: for each image that moves its states in time, floats in [0, 1], (frames, channels, height, width), all of
            the same shape.

    Returns:
        RGB pictures of the same size, a grid of len(ways) images in each.

    Raises:
        UserError: as in `grid`.
    """
    assert ways and len({way.shape for way in ways}) == 1
    return [_on_white(grid(np.stack([np.asarray(image) for image in moment]))) for moment in zip(*ways, strict=True)]


def check_film(path: Path, fps: float) -> None:
    """Fails where no film can be written, before anything is computed for it.

    Args:
        path: the film's.
        fps: frames a second.

    Raises:
        UserError: another ending, a rate that the format cannot show, or no library for MP4.
    """
    if path.suffix not in ENDINGS:
        raise UserError(f"a film {path}", f"a name that ends in {' or '.join(ENDINGS)}", "choose another name")
    fastest = _FASTEST_GIF if path.suffix == ".gif" else 240.0
    if not 0.1 <= fps <= fastest:
        raise UserError(f"{fps:g} frames a second in a {path.suffix}", f"0.1 to {fastest:g}", "use --fps 20")
    if path.suffix == ".mp4":
        _ffmpeg()


def save_film(frames: Sequence[Image.Image], path: Path, *, fps: float = 20.0) -> Path:
    """Writes a film aside and renames it, so that nobody meets half of one; folders are made.

    Args:
        frames: RGB pictures of the same size, one or more.
        path: FILE.gif, which repeats for ever, or FILE.mp4.
        fps: frames a second; in a GIF each frame is held for the nearest hundredths of a second, and what rounding adds
            or takes is made up for by the next.

    Raises:
        UserError: as in `check_film`.
        OSError: the disk is full, or the path cannot be written.
    """
    assert frames and len({frame.size for frame in frames}) == 1 and all(frame.mode == "RGB" for frame in frames)
    check_film(path, fps)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gif":
        write_whole(path, _gif(frames, fps))
    else:
        _write_mp4(frames, path, fps)
    return path


def _gif(frames: Sequence[Image.Image], fps: float) -> bytes:
    # Each frame ends at the hundredth next to its true end, so that rounding never adds up.
    ends = [math.floor(100 * number / fps + 0.5) for number in range(len(frames) + 1)]
    times = [10 * (end - start) for start, end in pairwise(ends)]
    # Without dithering: its noise would flicker from frame to frame. Grey frames keep every level.
    coloured = [frame.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE) for frame in frames]
    buffer = io.BytesIO()
    coloured[0].save(buffer, "GIF", save_all=True, append_images=coloured[1:], duration=times, loop=0, optimize=False)
    return buffer.getvalue()


def _write_mp4(frames: Iterable[Image.Image], path: Path, fps: float) -> None:
    pictures = [_of_even_size(frame) for frame in frames]
    aside = aside_of(path)
    options = ["-crf", _RATE_FACTOR, "-movflags", "+faststart", "-f", "mp4"]
    try:
        writer = _ffmpeg().write_frames(
            str(aside), pictures[0].size, fps=fps, codec="libx264", macro_block_size=2, output_params=options
        )
        writer.send(None)
        for picture in pictures:
            writer.send(picture.tobytes())
        writer.close()
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _ffmpeg() -> Any:
    try:
        import imageio_ffmpeg
    except ImportError:
        raise UserError(
            "an MP4 without the library imageio-ffmpeg", "that library, or a GIF", "pip install 'saddlepoint[video]'"
        ) from None
    return imageio_ffmpeg


def _of_even_size(picture: Image.Image) -> Image.Image:
    # Colour is stored for squares of 2 x 2 pixels. A row or column is repeated, because scaling would blur.
    width, height = picture.size
    pixels = np.pad(np.asarray(picture), ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return Image.fromarray(np.ascontiguousarray(pixels))


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode != "RGBA":
        return picture.convert("RGB")
    return Image.alpha_composite(Image.new("RGBA", picture.size, (255, 255, 255, 255)), picture).convert("RGB")
