"""Distances and nearest neighbours: against scipy, in every block size, exact where points are equal."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

import saddlepoint.metrics.distances as module
from saddlepoint.errors import UserError
from saddlepoint.metrics.distances import nearest, rows, squared_distances


def points(count: int, seed: int, size: int = 7, origin: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(origin, 1.0, (count, size))


@pytest.fixture(params=[(2**22, 2**24), (30, 400), (1, 1)])
def blocks(request, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", request.param[0])
    monkeypatch.setattr(module, "_DISTANCES", request.param[1])


def test_squared_distances_are_scipys_in_every_block_size(blocks):
    near, far = points(23, 0), points(41, 1)
    found = torch.full((23, 41), torch.nan, dtype=torch.float64)
    for block, values in squared_distances(rows("points", near), rows("others", far)):
        found[block] = values
    np.testing.assert_allclose(found, cdist(near, far, "sqeuclidean"), rtol=1e-12)


def test_nearest_are_scipys_in_every_block_size(blocks):
    near, far = points(23, 0, origin=1e4), points(41, 1, origin=1e4)
    expected = cdist(near, far)
    distances, indices = nearest(near, torch.from_numpy(far), count=3)
    np.testing.assert_array_equal(indices, expected.argsort(axis=1)[:, :3])
    np.testing.assert_allclose(distances, np.sort(expected, axis=1)[:, :3], rtol=1e-13)


def test_a_point_is_not_its_own_neighbour_where_that_is_asked(blocks):
    table = points(20, 2)
    expected = cdist(table, table) + np.diag([np.inf] * 20)
    distances, indices = nearest(table, table, skip_same_index=True)
    np.testing.assert_array_equal(indices[:, 0], expected.argmin(axis=1))
    np.testing.assert_allclose(distances[:, 0], expected.min(axis=1), rtol=1e-13)


def test_equal_points_are_exactly_zero_apart():
    far = points(50, 3, size=200, origin=300.0)
    distances, indices = nearest(far[[4, 7]], far)
    assert distances[:, 0].tolist() == [0.0, 0.0] and indices[:, 0].tolist() == [4, 7]


def test_eight_bit_images_are_not_wrapped():
    near, far = np.array([[[0, 255]]], np.uint8), np.array([[[255, 0]], [[9, 255]]], np.uint8)
    distances, indices = nearest(near, far, count=2)
    assert distances[0].tolist() == pytest.approx([9.0, 255.0 * 2**0.5]) and indices[0].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("near", "far", "options", "named"),
    [
        (points(3, 0), points(3, 1, size=6), {}, "7 numbers and others of 6"),
        (points(0, 0), points(3, 1), {}, "points of shape (0, 7)"),
        (points(3, 0), points(3, 1) * np.nan, {}, "others with a NaN"),
        (points(3, 0) * 1j, points(3, 1), {}, "complex128"),
        (points(3, 0), points(3, 1), {"count": 4}, "4 neighbours of 3"),
        (points(3, 0), points(3, 0), {"count": 3, "skip_same_index": True}, "3 neighbours of 2"),
    ],
)
def test_what_has_no_neighbours_is_refused(near, far, options, named):
    with pytest.raises(UserError) as error:
        nearest(near, far, **options)
    assert named in str(error.value)
