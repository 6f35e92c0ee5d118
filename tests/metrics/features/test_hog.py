"""Histograms of oriented gradients against scikit-image's, and what they see and do not see."""

import numpy as np
import pytest
import torch
from skimage.feature import hog as reference
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.features import open_features
from saddlepoint.metrics.features.hog import cells, contrast_normalised, histograms

VECTORS = open_features("hog").vectors


def images(*shape: int, seed: int = 0) -> Tensor:
    """Random images in [0, 1], smooth enough to have gradients of every size; none lies on the border of two bins."""
    coarse = torch.rand(*shape[:2], shape[2] // 2, shape[3] // 2, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, size=shape[2:], mode="bilinear")


@pytest.mark.parametrize(("channels", "side", "cell"), [(1, 32, 8), (1, 64, 8), (3, 64, 8), (1, 128, 16), (1, 24, 6)])
def test_cells_are_those_of_scikit_image(channels: int, side: int, cell: int):
    given = images(2, channels, side, side)
    count = side // cell
    ours = histograms(given)
    assert ours.shape == (2, 8, count, count)
    for image, found in zip(given, ours, strict=True):
        settings = {"orientations": 8, "pixels_per_cell": (cell, cell), "block_norm": "L2", "channel_axis": 2}
        # One block of all cells: only their common scale is taken away.
        pixels = image.permute(1, 2, 0).numpy()
        one = reference(pixels, cells_per_block=(count, count), **settings).reshape(count, count, 8)
        np.testing.assert_allclose(found.permute(1, 2, 0) / found.norm(), one, atol=2e-5)
        # Blocks of 3x3: of each the cell in its middle, which is what is kept here.
        blocks = reference(pixels, cells_per_block=(3, 3), feature_vector=False, **settings)
        normalised = contrast_normalised(found[None], floor=1e-5)[0].permute(1, 2, 0)
        np.testing.assert_allclose(normalised[1:-1, 1:-1], blocks[:, :, 1, 1], atol=2e-5)


def test_the_cells_at_the_border_have_nothing_beyond_them():
    found = histograms(images(1, 1, 32, 32))
    corner = found[0, :, 0, 0] / (found[0, :, :2, :2].square().sum() + 0.02**2).sqrt()
    torch.testing.assert_close(contrast_normalised(found)[0, :, 0, 0], corner)


@pytest.mark.parametrize(("side", "count"), [(4, 4), (8, 4), (28, 4), (32, 4), (48, 6), (64, 8), (92, 8), (512, 8)])
def test_four_to_eight_cells_stand_along_a_side(side: int, count: int):
    assert cells(side) == count
    assert VECTORS(images(1, 1, side, 40)).shape == (1, 8 * count * 5)


def test_contrast_does_not_count_and_invisible_noise_hardly():
    given = images(4, 1, 32, 32)
    whole, faint = VECTORS(given), VECTORS(0.25 + 0.5 * given)
    assert float((whole - faint).norm() / whole.norm()) < 0.1
    noise = torch.randint(0, 2, (4, 1, 32, 32), generator=torch.Generator().manual_seed(1)) / 255
    assert float(VECTORS(0.5 + noise).norm() / whole.norm()) < 0.5
    assert VECTORS(torch.full((1, 1, 32, 32), 0.5)).abs().max() == 0


def test_a_turned_edge_is_another_histogram_and_a_mirrored_sign_is_not():
    ramp = torch.linspace(0, 1, 32).expand(1, 1, 32, 32)
    across, down, back = VECTORS(ramp), VECTORS(ramp.mT), VECTORS(1 - ramp)
    assert float((across * down).sum()) == 0
    torch.testing.assert_close(across, back)


def test_alpha_is_composed_on_white_and_points_are_refused():
    colours, alpha = images(2, 3, 32, 32), images(2, 1, 32, 32, seed=1)
    seen = VECTORS(torch.cat([colours, alpha], dim=1))
    torch.testing.assert_close(seen, VECTORS(colours * alpha + 1 - alpha))
    with pytest.raises(UserError, match="images of 1, 3 or 4 channels"):
        VECTORS(torch.rand(3, 2))
