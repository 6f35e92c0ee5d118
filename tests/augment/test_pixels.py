"""Mirroring and right angles pixel by pixel; integer shift against numpy's reflection padding."""

import numpy as np
import pytest
import torch

from saddlepoint.augment import flip, rotate90, shift

MANY = 20_000
TURNS = torch.rand(MANY, 2, generator=torch.Generator().manual_seed(1)).double()


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


def test_rotate90_makes_each_of_torchs_turns_a_quarter_of_the_time():
    images = torch.arange(9.0).reshape(1, 1, 3, 3).expand(MANY, 1, 3, 3)
    made = rotate90(images, TURNS, 1.0)
    turns = [torch.rot90(images[:1], k, (2, 3)) for k in range(4)]
    shares = torch.stack([(made == turn).flatten(1).all(1) for turn in turns]).double().mean(1)
    assert shares.tolist() == pytest.approx([0.25] * 4, abs=0.015) and shares.sum() == 1.0


def test_an_oblong_image_is_turned_by_half_a_turn_or_not():
    images = torch.arange(6.0).reshape(1, 1, 2, 3).expand(MANY, 1, 2, 3)
    made = rotate90(images, TURNS, 1.0)
    half = (made == torch.rot90(images, 2, (2, 3))).flatten(1).all(1)
    assert torch.equal(made[~half], images[~half]) and half.double().mean().item() == pytest.approx(0.5, abs=0.015)


def by_padding(image: np.ndarray, down: int, right: int) -> np.ndarray:
    """The image (channels, height, width), continued by reflection and cut out anew."""
    _, height, width = image.shape
    padded = np.pad(image, ((0, 0), (height // 8, height // 8), (width // 8, width // 8)), mode="reflect")
    top, left = height // 8 - down, width // 8 - right
    return padded[:, top : top + height, left : left + width]


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 64, 32), (4, 17, 23), (1, 8, 7)], ids=str)
def test_every_shift_is_the_padded_image_cut_out_anew(shape: tuple[int, ...]):
    most = [side // 8 for side in shape[1:]]
    moves = [(down, right) for down in range(-most[0], most[0] + 1) for right in range(-most[1], most[1] + 1)]
    # The middle of the interval of the draw that stands for a move.
    middles = [[(m + most[axis] + 0.5) / (2 * most[axis] + 1) for axis, m in enumerate(move)] for move in moves]
    images = torch.randn(len(moves), *shape, generator=torch.Generator().manual_seed(0))
    result = shift(images, torch.tensor([[0.5, *middle] for middle in middles]), 1.0)
    for image, move, made in zip(images, moves, result, strict=True):
        np.testing.assert_array_equal(made.numpy(), by_padding(image.numpy(), *move), err_msg=str(move))


def test_all_shifts_up_to_an_eighth_are_equally_likely():
    # A single bright pixel in the middle shows where it went.
    images = torch.zeros(20_000, 1, 24, 17)
    images[:, 0, 12, 8] = 1.0
    draw = torch.rand(20_000, 3, generator=torch.Generator().manual_seed(0))
    counts = shift(images, draw, 1.0).sum((0, 1))
    assert torch.equal(counts.sum(1).nonzero().flatten(), torch.arange(12 - 3, 12 + 4))
    assert torch.equal(counts.sum(0).nonzero().flatten(), torch.arange(8 - 2, 8 + 3))
    assert counts.sum(1)[9:16] / 20_000 == pytest.approx(np.full(7, 1 / 7), abs=0.01)
    assert counts.sum(0)[6:11] / 20_000 == pytest.approx(np.full(5, 1 / 5), abs=0.01)


def test_nothing_new_appears_at_the_edges():
    images = torch.ones(50, 1, 16, 16)
    draw = torch.rand(50, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(shift(images, draw, 1.0), images)


def test_a_draw_rounded_to_one_is_the_largest_shift():
    images = torch.randn(1, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    result = shift(images, torch.tensor([[0.5, 1.0, 1.0]]), 1.0)
    np.testing.assert_array_equal(result[0].numpy(), by_padding(images[0].numpy(), 2, 2))


def test_a_side_below_eight_pixels_stays():
    images = torch.randn(20, 1, 7, 24, generator=torch.Generator().manual_seed(0))
    draw = torch.rand(20, 3, generator=torch.Generator().manual_seed(1))
    other = draw.clone()
    other[:, 1] = 1 - other[:, 1]
    assert torch.equal(shift(images, draw, 1.0), shift(images, other, 1.0))
