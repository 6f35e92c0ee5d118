"""The fully connected pairs against their published definitions, computed again in numpy."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.networks import Maxout2014, Mlp, MlpIntro
from saddlepoint.networks.mlp import MEAN_CLIP, Maxout

MNIST = (1, 28, 28)


def linears(network: nn.Module) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weight and bias of each linear layer, in the order of the forward pass."""
    found = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    return [(layer.weight.detach().double().numpy(), layer.bias.detach().double().numpy()) for layer in found]


def array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().double().flatten(1).numpy()


def maxout(x: np.ndarray, layer: tuple[np.ndarray, np.ndarray], pieces: int) -> np.ndarray:
    weight, bias = layer
    units = len(bias) // pieces
    return np.max(
        [x @ weight[k * units : (k + 1) * units].T + bias[k * units : (k + 1) * units] for k in range(pieces)], 0
    )


def relu(x: np.ndarray, layer: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return np.maximum(x @ layer[0].T + layer[1], 0)


def shake(*networks: nn.Module) -> None:
    """Biases start at 0, where a forgotten one would go unseen."""
    for network in networks:
        for parameter in network.parameters():
            nn.init.normal_(parameter, std=0.1)


def test_the_2014_pair_computes_what_was_published():
    torch.manual_seed(0)
    generator, discriminator = (network.eval() for network in Maxout2014().build(MNIST))
    shake(generator, discriminator)
    z = torch.randn(3, 100)
    images = generator(z)
    a, b, c = linears(generator)
    h = relu(relu(array(z), a), b)
    np.testing.assert_allclose(array(images), 1 / (1 + np.exp(-(h @ c[0].T + c[1]))), atol=1e-5)
    a, b, c = linears(discriminator)
    expected = maxout(maxout(array(images), a, 5), b, 5) @ c[0].T + c[1]
    np.testing.assert_allclose(discriminator(images).detach().numpy(), expected[:, 0], rtol=1e-4)


def test_the_conditional_2014_pair_computes_what_was_published():
    torch.manual_seed(0)
    generator, discriminator = (network.eval() for network in Maxout2014().build(MNIST, classes=10))
    shake(generator, discriminator)
    z, labels = torch.randn(3, 100), torch.tensor([4, 0, 9])
    y = np.eye(10)[labels]
    images = generator(z, labels)
    of_z, of_y, joint, last = linears(generator)
    assert [len(bias) for _, bias in (of_z, of_y, joint, last)] == [200, 1000, 1200, 784]
    h = relu(np.concatenate([relu(array(z), of_z), relu(y, of_y)], 1), joint)
    np.testing.assert_allclose(array(images), 1 / (1 + np.exp(-(h @ last[0].T + last[1]))), atol=1e-5)
    of_x, of_y, joint, last = linears(discriminator)
    assert [len(bias) for _, bias in (of_x, of_y, joint, last)] == [240 * 5, 50 * 5, 240 * 4, 1]
    h = maxout(np.concatenate([maxout(array(images), of_x, 5), maxout(y, of_y, 5)], 1), joint, 4)
    expected = (h @ last[0].T + last[1])[:, 0]
    np.testing.assert_allclose(discriminator(images, labels).detach().numpy(), expected, rtol=1e-4)


@pytest.mark.parametrize("classes", [0, 10])
def test_the_2014_weights_are_uniform_in_their_ranges_and_biases_zero(classes: int):
    torch.manual_seed(0)
    for network, limit in zip(Maxout2014().build(MNIST, classes=classes), (0.05, 0.005), strict=True):
        for weight, bias in linears(network):
            assert np.abs(weight).max() <= limit
            if weight.size > 10_000:
                assert weight.std() == pytest.approx(limit / math.sqrt(3), rel=0.02)
                assert np.abs(weight).max() > 0.999 * limit
            assert not bias.any()


def test_the_output_bias_is_the_logit_of_the_mean_and_the_clip_holds():
    mean = torch.linspace(0, 1, 784).reshape(MNIST)
    mean[0, 5] = 0.0
    generator, _ = Maxout2014().build(MNIST, mean=mean)
    bias = torch.from_numpy(linears(generator)[-1][1])
    clipped = mean.double().clamp(MEAN_CLIP, 1 - MEAN_CLIP).flatten()
    torch.testing.assert_close(torch.sigmoid(bias), clipped, atol=1e-7, rtol=1e-5)
    assert bias.abs().max().item() == pytest.approx(math.log(1e7), rel=1e-3)
    # With its last weights at 0 the generator makes the mean itself.
    last = [layer for layer in generator.modules() if isinstance(layer, nn.Linear)][-1]
    nn.init.zeros_(last.weight)
    torch.testing.assert_close(generator(torch.zeros(1, 100))[0], mean, atol=1e-6, rtol=0)


def test_points_start_at_their_mean():
    generator, _ = Maxout2014().build((2,), mean=torch.tensor([5.0, -3.0]))
    np.testing.assert_array_equal(linears(generator)[-1][1], [5.0, -3.0])


@pytest.mark.parametrize(
    ("mean", "message"),
    [
        (torch.full((28, 28), 0.5), r"shape \(28, 28\).*\(1, 28, 28\)"),
        (torch.full(MNIST, 33.0), r"\[33, 33\].*divide"),
        (torch.full(MNIST, -0.1), r"\[0, 1\]"),
    ],
    ids=["shape", "grey levels", "negative"],
)
def test_a_mean_that_does_not_fit_is_refused(mean: Tensor, message: str):
    with pytest.raises(UserError, match=message):
        Maxout2014().build(MNIST, mean=mean)


def test_a_mean_is_accepted_on_the_meta_device():
    with torch.device("meta"):
        generator, _ = Maxout2014().build(MNIST, mean=torch.full(MNIST, 0.5))
    assert next(generator.parameters()).is_meta


@pytest.mark.parametrize("classes", [0, 4])
def test_dropout_of_2014_keeps_and_scales(classes: int):
    _, discriminator = Maxout2014().build((1, 40, 40), classes=classes)
    dropped = []
    for layer in discriminator.modules():
        if isinstance(layer, nn.Dropout):
            layer.register_forward_hook(lambda layer, inputs, output: dropped.append((layer.p, inputs[0], output)))
    discriminator(torch.ones(64, 1, 40, 40), *((torch.zeros(64, dtype=torch.int64),) if classes else ()))
    assert [p for p, _, _ in dropped] == [0.2, 0.5, 0.5]
    for p, inputs, output in dropped:
        kept = output != 0
        assert kept.double().mean().item() == pytest.approx(1 - p, abs=0.02)
        torch.testing.assert_close(output[kept], (inputs / (1 - p))[kept])


def test_maxout_is_the_largest_piece_and_its_gradient_goes_there():
    layer = Maxout(3, 2, 4)
    x = torch.randn(5, 3, requires_grad=True)
    out = layer(x)
    pieces = layer.linear(x).reshape(5, 4, 2)
    assert torch.equal(out, pieces.max(1).values)
    (gradient,) = torch.autograd.grad(out[:, 1].sum(), x)
    winners = layer.linear.weight.reshape(4, 2, 3)[:, 1][pieces[:, :, 1].argmax(1)]
    torch.testing.assert_close(gradient, winners)


def test_the_introductory_pair_computes_what_was_published():
    torch.manual_seed(0)
    generator, discriminator = MlpIntro().build(MNIST)
    for network in (generator, discriminator):
        for weight, bias in linears(network):
            # Glorot uniform.
            limit = math.sqrt(6 / sum(weight.shape))
            assert np.abs(weight).max() <= limit and not bias.any()
            if weight.size > 10_000:
                assert weight.std() == pytest.approx(limit / math.sqrt(3), rel=0.02)
    shake(generator, discriminator)
    z = torch.rand(3, 100) * 2 - 1
    images = generator(z)
    a, b = linears(generator)
    np.testing.assert_allclose(array(images), 1 / (1 + np.exp(-(relu(array(z), a) @ b[0].T + b[1]))), atol=1e-5)
    a, b = linears(discriminator)
    expected = (relu(array(images), a) @ b[0].T + b[1])[:, 0]
    np.testing.assert_allclose(discriminator(images).detach().numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("depth", [1, 3])
def test_the_toy_pair_is_rectified_layers_with_a_linear_output(depth: int):
    torch.manual_seed(0)
    generator, discriminator = Mlp(width=64, depth=depth).build((2,))
    shake(generator, discriminator)
    z = torch.randn(7, 2)
    for network, inputs in ((generator, z), (discriminator, generator(z))):
        *hidden, last = linears(network)
        assert len(hidden) == depth
        h = array(inputs)
        for layer in hidden:
            h = relu(h, layer)
        np.testing.assert_allclose(array(network(inputs)[:, None]), h @ last[0].T + last[1], rtol=1e-4, atol=1e-5)


def test_the_toy_pair_starts_at_order_one():
    torch.manual_seed(0)
    generator, discriminator = Mlp().build((2,))
    points = generator(torch.randn(500, 2))
    assert 0.3 < points.std().item() < 3 and 0.1 < discriminator(torch.randn(500, 2)).std().item() < 3


def test_labels_join_the_plain_pairs_as_one_hot_rows():
    for pair in (MlpIntro(width=8), Mlp(width=8)):
        torch.manual_seed(0)
        generator, discriminator = pair.build((1, 4, 4), classes=3)
        z, labels = torch.randn(2, pair.latent), torch.tensor([2, 1])
        joined = torch.cat([z, torch.eye(3)[labels]], 1)
        torch.testing.assert_close(generator(z, labels), generator.body(joined).reshape(2, 1, 4, 4))
        images = torch.rand(2, 1, 4, 4)
        joined = torch.cat([images.flatten(1), torch.eye(3)[labels]], 1)
        torch.testing.assert_close(discriminator(images, labels), discriminator.body(joined)[:, 0])


def test_pixel_ranges():
    assert [pair.build(MNIST)[0].pixel_range for pair in (Maxout2014(), MlpIntro(), Mlp())] == [(0, 1), (0, 1), (-1, 1)]
