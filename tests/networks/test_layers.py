"""What the pairs share: refusals that name the cure, and weights that keep the signal's scale."""

import pytest
import torch
from torch import nn

from saddlepoint.errors import UserError
from saddlepoint.networks import layers


def test_a_small_image_is_refused_with_the_nearest_size():
    with pytest.raises(UserError, match=r"image shape \(3, 2, 40\).*at least 4.*\(3, 4, 40\)"):
        layers.check_shape((3, 2, 40), 0, points=False, smallest=4)
    layers.check_shape((3, 4, 40), 0, points=False, smallest=4)


def test_points_are_refused_where_there_are_none():
    with pytest.raises(UserError, match=r"points of shape \(2,\).*use the pair 'mlp'"):
        layers.check_shape((2,), 0, points=False)
    layers.check_shape((2,), 0, points=True)


def test_channels_double_up_to_a_multiple_of_the_width():
    assert layers.doubling_channels(64, 6, 8) == [64, 128, 256, 512, 512, 512]


@pytest.mark.parametrize(
    ("layer", "side"),
    [
        (nn.Linear(50, 400), None),
        (nn.Conv2d(32, 64, 4, 2, 1), 24),
        (nn.Conv2d(32, 64, 3, padding=1, groups=4), 24),
        (nn.ConvTranspose2d(32, 64, 4, 2, 1), 12),
        (nn.ConvTranspose2d(32, 64, 3, 1, 1), 24),
    ],
    ids=repr,
)
def test_initialisation_by_fan_keeps_the_second_moment(layer: nn.Module, side: int | None):
    torch.manual_seed(0)
    layers.initialise_by_fan(layer, slope=0.2, last=nn.Identity())
    rectify = nn.LeakyReLU(0.2)
    # After a leaky ReLU of normal numbers, as deep inside a network.
    inputs = torch.randn(64, 50) if side is None else torch.randn(8, 32, side, side)
    with torch.no_grad():
        outputs = layer(rectify(inputs))
    inner = outputs if side is None else outputs[..., 3:-3, 3:-3]
    assert inner.square().mean().item() == pytest.approx(1.0, rel=0.15)
    assert not dict(layer.named_parameters())["bias"].any()


def test_the_output_layer_has_gain_one():
    torch.manual_seed(0)
    layer = nn.Linear(400, 300)
    layers.initialise_by_fan(layer, slope=0.0, last=layer)
    assert layer.weight.std().item() == pytest.approx(1 / 20, rel=0.02)


def test_every_layer_is_filled_and_every_bias_emptied():
    network = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.Conv2d(1, 2, 3), nn.ConvTranspose2d(2, 1, 3, bias=False)))
    layers.initialise(network, lambda weight: nn.init.constant_(weight, 7.0))
    for path, parameter in network.named_parameters():
        assert (parameter == (7.0 if path.endswith("weight") else 0.0)).all(), path


def test_one_hot_rows_are_rows_of_the_identity():
    rows = layers.one_hot(torch.tensor([2, 0]), 4, like=torch.zeros(1, dtype=torch.float64))
    assert torch.equal(rows, torch.eye(4, dtype=torch.float64)[[2, 0]])
