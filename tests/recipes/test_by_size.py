"""What follows from the size of images: wider networks and larger batches for smaller ones, no batch statistics."""

import pytest
import torch

from saddlepoint.errors import UserError
from saddlepoint.game.penalties import refuse_batch_statistics
from saddlepoint.recipes.by_size import batch_by_size, pair_by_size

SHAPES = [(1, 8, 8), (1, 28, 28), (4, 17, 23), (1, 112, 92), (3, 64, 64), (3, 128, 128), (3, 321, 481), (3, 512, 512)]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_pair_fits_the_shape_and_bears_the_recipes_penalties(shape: tuple[int, ...]) -> None:
    with torch.device("meta"):
        generator, discriminator = pair_by_size(shape).build(shape)
        images = generator(torch.empty(2, 128))
        assert images.shape == (2, *shape) and discriminator(images).shape == (2,)
    refuse_batch_statistics(discriminator, "r1")


def test_larger_images_have_narrower_networks_and_smaller_batches() -> None:
    squares = [(3, side, side) for side in (8, 64, 80, 81, 160, 161, 512)]
    assert [pair_by_size(shape).width for shape in squares] == [32, 32, 32, 24, 24, 16, 16]
    assert [batch_by_size(shape) for shape in squares] == [64, 64, 40, 39, 10, 10, 8]
    assert batch_by_size((3, 65, 64)) == 63 and batch_by_size((1, 4000, 4000)) == 8


def test_it_is_the_area_that_counts_and_not_the_channels() -> None:
    assert pair_by_size((1, 40, 160)) == pair_by_size((4, 80, 80)) == pair_by_size((3, 160, 40))
    assert batch_by_size((1, 32, 256)) == batch_by_size((3, 256, 32)) == 32


@pytest.mark.parametrize("choose", [pair_by_size, batch_by_size])
def test_points_are_sent_to_the_recipe_for_points(choose) -> None:
    with pytest.raises(UserError, match=r"points of 2 dimensions.*use the recipe toy"):
        choose((2,))
