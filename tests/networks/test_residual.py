"""Residual blocks: odd sizes, the published order of their parts, and the head that projects on the label."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from saddlepoint.networks.layers import DownBlock, ProjectionHead, UpBlock, doubled, halved, halved_sizes


@pytest.mark.parametrize(
    ("size", "chain"),
    [
        ((32, 32), [(32, 32), (16, 16), (8, 8), (4, 4)]),
        ((48, 48), [(48, 48), (24, 24), (12, 12), (6, 6)]),
        ((8, 30), [(8, 30), (4, 15)]),
        ((17, 23), [(17, 23), (9, 12), (5, 6)]),
        ((7, 7), [(7, 7)]),
    ],
)
def test_sides_are_halved_upwards_to_a_base_of_four_to_seven(size, chain):
    assert halved_sizes(*size) == chain


def test_doubling_and_halving_at_odd_sides_lose_no_pixel():
    maps = torch.arange(6.0).reshape(1, 1, 2, 3)
    large = doubled(maps, (3, 5))
    assert large.tolist() == [[[[0, 0, 1, 1, 2], [0, 0, 1, 1, 2], [3, 3, 4, 4, 5]]]]
    # A mean is over the pixels that there are, so that halving undoes doubling.
    assert torch.equal(halved(large), maps)


def test_an_up_block_is_the_published_one():
    torch.manual_seed(0)
    block = UpBlock(3, 5, (8, 6)).double()
    maps = torch.randn(4, 3, 4, 3, dtype=torch.float64)
    first, second = (nn.BatchNorm2d(channels).double() for channels in (3, 5))
    inner = F.interpolate(F.relu(first(maps)), size=(8, 6))
    inner = block.second(F.relu(second(block.first(inner))))
    # Published: the skip is doubled first, and then goes through the 1x1 convolution.
    torch.testing.assert_close(block(maps), inner + block.skip(F.interpolate(maps, size=(8, 6))))


@pytest.mark.parametrize("first", [True, False])
def test_a_down_block_is_the_published_one(first: bool):
    torch.manual_seed(0)
    block = DownBlock(3, 5, down=True, first=first).double()
    maps = torch.randn(4, 3, 8, 6, dtype=torch.float64)
    inner = block.second(F.relu(block.first(maps if first else F.relu(maps))))
    assert block.skip is not None
    # Published: inside the net the skip's 1x1 convolution comes before the halving, in the first block after it.
    torch.testing.assert_close(block(maps), F.avg_pool2d(inner, 2) + F.avg_pool2d(block.skip(maps), 2))


def test_a_block_that_changes_nothing_about_the_map_has_a_plain_skip():
    block = DownBlock(4, 4, down=False)
    for parameter in block.parameters():
        nn.init.zeros_(parameter)
    maps = torch.randn(2, 4, 5, 5)
    assert block.skip is None and torch.equal(block(maps), maps)


def test_the_head_projects_on_the_label():
    torch.manual_seed(0)
    head = ProjectionHead(6, 3).double()
    features, labels = torch.randn(4, 6, dtype=torch.float64), torch.tensor([2, 0, 1, 2])
    assert head.projection is not None
    expected = features @ head.linear.weight[0] + head.linear.bias + (head.projection.weight[labels] * features).sum(1)
    torch.testing.assert_close(head(features, labels), expected)
