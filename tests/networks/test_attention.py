"""Self-attention equals its formula, is the identity at the start, and has a second derivative."""

import pytest
import torch
from torch import nn

from saddlepoint.networks import PAIRS
from saddlepoint.networks.layers import SelfAttention, attended


def _attention(channels: int, gate: float = 0.0) -> SelfAttention:
    torch.manual_seed(0)
    attention = SelfAttention(channels).double()
    nn.init.constant_(attention.gate, gate)
    return attention


def test_it_is_the_identity_while_the_gate_is_closed():
    maps = torch.randn(2, 16, 6, 4, dtype=torch.float64)
    attention = _attention(16)
    assert attention.gate.item() == 0.0
    assert torch.equal(attention(maps), maps)
    assert not torch.equal(_attention(16, gate=0.1)(maps), maps)


def test_it_equals_the_formula_place_by_place():
    attention, maps = _attention(16, gate=0.7), torch.randn(2, 16, 4, 6, dtype=torch.float64)
    weights = {name: getattr(attention, name).weight[:, :, 0, 0] for name in ("query", "key", "value", "output")}
    expected = maps.clone()
    for sample in range(2):
        keys, values = [], []
        for row in range(0, 4, 2):
            for column in range(0, 6, 2):
                window = maps[sample, :, row : row + 2, column : column + 2].flatten(1)
                keys.append((weights["key"] @ window).amax(1))
                values.append((weights["value"] @ window).amax(1))
        for row in range(4):
            for column in range(6):
                query = weights["query"] @ maps[sample, :, row, column]
                shares = torch.stack([query @ key for key in keys]).softmax(0)
                found = sum(share * value for share, value in zip(shares, values, strict=True))
                expected[sample, :, row, column] += 0.7 * weights["output"] @ found
    torch.testing.assert_close(attention(maps), expected)


def test_its_widths_are_an_eighth_and_a_half_without_biases():
    shapes = {name: tuple(weight.shape) for name, weight in _attention(64).named_parameters()}
    assert shapes == {
        "gate": (),
        "query.weight": (8, 64, 1, 1),
        "key.weight": (8, 64, 1, 1),
        "value.weight": (32, 64, 1, 1),
        "output.weight": (64, 32, 1, 1),
    }


def test_it_can_stand_under_a_penalty_on_the_input_gradient():
    attention, maps = _attention(8, gate=0.5), torch.randn(1, 8, 3, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(attention, maps)
    assert torch.autograd.gradgradcheck(attention, maps)


@pytest.mark.parametrize(
    ("sizes", "side", "level"),
    [
        ([(8, 8), (16, 16), (32, 32), (64, 64), (128, 128)], 32, 2),
        ([(64, 64), (32, 32), (16, 16), (8, 8), (4, 4)], 32, 1),
        ([(8, 8), (16, 16)], 32, 1),
        ([(161, 241), (81, 121), (41, 61), (21, 31)], 64, 2),
        ([(161, 241), (81, 121)], 64, 1),
        ([(32, 32)], None, None),
    ],
)
def test_it_stands_behind_the_largest_map_that_is_not_too_large(sizes, side, level):
    assert attended(sizes, side) == level


@pytest.mark.parametrize(
    ("name", "size", "side", "channels"),
    [
        # (channels in G, channels in D), from the published tables at the published widths.
        ("sagan", 128, 32, (256, 128)),
        ("biggan", 128, 64, (192, 96)),
        ("biggan-deep", 128, 64, (256, 256)),
    ],
)
def test_published_pairs_have_it_where_it_was_published(name, size, side, channels):
    with torch.device("meta"):
        networks = PAIRS[name]().build((3, size, size))
        inputs = torch.empty(2, networks[0].latent), torch.empty(2, 3, size, size)
        found = []

        def see(module: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
            found.append(tuple(inputs[0].shape[1:]))

        for network, given in zip(networks, inputs, strict=True):
            for module in network.modules():
                if isinstance(module, SelfAttention):
                    module.register_forward_pre_hook(see)
            network(given)
    assert found == [(count, side, side) for count in channels]


@pytest.mark.parametrize("name", ["sagan", "biggan", "biggan-deep"])
def test_gates_start_closed_in_every_pair(name):
    for network in PAIRS[name]().shrunken().build((3, 16, 16)):
        gates = [module.gate for module in network.modules() if isinstance(module, SelfAttention)]
        assert len(gates) == 1 and gates[0].item() == 0.0
