"""Rotations, scalings and shifts of the plane: closed forms, and what is drawn."""

import math

import pytest
import torch
from torch import Tensor

from saddlepoint.augment import AUGMENTATIONS, fractional_shift, rotate, scale, stretch
from saddlepoint.augment.plane import fractional_shift_map, rotate_map, scale_map, stretch_map

IMAGES = torch.randn(4, 3, 9, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
MANY = 20_000


def draws(name: str, count: int = MANY) -> Tensor:
    return torch.rand(count, AUGMENTATIONS[name].draws, generator=torch.Generator().manual_seed(1)).double()


def at(z: float) -> float:
    """The uniform number that stands for a normal one."""
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))


@pytest.mark.parametrize("quarters", [-1, 0, 1])
def test_rotation_by_right_angles_is_torchs_turn(quarters: int):
    draw = torch.tensor([[0.0, 0.5 + quarters / 4]], dtype=torch.float64).expand(4, 2)
    torch.testing.assert_close(rotate(IMAGES, draw, 1.0), torch.rot90(IMAGES, quarters, (2, 3)))


def test_a_rotation_and_its_opposite_keep_a_smooth_image():
    side = torch.linspace(-1, 1, 65, dtype=torch.float64)
    smooth = torch.sin(2 * side[:, None] + side)[None, None]
    draw = torch.tensor([[0.0, 0.57]], dtype=torch.float64)
    back = rotate(rotate(smooth, draw, 1.0), torch.tensor([[0.0, 0.43]], dtype=torch.float64), 1.0)
    assert (back - smooth)[..., 16:-16, 16:-16].abs().max() < 2e-3
    assert (rotate(smooth, draw, 1.0) - smooth)[..., 16:-16, 16:-16].abs().max() > 0.1


def test_every_angle_is_as_likely_and_lengths_stay():
    maps = rotate_map(IMAGES, draws("rotate"), 1.0)
    angles = torch.atan2(maps[:, 0, 1], maps[:, 0, 0])
    counts = torch.histc(angles, 8, -math.pi, math.pi) / MANY
    assert counts.tolist() == pytest.approx([1 / 8] * 8, abs=0.01)
    torch.testing.assert_close(torch.linalg.det(maps[:, :, :2]), torch.ones(MANY, dtype=torch.float64))


def test_scaling_by_two_shows_the_inner_half_between_its_pixels():
    # log2 s = 1 is five standard deviations away.
    draw = torch.tensor([[0.0, at(5.0)]], dtype=torch.float64).expand(4, 2)
    made = scale(IMAGES, draw, 1.0)
    torch.testing.assert_close(made[:, :, ::2, ::2], IMAGES[:, :, 2:7, 2:7])
    torch.testing.assert_close(made[:, :, ::2, 1::2], (IMAGES[:, :, 2:7, 2:6] + IMAGES[:, :, 2:7, 3:7]) / 2)


def test_stretching_by_two_widens_and_lowers():
    draw = torch.tensor([[0.0, at(5.0)]], dtype=torch.float64).expand(4, 2)
    made = stretch(IMAGES, draw, 1.0)
    # Rows 2 to 6 of the result show every other row, columns 0 to 8 the inner columns.
    torch.testing.assert_close(made[:, :, 2:7, ::2], IMAGES[:, :, ::2, 2:7])


@pytest.mark.parametrize("maps", [scale_map, stretch_map])
def test_factors_are_lognormal(maps):
    made = maps(IMAGES, draws("scale"), 1.0)
    for axis in (0, 1):
        log2 = torch.log2(made[:, axis, axis])
        assert log2.mean().item() == pytest.approx(0.0, abs=0.005) and log2.std().item() == pytest.approx(0.2, rel=0.02)
    area = torch.log2(torch.linalg.det(made[:, :, :2]))
    # Stretching keeps the area, scaling has it twice.
    assert area.std().item() == pytest.approx(0.4 if maps is scale_map else 0.0, abs=0.01)


def test_a_whole_fractional_shift_moves_down_and_right():
    # A pixel of nine is a share of 1/9 = .125 * 8/9.
    draw = torch.tensor([[0.0, at(8 / 9), at(16 / 9)]], dtype=torch.float64).expand(4, 3)
    made = fractional_shift(IMAGES, draw, 1.0)
    torch.testing.assert_close(made[:, :, 1:, 2:], IMAGES[:, :, :-1, :-2])
    # What moves in is the reflection.
    torch.testing.assert_close(made[:, :, 0, 2:], IMAGES[:, :, 1, :-2])


def test_fractional_shifts_are_normal_shares_of_each_side():
    maps = fractional_shift_map(torch.empty(0, 1, 16, 40), draws("fractional_shift"), 1.0)
    assert maps[:, 0, 2].std().item() == pytest.approx(2.0, rel=0.02)
    assert maps[:, 1, 2].std().item() == pytest.approx(5.0, rel=0.02)
    assert abs(torch.corrcoef(maps[:, :, 2].T)[0, 1].item()) < 0.02
