"""A sequence of augmentations: its order, its share of the draw, and what it refuses."""

import pytest
import torch

from saddlepoint.augment import AUGMENTATIONS, augment, check_shape, draw_width, flip, shift
from saddlepoint.augment.plane import rotate_map, scale_map
from saddlepoint.augment.resampling import compose, resample
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


def test_maps_of_one_kind_are_multiplied_and_applied_once():
    expected = resample(IMAGES, compose(scale_map(IMAGES, DRAW[:, :2], 0.9), rotate_map(IMAGES, DRAW[:, 2:], 0.9)))
    assert torch.equal(augment(IMAGES, ["scale", "rotate"], DRAW, {"scale": 0.9, "rotate": 0.9}), expected)


def test_a_single_map_goes_through_its_own_function():
    for name, augmentation in AUGMENTATIONS.items():
        draw = torch.rand(32, augmentation.draws, generator=torch.Generator().manual_seed(2))
        assert torch.equal(augment(IMAGES, [name], draw, {name: 0.8}), augmentation.function(IMAGES, draw, 0.8))


def test_colours_are_the_same_in_one_step_and_in_five():
    names = ["brightness", "contrast", "luma_flip", "hue", "saturation"]
    draw = torch.rand(32, 10, generator=torch.Generator().manual_seed(2))
    expected = IMAGES
    for index, name in enumerate(names):
        expected = AUGMENTATIONS[name].function(expected, draw[:, 2 * index : 2 * index + 2], 0.8)
    torch.testing.assert_close(augment(IMAGES, names, draw, dict.fromkeys(names, 0.8)), expected)


@pytest.mark.parametrize("channels", [3, 4])
def test_all_of_them_together_are_differentiable_twice_and_nothing_at_strength_zero(channels: int):
    names = list(AUGMENTATIONS)
    generator = torch.Generator().manual_seed(3)
    images = torch.randn(3, channels, 8, 8, generator=generator, dtype=torch.float64).requires_grad_()
    draw = torch.rand(3, draw_width(names), generator=generator)

    def augmented(x: torch.Tensor) -> torch.Tensor:
        return augment(x, names, draw, dict.fromkeys(names, 0.9))

    assert torch.autograd.gradcheck(augmented, images, fast_mode=True)
    assert torch.autograd.gradgradcheck(augmented, images, fast_mode=True)
    assert torch.equal(augment(images, names, draw, dict.fromkeys(names, torch.tensor(0.0))), images)


@pytest.mark.parametrize("name", ["hue", "saturation"])
def test_colours_of_grey_images_are_refused(name: str):
    with pytest.raises(UserError, match=rf"{name} of images with 1 .*set augment\.{name}=null"):
        augment(IMAGES[:, :1], [name], DRAW[:, :2], {name: 0.5})
    with pytest.raises(UserError, match=name):
        check_shape(["flip", name], (1, 16, 24))
    check_shape(list(AUGMENTATIONS), (4, 16, 24))


def test_the_order_is_stylegan2_adas():
    plane = ["flip", "rotate90", "shift", "scale", "rotate", "stretch", "fractional_shift"]
    assert list(AUGMENTATIONS) == [*plane, "brightness", "contrast", "luma_flip", "hue", "saturation", "cutout"]


def test_no_augmentation_leaves_points_too():
    points = torch.randn(5, 2)
    assert augment(points, [], torch.empty(5, 0), {}) is points


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(UserError, match=r"'turn'.*flip, rotate90"):
        draw_width(["flip", "turn"])
    with pytest.raises(UserError, match="'turn'"):
        augment(IMAGES, ["turn"], DRAW, {"turn": 1.0})


def test_points_are_refused():
    with pytest.raises(UserError, match=r"samples of shape \(2,\)"):
        augment(torch.randn(5, 2), ["flip"], DRAW[:5, :1], {"flip": 0.5})


@pytest.mark.parametrize("strength", [-0.1, 1.5, float("nan")])
def test_a_strength_that_is_no_probability_is_refused(strength: float):
    with pytest.raises(UserError, match="strength"):
        augment(IMAGES, ["flip"], DRAW[:, :1], {"flip": strength})


@pytest.mark.parametrize("draw", [DRAW, DRAW[:, :2], DRAW[:5, :1]], ids=["wide", "narrow", "short"])
def test_a_draw_of_another_shape_is_refused(draw: torch.Tensor):
    with pytest.raises(UserError, match="draw"):
        augment(IMAGES, ["flip"] if draw.shape != (32, 2) else ["shift"], draw, {"flip": 0.5, "shift": 0.5})
