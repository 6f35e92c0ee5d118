"""pix2pix's networks: layers, initialisation, receptive fields, sizes; and the normalisation of single images."""

from collections.abc import Iterable

import hypothesis
import hypothesis.strategies as st
import pytest
import torch
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.networks import UnetPatchgan
from saddlepoint.networks.layers.patches import PatchDiscriminator, patch_map
from saddlepoint.networks.layers.per_image import ImageBatchNorm
from saddlepoint.networks.unet_patchgan import levels_of, nearest_size

PUBLISHED_FIELDS = {1: 16, 2: 34, 3: 70, 4: 142, 5: 286, 6: 574}
SQUARE = (3, 256, 256)


def receptive_field(network: nn.Module | Iterable[nn.Module]) -> int:
    """Side, in pixels, of the square of the input that one output of a chain of convolutions depends on."""
    layers = network.modules() if isinstance(network, nn.Module) else network
    side = 1
    for layer in reversed([layer for layer in layers if isinstance(layer, nn.Conv2d)]):
        side = (side - 1) * layer.stride[0] + layer.dilation[0] * (layer.kernel_size[0] - 1) + 1
    return side


def patches(layers: int, side: int) -> PatchDiscriminator:
    return PatchDiscriminator((1, side, side), width=1, layers=layers, normalisation="none")


@pytest.mark.parametrize(("layers", "field"), PUBLISHED_FIELDS.items())
def test_the_receptive_field_is_the_published_one(layers: int, field: int):
    with torch.device("meta"):
        assert receptive_field(patches(layers, 1024)) == field


@pytest.mark.parametrize(("layers", "field"), PUBLISHED_FIELDS.items())
def test_a_score_depends_on_just_its_receptive_field(layers: int, field: int):
    torch.manual_seed(0)
    side = field + 2 * 2**layers
    discriminator = patches(layers, side).double()
    image = torch.rand(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    scores = discriminator(image)
    middle = scores.shape[1] // 2
    (gradient,) = torch.autograd.grad(scores[0, middle, middle], image)
    rows, columns = (torch.nonzero(gradient[0, 0].abs().sum(axis)) for axis in (1, 0))
    for touched in (rows, columns):
        assert touched.min() > 0 and touched.max() < side - 1, "the image is too small to tell"
        assert int(touched.max() - touched.min()) + 1 == field
    assert (gradient[0, 0, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] != 0).all()


def test_a_receptive_field_of_other_chains():
    assert receptive_field(nn.Conv2d(1, 1, 1)) == 1
    assert receptive_field([nn.Conv2d(1, 1, 3), nn.ReLU(), nn.Conv2d(1, 1, 3)]) == 5
    assert receptive_field([nn.Conv2d(1, 1, 3, stride=2), nn.Conv2d(1, 1, 3, dilation=2)]) == 11


@hypothesis.given(height=st.integers(6, 90), width=st.integers(6, 90), layers=st.integers(1, 4))
@hypothesis.settings(max_examples=40)
def test_the_map_of_scores_is_as_computed_or_refused(height: int, width: int, layers: int):
    with torch.device("meta"):
        expected = patch_map(height, width, layers)
        shape = (1, height, width)
        if min(expected) < 1:
            with pytest.raises(UserError, match="at least") as refusal:
                PatchDiscriminator(shape, width=1, layers=layers, normalisation="none")
            most = int(refusal.value.cure.split("=")[1].split(",")[0])
            PatchDiscriminator(shape, width=1, layers=most, normalisation="none")
            assert most < layers and min(patch_map(height, width, most + 1)) < 1
        else:
            built = PatchDiscriminator(shape, width=1, layers=layers, normalisation="none")
            assert built(torch.empty(2, *shape)).shape == (2, *expected)


def test_the_layers_of_the_patch_discriminator_are_published():
    with torch.device("meta"):
        _, discriminator = UnetPatchgan().build(SQUARE, SQUARE)
    convolutions = [layer for layer in discriminator.modules() if isinstance(layer, nn.Conv2d)]
    assert [(c.in_channels, c.out_channels, c.stride[0]) for c in convolutions] == [
        *((6, 64, 2), (64, 128, 2), (128, 256, 2)),
        *((256, 512, 1), (512, 1, 1)),
    ]
    assert all(c.kernel_size == (4, 4) for c in convolutions)
    assert [c.bias is not None for c in convolutions] == [True, False, False, False, True]


def test_the_source_is_joined_to_the_image():
    torch.manual_seed(0)
    _, discriminator = UnetPatchgan(width=2, normalisation="none").build((1, 48, 48), (3, 48, 48))
    source, image = torch.randn(1, 1, 48, 48), torch.randn(1, 3, 48, 48)
    torch.testing.assert_close(discriminator(image, source), discriminator.body(torch.cat([source, image], 1))[:, 0])
    assert not torch.equal(discriminator(image, source), discriminator(image, -source))


def test_the_layers_of_the_u_net_are_published():
    with torch.device("meta"):
        generator, _ = UnetPatchgan().build(SQUARE, SQUARE)
    of_encoder = [layer for layer in generator.encoder.modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.out_channels for layer in of_encoder] == [64, 128, 256, 512, 512, 512, 512, 512]
    of_decoder = [layer for layer in generator.decoder.modules() if isinstance(layer, nn.ConvTranspose2d)]
    assert [layer.in_channels for layer in of_decoder] == [512, 1024, 1024, 1024, 1024, 512, 256, 128]
    assert [layer.out_channels for layer in of_decoder] == [512, 512, 512, 512, 256, 128, 64, 3]
    for part, kind, there in (
        (generator.encoder, ImageBatchNorm, [1, 2, 3, 4, 5, 6]),
        (generator.decoder, ImageBatchNorm, [0, 1, 2, 3, 4, 5, 6]),
        (generator.decoder, nn.Dropout, [0, 1, 2]),
    ):
        assert [at for at, step in enumerate(part) if any(isinstance(m, kind) for m in step.modules())] == there
    assert {layer.p for layer in generator.modules() if isinstance(layer, nn.Dropout)} == {0.5}


def test_the_skips_join_maps_of_one_size():
    """The decoder's blocks, with the encoder's maps written out by hand."""
    torch.manual_seed(0)
    generator, _ = UnetPatchgan(width=2, discriminator_layers=1).build((1, 8, 16), (3, 8, 16))
    generator.eval()
    x = torch.randn(2, 1, 8, 16)
    one = generator.encoder[0](x)
    two = generator.encoder[1](one)
    three = generator.encoder[2](two)
    assert three.shape[2:] == (1, 2)
    up = generator.decoder[1](torch.cat([generator.decoder[0](three), two], 1))
    torch.testing.assert_close(generator(x), generator.decoder[2](torch.cat([up, one], 1)))


@pytest.mark.parametrize(
    ("size", "levels"),
    [
        *(((256, 256), 8), ((512, 256), 8), ((1024, 1024), 8), ((2048, 2048), 8), ((128, 128), 7), ((64, 128), 6)),
        *(((96, 160), 5), ((28, 28), 2), ((4, 4), 2), ((224, 224), 5), ((1536, 2048), 8)),
        *(((2, 2), 0), ((240, 240), 0), ((321, 481), 0), ((30, 28), 0)),
    ],
)
def test_as_many_levels_as_both_sides_are_halved(size: tuple[int, int], levels: int):
    assert levels_of(*size) == levels


@hypothesis.given(height=st.integers(1, 1100), width=st.integers(1, 1100))
def test_the_nearest_size_can_be_made_and_is_near(height: int, width: int):
    near = nearest_size(height, width)
    assert levels_of(*near)
    if levels_of(height, width):
        assert near == (height, width)


@pytest.mark.parametrize("size", [(100, 100), (321, 481), (47, 64), (2, 2)])
def test_a_size_that_cannot_be_made_is_refused_with_the_nearest(size: tuple[int, int]):
    with pytest.raises(UserError) as refusal:
        UnetPatchgan().build((3, *size), (3, *size))
    near = refusal.value.cure.split("data.size=")[1].split("x")
    assert tuple(map(int, near)) == nearest_size(*size)


def test_the_initialisation_is_published():
    torch.manual_seed(0)
    for network in UnetPatchgan().build(SQUARE, SQUARE):
        gains = torch.cat([m.weight.detach() for m in network.modules() if isinstance(m, nn.BatchNorm2d)])
        assert gains.mean().item() == pytest.approx(1.0, abs=0.005)
        assert gains.std().item() == pytest.approx(0.02, rel=0.1)
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                assert module.weight.mean().item() == pytest.approx(0.0, abs=0.002)
                assert module.weight.std().item() == pytest.approx(0.02, rel=0.05)
                assert module.bias is None or not module.bias.any()


def test_without_normalisation_scores_and_input_gradient_start_at_order_one():
    torch.manual_seed(0)
    shape = (3, 64, 64)
    generator, discriminator = UnetPatchgan(
        width=16, normalisation="none", generator_normalisation="none", dropout=0
    ).build(shape, shape)
    smooth = nn.functional.interpolate(torch.randn(16, 3, 5, 5), size=(64, 64), mode="bicubic").clamp(-1, 1)
    images = smooth.clone().requires_grad_()
    scores = discriminator(images, smooth)
    (gradient,) = torch.autograd.grad(scores.mean((1, 2)).sum(), images)
    assert 0.1 < scores.std().item() < 3
    assert 0.01 < gradient.flatten(1).norm(dim=1).mean().item() < 3
    assert 0.1 < generator(smooth).std().item() < 0.9


def test_dropout_is_the_noise_and_follows_the_mode():
    torch.manual_seed(0)
    generator, _ = UnetPatchgan(width=4, discriminator_layers=1).build((1, 16, 16), (1, 16, 16))
    source = torch.randn(1, 1, 16, 16)
    assert not torch.equal(generator(source), generator(source))
    generator.eval()
    assert torch.equal(generator(source), generator(source))


def _by_hand(x: Tensor, over: tuple[int, ...], layer: nn.BatchNorm2d) -> Tensor:
    centred = x - x.mean(over, keepdim=True)
    scaled = centred / (centred.square().mean(over, keepdim=True) + layer.eps).sqrt()
    return scaled * layer.weight[:, None, None] + layer.bias[:, None, None]


def test_image_batch_norm_takes_the_batchs_statistics_in_training_and_each_images_in_evaluation():
    torch.manual_seed(0)
    layer = ImageBatchNorm(3)
    nn.init.normal_(layer.weight)
    nn.init.normal_(layer.bias)
    x = torch.randn(4, 3, 5, 6) * torch.tensor([1.0, 2.0, 3.0, 4.0])[:, None, None, None] + 1
    torch.testing.assert_close(layer(x), _by_hand(x, (0, 2, 3), layer))
    alone = layer(x[1:2])
    layer.eval()
    torch.testing.assert_close(layer(x), _by_hand(x, (2, 3), layer))
    # As published: the net is used on a batch of one image, in the way it was trained.
    torch.testing.assert_close(layer(x[1:2]), alone)
    assert not list(layer.buffers())
