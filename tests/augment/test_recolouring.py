"""Maps of colour against 3x3 matrices."""

import math

import pytest
import torch
from torch import Tensor

from saddlepoint.augment.recolouring import colour_map, compose, recolour

COLOURED = torch.randn(5, 3, 4, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def some_maps(seed: int) -> Tensor:
    return torch.randn(5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def matrices(maps: Tensor) -> Tensor:
    """gain P + Re(turn) (1 - P) + Im(turn) [v]_x with the unit vector v along grey and P = v v^T."""
    along = torch.full((3, 3), 1 / 3, dtype=torch.float64)
    across = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]], dtype=torch.float64) / math.sqrt(3)
    gain, _, real, imaginary = maps[:, :, None, None].unbind(1)
    return gain * along + real * (torch.eye(3) - along) + imaginary * across


def test_it_is_the_matrix_product():
    maps = some_maps(1)
    expected = torch.einsum("nij,njhw->nihw", matrices(maps), COLOURED) + maps[:, 1, None, None, None]
    torch.testing.assert_close(recolour(COLOURED, maps), expected)


def test_a_product_of_maps_is_one_after_the_other():
    first, second = some_maps(1), some_maps(2)
    torch.testing.assert_close(recolour(COLOURED, compose(first, second)), recolour(recolour(COLOURED, first), second))


def test_alpha_is_left_alone():
    images = torch.cat([COLOURED, torch.rand(5, 1, 4, 6, dtype=torch.float64)], dim=1)
    made = recolour(images, some_maps(1))
    assert torch.equal(made[:, 3], images[:, 3])
    assert torch.equal(made[:, :3], recolour(COLOURED, some_maps(1)))


@pytest.mark.parametrize("channels", [1, 2])
def test_a_grey_image_goes_as_its_colours_would(channels: int):
    grey = COLOURED[:, :channels]
    made = recolour(grey, some_maps(1))
    for channel in range(channels):
        as_colours = recolour(grey[:, channel : channel + 1].expand(-1, 3, -1, -1), some_maps(1))
        torch.testing.assert_close(made[:, channel], as_colours[:, 0])


def test_what_is_left_out_of_a_map_is_the_identitys():
    like = torch.rand(5)
    assert torch.equal(colour_map(like), torch.tensor([1.0, 0.0, 1.0, 0.0]).expand(5, 4))
    assert torch.equal(recolour(COLOURED, colour_map(like.double())), COLOURED)
    assert torch.equal(compose(colour_map(like), colour_map(like)), colour_map(like))
