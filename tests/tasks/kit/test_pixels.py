"""Pixels between how they are stored and how networks see them: there and back is nothing lost."""

import pytest
import torch

from saddlepoint.tasks.kit.pixels import from_range, to_range


@pytest.mark.parametrize("pixel_range", [(-1.0, 1.0), (0.0, 1.0)])
def test_black_and_white_are_the_ends_of_the_range_and_every_level_comes_back(pixel_range: tuple[float, float]) -> None:
    stored = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    seen = to_range(stored, pixel_range)
    assert seen.dtype == torch.float32
    torch.testing.assert_close((seen.min().item(), seen.max().item()), pixel_range)
    assert torch.equal((from_range(seen, pixel_range) * 255).round().to(torch.uint8), stored)


def test_what_lies_outside_the_range_is_cut_off() -> None:
    assert from_range(torch.tensor([-3.0, 3.0]), (-1.0, 1.0)).tolist() == [0.0, 1.0]
