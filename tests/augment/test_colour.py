"""Brightness, contrast, luma flip, hue and saturation: closed forms, and what is drawn."""

import colorsys
import math

import pytest
import torch
from torch import Tensor

from saddlepoint.augment import brightness, contrast, hue, luma_flip, saturation

IMAGES = torch.rand(4, 3, 5, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 2 - 1
MANY = 20_000
DRAWS = torch.rand(MANY, 2, generator=torch.Generator().manual_seed(1)).double()


def one(number: float) -> Tensor:
    return torch.tensor([[0.0, number]], dtype=torch.float64).expand(4, 2)


def luma(images: Tensor) -> Tensor:
    return images.mean(1, keepdim=True)


def pixel(red: float, green: float, blue: float) -> Tensor:
    return torch.tensor([red, green, blue], dtype=torch.float64).reshape(1, 3, 1, 1)


def test_brightness_adds_a_normal_number():
    made = brightness(pixel(0.5, -0.25, 0.0).expand(MANY, -1, -1, -1), DRAWS, 1.0)
    added = made[:, :, 0, 0] - torch.tensor([0.5, -0.25, 0.0])
    torch.testing.assert_close(added[:, 0], added[:, 1])
    torch.testing.assert_close(added[:, 0], added[:, 2])
    assert added.mean().item() == pytest.approx(0.0, abs=0.005) and added.std().item() == pytest.approx(0.2, rel=0.02)


def test_contrast_multiplies_by_a_lognormal_number():
    made = contrast(pixel(0.5, -0.25, 0.0).expand(MANY, -1, -1, -1), DRAWS, 1.0)[:, :, 0, 0]
    torch.testing.assert_close(made[:, 0], -2 * made[:, 1])
    assert made[:, 2].abs().max() < 1e-12
    log2 = torch.log2(made[:, 0] / 0.5)
    assert log2.mean().item() == pytest.approx(0.0, abs=0.01) and log2.std().item() == pytest.approx(0.5, rel=0.02)


def test_luma_flip_exchanges_light_and_dark_and_keeps_the_chroma():
    made = luma_flip(IMAGES, one(0.3), 1.0)
    torch.testing.assert_close(luma(made), -luma(IMAGES))
    torch.testing.assert_close(made - luma(made), IMAGES - luma(IMAGES))
    torch.testing.assert_close(luma_flip(made, one(0.3), 1.0), IMAGES)
    torch.testing.assert_close(luma_flip(IMAGES[:, :1], one(0.3), 1.0), -IMAGES[:, :1])
    flipped = luma_flip(torch.ones(MANY, 1, 1, 1, dtype=torch.float64), DRAWS, 1.0)
    assert (flipped == -1).double().mean().item() == pytest.approx(0.5, abs=0.015)


def test_a_full_turn_of_hue_is_the_identity_and_a_third_exchanges_the_colours():
    torch.testing.assert_close(hue(hue(IMAGES, one(0.0), 1.0), one(1.0), 1.0), IMAGES)
    torch.testing.assert_close(hue(IMAGES, one(0.5 + 1 / 3), 1.0), IMAGES.roll(1, 1))
    assert (hue(IMAGES, one(0.5 + 1 / 6), 1.0) - IMAGES).abs().max() > 0.1


def test_hue_keeps_luma_and_the_size_of_the_chroma():
    made = hue(IMAGES, one(0.9), 1.0)
    torch.testing.assert_close(luma(made), luma(IMAGES))
    torch.testing.assert_close(made.square().sum(1), IMAGES.square().sum(1))


def test_hue_goes_from_red_over_yellow_to_green():
    # The sixth parts of the circle are exact in the usual hexagon of hues too.
    for sixths in range(-2, 3):
        made = hue(pixel(0.6, 0.3, 0.3), one(0.5 + sixths / 6)[:1], 1.0)
        angle, _, _ = colorsys.rgb_to_hsv(*made.flatten().tolist())
        assert angle == pytest.approx((sixths / 6) % 1.0, abs=1e-9)


def test_every_hue_is_as_likely():
    made = hue(pixel(1.0, -0.5, -0.5).expand(MANY, -1, -1, -1), DRAWS, 1.0)[:, :, 0, 0]
    angles = torch.atan2(made[:, 1] - made[:, 2], math.sqrt(3) * made[:, 0])
    counts = torch.histc(angles, 8, -math.pi, math.pi) / MANY
    assert counts.tolist() == pytest.approx([1 / 8] * 8, abs=0.01)


def test_saturation_multiplies_the_chroma_by_a_lognormal_number():
    made = saturation(pixel(0.6, 0.3, 0.3).expand(MANY, -1, -1, -1), DRAWS, 1.0)
    torch.testing.assert_close(luma(made), torch.full_like(luma(made), 0.4))
    log2 = torch.log2((made - luma(made))[:, 0, 0, 0] / 0.2)
    assert log2.mean().item() == pytest.approx(0.0, abs=0.02) and log2.std().item() == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize("function", [hue, saturation])
@pytest.mark.parametrize("channels", [1, 3])
def test_grey_stays_grey(function, channels: int):
    grey = IMAGES[:, :1].expand(-1, channels, -1, -1)
    torch.testing.assert_close(function(grey, one(0.9), 1.0), grey)
