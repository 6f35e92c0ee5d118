"""CycleGAN's networks: layers, blocks by size, initialisation, refusals."""

import pytest
import torch
from torch import nn

from saddlepoint.errors import UserError
from saddlepoint.networks import CycleGan
from saddlepoint.networks.cyclegan import Block

SQUARE = (3, 256, 256)


def blocks(pair: CycleGan, height: int, width: int) -> int:
    with torch.device("meta"):
        generator, _ = pair.build((3, height, width), (3, height, width))
    return sum(isinstance(module, Block) for module in generator.modules())


def test_the_layers_are_published():
    with torch.device("meta"):
        generator, discriminator = CycleGan().build(SQUARE, SQUARE)
    kinds = (nn.Conv2d, nn.ConvTranspose2d)
    chain = [layer for layer in generator.body if isinstance(layer, kinds)]
    assert [(c.in_channels, c.out_channels, c.kernel_size[0], c.stride[0]) for c in chain] == [
        *((3, 64, 7, 1), (64, 128, 3, 2), (128, 256, 3, 2)),
        *((256, 128, 3, 2), (128, 64, 3, 2), (64, 3, 7, 1)),
    ]
    of_blocks = [m for b in generator.body if isinstance(b, Block) for m in b.modules() if isinstance(m, nn.Conv2d)]
    assert [(c.in_channels, c.out_channels, c.kernel_size[0]) for c in of_blocks] == [(256, 256, 3)] * 18
    # 2 at the stem and the end, 2 in each block; no convolution that keeps the size pads with zeros.
    assert sum(isinstance(m, nn.ReflectionPad2d) for m in generator.modules()) == 20
    assert all(c.padding == (0, 0) for c in [*of_blocks, chain[0], chain[-1]])
    assert sum(isinstance(m, nn.InstanceNorm2d) for m in generator.modules()) == 1 + 2 + 18 + 2
    assert isinstance(generator.body[-1], nn.Tanh)
    assert [m.num_features for m in discriminator.modules() if isinstance(m, nn.InstanceNorm2d)] == [128, 256, 512]
    assert not any(
        isinstance(m, nn.modules.batchnorm._BatchNorm) for n in (generator, discriminator) for m in n.modules()
    )


def test_a_block_is_the_identity_plus_its_body():
    torch.manual_seed(0)
    block, x = Block(2, "instance"), torch.randn(3, 2, 6, 5)
    first, second = (layer for layer in block.body if isinstance(layer, nn.Conv2d))
    inner = nn.functional.conv2d(nn.functional.pad(x, (1, 1, 1, 1), mode="reflect"), first.weight, first.bias)
    inner = nn.functional.instance_norm(inner).relu()
    inner = nn.functional.conv2d(nn.functional.pad(inner, (1, 1, 1, 1), mode="reflect"), second.weight, second.bias)
    torch.testing.assert_close(block(x), x + nn.functional.instance_norm(inner))


def test_blocks_are_published_by_size_unless_chosen():
    assert blocks(CycleGan(width=2), 256, 256) == 9 and blocks(CycleGan(width=2), 128, 132) == 9
    assert blocks(CycleGan(width=2), 128, 128) == 6 and blocks(CycleGan(width=2), 64, 32) == 6
    assert blocks(CycleGan(width=2, blocks=3), 256, 256) == 3


@pytest.mark.parametrize(
    ("size", "nearest"), [((321, 481), (320, 480)), ((30, 64), (32, 64)), ((4, 4), (8, 8)), ((1, 100), (8, 100))]
)
def test_other_sizes_are_refused_with_the_nearest(size: tuple[int, int], nearest: tuple[int, int]):
    with pytest.raises(UserError) as refusal:
        CycleGan().build((3, *size), (3, *size))
    assert refusal.value.cure.endswith(f"--set data.size={nearest[0]}x{nearest[1]}")
    generator, _ = CycleGan(width=1, blocks=1, discriminator_layers=1).build((3, *nearest), (1, *nearest))
    assert generator(torch.zeros(1, 3, *nearest)).shape == (1, 1, *nearest)


def test_the_smallest_size_is_made_and_judged():
    torch.manual_seed(0)
    generator, discriminator = CycleGan(width=2, discriminator_layers=1).build((1, 8, 8), (3, 8, 8))
    image = generator(torch.randn(2, 1, 8, 8))
    assert discriminator(image).shape == (2, 2, 2) and torch.isfinite(discriminator(image)).all()


def test_the_initialisation_is_published():
    torch.manual_seed(0)
    for network in CycleGan().build((3, 64, 64), (3, 64, 64)):
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                assert module.weight.mean().item() == pytest.approx(0.0, abs=0.002)
                assert module.weight.std().item() == pytest.approx(0.02, rel=0.05)
                assert module.bias is not None and not module.bias.any()
