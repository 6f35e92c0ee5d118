"""DCGAN: exact output at any size, the example's layers and initialisation, and a D without normalisation."""

import hypothesis
import hypothesis.strategies as st
import pytest
import torch
from torch import nn

from saddlepoint.errors import UserError
from saddlepoint.networks import Dcgan
from saddlepoint.networks.dcgan import size_chain


@hypothesis.given(height=st.integers(4, 70), width=st.integers(4, 70), channels=st.sampled_from([1, 3, 4]))
@hypothesis.settings(max_examples=60)
def test_every_size_from_four_on_is_exact(height: int, width: int, channels: int):
    with torch.device("meta"):
        generator, discriminator = Dcgan(width=2, latent=3).build((channels, height, width))
        images = generator(torch.empty(2, 3))
        assert images.shape == (2, channels, height, width)
        assert discriminator(images).shape == (2,)


def test_every_side_is_exact_beside_a_long_one():
    with torch.device("meta"):
        for side in (*range(4, 40), *range(60, 70), *range(125, 131)):
            generator, discriminator = Dcgan(width=1, latent=2).build((1, side, 200))
            assert generator(torch.empty(1, 2)).shape == (1, 1, side, 200)
            assert discriminator(torch.empty(1, 1, side, 200)).shape == (1,)


@pytest.mark.parametrize("shape", [(3, 3, 64), (1, 64, 1), (4, 2, 2)], ids=str)
def test_a_smaller_size_is_refused_and_the_nearest_can_be_built(shape: tuple[int, ...]):
    nearest = (shape[0], max(shape[1], 4), max(shape[2], 4))
    with pytest.raises(UserError) as refusal:
        Dcgan().build(shape)
    assert str(nearest) in refusal.value.cure
    with torch.device("meta"):
        Dcgan().build(nearest)


def test_the_chain_halves_rounding_down_to_a_base_of_four_to_seven():
    assert size_chain(64, 64) == [(64, 64), (32, 32), (16, 16), (8, 8), (4, 4)]
    assert size_chain(28, 28) == [(28, 28), (14, 14), (7, 7)]
    assert size_chain(17, 23) == [(17, 23), (8, 11), (4, 5)]
    assert size_chain(321, 481)[-1] == (5, 7)
    # Small images get two levels all the same.
    assert size_chain(8, 8) == [(8, 8), (4, 4), (2, 2)]


def test_the_layers_are_the_examples():
    with torch.device("meta"):
        generator, discriminator = Dcgan().build((3, 64, 64))
    of_g = [tuple(layer.weight.shape) for layer in generator.modules() if isinstance(layer, nn.ConvTranspose2d)]
    of_d = [tuple(layer.weight.shape) for layer in discriminator.modules() if isinstance(layer, nn.Conv2d)]
    assert of_g == [(512, 256, 4, 4), (256, 128, 4, 4), (128, 64, 4, 4), (64, 3, 4, 4)]
    assert of_d == [(64, 3, 4, 4), (128, 64, 4, 4), (256, 128, 4, 4), (512, 256, 4, 4)]
    norms = [
        [layer.num_features for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
        for network in (generator, discriminator)
    ]
    assert norms == [[512, 256, 128, 64], [128, 256, 512]]
    biased = [layer for n in (generator, discriminator) for layer in n.modules() if hasattr(layer, "kernel_size")]
    assert all(layer.bias is None for layer in biased)
    assert [type(layer) for layer in generator.body][-1] is nn.Tanh


def test_the_linear_ends_are_the_examples_convolutions():
    torch.manual_seed(0)
    generator, discriminator = Dcgan(width=4, latent=5).build((3, 16, 16))
    z = torch.randn(2, 5)
    base = discriminator.body[:-1](torch.randn(2, 3, 16, 16))
    project, unflatten = generator.body[0], generator.body[1]
    assert isinstance(project, nn.Linear) and isinstance(unflatten, nn.Unflatten)
    # Channels-first order of the 4x4 map makes a linear weight a convolution's, transposed for G.
    kernel = project.weight.T.reshape(5, 8, 4, 4)
    expected = nn.functional.conv_transpose2d(z[:, :, None, None], kernel)
    torch.testing.assert_close(unflatten(project(z)), expected)
    expected = nn.functional.conv2d(base, discriminator.head.weight.reshape(1, 8, 4, 4))
    torch.testing.assert_close(discriminator.head(base.flatten(1))[:, 0], expected.flatten())


def test_the_initialisation_is_dcgans():
    torch.manual_seed(0)
    for network in Dcgan().build((3, 64, 64)):
        gains = torch.cat([m.weight.detach() for m in network.modules() if isinstance(m, nn.BatchNorm2d)])
        assert gains.mean().item() == pytest.approx(1.0, abs=0.005)
        assert gains.std().item() == pytest.approx(0.02, rel=0.1)
        for module in network.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)):
                assert module.weight.mean().item() == pytest.approx(0.0, abs=0.002)
                assert module.weight.std().item() == pytest.approx(0.02, rel=0.05)
            if isinstance(module, nn.BatchNorm2d):
                assert not module.bias.any()


@pytest.mark.parametrize(
    ("shape", "width"), [((1, 8, 8), 32), ((1, 28, 28), 16), ((1, 28, 28), 64), ((3, 64, 64), 16), ((4, 17, 23), 32)]
)
def test_without_normalisation_signal_and_input_gradient_start_at_order_one(shape: tuple[int, ...], width: int):
    torch.manual_seed(0)
    generator, discriminator = Dcgan(width=width, normalisation="none", generator_normalisation="none").build(shape)
    for network in (generator, discriminator):
        assert not any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in network.modules())
        assert all(m.bias is not None for m in network.modules() if isinstance(m, (nn.Conv2d, nn.ConvTranspose2d)))
    # Smooth images, as real ones are.
    images = nn.functional.interpolate(torch.randn(32, shape[0], 5, 5), size=shape[1:], mode="bicubic").clamp(-1, 1)
    images.requires_grad_()
    scores = discriminator(images)
    (gradient,) = torch.autograd.grad(scores.sum(), images)
    assert 0.1 < scores.std().item() < 3
    assert 0.3 < gradient.flatten(1).norm(dim=1).mean().item() < 3
    made = generator(torch.rand(64, 100) * 2 - 1)
    assert 0.1 < made.std().item() < 0.9


@pytest.mark.parametrize("normalisation", ["batch", "none"])
def test_the_projection_is_an_inner_product_with_the_labels_embedding(normalisation):
    torch.manual_seed(0)
    _, discriminator = Dcgan(width=4, normalisation=normalisation).build((1, 16, 20), classes=3)
    discriminator.eval()
    images, labels = torch.randn(3, 1, 16, 20), torch.tensor([2, 0, 1])
    h = discriminator.body(images)
    assert discriminator.projection is not None
    weight = discriminator.head.weight[0] + discriminator.projection.weight[labels]
    bias = 0 if discriminator.head.bias is None else discriminator.head.bias
    torch.testing.assert_close(discriminator(images, labels), (weight * h).sum(1) + bias)
    assert discriminator.projection.weight.std().item() == pytest.approx(
        discriminator.head.weight.std().item(), rel=0.2
    )


def test_the_embedding_of_labels_is_never_wider_than_z():
    with torch.device("meta"):
        few, _ = Dcgan(width=4).build((1, 28, 28), classes=10)
        many, _ = Dcgan(width=4).build((1, 28, 28), classes=1000)
    assert few.embedding is not None and many.embedding is not None
    assert few.embedding.weight.shape == (10, 10) and many.embedding.weight.shape == (1000, 100)


def test_dropout_stands_after_every_level_and_stops_in_evaluation():
    torch.manual_seed(0)
    _, discriminator = Dcgan(width=4, dropout=0.5).build((1, 28, 28))
    assert sum(isinstance(layer, nn.Dropout) for layer in discriminator.body) == 2
    images = torch.randn(4, 1, 28, 28)
    assert not torch.equal(discriminator(images), discriminator(images))
    discriminator.eval()
    assert torch.equal(discriminator(images), discriminator(images))
