"""A sequence of augmentations: its order, its share of the draw, and what it refuses."""

import pytest
import torch

from saddlepoint.augment import augment, draw_width, flip, shift
from saddlepoint.errors import UserError

IMAGES = torch.randn(32, 3, 16, 24, generator=torch.Generator().manual_seed(0))
DRAW = torch.rand(32, 4, generator=torch.Generator().manual_seed(1))


def test_each_takes_its_own_columns_in_order():
    assert draw_width(["flip", "shift"]) == 4 and draw_width([]) == 0
    expected = shift(flip(IMAGES, DRAW[:, :1], 0.9), DRAW[:, 1:], 0.6)
    assert torch.equal(augment(IMAGES, ["flip", "shift"], DRAW, {"shift": 0.6, "flip": 0.9}), expected)
    expected = flip(shift(IMAGES, DRAW[:, :3], 0.6), DRAW[:, 3:], 0.9)
    assert torch.equal(augment(IMAGES, ["shift", "flip"], DRAW, {"shift": 0.6, "flip": 0.9}), expected)


def test_strength_zero_of_all_leaves_the_images():
    strengths = {"flip": 0.0, "shift": torch.tensor(0.0)}
    assert torch.equal(augment(IMAGES, ["flip", "shift"], DRAW, strengths), IMAGES)


def test_no_augmentation_leaves_points_too():
    points = torch.randn(5, 2)
    assert augment(points, [], torch.empty(5, 0), {}) is points


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(UserError, match=r"'rotate'.*flip, shift"):
        draw_width(["flip", "rotate"])
    with pytest.raises(UserError, match="'rotate'"):
        augment(IMAGES, ["rotate"], DRAW, {"rotate": 1.0})


def test_points_are_refused():
    with pytest.raises(UserError, match=r"samples of shape \(5, 2\)"):
        augment(torch.randn(5, 2), ["flip"], DRAW[:5, :1], {"flip": 0.5})


@pytest.mark.parametrize("strength", [-0.1, 1.5, float("nan")])
def test_a_strength_that_is_no_probability_is_refused(strength: float):
    with pytest.raises(UserError, match="strength"):
        augment(IMAGES, ["flip"], DRAW[:, :1], {"flip": strength})


@pytest.mark.parametrize("draw", [DRAW, DRAW[:, :2], DRAW[:5, :1]], ids=["wide", "narrow", "short"])
def test_a_draw_of_another_shape_is_refused(draw: torch.Tensor):
    with pytest.raises(UserError, match="draw"):
        augment(IMAGES, ["flip"] if draw.shape != (32, 2) else ["shift"], draw, {"flip": 0.5, "shift": 0.5})
