"""What is true of every augmentation; they are those of AUGMENTATIONS, and no file of the folder may lie beside it."""

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from saddlepoint.augment import AUGMENTATIONS
from saddlepoint.recipes.specification import Augment
from tests.laws.members import check_reached, public

members = pytest.mark.parametrize("name", sorted(AUGMENTATIONS))
shapes = pytest.mark.parametrize("shape", [(1, 28, 28), (3, 16, 24), (4, 17, 23), (1, 8, 8), (3, 3, 40)], ids=str)


def drawn(name: str, count: int, seed: int = 0) -> Tensor:
    return torch.rand(
        count, AUGMENTATIONS[name].draws, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def pictures(count: int, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(count, *shape, generator=torch.Generator().manual_seed(1)).to(dtype)


def test_every_file_is_reached():
    reached = {augmentation.function.__module__ for augmentation in AUGMENTATIONS.values()}
    check_reached(
        "augment",
        reached,
        {
            "saddlepoint.augment": "the dictionary, and the functions that apply it",
            "saddlepoint.augment.normal": "normal numbers of a draw; tested in tests/augment/test_normal.py",
            "saddlepoint.augment.resampling": "maps of the plane; tested in tests/augment/test_resampling.py",
            "saddlepoint.augment.recolouring": "maps of colour; tested in tests/augment/test_recolouring.py",
        },
    )


def test_every_function_of_these_files_is_an_augmentation_or_its_maps():
    members = {augmentation.function for augmentation in AUGMENTATIONS.values()}
    maps = {augmentation.maps for augmentation in AUGMENTATIONS.values()}
    files = {function.__module__ for function in members}
    assert {function for file in files for function in public(file).values()} <= members | maps


def test_a_recipe_names_each_in_the_order_of_application():
    assert list(Augment.model_fields) == list(AUGMENTATIONS)


@members
@shapes
@pytest.mark.parametrize("strength", [0.0, torch.tensor(0.0), torch.tensor(0.0, dtype=torch.float64)], ids=repr)
def test_strength_zero_leaves_every_bit(name: str, shape: tuple[int, ...], strength: float | Tensor):
    images = pictures(16, shape)
    images[0, 0, 0, 0], images[1, 0, 0, 0] = -0.0, float("inf")
    result = AUGMENTATIONS[name].function(images, drawn(name, 16), strength)
    assert torch.equal(result.view(torch.int32), images.view(torch.int32))


@members
@shapes
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64], ids=str)
def test_shape_and_type_stay(name: str, shape: tuple[int, ...], dtype: torch.dtype):
    images = pictures(8, shape, dtype)
    result = AUGMENTATIONS[name].function(images, drawn(name, 8), 0.9)
    assert result.shape == images.shape and result.dtype == dtype and torch.isfinite(result).all()


@members
def test_it_is_a_pure_function_of_each_image_and_its_draw(name: str):
    function, images, draw = AUGMENTATIONS[name].function, pictures(32, (3, 16, 24)), drawn(name, 32)
    before, order = (images.clone(), draw.clone()), torch.randperm(32, generator=torch.Generator().manual_seed(2))
    result = function(images, draw, 0.8)
    assert torch.equal(images, before[0]) and torch.equal(draw, before[1])
    assert torch.equal(function(images[order], draw[order], 0.8), result[order])
    assert torch.equal(function(images[5:6], draw[5:6], 0.8), result[5:6])


@members
def test_a_number_and_a_tensor_as_strength_agree(name: str):
    function, images, draw = AUGMENTATIONS[name].function, pictures(64, (1, 16, 16)), drawn(name, 64)
    for strength in (0.3, 1.0):
        tensor = torch.tensor(strength, dtype=torch.float64)
        assert torch.equal(function(images, draw, strength), function(images, draw, tensor))


@members
def test_more_strength_changes_more_images_and_never_fewer(name: str):
    function, images, draw = AUGMENTATIONS[name].function, pictures(2000, (3, 8, 12)), drawn(name, 2000)
    changed = [(function(images, draw, s) != images).flatten(1).any(1) for s in (0.0, 0.25, 0.5, 1.0)]
    for fewer, more in pairwise(changed):
        assert (more | ~fewer).all()
    shares = [images.double().mean().item() for images in changed]
    assert shares[0] == 0.0 and shares[3] > 0.4
    # In proportion to the strength: it is the probability.
    assert shares[1] == pytest.approx(shares[3] / 4, abs=0.04) and shares[2] == pytest.approx(shares[3] / 2, abs=0.04)


@members
def test_every_number_of_the_draw_is_used_and_no_more(name: str):
    function, images, draw = AUGMENTATIONS[name].function, pictures(64, (3, 16, 24)), drawn(name, 64)
    result = function(images, draw, 0.7)
    for column in range(AUGMENTATIONS[name].draws):
        other = draw.clone()
        other[:, column] = 1 - other[:, column]
        assert (function(images, other, 0.7) != result).any()
    with pytest.raises(IndexError):
        function(images, draw[:, :-1], 0.7)


@members
def test_the_ends_of_the_draw_are_safe(name: str):
    # float32 holds numbers so near to 1 that they are 1; nothing may then reach beyond the image.
    images = pictures(4, (1, 16, 24))
    for value in (0.0, 2.0**-54, 1.0):
        draw = torch.full((4, AUGMENTATIONS[name].draws), value, dtype=torch.float32)
        assert torch.isfinite(AUGMENTATIONS[name].function(images, draw, 1.0)).all()


@members
@pytest.mark.parametrize("shape", [(1, 9, 8), (3, 8, 11), (4, 8, 8)], ids=str)
def test_first_and_second_derivatives_are_exact(name: str, shape: tuple[int, ...]):
    draw = drawn(name, 3)

    def augmented(images: Tensor) -> Tensor:
        return AUGMENTATIONS[name].function(images, draw, torch.tensor(0.9))

    images = pictures(3, shape, torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(augmented, images, fast_mode=True)
    assert torch.autograd.gradgradcheck(augmented, images, fast_mode=True)


@members
def test_the_functional_gradient_through_it_is_autograds_and_differentiable(name: str):
    images, draw = pictures(8, (3, 16, 24), torch.float64).requires_grad_(), drawn(name, 8)
    weight = torch.randn(3, 16, 24, dtype=torch.float64, generator=torch.Generator().manual_seed(3)).requires_grad_()

    def score(x: Tensor) -> Tensor:
        return (weight * AUGMENTATIONS[name].function(x, draw, 0.9) ** 2).sum()

    functional = torch.func.grad(score)(images)
    (ordinary,) = torch.autograd.grad(score(images), images, create_graph=True)
    torch.testing.assert_close(functional, ordinary)
    one, other = (torch.autograd.grad(gradient.square().sum(), weight)[0] for gradient in (functional, ordinary))
    torch.testing.assert_close(one, other)
    assert one.abs().max() > 0


@members
def test_it_runs_without_looking_at_values(name: str):
    # On the meta device there are none: control flow that depends on data would fail.
    images, draw = torch.empty(4, 3, 16, 24, device="meta"), torch.empty(4, AUGMENTATIONS[name].draws, device="meta")
    assert AUGMENTATIONS[name].function(images, draw, torch.empty((), device="meta")).shape == images.shape


@members
def test_channels_last_gives_the_same_images(name: str):
    images, draw = pictures(8, (3, 16, 24)), drawn(name, 8)
    last = images.contiguous(memory_format=torch.channels_last)
    function = AUGMENTATIONS[name].function
    assert torch.equal(function(last, draw, 0.9), function(images, draw, 0.9))
