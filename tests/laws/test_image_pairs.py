"""What is true of every pair of networks that maps images to images; the pairs are those of IMAGE_PAIRS."""

import dataclasses
import typing
from dataclasses import replace
from typing import Annotated, Any

import pytest
import torch
from pydantic import Field, TypeAdapter, ValidationError
from torch import Tensor, nn

from saddlepoint.errors import UserError
from saddlepoint.networks import IMAGE_PAIRS, ImagePair

# Sizes of sources; channels of sources and of images.
SIZES = [(48, 48), (64, 128), (96, 160)]
CHANNELS = [(3, 3), (1, 3), (3, 1), (4, 4)]
# How many times a family enlarges.
FACTORS = {"srresnet": 4}
# Families whose generator ends in a convolution, as published.
UNBOUNDED = {"srresnet"}
# (pair, channels, size of the image) -> parameters of G and D. SRGAN's D is published without a count: the sum of its
# layers, with biases in the layers that no normalisation follows.
SRGAN = 27 * 64 + 64 + 9 * (64 * 64 + 64 * 128 + 128**2 + 128 * 256 + 256**2 + 256 * 512 + 512**2)
COUNTS = {
    ("unet-patchgan", 3, 256): (54_413_955, 2_768_705),
    ("cyclegan", 3, 256): (11_378_179, 2_764_737),
    ("srresnet", 3, 96): (
        1_549_462,
        SRGAN + 2 * (64 + 2 * 128 + 2 * 256 + 2 * 512) + 36 * 512 * 1024 + 1024 + 1025,
    ),
}

pairs = pytest.mark.parametrize("name", sorted(IMAGE_PAIRS))
cases = pytest.mark.parametrize(
    ("name", "size", "channels"),
    [(name, size, channels) for name in sorted(IMAGE_PAIRS) for size in SIZES for channels in CHANNELS],
    ids=str,
)


def shapes(name: str, size: tuple[int, int] = (48, 48), channels: tuple[int, int] = (3, 3)) -> tuple[Any, Any]:
    """Shapes of sources and images."""
    factor = FACTORS.get(name, 1)
    return (channels[0], *size), (channels[1], size[0] * factor, size[1] * factor)


def build(pair: ImagePair, source: tuple[int, ...], target: tuple[int, ...], seed: int = 0) -> tuple[Any, Any]:
    torch.manual_seed(seed)
    return pair.build(source, target)


def images(shape: tuple[int, ...], pixel_range: tuple[float, float], count: int = 3, seed: int = 1) -> Tensor:
    low, high = pixel_range
    return low + (high - low) * torch.rand(count, *shape, generator=torch.Generator().manual_seed(seed))


def given(pair: ImagePair, sources: Tensor) -> tuple[Tensor, ...]:
    """What the discriminator sees beside the images."""
    return (sources,) if pair.conditional_discriminator else ()


def test_the_dictionary_the_union_and_the_tags_agree():
    assert set(typing.get_args(ImagePair)) == set(IMAGE_PAIRS.values())
    assert {name: pair.pair for name, pair in IMAGE_PAIRS.items()} == {name: name for name in IMAGE_PAIRS}
    assert {name for name, _, _ in COUNTS} == set(IMAGE_PAIRS)
    for pair in IMAGE_PAIRS.values():
        constants = {name for name, kind in vars(pair)["__annotations__"].items() if "ClassVar" in str(kind)}
        assert {"source_range", "conditional_discriminator"} <= constants


@pairs
@pytest.mark.parametrize("channels", CHANNELS, ids=str)
def test_shapes_types_and_ranges(name: str, channels: tuple[int, int]):
    pair = IMAGE_PAIRS[name]().shrunken()
    source, target = shapes(name, (32, 64), channels)
    generator, discriminator = (network.eval() for network in build(pair, source, target))
    # A tenfold range, so that an unbounded output would leave the pixel range.
    sources = 10 * images(source, pair.source_range)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter.mul_(3.0)
        made = generator(sources)
        scores = discriminator(made, *given(pair, sources))
    assert made.shape == (3, *target) and made.dtype == torch.float32
    assert generator.source_range == pair.source_range and generator.pixel_range == (-1.0, 1.0)
    assert (float(made.abs().max()) <= 1.0) == (name not in UNBOUNDED)
    assert scores.shape[0] == 3 and scores.ndim in (1, 3) and scores.dtype == torch.float32
    assert torch.isfinite(made).all() and torch.isfinite(scores).all()


@pairs
def test_a_generator_takes_every_size_of_its_grid(name: str):
    pair = IMAGE_PAIRS[name]().shrunken()
    generator = build(pair, *shapes(name))[0].eval()
    grid, smallest = generator.grid, generator.smallest
    for height, width in ((smallest, smallest), (smallest + grid, smallest), (smallest, smallest + 3 * grid)):
        with torch.no_grad():
            made = generator(images((3, height, width), pair.source_range))
        assert made.shape[2:] == (height * FACTORS.get(name, 1), width * FACTORS.get(name, 1))
    # The size below, and sizes between two, give an error of torch or another size than was asked for.
    for side in {smallest - grid, smallest + grid // 2} - {0, smallest}:
        try:
            with torch.no_grad():
                made = generator(images((3, side, side), pair.source_range))
        except (RuntimeError, ValueError):
            continue
        assert made.shape[2:] != (side, side)


@cases
def test_full_widths_build_without_memory(name: str, size: tuple[int, int], channels: tuple[int, int]):
    pair = IMAGE_PAIRS[name]()
    source, target = shapes(name, size, channels)
    with torch.device("meta"):
        generator, discriminator = pair.build(source, target)
        sources = torch.empty(2, *source)
        made = generator(sources)
        assert made.shape == (2, *target)
        assert discriminator(made, *given(pair, sources)).shape[0] == 2
    assert all(parameter.is_meta for network in (generator, discriminator) for parameter in network.parameters())


@pytest.mark.parametrize(("name", "channels", "side"), sorted(COUNTS), ids=str)
def test_published_sizes_have_the_published_parameter_counts(name: str, channels: int, side: int):
    small = side // FACTORS.get(name, 1)
    with torch.device("meta"):
        networks = IMAGE_PAIRS[name]().build((channels, small, small), (channels, side, side))
    counts = tuple(sum(p.numel() for p in network.parameters()) for network in networks)
    assert counts == COUNTS[name, channels, side]


@pairs
@pytest.mark.parametrize("shape", [(), (7,), (48, 48), (3, 0, 48), (1, 3, 48, 48)], ids=str)
def test_what_is_no_image_is_refused(name: str, shape: tuple[int, ...]):
    good_source, good_target = shapes(name)
    for source, target in ((shape, good_target), (good_source, shape)):
        with pytest.raises(UserError, match=r"shape .*\(channels, height, width\)"):
            IMAGE_PAIRS[name]().build(source, target)


@pairs
@pytest.mark.parametrize("target", [(3, 48, 64), (3, 144, 144), (3, 47, 48)], ids=str)
def test_sizes_that_do_not_belong_together_are_refused_with_a_way_out(name: str, target: tuple[int, ...]):
    with pytest.raises(UserError, match=r"^got .*; expected .*; (bring both|give images)"):
        IMAGE_PAIRS[name]().build((3, 48, 48), target)


@pairs
def test_sources_are_required_or_refused_by_the_discriminator(name: str):
    pair = IMAGE_PAIRS[name]().shrunken()
    source, target = shapes(name)
    _, discriminator = build(pair, source, target)
    made, sources = torch.zeros(2, *target), torch.zeros(2, *source)
    with pytest.raises(UserError, match="got no sources" if pair.conditional_discriminator else "got sources"):
        discriminator(made, *(() if pair.conditional_discriminator else (sources,)))


@pairs
def test_scores_are_raw(name: str):
    pair = IMAGE_PAIRS[name]().shrunken()
    source, target = shapes(name)
    _, discriminator = build(pair, source, target)
    discriminator.eval()
    with torch.no_grad():
        for parameter in discriminator.parameters():
            parameter.mul_(30.0)
        sources = images(source, pair.source_range)
        scores = discriminator(images(target, (-1.0, 1.0), seed=2), *given(pair, sources))
    # A sigmoid or tanh anywhere behind the last weights would hold them in (-1, 1).
    assert scores.abs().max() > 10.0


def without_effect(network: nn.Module) -> set[str]:
    """Biases that a normalisation takes out again: each channel's mean is subtracted behind them."""
    found = set()
    for path, module in network.named_modules():
        if isinstance(module, nn.Sequential):
            for (name, layer), (_, following) in zip(
                list(module.named_children())[:-1], list(module.named_children())[1:], strict=True
            ):
                if (
                    isinstance(following, nn.InstanceNorm2d | nn.BatchNorm2d)
                    and getattr(layer, "bias", None) is not None
                ):
                    found.add(f"{path}.{name}.bias")
    return found


@pairs
def test_the_gradient_reaches_every_parameter(name: str):
    pair = IMAGE_PAIRS[name]().shrunken()
    source, target = shapes(name)
    generator, discriminator = build(pair, source, target)
    sources = images(source, pair.source_range)
    scores = discriminator(generator(sources), *given(pair, sources))
    # Weighted, because the plain sum of what is normalised over the batch does not depend on it.
    (scores * torch.randn(scores.shape, generator=torch.Generator().manual_seed(2))).sum().backward()
    for network in (generator, discriminator):
        for path, parameter in network.named_parameters():
            assert parameter.grad is not None, path
            assert (parameter.grad != 0).any() or path in without_effect(network), path


@pairs
def test_in_evaluation_an_image_depends_on_nothing_but_its_source(name: str):
    pair = IMAGE_PAIRS[name]().shrunken()
    source, target = shapes(name)
    generator, discriminator = build(pair, source, target)
    sources = images(source, pair.source_range)
    discriminator(generator(sources), *given(pair, sources))
    generator.eval()
    discriminator.eval()
    with torch.no_grad():
        made = generator(sources)
        scores = discriminator(made, *given(pair, sources))
        assert torch.equal(made, generator(sources))
        torch.testing.assert_close(generator(sources[1:2]), made[1:2])
        torch.testing.assert_close(discriminator(made[1:2], *given(pair, sources[1:2])), scores[1:2])


@pairs
def test_the_functional_input_gradient_is_autograds(name: str):
    pair = replace(IMAGE_PAIRS[name]().shrunken(), normalisation="none")
    source, target = shapes(name)
    _, discriminator = build(pair, source, target)
    assert not any(isinstance(module, nn.modules.batchnorm._NormBase) for module in discriminator.modules())
    extra = given(pair, images(source, pair.source_range))
    x = images(target, (-1.0, 1.0), seed=3).requires_grad_()
    functional = torch.func.grad(lambda x: discriminator(x, *extra).sum())(x)
    (ordinary,) = torch.autograd.grad(discriminator(x, *extra).sum(), x)
    torch.testing.assert_close(functional, ordinary)
    assert functional.abs().max() > 0


@pairs
def test_weights_follow_the_seed(name: str):
    def weights(seed: int) -> Tensor:
        networks = build(IMAGE_PAIRS[name]().shrunken(), *shapes(name), seed)
        return torch.cat([parameter.detach().flatten() for network in networks for parameter in network.parameters()])

    assert torch.equal(weights(0), weights(0)) and not torch.equal(weights(0), weights(1))


@pairs
def test_channels_last_gives_the_same_numbers(name: str):
    pair = IMAGE_PAIRS[name]().shrunken()
    source, target = shapes(name)
    generator, discriminator = (network.eval() for network in build(pair, source, target))
    sources = images(source, pair.source_range)
    made = generator(sources)
    scores = discriminator(made, *given(pair, sources))
    for network in (generator, discriminator):
        network.to(memory_format=torch.channels_last)
    sources = sources.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(generator(sources), made)
    torch.testing.assert_close(discriminator(made, *given(pair, sources)), scores)


@pairs
def test_shrunken_is_the_same_pair_and_narrower(name: str):
    full, small = IMAGE_PAIRS[name](), IMAGE_PAIRS[name]().shrunken()
    with torch.device("meta"):
        counts = [sum(p.numel() for n in pair.build(*shapes(name)) for p in n.parameters()) for pair in (full, small)]
    assert type(small) is type(full) and counts[1] < counts[0] / 5
    assert replace(small, width=full.width) == full and small.shrunken() == small


def alternatives(name: str) -> list[tuple[str, Any]]:
    """Each option of a pair with a value that is not its default."""
    pair = IMAGE_PAIRS[name]()
    found = []
    for option, kind in typing.get_type_hints(type(pair)).items():
        value = getattr(pair, option)
        if option == "pair" or typing.get_origin(kind) is typing.ClassVar:
            continue
        if typing.get_origin(kind) is typing.Literal:
            found += [(option, other) for other in typing.get_args(kind) if other != value]
        elif kind is float:
            found.append((option, value / 2))
        else:
            found.append((option, 2 if value is None else value // 2))
    return found


@pytest.mark.parametrize(
    ("name", "option", "value"), [(n, *other) for n in sorted(IMAGE_PAIRS) for other in alternatives(n)], ids=str
)
def test_every_option_has_an_effect(name: str, option: str, value: Any):
    def made(pair: ImagePair) -> str:
        with torch.device("meta"):
            return "\n".join(map(str, pair.build(*shapes(name))))

    assert made(IMAGE_PAIRS[name]()) != made(replace(IMAGE_PAIRS[name](), **{option: value}))


@pairs
def test_options_out_of_range_are_refused_at_construction(name: str):
    pair: Any = IMAGE_PAIRS[name]
    counted = [field.name for field in dataclasses.fields(pair) if "int" in str(field.type)]
    assert counted
    for option in counted:
        for wrong in (0, -3):
            with pytest.raises(UserError, match=option):
                pair(**{option: wrong})


@pairs
def test_options_travel_through_text(name: str):
    adapter = TypeAdapter(Annotated[ImagePair, Field(discriminator="pair")])
    pair = IMAGE_PAIRS[name]()
    assert adapter.validate_python({"pair": name}) == pair
    assert adapter.validate_json(adapter.dump_json(pair.shrunken())) == pair.shrunken()
    with pytest.raises(ValidationError, match="unknown_option"):
        adapter.validate_python({"pair": name, "unknown_option": 1})
    with pytest.raises(ValidationError, match="expected 1 or more"):
        adapter.validate_python({"pair": name, "width": 0})
