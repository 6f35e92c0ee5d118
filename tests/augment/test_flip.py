"""Mirroring, pixel by pixel."""

import torch

from saddlepoint.augment import flip


def test_a_mirrored_image_has_its_columns_reversed_and_nothing_else():
    images = torch.arange(2 * 3 * 2 * 4, dtype=torch.float32).reshape(2, 3, 2, 4)
    result = flip(images, torch.tensor([[0.1], [0.9]]), 1.0)
    assert torch.equal(result[0], images[0, :, :, [3, 2, 1, 0]])
    assert torch.equal(result[1], images[1])


def test_at_full_strength_half_of_the_images_are_mirrored():
    images = torch.arange(4.0).expand(10_000, 1, 1, 4)
    draw = torch.rand(10_000, 1, generator=torch.Generator().manual_seed(0))
    for strength in (0.3, 1.0):
        mirrored = (flip(images, draw, strength)[:, 0, 0, 0] == 3.0).double().mean().item()
        assert abs(mirrored - strength / 2) < 0.015
