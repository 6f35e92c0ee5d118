"""The procedural shapes: what is drawn is what the labels say."""

import numpy as np
import pytest

from saddlepoint.data import open_data
from saddlepoint.data.embedded.shapes import coverage
from tests.data.examples import refusal


def test_the_set_is_a_function_of_its_seed_and_begins_with_smaller_ones():
    large, small, other = (
        open_data("shapes", count=300),
        open_data("shapes", count=20),
        open_data("shapes", seed=1, count=20),
    )
    np.testing.assert_array_equal(large.items[:20], small.items)
    assert small.fingerprint != other.fingerprint
    assert small.shape == (3, 32, 32) and small.classes == ("circle", "square", "triangle")
    labels = open_data("shapes", count=600).labels
    assert labels is not None and np.bincount(labels).min() > 150


@pytest.mark.parametrize(("size", "channels"), [((32, 32), 3), ((24, 40), 1), ((12, 16), 4)])
def test_images_agree_with_their_attributes(size, channels):
    packed = open_data("shapes", count=60, size=size, channels=channels)
    assert packed.shape == (channels, *size)
    assert packed.attributes["colour"].shape == (60, 1 if channels == 1 else 3)
    brightest = packed.attributes["colour"].max(axis=1)[:, None, None] * 255
    cover = packed.items[:, -1] / 255 if channels == 4 else packed.items.max(axis=1) / brightest
    radius = packed.attributes["size"] * min(size)
    # All three have the area of a circle of that radius; antialiasing rounds it a little.
    np.testing.assert_allclose(cover.sum((1, 2)), np.pi * radius**2, rtol=0.08 if min(size) < 20 else 0.03)
    weights = cover / cover.sum((1, 2), keepdims=True)
    for name, axis, length in (("x", 1, size[1]), ("y", 2, size[0])):
        centre = (weights.sum(axis) * (np.arange(length) + 0.5)).sum(1) / length
        np.testing.assert_allclose(centre, packed.attributes[name], atol=0.3 / length)
    # Nothing touches the edge.
    assert cover[:, 0].max() < 0.6 and cover[:, :, -1].max() < 0.6


def test_coverage_is_antialiased():
    centre, size = np.array([[16.0, 16.0]] * 3), (32, 32)
    cover = coverage(np.arange(3), np.full(3, 6.0), centre, size)
    partial = ((cover > 0) & (cover < 1)).sum((1, 2))
    assert (partial > 10).all()
    fine = coverage(np.arange(3), np.full(3, 60.0), centre * 10, (320, 320)) > 0.5
    exact = fine.reshape(3, 32, 10, 32, 10).mean((2, 4))
    assert np.abs(cover - exact).mean() < 0.005 and np.abs(cover - exact).max() < 0.3


def test_the_triangle_points_up_and_the_circle_is_round():
    circle, square, triangle = coverage(np.arange(3), np.full(3, 6.0), np.array([[16.0, 16.0]] * 3), (32, 32)) > 0.5
    np.testing.assert_array_equal(circle, circle.T)
    assert square.any(0).sum() == square.sum(0).max()
    rows = triangle.sum(1)[triangle.any(1)]
    assert (np.diff(rows) >= 0).all() and rows[0] < 4 and rows[-1] > 12


def test_a_size_too_small_to_draw_is_refused():
    assert "at least 8 pixels" in refusal(lambda: open_data("shapes", size=(7, 32)))
