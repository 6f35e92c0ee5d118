"""What is true of every pair of networks; the pairs are those of PAIRS, and no file of the folder may lie beside it."""

import dataclasses
import re
import typing
from dataclasses import replace
from itertools import pairwise
from typing import Annotated, Any

import pytest
import torch
from pydantic import Field, TypeAdapter, ValidationError
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.networks import IMAGE_PAIRS, PAIRS, Pair
from tests.laws.members import check_reached

IMAGES = [(1, 28, 28), (1, 8, 8), (1, 112, 92), (4, 17, 23), (3, 321, 481), (3, 64, 64), (3, 5, 4)]
POINTS = [(2,), (7,)]
# What a family cannot make; everything else it must.
RESIDUAL = ("biggan", "biggan-deep", "resnet", "sagan")
REFUSED = {(name, shape) for name in ("dcgan", "r3gan", *RESIDUAL) for shape in POINTS}
REFUSED |= {(name, (3, 5, 4)) for name in RESIDUAL}


def residual(inputs: int, outputs: int, sets: int = 0) -> int:
    """Parameters of a residual block: two 3x3, one 1x1, and so many gains and biases of two batch normalisations."""
    return 9 * inputs * outputs + 9 * outputs**2 + inputs * outputs + 3 * outputs + 2 * sets * (inputs + outputs)


# Generators without tanh or sigmoid: pixel_range says where black and white are, not where the output stays.
UNBOUNDED = {"r3gan"}
# The generator is a polynomial in z of a degree that rises by 8 from size to size: far out it overflows.
STEEP = {"biggan-deep"}
# (pair, options, shape, classes) -> parameters of G and D: the published nets, and the sums of their layers elsewhere.
COUNTS = {
    ("biggan", (3, 128, 128), 1000): (70_433_988, 87_982_370),
    # The published 50.4 M of G count an output convolution to 128 channels, 125 of which are thrown away.
    ("biggan-deep", (3, 128, 128), 1000): (50_388_609 - 125 * (9 * 128 + 1), 34_590_210),
    ("resnet", (3, 32, 32), 0): (
        129 * 4096 + 3 * residual(256, 256, 1) + 2 * 256 + 9 * 256 * 3 + 3,
        residual(3, 128) + residual(128, 128) + 2 * (18 * 128**2 + 2 * 128) + 129,
    ),
    ("sagan", (3, 128, 128), 1000): (
        129 * 16384
        + sum(residual(i, o, 1000) for i, o in pairwise([1024, 1024, 512, 256, 128, 64]))
        + (256**2 * 5 // 4 + 1)
        + (2 * 64 + 9 * 64 * 3 + 3),
        sum(residual(i, o) for i, o in pairwise([3, 64, 128, 256, 512, 1024]))
        + (18 * 1024**2 + 2 * 1024)
        + (128**2 * 5 // 4 + 1)
        + (1025 + 1000 * 1024),
    ),
    ("dcgan", (3, 64, 64), 0): (3_576_704, 2_765_568),
    ("mlp-2014", (1, 28, 28), 0): (2_503_984, 1_231_441),
    ("mlp-2014", (1, 28, 28), 10): (
        20_200 + 11_000 + 1200 * 1200 + 1200 + 1200 * 784 + 784,
        784 * 1200 + 1200 + 10 * 250 + 250 + 290 * 960 + 960 + 241,
    ),
    ("mlp-intro", (1, 28, 28), 0): (100 * 128 + 128 + 128 * 784 + 784, 784 * 128 + 128 + 129),
    ("r3gan", (3, 256, 256), 0): (23_057_952, 23_009_568),
    ("r3gan", (3, 32, 32), 10): (20_781_952, 20_732_800),
    ("mlp", (2,), 0): (2 * 512 * (2 + 512) + 3 * 512 + 2, 512 * (2 + 2 * 512 + 1) + 3 * 512 + 1),
}

pairs = pytest.mark.parametrize("name", sorted(PAIRS))
cases = pytest.mark.parametrize(
    ("name", "shape", "classes"),
    [
        (name, shape, classes)
        for name in sorted(PAIRS)
        for shape in IMAGES + POINTS
        for classes in (0, 3)
        if (name, shape) not in REFUSED
    ],
    ids=str,
)


def build(pair: Pair, shape: tuple[int, ...], classes: int = 0, seed: int = 0) -> tuple[nn.Module, nn.Module]:
    torch.manual_seed(seed)
    return pair.build(shape, classes=classes)


def inputs(pair: Pair, classes: int, count: int = 6, scale: float = 1.0) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Latents, and labels where there are any; every class occurs."""
    z = scale * torch.randn(count, pair.latent, generator=torch.Generator().manual_seed(1))
    return z, (torch.arange(count) % classes,) if classes else ()


def shrunken(name: str, **changes: Any) -> Pair:
    return replace(PAIRS[name]().shrunken(), **changes)


def without_batch_statistics(name: str) -> Pair:
    def has_any(pair: Pair) -> bool:
        _, discriminator = build(pair, (1, 8, 8))
        return any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in discriminator.modules())

    pair = shrunken(name)
    pair = shrunken(name, normalisation="none") if has_any(pair) else pair
    assert not has_any(pair)
    return pair


@torch.no_grad()
def moved(*networks: nn.Module) -> None:
    """Moves all weights a little: what starts at 0 on purpose (a gate, the end of a block) hides what is behind it."""
    generator = torch.Generator().manual_seed(5)
    for network in networks:
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))


def test_every_file_is_reached():
    # The pairs that map images to images obey laws of their own, in test_image_pairs.py.
    reached = {pair.__module__ for pair in (*PAIRS.values(), *IMAGE_PAIRS.values())}
    check_reached(
        "networks",
        reached,
        {
            "saddlepoint.networks": "the dictionary of the pairs",
            "saddlepoint.networks.classifier": "no pair; tested in tests/networks/test_classifier.py",
            **{f"saddlepoint.networks.growing.{each}": "test_growing.py" for each in ("grow", "levels", "widening")},
            "saddlepoint.networks.layers.attention": "tested in tests/networks/test_attention.py",
            "saddlepoint.networks.layers.channels": "widths of levels; tested in tests/networks/test_layers.py",
            "saddlepoint.networks.layers.checks": "refusals that pairs share; tested in tests/networks/test_layers.py",
            "saddlepoint.networks.layers.filtered": "R3GAN's resampling; tested in tests/networks/test_filtered.py",
            "saddlepoint.networks.layers.minibatch": "no pair has it yet; tested in tests/networks/test_filtered.py",
            "saddlepoint.networks.layers.normalisation": "tested in tests/networks/test_normalisation.py",
            "saddlepoint.networks.layers.patches": "PatchGAN, which two image pairs share; test_unet_patchgan.py",
            "saddlepoint.networks.layers.per_image": "its normalisation; tests/networks/test_unet_patchgan.py",
            "saddlepoint.networks.layers.residual": "blocks of the residual pairs; tests/networks/test_residual.py",
            "saddlepoint.networks.layers.weights": "initialisations; tested in tests/networks/test_layers.py",
        },
    )


def test_the_dictionary_the_union_and_the_tags_agree():
    assert set(typing.get_args(Pair)) == set(PAIRS.values())
    assert {name: pair.pair for name, pair in PAIRS.items()} == {name: name for name in PAIRS}
    assert {name for name, _, _ in COUNTS} == set(PAIRS)


@cases
def test_shapes_types_and_ranges(name: str, shape: tuple[int, ...], classes: int):
    pair = PAIRS[name]().shrunken()
    generator, discriminator = (network.eval() for network in build(pair, shape, classes))
    # Far out in the latent space, where an unbounded output would leave the pixel range.
    z, labels = inputs(pair, classes, count=3, scale=3.0 if name in STEEP else 30.0)
    with torch.no_grad():
        samples = generator(z, *labels)
        scores = discriminator(samples, *labels)
    assert samples.shape == (3, *shape) and samples.dtype == torch.float32
    assert scores.shape == (3,) and scores.dtype == torch.float32
    assert generator.latent == pair.latent
    assert (generator.pixel_range is None) == (len(shape) == 1)
    pixel_range: Any = generator.pixel_range
    if pixel_range is not None:
        low, high = pixel_range
        assert (low <= samples.min() and samples.max() <= high) == (name not in UNBOUNDED)
    assert torch.isfinite(samples).all() and torch.isfinite(scores).all()


@pytest.mark.parametrize(("name", "shape"), sorted(REFUSED, key=str), ids=str)
def test_what_cannot_be_made_is_refused_with_a_way_out(name: str, shape: tuple[int, ...]):
    with pytest.raises(UserError, match=r"^got .*; expected .*; .") as refusal:
        PAIRS[name]().build(shape)
    if len(shape) == 3:
        # The way out is the nearest shape, and it can be made.
        (nearest,) = re.findall(r"resize to \((\d+), (\d+), (\d+)\)", str(refusal.value))
        with torch.device("meta"):
            PAIRS[name]().build(tuple(map(int, nearest)))


@pairs
@pytest.mark.parametrize("shape", [(), (0,), (28, 28), (1, 0, 28), (1, 28, 28, 3)], ids=str)
def test_what_is_no_shape_is_refused(name: str, shape: tuple[int, ...]):
    with pytest.raises(UserError, match="shape"):
        PAIRS[name]().build(shape)


@pairs
@pytest.mark.parametrize("classes", [-1, 1])
def test_numbers_of_classes_that_mean_nothing_are_refused(name: str, classes: int):
    with pytest.raises(UserError, match="classes"):
        PAIRS[name]().build((1, 28, 28), classes=classes)


@pytest.mark.parametrize(("name", "shape", "classes"), sorted(COUNTS), ids=str)
def test_published_sizes_have_the_published_parameter_counts(name: str, shape: tuple[int, ...], classes: int):
    with torch.device("meta"):
        networks = PAIRS[name]().build(shape, classes=classes)
    assert all(parameter.is_meta for network in networks for parameter in network.parameters())
    assert tuple(sum(p.numel() for p in network.parameters()) for network in networks) == COUNTS[name, shape, classes]


@cases
def test_full_widths_build_without_memory(name: str, shape: tuple[int, ...], classes: int):
    with torch.device("meta"):
        generator, discriminator = PAIRS[name]().build(shape, classes=classes)
        z, labels = torch.empty(2, generator.latent), (torch.zeros(2, dtype=torch.int64),) if classes else ()
        assert discriminator(generator(z, *labels), *labels).shape == (2,)


@pairs
@pytest.mark.parametrize("classes", [0, 3])
def test_scores_are_raw(name: str, classes: int):
    pair = PAIRS[name]().shrunken()
    generator, discriminator = (network.eval() for network in build(pair, (1, 8, 8), classes))
    z, labels = inputs(pair, classes)
    with torch.no_grad():
        # Large images and not large weights, because spectral norm takes the scale out of those.
        scores = discriminator(1e12 * generator(z, *labels), *labels)
    # A sigmoid or tanh anywhere behind the last weights would hold them in (-1, 1).
    assert scores.isfinite().all() and scores.abs().max() > 10.0


@pairs
def test_labels_are_required_with_classes_and_refused_without(name: str):
    pair = PAIRS[name]().shrunken()
    z, labels = inputs(pair, 3)
    images = torch.zeros(6, 1, 8, 8)
    for network, given in zip(build(pair, (1, 8, 8), 3), (z, images), strict=True):
        with pytest.raises(UserError, match="no labels"):
            network(given)
    for network, given in zip(build(pair, (1, 8, 8)), (z, images), strict=True):
        with pytest.raises(UserError, match="without classes"):
            network(given, *labels)


@pairs
def test_labels_change_what_is_made_and_how_it_is_judged(name: str):
    pair = PAIRS[name]().shrunken()
    generator, discriminator = (network.eval() for network in build(pair, (1, 8, 8), 3))
    moved(generator, discriminator)
    z, _ = inputs(pair, 3)
    first, second = torch.zeros(6, dtype=torch.int64), torch.ones(6, dtype=torch.int64)
    images = generator(z, first)
    assert (images != generator(z, second)).any()
    assert (discriminator(images, first) != discriminator(images, second)).any()


@pairs
@pytest.mark.parametrize("classes", [0, 3])
def test_the_gradient_reaches_every_parameter(name: str, classes: int):
    pair = PAIRS[name]().shrunken()
    generator, discriminator = build(pair, (3, 16, 12), classes)
    z, labels = inputs(pair, classes, count=12)
    moved(generator, discriminator)
    weights = torch.randn(12, generator=torch.Generator().manual_seed(2))
    # Weighted, because the plain sum of what is normalised over the batch does not depend on it.
    (discriminator(generator(z, *labels), *labels) * weights).sum().backward()
    for network in (generator, discriminator):
        for path, parameter in network.named_parameters():
            assert parameter.grad is not None and (parameter.grad != 0).any(), path


@pairs
@pytest.mark.parametrize("classes", [0, 3])
def test_in_evaluation_a_sample_depends_on_nothing_but_itself(name: str, classes: int):
    pair = PAIRS[name]().shrunken()
    generator, discriminator = build(pair, (3, 16, 12), classes)
    z, labels = inputs(pair, classes)
    discriminator(generator(z, *labels), *labels)
    generator.eval()
    discriminator.eval()
    with torch.no_grad():
        samples = generator(z, *labels)
        scores = discriminator(samples, *labels)
        assert torch.equal(samples, generator(z, *labels)) and torch.equal(scores, discriminator(samples, *labels))
        alone = [label[2:3] for label in labels]
        torch.testing.assert_close(generator(z[2:3], *alone), samples[2:3])
        torch.testing.assert_close(discriminator(samples[2:3], *alone), scores[2:3])


@pairs
@pytest.mark.parametrize("classes", [0, 3])
def test_the_functional_input_gradient_is_autograds(name: str, classes: int):
    pair = without_batch_statistics(name)
    _, discriminator = build(pair, (3, 9, 8), classes)
    _, labels = inputs(pair, classes)
    images = torch.randn(6, 3, 9, 8, generator=torch.Generator().manual_seed(3)).requires_grad_()
    parameters, buffers = list(discriminator.parameters()), list(discriminator.buffers())
    before = [buffer.clone() for buffer in buffers]

    def penalty(gradient: Tensor) -> Tensor:
        return gradient.square().sum()

    torch.manual_seed(4)
    functional = torch.func.grad(lambda x: discriminator(x, *labels).sum())(images)
    after = [buffer.clone() for buffer in buffers]
    torch.manual_seed(4)
    # Spectral norm moves its vectors in each forward pass; both start from the same ones.
    for buffer, value in zip(buffers, before, strict=True):
        if not torch.equal(buffer, value):
            buffer.copy_(value)
    (ordinary,) = torch.autograd.grad(discriminator(images, *labels).sum(), images, create_graph=True)
    torch.testing.assert_close(functional, ordinary)
    assert all(torch.equal(buffer, value) for buffer, value in zip(buffers, after, strict=True))
    assert functional.abs().max() > 0
    for one, other in zip(
        torch.autograd.grad(penalty(functional), parameters, allow_unused=True, materialize_grads=True),
        torch.autograd.grad(penalty(ordinary), parameters, allow_unused=True, materialize_grads=True),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


@pairs
def test_weights_follow_the_seed(name: str):
    def weights(seed: int) -> Tensor:
        networks = build(PAIRS[name]().shrunken(), (1, 8, 8), 3, seed)
        return torch.cat([parameter.detach().flatten() for network in networks for parameter in network.parameters()])

    assert torch.equal(weights(0), weights(0)) and not torch.equal(weights(0), weights(1))


@pairs
def test_channels_last_gives_the_same_numbers(name: str):
    pair = PAIRS[name]().shrunken()
    generator, discriminator = (network.eval() for network in build(pair, (3, 16, 12)))
    z, _ = inputs(pair, 0)
    samples = generator(z)
    scores = discriminator(samples)
    for network in (generator, discriminator):
        # torch's type stubs leave this form of `to` out.
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    torch.testing.assert_close(generator(z), samples)
    torch.testing.assert_close(discriminator(samples.contiguous(memory_format=torch.channels_last)), scores)


@pairs
def test_shrunken_is_the_same_pair_and_narrower(name: str):
    full, small = PAIRS[name](), PAIRS[name]().shrunken()
    with torch.device("meta"):
        counts = [sum(p.numel() for n in pair.build((3, 32, 32)) for p in n.parameters()) for pair in (full, small)]
    assert type(small) is type(full) and counts[1] < counts[0] / 5
    kept = {"pair", "latent", "depth", "normalisation", "generator_normalisation", "dropout", "input_dropout"}
    for field in dataclasses.fields(full):
        if field.name in kept:
            assert getattr(small, field.name) == getattr(full, field.name)
    assert small.shrunken() == small


def alternatives(name: str) -> list[tuple[str, Any]]:
    """Each option of a pair with a value that is not its default."""
    pair = PAIRS[name]().shrunken()
    found = []
    for option, kind in typing.get_type_hints(type(pair)).items():
        value = getattr(pair, option)
        if option == "pair" or typing.get_origin(kind) is typing.ClassVar:
            continue
        if typing.get_origin(kind) is typing.Literal:
            found += [(option, other) for other in typing.get_args(kind) if other != value]
        elif type(None) in typing.get_args(kind):
            found += [(option, None), (option, value // 2)]
        else:
            found.append((option, value * 2 if kind is int else value / 2 + 0.05))
    return found


@pytest.mark.parametrize(
    ("name", "option", "value"), [(n, *other) for n in sorted(PAIRS) for other in alternatives(n)], ids=str
)
def test_every_option_has_an_effect(name: str, option: str, value: Any):
    def made(pair: Pair, shape: tuple[int, ...], classes: int) -> tuple[str, list[float]]:
        networks = build(pair, shape, classes)
        # An option may change what is built, or with which numbers it starts.
        sums = [float(each.detach().abs().sum()) for network in networks for each in network.parameters()]
        return "\n".join(map(str, networks)), sums

    # Some are about labels, or about maps that small images do not have.
    pair, changed = shrunken(name), shrunken(name, **{option: value})
    assert any(made(pair, *data) != made(changed, *data) for data in (((3, 8, 8), 0), ((3, 64, 64), 3)))


@pairs
def test_options_out_of_range_are_refused_at_construction(name: str):
    pair: Any = PAIRS[name]
    for option, kind in typing.get_type_hints(pair).items():
        if kind in (int, float, int | None):
            beyond = (1.0,) if "dropout" in option else (float("inf"),)
            for wrong in (0, -3) if kind is not float else (-0.1, float("nan"), *beyond):
                with pytest.raises(UserError, match=option):
                    pair(**{option: wrong})


@pairs
def test_options_travel_through_text(name: str):
    adapter = TypeAdapter(Annotated[Pair, Field(discriminator="pair")])
    pair = PAIRS[name]()
    assert adapter.validate_python({"pair": name}) == pair
    assert adapter.validate_json(adapter.dump_json(pair.shrunken())) == pair.shrunken()
    with pytest.raises(ValidationError, match="unknown_option"):
        adapter.validate_python({"pair": name, "unknown_option": 1})
    with pytest.raises(ValidationError, match="expected 1 or more"):
        adapter.validate_python({"pair": name, "latent": 0})
