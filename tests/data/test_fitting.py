"""Images brought to a size: by cutting, or whole on a border of the colour of their own edge."""

import numpy as np
import pytest

from saddlepoint.data.fitting import FITS, brought_to, is_enlarged
from saddlepoint.data.raster import refit
from tests.data.examples import picture, pixels

GROWN = [((8, 8), (16, 16), True), ((16, 16), (8, 8), False), ((8, 8), (8, 8), False)]
MIXED = [((8, 32), (16, 16), {"crop": True, "pad": False}), ((4, 6), (8, 8), {"crop": True, "pad": True})]


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("size", [(6, 6), (4, 9), (9, 4), (5, 7), (11, 30), (1, 1)])
def test_every_image_gets_the_size_and_keeps_its_channels(fit, channels: int, size: tuple[int, int]) -> None:
    image = pixels(1, channels, 5, 7)[0]
    made = refit(image, size, None, fit)
    assert made.shape == (channels, *size) and made.dtype == np.uint8
    np.testing.assert_array_equal(refit(image, (5, 7), None, fit), image)


def test_a_border_has_the_colour_of_the_edge_and_the_picture_is_whole() -> None:
    image = np.full((3, 4, 8), 7, np.uint8)
    image[:, 1:3, 1:7] = 200
    padded = refit(image, (8, 8), None, "pad")
    np.testing.assert_array_equal(padded[:, 2:6], image)
    np.testing.assert_array_equal(padded[:, :2], 7)
    np.testing.assert_array_equal(padded[:, 6:], 7)
    half = np.concatenate([np.zeros((1, 4, 4), np.uint8), np.full((1, 4, 4), 100, np.uint8)], axis=2)
    np.testing.assert_array_equal(refit(half, (8, 8), None, "pad")[0, 0], 50)


def test_where_there_is_alpha_the_border_is_transparent() -> None:
    image = np.full((4, 4, 8), 255, np.uint8)
    padded = refit(image, (8, 8), None, "pad")
    assert not padded[3, :2].any() and not padded[3, 6:].any() and (padded[3, 2:6] == 255).all()
    assert (padded[:3] == 255).all(), "the colour below is that of the edge, so that no seam can shine through"
    # What is opaque in its file gets a border that is not, where alpha was asked for.
    assert not refit(image[:3], (8, 8), 4, "pad")[3, 0].any()


def test_cutting_is_of_the_middle() -> None:
    image = pixels(1, 3, 4, 8)[0]
    np.testing.assert_array_equal(refit(image, (4, 4), None), image[:, :, 2:6])


def test_what_has_fewer_pixels_than_it_is_shown_with_is_enlarged() -> None:
    for before, after, enlarged in GROWN:
        assert all(is_enlarged(before, after, fit) == enlarged for fit in FITS)
    for before, after, by_fit in MIXED:
        assert {fit: is_enlarged(before, after, fit) for fit in FITS} == by_fit
    image = picture(pixels(1, 3, 4, 8)[0])
    assert brought_to(image, (4, 8), "pad") is image
