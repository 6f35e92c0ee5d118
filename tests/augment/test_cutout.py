"""Cutout: the box pixel by pixel, and where it lies."""

import pytest
import torch

from saddlepoint.augment import cutout


def test_a_centred_box_covers_the_inner_half():
    images = torch.ones(1, 3, 8, 12)
    made = cutout(images, torch.tensor([[0.0, 0.5, 0.5]]), 1.0)
    expected = images.clone()
    expected[:, :, 2:6, 3:9] = 0.0
    assert torch.equal(made, expected)


def test_a_box_in_a_corner_is_cut_off():
    made = cutout(torch.ones(2, 1, 8, 8), torch.tensor([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0]]), 1.0)
    assert made[0, 0, :2, :2].sum() == 0 and made[0].sum() == 60
    assert made[1, 0, 6:, :2].sum() == 0 and made[1].sum() == 60


def test_each_pixel_is_covered_as_often_as_the_box_allows():
    draw = torch.rand(20_000, 3, generator=torch.Generator().manual_seed(0))
    made = cutout(torch.ones(20_000, 1, 8, 8), draw, 1.0)
    # A middle at the share c of a side is covered by centres within a quarter of it, inside the image.
    middles = (torch.arange(8) + 0.5) / 8
    covered = (middles + 0.25).clamp(max=1) - (middles - 0.25).clamp(min=0)
    expected = covered[:, None] * covered
    assert (1 - made).mean(0)[0].flatten().tolist() == pytest.approx(expected.flatten().tolist(), abs=0.015)
