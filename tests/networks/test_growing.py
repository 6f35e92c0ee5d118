"""Growing: a larger network begins as the smaller one, whatever was made larger, or says what it could not take."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from saddlepoint.networks import BigGan, Dcgan, Pair, R3gan, Resnet, Sagan
from saddlepoint.networks.growing import Grown, grow, levels_between
from saddlepoint.networks.layers import FilteredDouble, FilteredHalf

Networks = tuple[nn.Module, nn.Module]
COUNT = 6


def free(width: int, latent: int = 3) -> Dcgan:
    """A pair whose discriminator has no batch statistics."""
    return Dcgan(width=width, latent=latent, normalisation="none")


FREE = free(4)


def moved(networks: Networks) -> Networks:
    """Networks that have learnt something, statistics included."""
    with torch.no_grad():
        for network in networks:
            for tensor in network.state_dict().values():
                if tensor.is_floating_point():
                    tensor.add_(0.2 * torch.rand_like(tensor))
            network.eval()
    return networks


def grown(
    small: Pair, large: Pair, before: tuple[int, ...], after: tuple[int, ...], classes: int = 0
) -> tuple[Networks, Networks, tuple[Grown, Grown], Tensor, Tensor | None]:
    torch.manual_seed(1)
    smaller, networks = moved(small.build(before, classes=classes)), large.build(after, classes=classes)
    z = torch.randn(COUNT, large.latent)
    labels = torch.arange(COUNT) % classes if classes else None
    levels = levels_between(large, before, after)
    assert levels is not None
    one = grow(networks[0], smaller[0], from_end=False, levels=levels, look=lambda network: network(z, labels))
    images = networks[0].eval()(z, labels)
    two = grow(networks[1], smaller[1], from_end=True, levels=levels, look=lambda network: network(images, labels))
    assert all(not network.training for network in networks[:1]) and networks[1].training
    networks[1].eval()
    return smaller, networks, (one, two), z, labels


def halved(images: Tensor, size: torch.Size) -> Tensor:
    while images.shape[2:] != size:
        images = F.avg_pool2d(images, 2)
    return images


@pytest.mark.parametrize(
    ("small", "large", "before", "after", "classes"),
    [
        (FREE, FREE, (1, 16, 16), (1, 32, 32), 0),
        (FREE, FREE, (1, 16, 16), (1, 64, 64), 0),
        (FREE, free(6, 5), (3, 16, 16), (3, 32, 32), 0),
        (free(16), free(8), (3, 16, 16), (3, 32, 32), 0),
        (Dcgan(width=4, latent=3), Dcgan(width=4, latent=3), (1, 16, 16), (1, 64, 64), 0),
        (FREE, FREE, (1, 46, 56), (1, 92, 112), 3),
    ],
    ids=["twice", "four times", "wider too", "equal maps", "normalised", "odd maps, classes"],
)
def test_a_grown_dcgan_draws_and_judges_as_the_small_one(small, large, before, after, classes):
    smaller, networks, taken, z, labels = grown(small, large, before, after, classes)
    was = smaller[0](z[:, : small.latent], labels)
    now = networks[0](z.index_fill(1, torch.arange(small.latent, large.latent), 0.0), labels)
    assert all(each.carried for each in taken)
    torch.testing.assert_close(halved(now, was.shape[2:]), was, atol=1e-5, rtol=1e-4)
    images = 2 * torch.rand_like(now) - 1
    torch.testing.assert_close(
        networks[1](images, labels), smaller[1](halved(images, was.shape[2:]), labels), atol=1e-5, rtol=1e-3
    )


def test_a_grown_r3gan_draws_and_judges_as_the_small_one():
    for before, after in ((16, 32), (32, 64)):
        pair, wider = R3gan(width=16, latent=3), R3gan(width=32, latent=3)
        smaller, networks, taken, z, _ = grown(pair, wider, (3, before, before), (3, after, after))
        now = networks[0](z)
        assert all(each.carried for each in taken)
        torch.testing.assert_close(now, FilteredDouble((after, after))(smaller[0](z)), atol=1e-5, rtol=1e-4)
        images = torch.rand_like(now)
        torch.testing.assert_close(networks[1](images), smaller[1](FilteredHalf()(images)), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("small", "large"),
    [
        (FREE, free(7, 5)),
        (R3gan(width=16, latent=3), R3gan(width=48, latent=3)),
        (
            Resnet(width=4, discriminator_width=4, latent=3, normalisation="none"),
            Resnet(width=6, discriminator_width=5, latent=3, normalisation="none"),
        ),
    ],
    ids=["dcgan", "r3gan", "resnet"],
)
def test_a_wider_network_begins_as_the_narrow_one_and_hears_its_new_channels_soon(small, large):
    smaller, networks, taken, z, _ = grown(small, large, (3, 16, 16), (3, 16, 16))
    z = z.index_fill(1, torch.arange(small.latent, large.latent), 0.0)
    torch.testing.assert_close(networks[0](z), smaller[0](z[:, : small.latent]), atol=1e-5, rtol=1e-4)
    images = torch.rand(COUNT, 3, 16, 16)
    torch.testing.assert_close(networks[1](images), smaller[1](images), atol=1e-5, rtol=1e-4)
    assert all(each.carried is None and each.share == 1.0 and not each.fresh for each in taken)
    networks[1](images).sum().backward()
    last = [tensor for name, tensor in networks[1].named_parameters() if name.endswith("weight") and len(tensor) == 1]
    assert last[-1].grad is not None and last[-1].grad.count_nonzero() == last[-1].numel()


def test_residual_pairs_keep_their_inner_layers_alone():
    small = Resnet(width=4, discriminator_width=4, latent=3)
    smaller, networks, (one, two), *_ = grown(small, small, (3, 16, 16), (3, 32, 32))
    assert one.carried is False and two.carried is False
    for name in ("linear.weight", "blocks.0.first.weight", "blocks.1.skip.weight"):
        assert name in one.whole
        assert torch.equal(networks[0].state_dict()[name], smaller[0].state_dict()[name])
    # Counted from the score back; the first of the small one's blocks saw the image.
    assert any(name.startswith("blocks.3.") for name in two.whole)
    assert {name.split(".")[1] for name in two.fresh} >= {"0", "1"} - {"head"}
    last = "second.parametrizations.weight.original"
    assert torch.equal(networks[1].state_dict()[f"blocks.3.{last}"], smaller[1].state_dict()[f"blocks.2.{last}"])


def test_a_weight_under_a_norm_is_taken_whole_or_not_at_all():
    _, _, (one, two), *_ = grown(Sagan(width=2, latent=3), Sagan(width=3, latent=3), (3, 32, 32), (3, 32, 32))
    assert not any("original" in name for name in (*one.part, *two.part)) and one.share < 0.5


@pytest.mark.parametrize(
    ("pair", "before", "after", "levels"),
    [
        (FREE, (1, 32, 32), (1, 64, 64), 1),
        (FREE, (1, 32, 32), (1, 48, 48), None),
        (FREE, (1, 8, 8), (1, 16, 16), None),
        (FREE, (1, 64, 64), (1, 32, 32), None),
        (Resnet(), (3, 32, 32), (3, 128, 128), 2),
        (BigGan(), (3, 32, 32), (3, 64, 64), None),
    ],
    ids=str,
)
def test_levels_are_counted_where_the_inner_maps_are_the_same(pair, before, after, levels):
    assert levels_between(pair, before, after) == levels


def test_other_layers_are_left_alone():
    small = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
    large = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(2, 2))
    before = large.state_dict()["2.weight"].clone()
    taken = grow(large, small, from_end=False, levels=0, look=lambda _: torch.zeros(1))
    assert taken.part == ("0.weight", "0.bias") and taken.fresh == ("2.weight", "2.bias")
    assert torch.equal(large.state_dict()["2.weight"], before)
