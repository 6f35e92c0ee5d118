"""How published networks are fed: each filter against Pillow or against its formula, written out."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.features import preparation

SHAPES = [(9, 14), (40, 57), (64, 64)]


def pixels(height: int, width: int, channels: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(height)
    return torch.randint(0, 256, (2, channels, height, width), generator=generator).float()


@pytest.mark.parametrize("sides", SHAPES, ids=str)
@pytest.mark.parametrize("side", [20, 75])
def test_bilinear_is_the_plane_through_four_pixels_by_their_centres(sides: tuple[int, int], side: int):
    image = pixels(*sides)
    expected = image.double().numpy()
    for axis, length in ((2, sides[0]), (3, sides[1])):
        position = np.clip((np.arange(side) + 0.5) * length / side - 0.5, 0, length - 1)
        low = np.floor(position).astype(int)
        weight = np.expand_dims(position - low, tuple(range(1, 4 - axis)))
        upper = np.take(expected, np.minimum(low + 1, length - 1), axis)
        expected = np.take(expected, low, axis) * (1 - weight) + upper * weight
    np.testing.assert_allclose(preparation.bilinear(image, side).numpy(), expected, atol=2e-3)


@pytest.mark.parametrize("sides", SHAPES, ids=str)
@pytest.mark.parametrize("side", [20, 75])
def test_bicubic_is_pillows_on_floats_and_is_not_clipped(sides: tuple[int, int], side: int):
    image = pixels(*sides)
    found = preparation.bicubic(image, side)
    for one, result in zip(image.flatten(0, 1), found.flatten(0, 1), strict=True):
        expected = Image.fromarray(one.numpy()).resize((side, side), Image.Resampling.BICUBIC)
        np.testing.assert_allclose(result.numpy(), np.asarray(expected), atol=2e-3)


def test_bicubic_overshoots_at_an_edge():
    edge = torch.zeros(1, 3, 16, 16)
    edge[..., 8:] = 255
    for side in (8, 40):
        found = preparation.bicubic(edge, side)
        assert found.min() < -1 and found.max() > 256


@pytest.mark.parametrize("sides", SHAPES, ids=str)
def test_rounded_bicubic_is_pillows_on_8_bits_to_the_bit(sides: tuple[int, int]):
    image = pixels(*sides)
    found = preparation.bicubic_rounded(image, 24)
    assert found.dtype == torch.float32
    for one, result in zip(image, found, strict=True):
        picture = Image.fromarray(one.byte().permute(1, 2, 0).numpy())
        expected = np.asarray(picture.resize((24, 24), Image.Resampling.BICUBIC))
        np.testing.assert_array_equal(result.permute(1, 2, 0).numpy(), expected)


def test_an_image_keeps_its_8_bits_and_a_float_is_rounded_as_when_saved():
    values = torch.arange(256).reshape(1, 1, 16, 16)
    assert torch.equal(preparation.rounded(values.float() / 255), values.float())
    floats = torch.tensor([0.0, 0.4 / 255, 0.6 / 255, 254.6 / 255, 1.0])
    assert preparation.rounded(floats).tolist() == [0, 0, 1, 255, 255]


def test_channels():
    grey, colour, alpha = pixels(4, 5, 1), pixels(4, 5, 3), pixels(4, 5, 4)
    assert torch.equal(preparation.three_channels(grey), grey.repeat(1, 3, 1, 1))
    assert torch.equal(preparation.three_channels(colour), colour)
    assert torch.equal(preparation.three_channels(alpha), alpha[:, :3])
    for wrong in (torch.zeros(2, 2, 4, 5), torch.zeros(2, 7)):
        with pytest.raises(UserError, match="1, 3 or 4 channels"):
            preparation.three_channels(wrong)


def test_normalisation_is_imagenets():
    image = torch.rand(2, 3, 4, 5, dtype=torch.float32)
    for channel, (mean, deviation) in enumerate([(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)]):
        expected = (image[:, channel] - mean) / deviation
        torch.testing.assert_close(preparation.normalised(image)[:, channel], expected)
