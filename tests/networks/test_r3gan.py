"""R3GAN: the published layers and their initialisation, exact output at any size, the projection, penalties."""

import math

import hypothesis
import hypothesis.strategies as st
import pytest
import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.networks import R3gan
from saddlepoint.networks.r3gan import Block, channels_by_size

SMALL = R3gan(width=16, latent=5)


@hypothesis.given(height=st.integers(4, 70), width=st.integers(4, 70), channels=st.sampled_from([1, 3, 4]))
@hypothesis.settings(max_examples=25, deadline=None)
def test_every_size_from_four_on_is_exact(height: int, width: int, channels: int):
    with torch.device("meta"):
        generator, discriminator = R3gan(width=2, latent=3).build((channels, height, width))
        images = generator(torch.empty(2, 3))
        assert images.shape == (2, channels, height, width)
        assert discriminator(images).shape == (2,)


@pytest.mark.parametrize("shape", [(3, 3, 64), (1, 64, 1), (4, 2, 2)], ids=str)
def test_a_smaller_size_is_refused_and_the_nearest_can_be_built(shape: tuple[int, ...]):
    nearest = (shape[0], max(shape[1], 4), max(shape[2], 4))
    with pytest.raises(UserError) as refusal:
        SMALL.build(shape)
    assert str(nearest) in refusal.value.cure
    with torch.device("meta"):
        SMALL.build(nearest)


def test_channels_are_the_published_ones():
    assert channels_by_size(768, 4) == [768] * 4
    assert channels_by_size(768, 5) == [768] * 4 + [384]
    assert channels_by_size(768, 7) == [768] * 4 + [384, 192, 96]
    assert channels_by_size(2, 7) == [2, 2, 2, 2, 1, 1, 1]


@pytest.mark.parametrize(
    ("pair", "side", "groups"),
    [
        (R3gan(), 32, [96] * 4),
        (R3gan(), 64, [96] * 4 + [48]),
        (R3gan(), 256, [96] * 4 + [48, 24, 12]),
        (R3gan(width=1536, group_width=32), 32, [96] * 4),
    ],
    ids=["CIFAR", "FFHQ-64", "FFHQ-256", "ImageNet-32"],
)
def test_groups_are_the_published_ones_two_blocks_a_size(pair: R3gan, side: int, groups: list[int]):
    with torch.device("meta"):
        generator, discriminator = pair.build((3, side, side))
    expected = [each for each in groups for _ in range(2)]
    assert [block.second.groups for block in generator.modules() if isinstance(block, Block)] == expected
    assert [block.second.groups for block in discriminator.modules() if isinstance(block, Block)] == expected[::-1]


def test_the_order_of_layers_is_the_published_one():
    with torch.device("meta"):
        generator, discriminator = R3gan().build((3, 128, 128))
    of_g = ["Block"] * 2 + ["FilteredDouble", "Block", "Block"] * 3 + ["Conv2d", "FilteredDouble", "Block", "Block"] * 2
    of_d = ["Block"] * 2 + ["FilteredHalf", "Conv2d", "Block", "Block"] * 2 + ["FilteredHalf", "Block", "Block"] * 3
    assert [type(layer).__name__ for layer in generator.body] == of_g
    assert [type(layer).__name__ for layer in discriminator.body] == ["Conv2d", *of_d]
    assert generator.base.shape == (768, 4, 4) and discriminator.base.kernel_size == (4, 4)
    # The biases are the activations': only the convolutions before these have one.
    modules = [module for network in (generator, discriminator) for module in network.modules()]
    before = [each for module in modules if isinstance(module, Block) for each in (module.first, module.second)]
    assert before == [module for module in modules if isinstance(module, nn.Conv2d) and module.bias is not None]


def test_the_initialisation_is_the_published_one():
    torch.manual_seed(0)
    generator, discriminator = R3gan(width=128).build((3, 64, 64), classes=10)
    for network in (generator, discriminator):
        blocks = [module for module in network.modules() if isinstance(module, Block)]
        # Five sizes, two blocks each.
        gain = math.sqrt(2 / 1.04) * 10**-0.25
        for block in blocks:
            for layer in (block.first, block.second):
                fan_in = layer.weight[0].numel()
                assert layer.weight.std().item() == pytest.approx(gain / math.sqrt(fan_in), rel=0.05)
            assert not block.third.weight.any()
            for layer in (block.first, block.second):
                assert layer.bias is not None and not layer.bias.any()
    assert generator.base.std().item() == pytest.approx(1.0, rel=0.05)
    # z and the label's embedding, 64 numbers each.
    assert generator.linear.weight.std().item() == pytest.approx(128**-0.5, rel=0.05)
    assert discriminator.base.weight.std().item() == pytest.approx(1 / 4, rel=0.05)
    assert generator.embedding is not None and discriminator.embedding is not None
    assert generator.embedding.weight.std().item() == pytest.approx(10**-0.5, rel=0.1)
    assert discriminator.embedding.weight.std().item() == pytest.approx(10**-0.5 / 8, rel=0.1)


def test_every_block_is_the_identity_at_the_start():
    torch.manual_seed(0)
    block = Block(16, group_width=16)
    nn.init.zeros_(block.third.weight)
    maps = torch.randn(2, 16, 5, 5)
    assert torch.equal(block(maps), maps)


def test_a_block_is_its_formula():
    torch.manual_seed(0)
    block = Block(4, group_width=4)
    maps = torch.randn(2, 4, 5, 6)
    with torch.no_grad():
        for parameter in block.parameters():
            nn.init.normal_(parameter)

        def activated(x: Tensor, bias: Tensor | None) -> Tensor:
            assert bias is not None
            x = x + bias[:, None, None]
            return torch.maximum(x, 0.2 * x)

        inner = activated(torch.einsum("ij,njhw->nihw", block.first.weight[:, :, 0, 0], maps), block.first.bias)
        halves = [
            nn.functional.conv2d(inner[:, part], block.second.weight[part], padding=1)
            for part in (slice(0, 4), slice(4, 8))
        ]
        inner = activated(torch.cat(halves, dim=1), block.second.bias)
        expected = maps + torch.einsum("ij,njhw->nihw", block.third.weight[:, :, 0, 0], inner)
        torch.testing.assert_close(block(maps), expected, rtol=1e-4, atol=1e-4)


def test_the_score_is_the_product_of_features_and_the_labels_embedding():
    torch.manual_seed(0)
    _, discriminator = SMALL.build((1, 8, 12), classes=3)
    images, labels = torch.randn(4, 1, 8, 12), torch.tensor([2, 0, 1, 1])
    assert discriminator.embedding is not None
    maps = discriminator.body(images)
    features = torch.einsum("nchw,chw->nc", maps, discriminator.base.weight[:, 0]) @ discriminator.linear.weight.T
    expected = (features * discriminator.embedding.weight[labels]).sum(1)
    torch.testing.assert_close(discriminator(images, labels), expected)


@pytest.mark.parametrize("classes", [0, 3])
def test_signals_start_at_order_one_and_images_at_the_scale_of_pixels(classes: int):
    torch.manual_seed(0)
    generator, discriminator = R3gan(width=64).build((3, 32, 32), classes=classes)
    labels = (torch.arange(64) % 3,) if classes else ()
    with torch.no_grad():
        images = generator(torch.randn(64, 64), *labels)
        scores = discriminator(images, *labels)
    assert 0.3 < images.std().item() < 3 and 0.01 < scores.std().item() < 10


def test_penalties_on_the_input_gradient_are_differentiable_in_the_weights():
    torch.manual_seed(0)
    _, discriminator = R3gan(width=4).build((1, 8, 8))
    discriminator.double()
    with torch.no_grad():
        for parameter in discriminator.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    images = torch.randn(2, 1, 8, 8, dtype=torch.float64).requires_grad_()
    names, weights = zip(*discriminator.named_parameters(), strict=True)

    def gradient(images: Tensor, *weights: Tensor) -> Tensor:
        given = dict(zip(names, weights, strict=True))
        return torch.func.grad(lambda x: torch.func.functional_call(discriminator, given, (x,)).sum())(images)

    # As a function of images and weights: its own derivative exists and is exact.
    assert torch.autograd.gradcheck(gradient, (images, *weights), fast_mode=True)
