"""Maps of the plane and the resampling, against scipy's interpolation and torch's own resampler."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.ndimage import map_coordinates
from torch import Tensor

from saddlepoint.augment.resampling import compose, linear_map, resample

IMAGES = torch.randn(6, 2, 11, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def some_maps(count: int, seed: int) -> Tensor:
    maps = torch.eye(2, 3, dtype=torch.float64) + 0.4 * torch.randn(
        count, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )
    maps[:, :, 2] *= 5
    return maps


def by_scipy(image: np.ndarray, maps: np.ndarray) -> np.ndarray:
    height, width = image.shape[1:]
    rows, columns = np.meshgrid(np.arange(height) - (height - 1) / 2, np.arange(width) - (width - 1) / 2, indexing="ij")
    places = np.einsum("ik,khw->ihw", maps[:, :2], np.stack([rows, columns])) + maps[:, 2, None, None]
    places += np.array([(height - 1) / 2, (width - 1) / 2])[:, None, None]
    # scipy's "mirror" does not repeat the edge.
    return np.stack([map_coordinates(channel, places, order=1, mode="mirror") for channel in image])


def test_it_is_bilinear_interpolation_of_the_reflected_image():
    maps = some_maps(6, 1)
    expected = np.stack([by_scipy(image.numpy(), each.numpy()) for image, each in zip(IMAGES, maps, strict=True)])
    np.testing.assert_allclose(resample(IMAGES, maps).numpy(), expected, atol=1e-12)


def test_torchs_resampler_agrees():
    maps = some_maps(6, 2)
    height, width = IMAGES.shape[2:]
    # torch counts x before y, and in halves of a side.
    sides = torch.tensor([height - 1, width - 1], dtype=torch.float64) / 2
    scaled = torch.cat([maps[:, :, :2] * sides, maps[:, :, 2:]], dim=2) / sides[:, None]
    swapped = scaled.flip(1)[:, :, [1, 0, 2]]
    grid = F.affine_grid(swapped, list(IMAGES.shape), align_corners=True)
    expected = F.grid_sample(IMAGES, grid, padding_mode="reflection", align_corners=True)
    torch.testing.assert_close(resample(IMAGES, maps), expected)


def test_a_product_of_maps_is_one_after_the_other():
    # A linear picture is interpolated exactly, so that between two exact resamplings nothing is lost.
    height = width = 65
    rows, columns = torch.meshgrid(*[torch.arange(65, dtype=torch.float64)] * 2, indexing="ij")
    picture = (0.3 * rows - 0.7 * columns)[None, None]
    first, second = torch.eye(2, 3, dtype=torch.float64)[None], torch.eye(2, 3, dtype=torch.float64)[None]
    first = first + torch.tensor([[0.05, -0.1, 1.25], [0.1, -0.02, -2.5]])
    second = second + torch.tensor([[-0.1, 0.03, 0.75], [-0.2, 0.1, 1.5]])
    one = resample(picture, compose(first, second))
    two = resample(resample(picture, first), second)
    inner = (slice(None), slice(None), slice(20, height - 20), slice(20, width - 20))
    torch.testing.assert_close(one[inner], two[inner])
    # The order matters here.
    assert (one[inner] - resample(picture, compose(second, first))[inner]).abs().max() > 0.1


def test_products_of_identities_are_the_identity_to_the_bit():
    identity = torch.eye(2, 3).expand(3, 2, 3)
    assert torch.equal(compose(compose(identity, identity), identity), identity)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (2, 1), (2, 2)], ids=str)
def test_sides_of_one_and_two_pixels_work(shape: tuple[int, int]):
    images, maps = torch.randn(4, 3, *shape, dtype=torch.float64), some_maps(4, 3)
    made = resample(images, maps)
    assert torch.isfinite(made).all()
    assert (made <= images.amax((2, 3), keepdim=True)).all() and (made >= images.amin((2, 3), keepdim=True)).all()


def test_right_angles_are_exact_turns():
    images = torch.randn(4, 3, 9, 9, dtype=torch.float64)
    zero, one = torch.zeros(4, dtype=torch.float64), torch.ones(4, dtype=torch.float64)
    assert torch.equal(resample(images, linear_map(((zero, one), (-one, zero)))), torch.rot90(images, 1, (2, 3)))


def test_half_precision_keeps_the_places_exact():
    images, maps = torch.rand(4, 3, 64, 64), some_maps(4, 4)
    made = resample(images.bfloat16(), maps.float())
    # Places in bfloat16 would be off by a quarter of a pixel at 64; here only values are rounded.
    assert (made.float() - resample(images.bfloat16().float(), maps.float())).abs().max() < 0.02
    assert math.isclose(made.float().mean().item(), resample(images, maps.float()).mean().item(), abs_tol=1e-3)
