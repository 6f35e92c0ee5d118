"""Batch normalisation under a condition, standing statistics, and spectral norm with its vectors as state."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from saddlepoint.errors import UserError
from saddlepoint.game.penalties import zero_centred
from saddlepoint.networks import PAIRS, Resnet, Sagan
from saddlepoint.networks.layers import BatchNorm, spectrally_normalise, standing_statistics
from saddlepoint.tasks.kit.adversary import Critic

SPECTRAL = ["biggan", "biggan-deep", "resnet", "sagan"]


def _normal(maps: Tensor) -> Tensor:
    mean, variance = maps.mean((0, 2, 3), keepdim=True), maps.var((0, 2, 3), unbiased=False, keepdim=True)
    return (maps - mean) / (variance + 1e-5).sqrt()


@pytest.mark.parametrize("kind", ["classes", "code"])
def test_batch_norm_under_a_condition_equals_its_formula(kind: str):
    torch.manual_seed(0)
    maps = 3 + 2 * torch.randn(4, 5, 3, 2, dtype=torch.float64)
    if kind == "classes":
        norm, condition = BatchNorm(5, classes=3).double(), torch.tensor([2, 0, 2, 1])
        nn.init.normal_(norm.gain.weight)
        nn.init.normal_(norm.bias.weight)
        gain, bias = norm.gain.weight[condition], norm.bias.weight[condition]
    else:
        norm, condition = BatchNorm(5, code=7).double(), torch.randn(4, 7, dtype=torch.float64)
        gain, bias = condition @ norm.gain.weight.T, condition @ norm.bias.weight.T
    expected = (1 + gain)[:, :, None, None] * _normal(maps) + bias[:, :, None, None]
    torch.testing.assert_close(norm(maps, condition), expected)
    assert (norm.normalise.running_mean != 0).all()


def test_gains_per_class_start_at_one_and_biases_at_zero():
    maps = torch.randn(6, 5, 3, 2)
    norm = BatchNorm(5, classes=3)
    torch.testing.assert_close(norm(maps, torch.arange(6) % 3), nn.BatchNorm2d(5)(maps))
    assert sum(parameter.numel() for parameter in norm.parameters()) == 2 * 3 * 5


def test_without_a_condition_it_is_the_ordinary_one():
    maps, norm = torch.randn(6, 5, 3, 2), BatchNorm(5)
    torch.testing.assert_close(norm(maps), nn.BatchNorm2d(5)(maps))
    assert sum(parameter.numel() for parameter in norm.parameters()) == 2 * 5


def _draws(latent: int, count: int = 3) -> list[tuple[Tensor]]:
    torch.manual_seed(1)
    return [(torch.randn(8, latent),) for _ in range(count)]


def test_standing_statistics_are_plain_means_over_the_draws():
    generator = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3, momentum=0.3), nn.Dropout(0.5))
    draws = _draws(4)
    standing_statistics(generator, draws)
    batches = [generator[0](z) for (z,) in draws]
    torch.testing.assert_close(generator[1].running_mean, torch.stack([b.mean(0) for b in batches]).mean(0))
    torch.testing.assert_close(generator[1].running_var, torch.stack([b.var(0) for b in batches]).mean(0))
    assert generator[1].momentum == 0.3


def test_standing_statistics_move_nothing_else_and_keep_the_modes():
    generator, _ = Sagan(latent=5, width=1).build((1, 8, 8))
    generator.train()
    generator.blocks[0].eval()
    modes, before = [module.training for module in generator.modules()], copy.deepcopy(generator.state_dict())
    standing_statistics(generator, _draws(5))
    assert [module.training for module in generator.modules()] == modes
    changed = {key for key, value in generator.state_dict().items() if not torch.equal(value, before[key])}
    statistics = {
        key for key in before if key.rsplit(".")[-1] in ("running_mean", "running_var", "num_batches_tracked")
    }
    assert changed == statistics
    # A second gathering forgets the first.
    first = copy.deepcopy(generator.state_dict())
    standing_statistics(generator, _draws(5))
    assert all(torch.equal(value, first[key]) for key, value in generator.state_dict().items())


def test_standing_statistics_without_norms_or_draws_are_refused():
    with pytest.raises(UserError, match="without batch normalisation"):
        standing_statistics(nn.Linear(2, 2), _draws(2))
    norm: Any = nn.BatchNorm1d(2)
    norm.running_mean.fill_(3.0)
    with pytest.raises(UserError, match="no draws"):
        standing_statistics(norm, [])
    assert (norm.running_mean == 3.0).all() and norm.training


def _spectral(network: nn.Module) -> dict[str, nn.Module]:
    return {name: module for name, module in network.named_modules() if hasattr(module, "parametrizations")}


@pytest.mark.parametrize("name", SPECTRAL)
def test_spectral_norms_are_one_after_200_forward_passes_at_frozen_weights(name: str):
    torch.manual_seed(0)
    generator, discriminator = PAIRS[name]().shrunken().build((1, 8, 8), classes=3)
    z, labels = torch.randn(3, generator.latent), torch.arange(3)
    with torch.no_grad():
        images = generator(z, labels)
        for _ in range(200):
            discriminator(images, labels)
            generator(z, labels)
    networks = [discriminator] if name == "resnet" else [discriminator, generator]
    for network in networks:
        network.eval()
        assert len(_spectral(network)) > 5
        for path, layer in _spectral(network).items():
            weight = layer.weight
            assert isinstance(weight, Tensor)
            assert torch.linalg.matrix_norm(weight.flatten(1), 2).item() == pytest.approx(1.0, abs=1e-3), path


@pytest.mark.parametrize("name", SPECTRAL)
def test_every_weight_that_was_published_with_it_has_it(name: str):
    generator, discriminator = PAIRS[name]().shrunken().build((3, 16, 16), classes=3)

    def plain(network: nn.Module) -> set[str]:
        return {path for path, weight in network.named_parameters() if weight.dim() > 1 and "original" not in path}

    assert not plain(discriminator)
    if name == "resnet":
        assert not _spectral(generator)
    else:
        # The embedding of labels, and SAGAN's gains and biases per class, which are embeddings too.
        assert all("embedding" in path or ".gain." in path or ".bias." in path for path in plain(generator))


def test_its_vectors_are_state_and_move_in_training_only():
    torch.manual_seed(0)
    pair, images = Resnet(width=4, discriminator_width=4), torch.randn(3, 1, 8, 8)
    _, network = pair.build((1, 8, 8))
    # Away from where the iteration has converged, where it would stand still.
    for parameter in network.parameters():
        nn.init.normal_(parameter)
    before = copy.deepcopy(network.state_dict())
    network.eval()(images)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    network.train()(images)
    moved = {key for key, value in network.state_dict().items() if not torch.equal(value, before[key])}
    assert moved and moved <= {key for key in before if key.endswith(("._u", "._v"))}
    # What was saved goes on as if nothing had happened, to the bit.
    _, again = pair.build((1, 8, 8))
    again.load_state_dict(copy.deepcopy(network.state_dict()))
    assert torch.equal(again(images), network(images)) and torch.equal(again(images), network(images))
    assert all(torch.equal(value, again.state_dict()[key]) for key, value in network.state_dict().items())


def test_under_functional_calls_the_given_vectors_move_and_the_networks_own_stay():
    torch.manual_seed(0)
    _, network = Resnet(width=4, discriminator_width=4).build((1, 8, 8), classes=3)
    for parameter in network.parameters():
        nn.init.normal_(parameter)
    images, labels = torch.randn(3, 1, 8, 8), torch.arange(3)
    own, given = copy.deepcopy(network.state_dict()), {key: b.clone() for key, b in network.named_buffers()}
    twin = copy.deepcopy(network)
    parameters = {key: parameter.detach().requires_grad_() for key, parameter in network.named_parameters()}

    def penalty(network_scores) -> Tensor:
        _, gradient = Critic(network=network_scores).scores_and_gradient(images)
        return zero_centred(gradient, 1.0)

    functional = penalty(lambda x: functional_call(network, (parameters, given), (x, labels)))
    ordinary = penalty(lambda x: twin(x, labels))
    torch.testing.assert_close(functional, ordinary, rtol=0, atol=0)
    assert all(torch.equal(value, own[key]) for key, value in network.state_dict().items())
    assert all(torch.equal(buffer, given[key]) for key, buffer in twin.named_buffers())
    assert any(not torch.equal(buffer, own[key]) for key, buffer in given.items())
    ours = torch.autograd.grad(functional, list(parameters.values()), allow_unused=True, materialize_grads=True)
    theirs = torch.autograd.grad(ordinary, list(twin.parameters()), allow_unused=True, materialize_grads=True)
    assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))


def test_the_gradient_of_r1_through_it_is_exact_at_the_fixed_point():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(12, 1), nn.Flatten(0)).double()
    spectrally_normalise(network)
    images = torch.randn(4, 1, 4, 4, dtype=torch.float64)
    with torch.no_grad():
        for _ in range(500):
            network(images)
    network.eval()
    weight = network.get_parameter("0.parametrizations.weight.original")

    def penalty() -> Tensor:
        _, gradient = Critic(network=network).scores_and_gradient(images)
        return zero_centred(gradient, 1.0)

    (gradient,) = torch.autograd.grad(penalty(), weight)
    direction = torch.randn_like(weight)
    values = []
    for step in (1e-4, -1e-4):
        probe = copy.deepcopy(network)
        with torch.no_grad():
            probe.get_parameter("0.parametrizations.weight.original").add_(step * direction)
            probe.train()
            for _ in range(500):
                probe(images)
        probe.eval()
        _, slope = Critic(network=probe).scores_and_gradient(images)
        values.append(zero_centred(slope, 1.0).item())
    # The largest singular value's own derivative is u v^T, so that constant vectors lose nothing.
    assert (values[0] - values[1]) / 2e-4 == pytest.approx((gradient * direction).sum().item(), rel=1e-5)


def test_epsilon_reaches_the_power_iteration():
    layer: Any = nn.Sequential(nn.Linear(3, 2))
    nn.init.constant_(layer[0].weight, 1e-4)
    spectrally_normalise(layer, epsilon=1.0)
    # Vectors shorter than epsilon are divided by epsilon, and stay short.
    assert layer[0].parametrizations.weight[0]._u.norm() < 1e-3


@pytest.mark.parametrize("options", [{"classes": 3}, {"code": 5}])
def test_under_autocast_a_condition_leaves_the_maps_as_narrow_as_they_are(options: dict[str, int]) -> None:
    torch.manual_seed(0)
    norm = BatchNorm(4, **options)
    condition = torch.tensor([0, 2]) if "classes" in options else torch.randn(2, 5)
    maps = torch.randn(2, 4, 3, 3)
    with torch.autocast("cpu", torch.bfloat16):
        made = norm(maps.bfloat16(), condition)
    assert made.dtype == torch.bfloat16
    torch.testing.assert_close(made.float(), norm(maps, condition), rtol=0.05, atol=0.05)
