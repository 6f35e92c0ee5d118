"""VGG19: names, sizes, and the maps against the plain chain of layers."""

from functools import cache

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from saddlepoint.errors import UserError
from saddlepoint.metrics.features import Features
from saddlepoint.metrics.features.vgg import Vgg19, vgg19
from tests.metrics.features.published import random_weights, vgg19_shapes


@cache
def weights() -> dict[str, Tensor]:
    return random_weights(vgg19_shapes())


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Features:
    path = tmp_path_factory.mktemp("vgg") / "vgg19-dcbb9e9d.pth"
    torch.save({**weights(), "classifier.6.bias": torch.zeros(1000)}, path)
    opened = vgg19(path)
    path.unlink()
    return opened


def test_names_shapes_and_count_are_the_published_ones():
    with torch.device("meta"):
        network = Vgg19()
    assert {name: tuple(value.shape) for name, value in network.state_dict().items()} == vgg19_shapes()
    assert sum(parameter.numel() for parameter in network.parameters()) == 20_024_384


def test_the_maps_are_the_activations_before_each_pooling(features: Features):
    images = torch.rand(2, 3, 33, 40, generator=torch.Generator().manual_seed(1))
    values = images - torch.tensor([0.485, 0.456, 0.406]).reshape(3, 1, 1)
    values = values / torch.tensor([0.229, 0.224, 0.225]).reshape(3, 1, 1)
    expected, names = [], [name.removesuffix(".weight") for name in weights() if name.endswith("weight")]
    for number, name in enumerate(names, start=1):
        values = F.conv2d(values, weights()[f"{name}.weight"], weights()[f"{name}.bias"], padding=1).clamp(min=0)
        if number in (2, 4, 8, 12, 16):
            expected.append(values)
            values = F.max_pool2d(values, 2)
    assert features.maps is not None
    found = features.maps(images)
    assert [tuple(each.shape) for each in found] == [
        (2, 64, 33, 40),
        (2, 128, 16, 20),
        (2, 256, 8, 10),
        (2, 512, 4, 5),
        (2, 512, 2, 2),
    ]
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(features.vectors(images), expected[-1].mean((2, 3)), rtol=1e-4, atol=1e-4)


def test_the_content_loss_has_a_gradient_in_the_images_and_none_in_the_weights(features: Features):
    assert features.maps is not None
    images = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(2)).requires_grad_()
    (features.maps(images)[-1] / 12.75).square().mean().backward()
    assert images.grad is not None and images.grad.abs().max() > 0


def test_images_too_small_for_four_poolings_are_refused(features: Features):
    with pytest.raises(UserError, match="15 x 20 pixels; expected at least 16"):
        features.vectors(torch.rand(1, 3, 15, 20))
