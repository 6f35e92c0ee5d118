"""One image file: modes, orientation, bit depths, sizes, and what is refused."""

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from saddlepoint.data.raster import PIXEL_LIMIT, decode, refit
from saddlepoint.data.source import UnreadableError
from tests.data.examples import encoded, picture, pixels, png_bomb


@pytest.mark.parametrize(
    ("channels", "height", "width"), [(1, 112, 92), (4, 23, 17), (3, 481, 321), (3, 321, 481), (1, 28, 28), (3, 1, 1)]
)
def test_a_png_comes_back_exactly_in_its_own_shape(channels, height, width):
    image = pixels(1, channels, height, width)[0]
    decoded = decode(encoded(image))
    assert decoded.pixels.dtype == np.uint8 and decoded.remarks == ()
    np.testing.assert_array_equal(decoded.pixels, image)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
def test_other_formats_decode_as_pillow_decodes_them(kind):
    data = encoded(pixels(1, 3, 9, 11)[0], kind)
    expected = np.moveaxis(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")), -1, 0)
    np.testing.assert_array_equal(decode(data).pixels, expected)


def test_modes_become_one_three_or_four_channels():
    colour = picture(pixels(1, 3, 6, 6)[0])
    grey_alpha = picture(pixels(1, 4, 6, 6)[0]).convert("LA")
    assert decode(encoded(colour.convert("1"))).pixels.shape == (1, 6, 6)
    assert set(np.unique(decode(encoded(colour.convert("1"))).pixels)) <= {0, 255}
    assert decode(encoded(colour.convert("P"))).pixels.shape == (3, 6, 6)
    assert decode(encoded(colour.convert("P"), transparency=0)).pixels.shape == (4, 6, 6)
    assert decode(encoded(colour, transparency=(1, 2, 3))).pixels.shape == (4, 6, 6)
    assert decode(encoded(colour.convert("CMYK"), "JPEG")).pixels.shape == (3, 6, 6)
    settled = decode(encoded(grey_alpha)).pixels
    np.testing.assert_array_equal(settled[0], settled[1])
    np.testing.assert_array_equal(settled[[0, 3]], np.moveaxis(np.asarray(grey_alpha), -1, 0))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bit_grey_is_scaled_by_the_stated_rule_and_counted(kind):
    values = np.array([[0, 128, 129, 257, 385, 386], [32767, 32768, 65000, 65534, 65535, 1]], dtype=np.uint16)
    decoded = decode(encoded(Image.fromarray(values), kind))
    np.testing.assert_array_equal(decoded.pixels[0], np.round(values / 257))
    assert decoded.depth is not None and (decoded.depth.least, decoded.depth.most) == (0, 65535)


def test_floating_point_grey_is_read_between_0_and_1_and_counted():
    inside = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_array_equal(decode(encoded(Image.fromarray(inside), "TIFF")).pixels[0], np.round(inside * 255))
    depth = decode(encoded(Image.fromarray(inside * 2), "TIFF")).depth
    assert depth is not None and (depth.least, depth.most) == (0, 2)


def test_orientation_is_applied():
    image = pixels(1, 1, 4, 6)[0]
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 270 degrees to see it upright
    np.testing.assert_array_equal(decode(encoded(image, exif=exif)).pixels[0], np.rot90(image[0], 3))


def test_several_frames_are_said():
    first, second = (picture(image).convert("RGB") for image in pixels(2, 3, 4, 4))
    assert decode(encoded(first, "GIF", save_all=True, append_images=[second])).remarks == (
        "several frames, the first is taken",
    )


def test_a_size_scales_the_shorter_side_and_cuts_the_centre():
    wide = pixels(1, 3, 40, 100)[0]
    small = decode(encoded(wide), size=(20, 20)).pixels.astype(int)
    whole = np.moveaxis(np.asarray(picture(wide).resize((50, 20), Image.Resampling.BICUBIC)), -1, 0)
    assert np.abs(small - whole[:, :, 15:35]).max() <= 1
    enlarged = decode(encoded(pixels(1, 3, 31, 7)[0]), size=(64, 48)).pixels
    assert enlarged.shape == (3, 64, 48)


def test_scaling_is_antialiased():
    lines = np.zeros((1, 64, 64), np.uint8)
    lines[:, :, ::2] = 255  # without antialiasing a factor of 4 would see lines of one kind only
    inner = refit(lines, (16, 16), None)[:, 2:-2, 2:-2]
    assert np.abs(inner.astype(int) - 127).max() <= 2


def test_channels_convert_by_the_stated_rules():
    colour = pixels(1, 3, 4, 4)[0]
    grey = refit(colour, None, 1)
    luma = np.tensordot([0.299, 0.587, 0.114], colour.astype(float), 1)
    assert np.abs(grey[0] - luma).max() <= 1
    clear = np.concatenate([colour, np.zeros((1, 4, 4), np.uint8)])
    np.testing.assert_array_equal(refit(clear, None, 3), 255)  # nothing but the white below
    solid = np.concatenate([colour, np.full((1, 4, 4), 255, np.uint8)])
    np.testing.assert_array_equal(refit(solid, None, 3), colour)
    np.testing.assert_array_equal(refit(colour, None, 4), solid)
    np.testing.assert_array_equal(refit(grey, None, 3), np.repeat(grey, 3, axis=0))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("part", [0.3, 0.9])
def test_truncated_files_are_unreadable(kind, part):
    data = encoded(pixels(1, 3, 40, 50)[0], kind)
    with pytest.raises(UnreadableError):
        decode(data[: int(part * len(data))])


def test_a_png_that_lacks_only_its_end_is_truncated_too():
    with pytest.raises(UnreadableError, match="end of the PNG file is missing"):
        decode(encoded(pixels(1)[0])[:-6])


def test_an_image_above_the_limit_is_refused_before_it_is_decoded():
    bomb = png_bomb(30_000)
    assert len(bomb) < 200_000
    with pytest.raises(UnreadableError, match=rf"900,000,000 pixels, the limit is {PIXEL_LIMIT:,}"):
        decode(bomb)


@pytest.mark.parametrize(
    "action", ["error", "ignore"]
)  # the filter that the module sets, and a process that took it back
def test_what_pillow_only_warns_of_is_refused(action):
    with warnings.catch_warnings():
        warnings.simplefilter(action, Image.DecompressionBombWarning)
        with pytest.raises(UnreadableError, match="100,000,000 pixels"):
            decode(png_bomb(10_000))


def test_what_is_no_image_says_how_it_begins():
    with pytest.raises(UnreadableError, match=r"not an image of a known kind .* begins with b'hello"):
        decode(b"hello world, I am a text")
    with pytest.raises(UnreadableError, match="empty"):
        decode(b"")
    # PostScript would be handed to another program.
    with pytest.raises(UnreadableError, match="not an image"):
        decode(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's about damaged tags
def test_damaged_files_are_read_or_refused_and_nothing_else(kind):
    data, generator = encoded(pixels(1, 3, 24, 24)[0], kind), np.random.default_rng(0)
    refused = 0
    for _ in range(60):
        damaged = bytearray(data)
        for place in generator.integers(0, min(len(data), 400), 4):
            damaged[place] = generator.integers(0, 256)
        try:
            assert decode(bytes(damaged)).pixels.dtype == np.uint8
        except UnreadableError as reason:
            assert str(reason)
            refused += 1
    assert refused
