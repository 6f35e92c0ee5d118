"""The residual pair for CIFAR: where it is published, its initialisation, and how it goes on to other sizes."""

import math

import pytest
import torch
from torch import nn

from saddlepoint.networks import Resnet, layers


def _shapes(network: nn.Module, inputs: torch.Tensor, kind: type) -> list[tuple[int, ...]]:
    """Output shapes, without the batch, of the layers of a kind."""
    found = []
    for module in network.modules():
        if isinstance(module, kind):
            module.register_forward_hook(lambda module, given, output: found.append(tuple(output.shape[1:])))
    network(inputs)
    return found


@pytest.mark.parametrize(
    ("shape", "up", "down"),
    [
        ((3, 32, 32), [(256, 8), (256, 16), (256, 32)], [(128, 16), (128, 8), (128, 8), (128, 8)]),
        ((3, 48, 48), [(256, 12), (256, 24), (256, 48)], [(128, 24), (128, 12), (128, 12), (128, 12)]),
        (
            (3, 64, 64),
            [(256, 8), (256, 16), (256, 32), (128, 64)],
            [(64, 32), (128, 16), (128, 8), (128, 8), (128, 8)],
        ),
        ((3, 8, 8), [(256, 8)], [(128, 4), (128, 4), (128, 4)]),
    ],
    ids=str,
)
def test_widths_by_size(shape, up, down):
    with torch.device("meta"):
        generator, discriminator = Resnet().build(shape)
        assert _shapes(generator, torch.empty(2, 128), layers.UpBlock) == [(c, side, side) for c, side in up]
        assert _shapes(discriminator, torch.empty(2, *shape), layers.DownBlock) == [(c, s, s) for c, s in down]


def test_weights_are_glorots_with_the_rectifiers_gain_inside_the_blocks():
    torch.manual_seed(0)
    generator, discriminator = Resnet(width=32, discriminator_width=32, normalisation="none").build(
        (3, 16, 16), classes=9
    )

    def bound(weight: torch.Tensor, gain: float) -> float:
        area = weight[0, 0].numel() if weight.dim() == 4 else 1
        return gain * math.sqrt(6 / ((weight.shape[0] + weight.shape[1]) * area))

    for network in (generator, discriminator):
        for path, weight in network.named_parameters():
            if weight.dim() > 1 and weight.numel() > 200 and "gain" not in path and "norm" not in path:
                inside = path.endswith((".first.weight", ".second.weight"))
                limit = bound(weight, math.sqrt(2) if inside else 1.0)
                assert 0.97 * limit < weight.abs().max() <= limit, path
                assert weight.std().item() == pytest.approx(limit / math.sqrt(3), rel=0.1), path
            elif path.endswith("bias") and weight.dim() == 1:
                assert not weight.any(), path


def test_wgan_gp_pools_by_the_mean_and_sngan_by_the_sum():
    torch.manual_seed(0)
    _, summed = Resnet(discriminator_width=4, normalisation="none").build((1, 16, 16))
    torch.manual_seed(0)
    _, averaged = Resnet(discriminator_width=4, normalisation="none", pool="mean").build((1, 16, 16))
    averaged.load_state_dict(summed.state_dict())
    images = torch.randn(3, 1, 16, 16)
    # The last map is 8x8, and the head's bias is 0 at the start.
    torch.testing.assert_close(summed(images), 64 * averaged(images))
