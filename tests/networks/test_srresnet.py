"""SRResNet and SRGAN's discriminator: layers, factors, sizes, refusals."""

import pytest
import torch
from torch import nn

from saddlepoint.errors import UserError
from saddlepoint.networks import SrResNet
from saddlepoint.networks.srresnet import Block


def test_the_generators_layers_are_published():
    with torch.device("meta"):
        generator, _ = SrResNet().build((3, 24, 24), (3, 96, 96))
    convolutions = [m for m in generator.modules() if isinstance(m, nn.Conv2d)]
    # k9n64, 16 blocks of two k3n64, k3n64, two k3n256, k9n3
    assert [(c.kernel_size[0], c.out_channels) for c in convolutions] == [
        *((9, 64), *[(3, 64)] * 33),
        *((3, 256), (3, 256), (9, 3)),
    ]
    assert all(c.stride == (1, 1) and c.bias is not None for c in convolutions)
    assert sum(isinstance(m, Block) for m in generator.modules()) == 16
    assert sum(isinstance(m, nn.BatchNorm2d) for m in generator.modules()) == 33
    assert sum(isinstance(m, nn.PReLU) for m in generator.modules()) == 1 + 16 + 2
    assert sum(isinstance(m, nn.PixelShuffle) for m in generator.modules()) == 2


def test_the_discriminators_layers_are_published():
    with torch.device("meta"):
        _, discriminator = SrResNet().build((3, 24, 24), (3, 96, 96))
    convolutions = [m for m in discriminator.modules() if isinstance(m, nn.Conv2d)]
    assert [c.out_channels for c in convolutions] == [64, 64, 128, 128, 256, 256, 512, 512]
    assert [c.stride[0] for c in convolutions] == [1, 2] * 4
    assert [m.num_features for m in discriminator.modules() if isinstance(m, nn.BatchNorm2d)] == [
        *(64, 128, 128),
        *(256, 256, 512, 512),
    ]
    assert [m.out_features for m in discriminator.modules() if isinstance(m, nn.Linear)] == [1024, 1]
    assert {m.negative_slope for m in discriminator.modules() if isinstance(m, nn.LeakyReLU)} == {0.2}


def test_a_block_and_the_long_skip():
    torch.manual_seed(0)
    generator, _ = SrResNet(width=3, blocks=2).build((1, 8, 8), (1, 16, 16))
    generator.eval()
    x = torch.rand(2, 1, 5, 7)
    first = generator.first(x)
    block = generator.trunk[0]
    assert isinstance(block, Block)
    torch.testing.assert_close(block(first), first + block.body(first))
    torch.testing.assert_close(generator(x), generator.last(first + generator.trunk(first)))


@pytest.mark.parametrize("factor", [2, 4, 8])
@pytest.mark.parametrize("size", [(1, 1), (5, 7), (33, 12)])
def test_sources_of_any_size_are_enlarged(factor: int, size: tuple[int, int]):
    torch.manual_seed(0)
    generator, _ = SrResNet(width=2, blocks=1).build((3, 8, 8), (3, 8 * factor, 8 * factor))
    generator.eval()
    with torch.no_grad():
        assert generator(torch.rand(1, 3, *size)).shape == (1, 3, factor * size[0], factor * size[1])
    assert generator.factor == factor


@pytest.mark.parametrize("size", [(16, 16), (20, 44), (96, 100), (36, 52)])
def test_the_discriminator_judges_any_size_from_sixteen_on(size: tuple[int, int]):
    with torch.device("meta"):
        _, discriminator = SrResNet(width=1).build((3, size[0] // 4, size[1] // 4), (3, *size))
        assert discriminator(torch.empty(2, 3, *size)).shape == (2,)


@pytest.mark.parametrize(
    ("small", "large", "nearest"),
    [
        ((24, 24), (72, 72), "48x48"),
        ((24, 24), (96, 48), "96x96"),
        ((24, 24), (24, 24), "48x48"),
        ((24, 24), (97, 97), "96x96"),
        ((10, 10), (160, 160), "80x80"),
        ((2, 6), (8, 24), "16x24"),
    ],
)
def test_shapes_that_do_not_belong_together_are_refused_with_the_nearest(small, large, nearest):
    with pytest.raises(UserError) as refusal:
        SrResNet().build((3, *small), (3, *large))
    assert nearest in refusal.value.cure


def test_the_start_has_scores_and_pictures_of_order_one():
    torch.manual_seed(0)
    generator, discriminator = SrResNet(width=16, normalisation="none").build((3, 16, 16), (3, 64, 64))
    sources = nn.functional.interpolate(torch.rand(8, 3, 4, 4), size=(16, 16), mode="bicubic").clamp(0, 1)
    assert 0.05 < generator(sources).std().item() < 3
    images = nn.functional.interpolate(torch.randn(8, 3, 5, 5), size=(64, 64), mode="bicubic").clamp(-1, 1)
    images.requires_grad_()
    scores = discriminator(images)
    (gradient,) = torch.autograd.grad(scores.sum(), images)
    assert 0.05 < scores.std().item() < 3
    assert 0.1 < gradient.flatten(1).norm(dim=1).mean().item() < 3
