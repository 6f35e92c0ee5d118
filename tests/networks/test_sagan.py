"""SAGAN: channels by size, and Glorot's uniform weights before spectral norm."""

import math
from typing import Any

import pytest
import torch

from saddlepoint.networks import Sagan, layers


@pytest.mark.parametrize(
    ("side", "up", "down"),
    [
        (128, [1024, 512, 256, 128, 64], [64, 128, 256, 512, 1024, 1024]),
        (256, [1024, 1024, 512, 256, 128, 64], [64, 128, 256, 512, 1024, 1024, 1024]),
        (32, [256, 128, 64], [64, 128, 256, 256]),
    ],
)
def test_widths_by_size(side, up, down):
    with torch.device("meta"):
        generator, discriminator = Sagan().build((3, side, side))
    blocks: list[Any] = [block for block in discriminator.blocks if isinstance(block, layers.DownBlock)]
    made: Any = generator.blocks
    assert [block.first.out_channels for block in made] == up
    assert [block.first.out_channels for block in blocks] == down
    assert [block.down for block in blocks] == [True] * (len(down) - 1) + [False]
    assert generator.base == (up[0], 4, 4)


def test_weights_are_glorots_before_spectral_norm():
    torch.manual_seed(0)
    for network in Sagan(width=8).build((3, 32, 32), classes=20):
        for path, weight in network.named_parameters():
            if path.endswith("original"):
                area = weight[0, 0].numel() if weight.dim() == 4 else 1
                limit = math.sqrt(6 / ((weight.shape[0] + weight.shape[1]) * area))
                assert weight.abs().max() <= limit, path
                if weight.numel() > 200:
                    assert weight.std().item() == pytest.approx(limit / math.sqrt(3), rel=0.1), path
